//! What an application behind the server can ask over its API, and what it is answered.
//!
//! Requests can reach any hub. What concerns sessions goes to all hubs as control messages, so the
//! answer to it says that it was passed on, not how many sessions it met.

use std::sync::Arc;
use std::time::Duration;

use crate::{
    ClientId, ClientInfo, Disconnect, History, HistoryPage, Json, Position, PresenceStats, Recover,
    SessionId,
};

/// What an application asks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Publishes to a channel.
    Publish {
        /// Which one.
        channel: String,
        /// What.
        message: Outgoing,
    },
    /// Publishes to several channels.
    Broadcast {
        /// Which ones; the answers come in this order.
        channels: Vec<String>,
        /// What.
        message: Outgoing,
    },
    /// Subscribes sessions to a channel.
    Subscribe {
        /// Whose.
        target: Target,
        /// To which channel.
        channel: String,
        /// From where on.
        recover: Option<Recover>,
        /// What others in the channel are told of them.
        info: Option<Json>,
        /// How long without a refresh; `None` for as long as the sessions last.
        ttl: Option<Duration>,
    },
    /// Ends subscriptions.
    Unsubscribe {
        /// Whose.
        target: Target,
        /// Of which channel; of all channels if `None`.
        channel: Option<String>,
    },
    /// Ends sessions.
    Disconnect {
        /// Whose.
        target: Target,
        /// Sessions of these clients stay.
        whitelist: Vec<ClientId>,
        /// With which code and reason.
        disconnect: Disconnect,
    },
    /// Changes how long sessions are good for.
    Refresh {
        /// Whose.
        target: Target,
        /// They expire now.
        expired: bool,
        /// They expire then; `None` for never.
        ttl: Option<Duration>,
    },
    /// Who is in a channel?
    Presence {
        /// Which one.
        channel: String,
    },
    /// How many are in a channel?
    PresenceStats {
        /// Which one.
        channel: String,
    },
    /// What has been published to a channel?
    History(History),
    /// Removes what has been published to a channel. Its position stays.
    HistoryRemove {
        /// Which one.
        channel: String,
    },
    /// Which channels have subscribers?
    Channels {
        /// Only names like this, where `*` stands for any characters; all if empty.
        pattern: String,
    },
    /// What does the node do?
    Info,
}

/// What an application publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The data.
    pub data: Json,
    /// What stands beside it.
    pub tags: Vec<(Arc<str>, Arc<str>)>,
    /// What it is the newest state of; see [`Publication::key`](crate::Publication::key).
    pub key: Option<String>,
    /// The session of this client is left out of the delivery.
    pub exclude: Option<ClientId>,
    /// The same key again within the time for it is the same publication, and is not published again.
    pub idempotency_key: Option<String>,
    /// Whether it is left out of the history, and so gets no offset.
    pub skip_history: bool,
}

/// Whose sessions: all that match what is given. An empty target is a bad request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// Of this user; empty for any user.
    pub user: String,
    /// With this public name.
    pub client: Option<ClientId>,
    /// With this secret name.
    pub session: Option<SessionId>,
}

impl Target {
    /// Whether nothing is given.
    pub fn is_empty(&self) -> bool {
        self.user.is_empty() && self.client.is_none() && self.session.is_none()
    }
}

/// The answer to a request that was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Response {
    /// To [`Request::Publish`]: where it stands, in a channel with history.
    Publish(Option<Position>),
    /// To [`Request::Broadcast`]: the same for each channel.
    Broadcast(Vec<Result<Option<Position>, crate::Error>>),
    /// It was passed on to all hubs.
    Done,
    /// To [`Request::Presence`].
    Presence(Vec<Arc<ClientInfo>>),
    /// To [`Request::PresenceStats`].
    PresenceStats(PresenceStats),
    /// To [`Request::History`].
    History(HistoryPage),
    /// To [`Request::Channels`]: each with the number of its subscribers, by name.
    Channels(Vec<(String, usize)>),
    /// To [`Request::Info`].
    Info(NodeInfo),
}

/// What a node does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeInfo {
    /// Its name, which clients that speak by two ways give back.
    pub name: Arc<str>,
    /// Version of the server.
    pub version: Arc<str>,
    /// Sessions that are connected.
    pub clients: usize,
    /// Their users, counted by each hub for itself: one user on two hubs counts twice.
    pub users: usize,
    /// Channels with subscribers.
    pub channels: usize,
    /// Subscriptions.
    pub subscriptions: usize,
    /// How long it has been there.
    pub uptime: Duration,
}
