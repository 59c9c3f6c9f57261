//! What a node is told when it starts: the namespaces, the limits, the times.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::{ChannelName, Namespace};

/// All that a hub is told when it starts. The hubs of a node share one.
#[derive(Clone, Debug)]
pub struct Config {
    /// The node's name, which clients that speak by two ways give back.
    pub node: Arc<str>,
    /// Version of the server, which clients are told.
    pub version: Arc<str>,
    /// The policies of channels `namespace:…`.
    pub namespaces: BTreeMap<String, Arc<Namespace>>,
    /// The policy of channels without a namespace.
    pub default_namespace: Arc<Namespace>,
    /// Whether a client without a token is let in, as nobody.
    pub allow_anonymous: bool,
    /// The bounds.
    pub limits: Limits,
    /// The times.
    pub times: Times,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            node: "longwire".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            namespaces: BTreeMap::new(),
            default_namespace: Arc::default(),
            allow_anonymous: false,
            limits: Limits::default(),
            times: Times::default(),
        }
    }
}

impl Config {
    /// The policy of a channel; `None` where there is no such namespace.
    pub fn namespace(&self, channel: &ChannelName) -> Option<&Arc<Namespace>> {
        match channel.namespace() {
            None => Some(&self.default_namespace),
            Some(name) => self.namespaces.get(name),
        }
    }
}

/// The bounds of all that grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a channel's name.
    pub max_channel_name_bytes: usize,
    /// Bytes of a user's name in a token or a request.
    pub max_user_name_bytes: usize,
    /// Subscriptions of one session.
    pub max_channels_per_session: usize,
    /// Sessions of one user on one hub; 0 for no limit.
    pub max_sessions_per_user: usize,
    /// Sessions of one hub.
    pub max_sessions: usize,
    /// Bytes of the data of one publication.
    pub max_publication_bytes: usize,
    /// Bytes that are under way to a connection before publications wait in its session. One
    /// publication more can be under way, since it is not known how long the next one is.
    pub max_in_flight_bytes: u32,
    /// Bytes of publications that wait in a session; then the policy of the namespace applies.
    pub max_queued_bytes: usize,
    /// Bytes that a connection may be behind with, replies above all, before what has long replies is
    /// refused with [`Error::TooManyRequests`](crate::Error::TooManyRequests): to subscribe, and to
    /// ask for presence or history. One reply more can be under way. A reply to connect recovers no more
    /// channels behind so much. Dialects that [have
    /// readers](crate::Dialect::has_readers) are not counted: each of their commands waits for the reply
    /// before, and who speaks for the readers bounds what they recover.
    pub max_unread_reply_bytes: usize,
    /// Bytes of publications and positions that the node keeps for all channels. The history of
    /// the channel that has been quiet for longest goes first.
    pub max_history_bytes: usize,
    /// Publications that a subscription recovers at most; more is `recovered: false`.
    pub max_recovered_publications: usize,
    /// Publications in one answer to a history command.
    pub max_history_page: usize,
    /// Clients in one answer to a presence command.
    pub max_presence_page: usize,
    /// Idempotency keys that are remembered; the oldest is forgotten first.
    pub max_idempotency_keys: usize,
    /// Channels in one broadcast.
    pub max_broadcast_channels: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_channel_name_bytes: 255,
            max_user_name_bytes: 255,
            max_channels_per_session: 128,
            max_sessions_per_user: 0,
            max_sessions: 1 << 20,
            max_publication_bytes: 64 << 10,
            max_in_flight_bytes: 64 << 10,
            max_queued_bytes: 1 << 20,
            max_unread_reply_bytes: 4 << 20,
            max_history_bytes: 256 << 20,
            max_recovered_publications: 300,
            max_history_page: 300,
            max_presence_page: 1000,
            max_idempotency_keys: 1 << 16,
            max_broadcast_channels: 1000,
        }
    }
}

/// How long things take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// From the opening of a session to its connect command.
    pub connect_timeout: Duration,
    /// Between two pings. Zero for none.
    pub ping_interval: Duration,
    /// From a ping to the client's sign of life. Zero where none is waited for.
    pub pong_timeout: Duration,
    /// How long after the end of a token its connection or subscription goes on: time for the
    /// client to fetch a new one.
    pub expiry_leeway: Duration,
    /// How long an idempotency key is remembered.
    pub idempotency_ttl: Duration,
    /// How long the members of a hub that says nothing stay present.
    pub presence_lease: Duration,
    /// The Unix time at which a hub's `now` is zero: tokens have their times in it.
    pub unix_time_at_zero: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(25),
            pong_timeout: Duration::from_secs(8),
            expiry_leeway: Duration::from_secs(25),
            idempotency_ttl: Duration::from_secs(300),
            presence_lease: Duration::from_secs(60),
            unix_time_at_zero: Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_before_the_first_colon_decides_on_the_policy() {
        let chat = Arc::new(Namespace { history_size: 7, ..Namespace::default() });
        let config = Config {
            namespaces: BTreeMap::from([("chat".to_string(), chat)]),
            ..Config::default()
        };
        let rows = [("news", Some(0)), ("chat:a", Some(7)), ("chat:a:b", Some(7)), ("b:a", None)];
        for (name, size) in rows {
            let name = ChannelName::new(name, 32).unwrap();
            assert_eq!(config.namespace(&name).map(|it| it.history_size), size, "{name}");
        }
    }
}
