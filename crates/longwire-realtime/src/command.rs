//! What a client can ask, and what it is answered.
//!
//! No dialect stands in here: a dialect turns its bytes into a [`Command`] and a [`Reply`] into its
//! bytes. What comes without being asked for is a [`Push`](crate::Push).

use std::sync::Arc;
use std::time::Duration;

use crate::{
    ChannelName, ClientId, ClientInfo, Epoch, Error, Json, Position, Publication, SessionId,
};

/// The number by which a client finds the reply to its command; 0 where it wants none.
pub type CommandId = u32;

/// What a client asks.
///
/// Channels are text here: whether a name is one is judged by the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// The first command of each session.
    Connect(Connect),
    /// Wants the publications of a channel from now on, or from a position on.
    Subscribe(Subscribe),
    /// Does not want them any more.
    Unsubscribe {
        /// Of which channel.
        channel: String,
    },
    /// Publishes.
    Publish(Publish),
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
    /// A fresh connection token.
    Refresh {
        /// The token.
        token: String,
    },
    /// A fresh subscription token.
    SubRefresh {
        /// For which channel.
        channel: String,
        /// The token.
        token: String,
    },
    /// Calls a method of an application behind the server: there is none.
    Rpc {
        /// Which one.
        method: String,
        /// With what.
        data: Option<Json>,
    },
    /// Sends to an application behind the server, without a reply: there is none.
    Send {
        /// What.
        data: Option<Json>,
    },
    /// The answer to a ping; also a sign of life.
    Pong,
    /// What the dialect could read but found to be no command that may be carried out: it is answered
    /// with this error, and the session goes on.
    Invalid(Error),
}

/// The first command of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connect {
    /// Says who it is; absent for someone anonymous.
    pub token: Option<String>,
    /// What the client says of itself; nobody reads it yet.
    pub data: Option<Json>,
    /// Which SDK, for statistics.
    pub name: String,
    /// Which version of it.
    pub version: String,
    /// Where it is in the channels that the server subscribed it to last time.
    pub subs: Vec<(String, Recover)>,
}

/// From where a subscription goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recover {
    /// Empty where the client does not know it.
    pub epoch: Epoch,
    /// The last publication that the client has.
    pub offset: u64,
}

/// Wants the publications of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscribe {
    /// Which channel.
    pub channel: String,
    /// Says that it may; absent where the namespace's policy is enough.
    pub token: Option<String>,
    /// Wants what it missed since then.
    pub recover: Option<Recover>,
    /// Wants to be told who joins and leaves.
    pub join_leave: bool,
    /// Wants an epoch and offsets although it does not recover now.
    pub positioned: bool,
    /// Will recover later.
    pub recoverable: bool,
}

/// A client publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// To which channel.
    pub channel: String,
    /// What.
    pub data: Json,
    /// Whether its own session is left out of the delivery.
    pub exclude_self: bool,
    /// What it is the newest state of; see [`Publication::key`].
    pub key: Option<String>,
}

/// Asks for what was published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Of which channel.
    pub channel: String,
    /// How many publications at most: 0 for the position alone, `None` for as many as the limit allows.
    pub limit: Option<usize>,
    /// Only those after this position; before it, if `reverse`.
    pub since: Option<Recover>,
    /// From the newest to the oldest.
    pub reverse: bool,
}

/// The answer to a command that was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// To [`Command::Connect`].
    Connect(Connected),
    /// To [`Command::Subscribe`].
    Subscribe(Subscribed),
    /// To [`Command::Unsubscribe`].
    Unsubscribe,
    /// To [`Command::Publish`].
    Publish,
    /// To [`Command::Presence`].
    Presence(Vec<Arc<ClientInfo>>),
    /// To [`Command::PresenceStats`].
    PresenceStats(PresenceStats),
    /// To [`Command::History`].
    History(HistoryPage),
    /// To [`Command::Refresh`].
    Refresh {
        /// The session's client.
        client: ClientId,
        /// How long the connection is good for; `None` for as long as it lasts.
        ttl: Option<Duration>,
    },
    /// To [`Command::SubRefresh`].
    SubRefresh {
        /// How long the subscription is good for; `None` for as long as the session lasts.
        ttl: Option<Duration>,
    },
}

/// The session is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// The session's public name.
    pub client: ClientId,
    /// The session's secret name: commands that come by another way carry it.
    pub session: SessionId,
    /// Which node holds the session.
    pub node: Arc<str>,
    /// Version of the server.
    pub version: Arc<str>,
    /// How long the connection is good for without a refresh; `None` for as long as it lasts.
    pub ttl: Option<Duration>,
    /// How often pings come; zero where none come.
    pub ping_interval: Duration,
    /// Whether the client has to answer pings.
    pub pong: bool,
    /// What the server has subscribed the session to.
    pub subs: Vec<(ChannelName, Subscribed)>,
}

/// A subscription has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribed {
    /// Where it begins: what comes live is above it. `None` in a channel without history.
    pub position: Option<Position>,
    /// Whether a client may come back with a position and recover.
    pub recoverable: bool,
    /// Whether the client asked to recover.
    pub was_recovering: bool,
    /// Whether it got all that it missed. If not, `publications` is empty.
    pub recovered: bool,
    /// What it missed, in order.
    pub publications: Vec<Arc<Publication>>,
    /// How long it is good for without a refresh; `None` for as long as the session lasts.
    pub ttl: Option<Duration>,
}

/// How many are in a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PresenceStats {
    /// Connections.
    pub clients: usize,
    /// Different users among them; all that are anonymous are one.
    pub users: usize,
}

/// Part of a channel's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// In the order that was asked for.
    pub publications: Vec<Arc<Publication>>,
    /// The newest publication of the channel.
    pub position: Position,
}
