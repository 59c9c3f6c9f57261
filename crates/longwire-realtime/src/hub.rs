//! The hub: all sessions of one thread, and what they do to each other.
//!
//! It is called with what happened, and then polled for what to do: first
//! [`poll_output`](Hub::poll_output) until there is nothing left, then
//! [`poll_timeout`](Hub::poll_timeout) for when to come again. Nothing in it waits; where the broker
//! or the presence store cannot answer at once, what to do with the answer is kept as a `Pending`.

mod asking;
mod connecting;
mod controlling;
mod delivering;
mod ending;
mod looking;
mod membership;
mod pending;
mod requesting;
mod subscribing;
mod timing;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::pending::{Gather, Pending};
use crate::broker::{Broker, BrokerEvent, BrokerRequest, RequestId};
use crate::channels::Channels;
use crate::client::uuid_from_random;
use crate::drops::Drops;
use crate::moment::Moment;
use crate::output::{Output, Outputs, Ticket};
use crate::presence::PresenceStore;
use crate::session::{Phase, SessionKey};
use crate::sessions::Sessions;
use crate::{
    ChannelName, ChannelNameError, ClientId, Codec, Command, CommandId, Config, Dialect,
    Disconnect, Error, Namespace, Payload, Push, Reply, Request, SessionId, Tokens,
};

/// Events that are dealt with in one call: then others have their turn.
const MAX_EVENTS_PER_CALL: usize = 1024;

/// What a hub stands on.
pub struct Seams {
    /// What it shares with other hubs.
    pub broker: Box<dyn Broker>,
    /// Who is in which channel.
    pub presence: Box<dyn PresenceStore>,
    /// Speaks the dialects.
    pub codec: Box<dyn Codec>,
    /// Verifies tokens.
    pub tokens: Box<dyn Tokens>,
    /// Names of clients and sessions are drawn from it: 128 bits that nobody can guess.
    pub chance: Box<dyn FnMut() -> u128 + Send>,
}

impl fmt::Debug for Seams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seams").finish_non_exhaustive()
    }
}

/// All sessions of one thread.
pub struct Hub {
    config: Arc<Config>,
    seams: Seams,
    now: Duration,
    began: Duration,
    sessions: Sessions,
    channels: Channels,
    outputs: Outputs,
    /// What to do with answers that are not there yet.
    pending: BTreeMap<RequestId, Pending>,
    next_request: RequestId,
    /// Broadcasts whose publications have not all been answered.
    gathers: BTreeMap<Ticket, Gather>,
    /// The serial of the last subscription.
    serial: u32,
    /// When the counts of channels with many members are told next.
    crowds: BTreeMap<ChannelName, Duration>,
    crowds_due: BTreeSet<(Duration, ChannelName)>,
    /// When the lease of this hub's members is to be renewed, if it ever had any.
    renew_at: Option<Duration>,
    /// What the broker was told last of how many clients and users there are.
    reported: (usize, usize),
    drops: Drops,
    /// Whether there are more events than one call deals with.
    has_more_events: bool,
    // Kept for their memory.
    commands: Vec<(CommandId, Command)>,
    bytes: Vec<u8>,
    slow: Vec<SessionKey>,
}

impl Hub {
    /// A hub without sessions.
    pub fn new(config: Arc<Config>, seams: Seams, now: Duration) -> Self {
        Self {
            config,
            seams,
            now,
            began: now,
            sessions: Sessions::default(),
            channels: Channels::default(),
            outputs: Outputs::default(),
            pending: BTreeMap::new(),
            next_request: 0,
            gathers: BTreeMap::new(),
            serial: 0,
            crowds: BTreeMap::new(),
            crowds_due: BTreeSet::new(),
            renew_at: None,
            reported: (0, 0),
            drops: Drops::default(),
            has_more_events: false,
            commands: Vec::new(),
            bytes: Vec::new(),
            slow: Vec::new(),
        }
    }

    // What happened.

    /// A connection has come. `None`: there are as many sessions as there may be.
    pub fn open(&mut self, dialect: Dialect, now: Duration) -> Option<SessionKey> {
        self.now = self.now.max(now);
        if self.sessions.len() >= self.config.limits.max_sessions.min(1 << 30) {
            return None;
        }
        let client = ClientId(uuid_from_random((self.seams.chance)()));
        let id = SessionId(uuid_from_random((self.seams.chance)()));
        let key = self.sessions.open(dialect, client, id);
        if let Some(session) = self.sessions.get_mut(key) {
            session.silent_until = Some(Moment::at(self.now + self.config.times.connect_timeout));
        }
        self.sessions.schedule(key);
        Some(key)
    }

    /// A client has sent something: one message, or the body of one request.
    pub fn receive(&mut self, key: SessionKey, bytes: &[u8], now: Duration) {
        self.now = self.now.max(now);
        let Some(session) = self.sessions.get(key) else { return };
        let mut commands = std::mem::take(&mut self.commands);
        let end = self.seams.codec.decode(session.dialect, bytes, &mut commands);
        for (id, command) in commands.drain(..) {
            self.carry_out(key, id, command);
        }
        self.commands = commands;
        if let Err(disconnect) = end {
            self.disconnect(key, disconnect);
        }
        self.settle();
    }

    /// A client has sent this command. What [`receive`](Self::receive) does with bytes, for callers
    /// that have no bytes.
    pub fn command(&mut self, key: SessionKey, id: CommandId, command: Command, now: Duration) {
        self.now = self.now.max(now);
        self.carry_out(key, id, command);
        self.settle();
    }

    /// A connection is gone. Its client may come back.
    pub fn close(&mut self, key: SessionKey, now: Duration) {
        self.now = self.now.max(now);
        self.end_session(key, true);
        self.settle();
    }

    /// So many bytes may be given to a connection from now on, whatever was before. At most [`Limits::max_in_flight_bytes`](crate::Limits::max_in_flight_bytes) count.
    /// What waits in the session leaves as far as it fits.
    pub fn room(&mut self, key: SessionKey, bytes: usize) {
        let max = self.config.limits.max_in_flight_bytes;
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(max);
        self.make_room(key, i32::try_from(bytes).unwrap_or(i32::MAX));
    }

    /// The broker's [`Wake`](crate::broker::Wake) was called.
    pub fn wake(&mut self, now: Duration) {
        self.now = self.now.max(now);
        self.settle();
    }

    /// An application asks for something. The answer is an [`Output::Answer`] with this ticket.
    pub fn api(&mut self, ticket: Ticket, request: Request, now: Duration) {
        self.now = self.now.max(now);
        if let Err(error) = self.request(ticket, request) {
            self.outputs.answer(ticket, Err(error));
        }
        self.settle();
    }

    /// The server shuts down: all sessions end, and their clients are told to come back.
    pub fn shut_down(&mut self, now: Duration) {
        self.now = self.now.max(now);
        for key in self.sessions.keys() {
            self.disconnect(key, Disconnect::SHUTDOWN);
        }
        self.settle();
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.now = self.now.max(now);
        self.expire();
        self.settle();
    }

    // What to do.

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output<'_>> {
        self.outputs.poll()
    }

    /// Whether there is something to do.
    pub fn has_output(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Duration> {
        if self.has_more_events {
            return Some(self.now);
        }
        self.next_deadline()
    }

    /// Whether there is more to do as soon as all output has been taken and the connections have been
    /// given [`room`](Self::room) for it: by [`wake`](Self::wake).
    pub fn has_more(&self) -> bool {
        self.has_more_events
    }

    // What all parts of it need.

    /// Deals with what the broker has, and with late answers.
    fn settle(&mut self) {
        self.has_more_events = true;
        // Nobody is slow who has had no chance to take it: when so much has gone out or waits, it is
        // to be taken first, and then there is more.
        let max_bytes =
            usize::try_from(self.config.limits.max_in_flight_bytes).unwrap_or(usize::MAX);
        for _ in 0..MAX_EVENTS_PER_CALL {
            if self.outputs.meant_bytes() >= max_bytes {
                break;
            }
            if let Some((id, answer)) = self.seams.presence.poll_answer() {
                self.presence_answered_late(id, answer);
                continue;
            }
            let Some(event) = self.seams.broker.poll_event() else {
                self.has_more_events = false;
                break;
            };
            match event {
                BrokerEvent::Published(envelope) => self.deliver(&envelope),
                BrokerEvent::News { channel, news } => self.deliver_news(&channel, &news),
                BrokerEvent::Control { number, control } => self.control(number, &control),
                BrokerEvent::Answer(id, answer) => self.broker_answered_late(id, answer),
            }
        }
        let counts = (self.sessions.clients(), self.sessions.users());
        if counts != self.reported {
            self.reported = counts;
            self.tell_broker(BrokerRequest::Report { clients: counts.0, users: counts.1 });
        }
    }

    fn carry_out(&mut self, key: SessionKey, id: CommandId, command: Command) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        let is_connected = match session.phase {
            Phase::Opened => false,
            Phase::Connecting(_) if command != Command::Pong => {
                return self.disconnect(key, Disconnect::BAD_REQUEST);
            }
            Phase::Connecting(_) => return,
            Phase::Connected => {
                session.silent_until = None;
                true
            }
        };
        let result = match (is_connected, command) {
            (_, Command::Pong) => Ok(()),
            (false, Command::Connect(connect)) => self.connect(key, id, &connect),
            (false, _) | (true, Command::Connect(_)) => {
                return self.disconnect(key, Disconnect::BAD_REQUEST);
            }
            (true, Command::Subscribe(_) | Command::Presence { .. } | Command::History(_))
                if self.is_far_behind(key) =>
            {
                Err(Error::TooManyRequests)
            }
            (true, Command::Subscribe(subscribe)) => self.subscribe(key, id, &subscribe),
            (true, Command::Unsubscribe { channel }) => self.unsubscribe(key, id, &channel),
            (true, Command::Publish(publish)) => self.publish(key, id, publish),
            (true, Command::Presence { channel }) => self.ask_presence_of(key, id, &channel, true),
            (true, Command::PresenceStats { channel }) => {
                self.ask_presence_of(key, id, &channel, false)
            }
            (true, Command::History(history)) => self.ask_history(key, id, history),
            (true, Command::Refresh { token }) => self.refresh(key, id, &token),
            (true, Command::SubRefresh { channel, token }) => {
                self.refresh_subscription(key, id, &channel, &token)
            }
            (true, Command::Rpc { .. }) => Err(Error::MethodNotFound),
            (true, Command::Send { .. }) => Ok(()),
            (true, Command::Invalid(error)) => Err(error),
        };
        if let Err(error) = result {
            self.reply(key, id, &Err(error));
        }
    }

    /// Whether a connection is behind with so much that no more long replies are added. They never
    /// wait, so this is what bounds them: a short command can have a very long one.
    fn is_far_behind(&self, key: SessionKey) -> bool {
        let room = self.sessions.rooms.get(key.index()).copied().unwrap_or_default();
        let max_bytes = i32::try_from(self.config.limits.max_unread_reply_bytes);
        room < -max_bytes.unwrap_or(i32::MAX)
    }

    /// A channel and its policy.
    fn resolve(&self, name: &str) -> Result<(ChannelName, Arc<Namespace>), Error> {
        let name = ChannelName::new(name, self.config.limits.max_channel_name_bytes);
        let name = name.map_err(|error| match error {
            ChannelNameError::TooLong => Error::TooLong("a channel name"),
            error => Error::BadRequest(error.to_string()),
        })?;
        let namespace = self.config.namespace(&name).ok_or(Error::UnknownChannel)?;
        let namespace = Arc::clone(namespace);
        Ok((name, namespace))
    }

    /// Sends a reply, which never waits.
    fn reply(&mut self, key: SessionKey, id: CommandId, reply: &Result<Reply, Error>) {
        let Some(session) = self.sessions.get(key).filter(|_| id != 0) else { return };
        if session.dialect.has_readers() {
            return self.outputs.reply(key, id, reply.clone());
        }
        self.bytes.clear();
        self.seams.codec.encode_reply(session.dialect, id, reply, &mut self.bytes);
        self.send_bytes(key);
    }

    /// Sends a push that never waits.
    fn push(&mut self, key: SessionKey, push: &Push) {
        let Some(session) = self.sessions.get(key) else { return };
        if session.dialect.has_readers() {
            return self.outputs.push(key, push.clone());
        }
        self.bytes.clear();
        self.seams.codec.encode_push(session.dialect, push, &mut self.bytes);
        self.send_bytes(key);
    }

    fn send_bytes(&mut self, key: SessionKey) {
        if !self.bytes.is_empty() {
            self.take_room(key, self.bytes.len());
            self.outputs.frame(key, Payload::new(self.bytes.clone(), None));
        }
    }

    /// The time that a token's time is, on this hub's clock.
    fn time_of_unix(&self, at: Duration) -> Duration {
        at.saturating_sub(self.config.times.unix_time_at_zero)
    }

    fn unix_now(&self) -> Duration {
        self.now + self.config.times.unix_time_at_zero
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("sessions", &self.sessions.len()).finish_non_exhaustive()
    }
}
