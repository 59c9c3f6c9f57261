//! A subscription, from the wish for it to the first publication.
//!
//! The broker counts the subscriber, and says where the channel stands and what was missed, in one
//! step. What comes as an event is above that position, or is passed over by its offset. Where the
//! broker answers late, what comes meanwhile is kept beside the channel.

use std::sync::Arc;
use std::time::Duration;

use super::Hub;
use super::pending::{Origin, Pending, PendingSubscription};
use crate::broker::{BrokerAnswer, BrokerRequest};
use crate::moment::Moment;
use crate::queue::ChannelIndex;
use crate::session::{Session, SessionKey};
use crate::subscription::{NOWHERE, Subscriber, Subscription};
use crate::{
    ChannelName, ClientInfo, CommandId, Error, Json, Namespace, Position, Recover, Reply,
    Subscribe, Subscribed, SubscriptionClaims, TokenError, recovery,
};

/// What a subscription may have besides.
#[derive(Default)]
pub(super) struct Wishes {
    pub(super) recover: Option<Recover>,
    pub(super) info: Option<Json>,
    /// On this hub's clock, without leeway.
    pub(super) expires_at: Option<Duration>,
    pub(super) join_leave: bool,
    /// The last control before it was wished for.
    pub(super) last_control: u64,
}

impl Hub {
    pub(super) fn subscribe(
        &mut self,
        key: SessionKey,
        id: CommandId,
        subscribe: &Subscribe,
    ) -> Result<(), Error> {
        let last_control = self.seams.broker.last_control();
        let (name, namespace) = self.resolve(&subscribe.channel)?;
        let Some(session) = self.sessions.get(key) else { return Ok(()) };
        let subscribed = self.channels.find(name.as_str());
        if subscribed.is_some_and(|channel| session.subscription(channel).is_some()) {
            return Err(Error::AlreadySubscribed);
        }
        if session.subscriptions.len() >= self.config.limits.max_channels_per_session {
            return Err(Error::LimitExceeded("channels of a session"));
        }
        let claims = match &subscribe.token {
            Some(token) if name.admits(session.user()) != Some(false) => {
                self.verify_subscription(session, &name, token)?
            }
            None if may_subscribe(session.user(), &name, &namespace) => {
                SubscriptionClaims::default()
            }
            _ => return Err(Error::PermissionDenied),
        };
        let expires_at = claims.expires_at.map(|at| self.time_of_unix(at));
        let recover = subscribe.recover.clone();
        let join_leave = subscribe.join_leave;
        self.begin_subscription(key, name, namespace, Origin::Command(id), |it| {
            *it = Wishes { recover, info: claims.info, expires_at, join_leave, last_control };
        });
        Ok(())
    }

    fn verify_subscription(
        &self,
        session: &Session,
        name: &ChannelName,
        token: &str,
    ) -> Result<SubscriptionClaims, Error> {
        match self.seams.tokens.subscription(token, self.unix_now()) {
            Ok(claims) if *claims.user == *session.user() && claims.channel == name.as_str() => {
                Ok(claims)
            }
            Err(TokenError::Expired) => Err(Error::TokenExpired),
            Ok(_) | Err(TokenError::Invalid) => Err(Error::PermissionDenied),
        }
    }

    /// Asks the broker for a subscription of a session that has none to this channel.
    pub(super) fn begin_subscription(
        &mut self,
        key: SessionKey,
        name: ChannelName,
        namespace: Arc<Namespace>,
        origin: Origin,
        wish: impl FnOnce(&mut Wishes),
    ) {
        let mut wishes = Wishes::default();
        wish(&mut wishes);
        self.tell_ended(key, &name);
        let leeway = self.config.times.expiry_leeway;
        let Some(session) = self.sessions.get_mut(key) else { return };
        let channel = self.channels.intern(&name, &namespace);
        self.serial = self.serial.wrapping_add(1);
        let info = wishes.info.zip(session.info.as_deref());
        session.subscribe(Subscription {
            channel,
            place: NOWHERE,
            serial: self.serial,
            is_of_token: matches!(origin, Origin::Connect),
            info: info.map(|(info, client)| {
                Arc::new(ClientInfo { chan_info: Some(info), ..client.clone() })
            }),
            expires_at: wishes.expires_at.map(|at| Moment::at(at.saturating_add(leeway))),
            last_control: wishes.last_control,
        });
        session.note_expiries();
        self.sessions.schedule(key);
        if let Some(channel) = self.channels.get_mut(channel) {
            channel.pending += 1;
        }
        let recover = wishes.recover.filter(|_| namespace.is_recoverable());
        let request = BrokerRequest::Subscribe {
            channel: name,
            namespace,
            since: recover.clone(),
            limit: self.config.limits.max_recovered_publications,
        };
        let pending = PendingSubscription {
            key,
            channel,
            serial: self.serial,
            origin,
            recover,
            join_leave: wishes.join_leave,
        };
        self.ask_broker(Pending::Subscription(Box::new(pending)), request);
    }

    pub(super) fn subscription_answered(
        &mut self,
        pending: &PendingSubscription,
        answer: BrokerAnswer,
    ) {
        let Some(channel) = self.channels.get_mut(pending.channel) else { return };
        channel.pending -= 1;
        let (name, namespace) = (channel.name.clone(), Arc::clone(&channel.namespace));
        let session = self.sessions.get_mut(pending.key);
        let subscription = session.and_then(|session| session.subscription_mut(pending.channel));
        let is_wanted = subscription.is_some_and(|it| it.serial == pending.serial);
        match answer {
            BrokerAnswer::Subscribed { position, publications } if is_wanted => {
                self.establish(pending, &name, &namespace, position, publications);
            }
            BrokerAnswer::Subscribed { .. } => {
                self.tell_broker(BrokerRequest::Unsubscribe { channel: name });
                let error =
                    Error::BadRequest("it was unsubscribed before it was subscribed".into());
                self.refuse_subscription(pending.key, pending.origin, error);
            }
            answer => {
                if is_wanted {
                    if let Some(session) = self.sessions.get_mut(pending.key) {
                        session.unsubscribe(pending.channel);
                        session.note_expiries();
                    }
                    let error = match answer {
                        BrokerAnswer::Full => Error::LimitExceeded("subscribers of a channel"),
                        _ => Error::Internal,
                    };
                    self.refuse_subscription(pending.key, pending.origin, error);
                }
            }
        }
        if let Some(channel) = self.channels.get_mut(pending.channel)
            && channel.pending == 0
        {
            channel.meanwhile = Vec::new();
        }
        self.channels.release(pending.channel);
    }

    /// The subscription begins at this position.
    fn establish(
        &mut self,
        pending: &PendingSubscription,
        name: &ChannelName,
        namespace: &Namespace,
        position: Option<Position>,
        publications: Vec<Arc<crate::Publication>>,
    ) {
        let max_publications = self.config.limits.max_recovered_publications;
        let recovered = match (&pending.recover, &position) {
            (Some(since), Some(top)) => {
                recovery::is_complete(since, top, &publications, max_publications)
            }
            _ => false,
        };
        let recovered = recovered && self.connect_has_room(pending.key, &publications);
        let since = position.as_ref().map_or(0, |position| position.offset);
        self.enter(pending, since, position.as_ref());
        let expires_at = self
            .sessions
            .get(pending.key)
            .and_then(|session| session.subscription(pending.channel)?.expires_at);
        let leeway = self.config.times.expiry_leeway;
        let subscribed = Subscribed {
            position,
            recoverable: namespace.is_recoverable(),
            was_recovering: pending.recover.is_some(),
            recovered,
            publications: if recovered { publications } else { Vec::new() },
            ttl: expires_at.map(|at| at.time().saturating_sub(self.now + leeway)),
        };
        self.confirm_subscription(pending.key, pending.origin, name.clone(), subscribed);
        self.deliver_meanwhile(pending.key, pending.channel, since);
        if namespace.presence {
            self.join(pending.key, pending.channel);
        }
    }

    /// Puts the session among the subscribers of the channel.
    fn enter(&mut self, pending: &PendingSubscription, since: u64, position: Option<&Position>) {
        let Some(session) = self.sessions.get_mut(pending.key) else { return };
        let dialect = session.dialect;
        let Some(subscription) = session.subscription_mut(pending.channel) else { return };
        let Some(channel) = self.channels.get_mut(pending.channel) else { return };
        subscription.place = u32::try_from(channel.subscribers.len()).unwrap_or(NOWHERE);
        channel.subscribers.push(Subscriber {
            since,
            session: pending.key,
            dialect,
            join_leave: pending.join_leave || dialect.is_told_of_members(),
        });
        channel.dialects[dialect.index()] += 1;
        if channel.position.is_none() {
            channel.position = position.cloned();
        }
    }

    pub(super) fn refresh_subscription(
        &mut self,
        key: SessionKey,
        id: CommandId,
        channel: &str,
        token: &str,
    ) -> Result<(), Error> {
        let (name, _) = self.resolve(channel)?;
        let Some(session) = self.sessions.get(key) else { return Ok(()) };
        let channel = self.channels.find(name.as_str());
        let channel = channel.filter(|&channel| session.subscription(channel).is_some());
        let Some(channel) = channel else {
            return Err(Error::BadRequest("there is no subscription to this channel".into()));
        };
        let claims = self.verify_subscription(session, &name, token)?;
        let ttl = claims.expires_at.map(|at| at.saturating_sub(self.unix_now()));
        self.set_subscription_expiry(key, channel, ttl);
        self.reply(key, id, &Ok(Reply::SubRefresh { ttl }));
        Ok(())
    }

    /// The subscription is good for so long, and the leeway.
    fn set_subscription_expiry(
        &mut self,
        key: SessionKey,
        channel: ChannelIndex,
        ttl: Option<Duration>,
    ) {
        let leeway = self.config.times.expiry_leeway;
        let Some(session) = self.sessions.get_mut(key) else { return };
        if let Some(subscription) = session.subscription_mut(channel) {
            let at = |ttl| Moment::at(self.now.saturating_add(ttl).saturating_add(leeway));
            subscription.expires_at = ttl.map(at);
        }
        session.note_expiries();
        self.sessions.schedule(key);
    }
}

/// Whether a user may subscribe without a token.
pub(super) fn may_subscribe(user: &str, name: &ChannelName, namespace: &Namespace) -> bool {
    name.admits(user).unwrap_or_else(|| namespace.subscribe.admits(user))
}
