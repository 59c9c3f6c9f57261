//! The policy of a namespace: what its channels keep, who may do what in them, and what becomes of
//! a subscriber that does not read.

use std::time::Duration;

/// Who may do something in a channel.
///
/// Beside this, a subscription token lets its bearer subscribe, and a channel whose name says
/// which users it is for lets them, and nobody else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// No client.
    #[default]
    Nobody,
    /// Clients with a user.
    Users,
    /// All clients, anonymous ones too.
    Anyone,
}

impl Access {
    /// Whether it lets a client of this user in; the user of someone anonymous is empty.
    pub fn admits(self, user: &str) -> bool {
        match self {
            Self::Nobody => false,
            Self::Users => !user.is_empty(),
            Self::Anyone => true,
        }
    }
}

/// What becomes of publications, and of news of who comes and goes, for a subscriber whose
/// connection takes no more.
///
/// All of it waits first, until the session has more than
/// [`Limits::max_queued_bytes`](crate::Limits::max_queued_bytes) waiting. What is dropped then is
/// counted. Replies, pings, and what the server says of the session and its subscriptions never
/// wait and are never dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SlowConsumer {
    /// The session ends with [`Disconnect::SLOW`](crate::Disconnect::SLOW): its client comes back
    /// and recovers.
    #[default]
    Disconnect,
    /// The oldest that wait in this channel make room for the new one.
    DropOldest,
    /// The new one is dropped.
    DropNew,
    /// While they wait, only the newest for each key of the channel is kept, always; then the oldest
    /// make room.
    Latest,
    /// All that wait in this channel are dropped, and the client is told to subscribe again and to
    /// recover from history ([`Unsubscribed::INSUFFICIENT_STATE`](crate::Unsubscribed::INSUFFICIENT_STATE)).
    Gap,
}

/// The policy of the channels of one namespace. The default keeps nothing and lets nobody in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// How many publications of a channel are kept; 0 for no history, and then there are no offsets.
    pub history_size: usize,
    /// How long a publication is kept.
    pub history_ttl: Duration,
    /// How many bytes of publications of one channel are kept at most.
    pub max_history_bytes: usize,
    /// How long a channel without subscribers and publications keeps its epoch and offset after the
    /// last publication, so that a client that missed nothing is told so. Not less than `history_ttl`.
    pub position_ttl: Duration,
    /// Whether clients can recover from history.
    pub recover: bool,
    /// Whether the channels know who is in them.
    pub presence: bool,
    /// Whether clients that ask for it, and event streams, are told who joins and leaves; only with
    /// `presence`.
    pub join_leave: bool,
    /// How long a user whose connection broke stays: one that comes back within it has neither left
    /// nor joined. Zero for no grace, and no grace for someone anonymous.
    pub presence_grace: Duration,
    /// In channels of more clients than this, joins and leaves are told as counts, where the dialect has
    /// a word for that.
    pub coalesce_above_clients: usize,
    /// How often these counts come, at most.
    pub coalesce_interval: Duration,
    /// Who may subscribe.
    pub subscribe: Access,
    /// Who may publish, having subscribed.
    pub publish: Access,
    /// Who may see presence, having subscribed.
    pub see_presence: Access,
    /// Who may see history, having subscribed.
    pub see_history: Access,
    /// How many subscribers a channel has at most.
    pub max_subscribers: usize,
    /// What becomes of those who do not read.
    pub slow_consumer: SlowConsumer,
}

impl Default for Namespace {
    fn default() -> Self {
        Self {
            history_size: 0,
            history_ttl: Duration::from_secs(300),
            max_history_bytes: 1 << 20,
            position_ttl: Duration::from_secs(24 * 60 * 60),
            recover: false,
            presence: false,
            join_leave: false,
            presence_grace: Duration::ZERO,
            coalesce_above_clients: 100,
            coalesce_interval: Duration::from_secs(1),
            subscribe: Access::Nobody,
            publish: Access::Nobody,
            see_presence: Access::Nobody,
            see_history: Access::Nobody,
            max_subscribers: 1_000_000,
            slow_consumer: SlowConsumer::Disconnect,
        }
    }
}

impl Namespace {
    /// A policy for trying things out: everyone may do everything, anonymous ones too. The channels
    /// know who is in them, keep the last 100 publications, and recover.
    pub fn for_everyone() -> Self {
        Self {
            history_size: 100,
            recover: true,
            presence: true,
            join_leave: true,
            subscribe: Access::Anyone,
            publish: Access::Anyone,
            see_presence: Access::Anyone,
            see_history: Access::Anyone,
            ..Self::default()
        }
    }

    /// Whether publications get offsets and can be asked for again.
    pub fn has_history(&self) -> bool {
        self.history_size > 0 && !self.history_ttl.is_zero()
    }

    /// Whether clients can come back with a position.
    pub fn is_recoverable(&self) -> bool {
        self.recover && self.has_history()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_everyone_there_is_everything() {
        let open = Namespace::for_everyone();
        assert!(open.is_recoverable() && open.presence && open.join_leave);
        for access in [open.subscribe, open.publish, open.see_presence, open.see_history] {
            assert!(access.admits(""));
        }
        assert!(!Namespace::default().subscribe.admits("7"));
    }

    #[test]
    fn who_is_let_in() {
        let rows = [
            (Access::Nobody, "7", false),
            (Access::Nobody, "", false),
            (Access::Users, "7", true),
            (Access::Users, "", false),
            (Access::Anyone, "7", true),
            (Access::Anyone, "", true),
        ];
        for (access, user, admitted) in rows {
            assert_eq!(access.admits(user), admitted, "{access:?} {user:?}");
        }
    }
}
