//! The connect command, from the token to the reply, and the refresh of what the token gave.

use std::sync::Arc;
use std::time::Duration;

use super::Hub;
use super::pending::Origin;
use crate::moment::Moment;
use crate::session::{Connecting, Phase, SessionKey};
use crate::{
    ChannelName, ClientInfo, CommandId, Connect, Connected, ConnectionClaims, Disconnect, Error,
    Json, Namespace, Publication, Reply, Subscribed, TokenError,
};

impl Hub {
    pub(super) fn connect(
        &mut self,
        key: SessionKey,
        id: CommandId,
        connect: &Connect,
    ) -> Result<(), Error> {
        // Noted before the token is looked at: who is asked for from here on is there.
        let last_control = self.seams.broker.last_control();
        let unix_now = self.unix_now();
        let claims = match &connect.token {
            Some(token) => match self.seams.tokens.connection(token, unix_now) {
                Ok(claims) => claims,
                Err(TokenError::Expired) => return Err(Error::TokenExpired),
                Err(TokenError::Invalid) => {
                    self.disconnect(key, Disconnect::INVALID_TOKEN);
                    return Ok(());
                }
            },
            None if self.config.allow_anonymous => ConnectionClaims::default(),
            None => return Err(Error::Unauthorized),
        };
        let limits = &self.config.limits;
        if claims.user.len() > limits.max_user_name_bytes {
            return Err(Error::TooLong("a user name"));
        }
        if claims.channels.len() > limits.max_channels_per_session {
            self.disconnect(key, Disconnect::CHANNEL_LIMIT);
            return Ok(());
        }
        let max_sessions = limits.max_sessions_per_user;
        if max_sessions > 0
            && !claims.user.is_empty()
            && self.sessions.sessions_of(&claims.user) >= max_sessions
        {
            self.disconnect(key, Disconnect::CONNECTION_LIMIT);
            return Ok(());
        }
        let mut channels: Vec<(ChannelName, Arc<Namespace>, Option<Json>)> = Vec::new();
        for claimed in &claims.channels {
            let (name, namespace) = self.resolve(&claimed.channel)?;
            if !channels.iter().any(|(known, ..)| *known == name) {
                channels.push((name, namespace, claimed.info.clone()));
            }
        }
        self.begin(key, id, &claims, channels.len(), last_control);
        for (name, namespace, info) in channels {
            let recover = connect.subs.iter().find(|(channel, _)| *channel == name.as_str());
            let recover = recover.map(|(_, recover)| recover.clone());
            self.begin_subscription(key, name, namespace, Origin::Connect, |it| {
                it.recover = recover;
                it.info = info;
                it.last_control = last_control;
            });
        }
        self.finish_connect(key);
        Ok(())
    }

    /// The session has somebody now.
    fn begin(
        &mut self,
        key: SessionKey,
        id: CommandId,
        claims: &ConnectionClaims,
        channels: usize,
        last_control: u64,
    ) {
        let leeway = self.config.times.expiry_leeway;
        let unix_now = self.unix_now();
        let expires_at = claims.expires_at.map(|at| self.time_of_unix(at).saturating_add(leeway));
        let Some(session) = self.sessions.get_mut(key) else { return };
        session.info = Some(Arc::new(ClientInfo {
            client: session.client,
            user: Arc::clone(&claims.user),
            conn_info: claims.info.clone(),
            chan_info: None,
        }));
        session.silent_until = None;
        session.expires_at = expires_at.map(Moment::at);
        let ttl = claims.expires_at.map(|at| at.saturating_sub(unix_now));
        session.phase = Phase::Connecting(Box::new(Connecting {
            id,
            ttl,
            outstanding: channels,
            subs: Vec::new(),
            recovered_bytes: 0,
        }));
        self.sessions.identify(key, Arc::clone(&claims.user), last_control);
        self.sessions.schedule(key);
    }

    /// Whether there is room in the reply to connect for what was missed in one more channel. All
    /// channels of the token are in it, and who comes back to many would need a reply that no connection
    /// takes, each time again. Behind this much, the rest is not recovered.
    pub(super) fn connect_has_room(
        &mut self,
        key: SessionKey,
        publications: &[Arc<Publication>],
    ) -> bool {
        let max_bytes = self.config.limits.max_unread_reply_bytes;
        let Some(session) = self.sessions.get_mut(key) else { return false };
        let Phase::Connecting(connecting) = &mut session.phase else { return true };
        let has_room = connecting.recovered_bytes <= max_bytes;
        if has_room {
            let bytes: usize = publications.iter().map(|it| it.cost_bytes()).sum();
            connecting.recovered_bytes = connecting.recovered_bytes.saturating_add(bytes);
        }
        has_room
    }

    /// One of the server's subscriptions has come about.
    pub(super) fn connect_subscribed(
        &mut self,
        key: SessionKey,
        name: ChannelName,
        subscribed: Subscribed,
    ) {
        if let Some(session) = self.sessions.get_mut(key)
            && let Phase::Connecting(connecting) = &mut session.phase
        {
            connecting.subs.push((name, subscribed));
            connecting.outstanding -= 1;
            self.finish_connect(key);
        }
    }

    /// One of the server's subscriptions has not come about: there is no session without it.
    pub(super) fn fail_connect(&mut self, key: SessionKey, error: Error) {
        if let Some(session) = self.sessions.get(key)
            && let Phase::Connecting(connecting) = &session.phase
        {
            let id = connecting.id;
            let disconnect = match error {
                Error::LimitExceeded(_) => Disconnect::CHANNEL_LIMIT,
                _ => Disconnect::INTERNAL,
            };
            self.reply(key, id, &Err(error));
            self.disconnect(key, disconnect);
        }
    }

    /// Answers the connect command if nothing is outstanding.
    fn finish_connect(&mut self, key: SessionKey) {
        let times = &self.config.times;
        let Some(session) = self.sessions.get_mut(key) else { return };
        let Phase::Connecting(connecting) = &mut session.phase else { return };
        if connecting.outstanding > 0 {
            return;
        }
        let (id, ttl) = (connecting.id, connecting.ttl);
        let subs = std::mem::take(&mut connecting.subs);
        session.phase = Phase::Connected;
        let pings = session.dialect.answers_pings() && !times.ping_interval.is_zero();
        if !times.ping_interval.is_zero() {
            session.ping_at = Some(Moment::at(self.now + times.ping_interval));
        }
        let connected = Connected {
            client: session.client,
            session: session.id,
            node: Arc::clone(&self.config.node),
            version: Arc::clone(&self.config.version),
            ttl,
            ping_interval: times.ping_interval,
            pong: pings && !times.pong_timeout.is_zero(),
            subs,
        };
        self.sessions.schedule(key);
        self.reply(key, id, &Ok(Reply::Connect(connected)));
        let room = i32::try_from(self.config.limits.max_in_flight_bytes).unwrap_or(i32::MAX);
        self.make_room(key, room);
    }

    pub(super) fn refresh(
        &mut self,
        key: SessionKey,
        id: CommandId,
        token: &str,
    ) -> Result<(), Error> {
        let unix_now = self.unix_now();
        let claims = match self.seams.tokens.connection(token, unix_now) {
            Ok(claims) => claims,
            Err(TokenError::Expired) => return Err(Error::TokenExpired),
            Err(TokenError::Invalid) => {
                self.disconnect(key, Disconnect::INVALID_TOKEN);
                return Ok(());
            }
        };
        let Some(session) = self.sessions.get(key) else { return Ok(()) };
        if session.user() != &*claims.user {
            self.disconnect(key, Disconnect::INVALID_TOKEN);
            return Ok(());
        }
        let client = session.client;
        let ttl = claims.expires_at.map(|at| at.saturating_sub(unix_now));
        self.set_expiry(key, ttl);
        self.reply(key, id, &Ok(Reply::Refresh { client, ttl }));
        Ok(())
    }

    /// The session is good for so long, and the leeway.
    pub(super) fn set_expiry(&mut self, key: SessionKey, ttl: Option<Duration>) {
        let leeway = self.config.times.expiry_leeway;
        if let Some(session) = self.sessions.get_mut(key) {
            let at = |ttl| Moment::at(self.now.saturating_add(ttl).saturating_add(leeway));
            session.expires_at = ttl.map(at);
            self.sessions.schedule(key);
        }
    }
}
