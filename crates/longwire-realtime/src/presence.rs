//! The seam to the store of who is in which channel. It is cut like the broker's: an answer comes at
//! once, or later as an event.

use std::sync::Arc;
use std::time::Duration;

use crate::broker::RequestId;
use crate::{ChannelName, ClientId, ClientInfo, PresenceStats};

/// Who is in which channel, on all hubs.
pub trait PresenceStore: Send {
    /// Asks for something. `None`: the answer comes from [`poll_answer`](Self::poll_answer).
    fn request(
        &mut self,
        id: RequestId,
        request: PresenceRequest,
        now: Duration,
    ) -> Option<PresenceAnswer>;

    /// The next late answer.
    fn poll_answer(&mut self) -> Option<(RequestId, PresenceAnswer)>;

    /// When a grace period or a lease ends, and [`PresenceRequest::Expire`] is due.
    fn poll_timeout(&self) -> Option<Duration>;
}

/// What a hub asks of the store.
#[derive(Clone, Debug)]
pub enum PresenceRequest {
    /// Someone comes. If the same user is about to leave, the one takes the other's place, and
    /// nobody has come or gone.
    Join {
        /// To which channel.
        channel: ChannelName,
        /// Who.
        info: Arc<ClientInfo>,
    },
    /// Someone goes.
    Leave {
        /// From which channel.
        channel: ChannelName,
        /// Who.
        client: ClientId,
        /// Stays that long for others; zero to be gone at once.
        grace: Duration,
    },
    /// Who is there, in the order of their names, and at most so many.
    List {
        /// In which channel.
        channel: ChannelName,
        /// At most.
        limit: usize,
    },
    /// How many are there.
    Stats {
        /// In which channel.
        channel: ChannelName,
    },
    /// The members of this hub stay for another lease.
    Renew,
    /// Takes out those whose grace period or lease has ended.
    Expire,
}

/// What the store answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresenceAnswer {
    /// To a join.
    Joined {
        /// Whether others are to be told.
        is_new: bool,
        /// How many are there now.
        stats: PresenceStats,
    },
    /// To a leave.
    Left {
        /// Who is gone, if others are to be told now.
        gone: Option<Arc<ClientInfo>>,
        /// How many are there now.
        stats: PresenceStats,
    },
    /// Who is there.
    Members(Vec<Arc<ClientInfo>>),
    /// How many are there.
    Stats(PresenceStats),
    /// The lease goes on; if it had `lapsed`, all members of the hub have to join again.
    Renewed {
        /// Whether the lease had ended.
        lapsed: bool,
    },
    /// Those who are gone. Whoever gets this answer tells the others, since nobody else does.
    Expired(Vec<(ChannelName, Arc<ClientInfo>, PresenceStats)>),
    /// It failed, and nothing has changed.
    Failed,
}
