//! The options of a namespace, the same for channels without one.

use longwire_realtime::Namespace;

use super::super::slot::Slot::{self, Access, Bytes, Count, Duration, Flag};
use super::Setting;

type Row = Setting<Namespace>;

const MS: u64 = 1;
const SECOND: u64 = 1000 * MS;
const HOUR: u64 = 3600 * SECOND;
const YEAR: u64 = 365 * 24 * HOUR;
const TIB: u64 = 1 << 40;

/// All of them.
pub(crate) static NAMESPACE: &[Row] = &[
    Row::new(
        "subscribe",
        |it| Access(&mut it.subscribe),
        "Who may subscribe. Beside them, whoever has a subscription token for the channel may, and in \
         a channel `name#user1,user2` its users, and nobody else.",
    ),
    Row::new(
        "publish",
        |it| Access(&mut it.publish),
        "Who may publish, of those who have subscribed or may subscribe.",
    ),
    Row::new(
        "see_presence",
        |it| Access(&mut it.see_presence),
        "Who of the same may ask who is in the channel. Needs `presence`.",
    ),
    Row::new(
        "see_history",
        |it| Access(&mut it.see_history),
        "Who of the same may ask for its history. Needs `history_size`.",
    ),
    Row::new(
        "history_size",
        |it| Count(&mut it.history_size, 0, 1_000_000),
        "How many publications of a channel are kept; 0 for no history.",
    ),
    Row::new(
        "history_ttl",
        |it| Duration(&mut it.history_ttl, SECOND, YEAR),
        "How long a publication is kept.",
    ),
    Row::new(
        "max_history_bytes",
        |it| Bytes(&mut it.max_history_bytes, 1 << 10, TIB),
        "How much of one channel is kept at most.",
    ),
    Row::new(
        "position_ttl",
        |it| Duration(&mut it.position_ttl, SECOND, YEAR),
        "How long a channel that nobody uses keeps its position after the last publication, so that \
         a client that missed nothing is told so. Not less than `history_ttl`.",
    )
    .by_default("`\"1d\"`, or `history_ttl` if that is longer"),
    Row::new(
        "recover",
        |it| Flag(&mut it.recover),
        "Whether clients that come back get what they missed. Needs `history_size`.",
    ),
    Row::new(
        "presence",
        |it| Flag(&mut it.presence),
        "Whether the channels know who is in them.",
    ),
    Row::new(
        "join_leave",
        |it| Flag(&mut it.join_leave),
        "Whether clients that ask for it, and event streams, are told who joins and leaves. Needs \
         `presence`.",
    ),
    Row::new(
        "presence_grace",
        |it| Duration(&mut it.presence_grace, 0, HOUR),
        "How long a user whose connection broke stays: one that comes back within it has neither \
         left nor joined. Not for those without a user. Needs `presence`.",
    ),
    Row::new(
        "coalesce_above_clients",
        |it| Count(&mut it.coalesce_above_clients, 0, 10_000_000),
        "In channels of more clients than this, joins and leaves are told as counts, and only to event \
         streams: SDKs' protocol has no word for that, and their clients have to ask.",
    ),
    Row::new(
        "coalesce_interval",
        |it| Duration(&mut it.coalesce_interval, 10 * MS, HOUR),
        "How often each thread tells such counts at most.",
    ),
    Row::new(
        "max_subscribers",
        |it| Count(&mut it.max_subscribers, 1, 100_000_000),
        "How many subscribers a channel has at most.",
    ),
    Row::new(
        "slow_consumer",
        |it| Slot::SlowConsumer(&mut it.slow_consumer),
        "What becomes of a subscriber that does not read, once `limits.max_queued_bytes` wait for \
         it: its session ends; the oldest or the new publication is dropped; the latest for each key \
         is kept; or all are dropped and the client is told to recover (`gap`, needs `recover`).",
    ),
];
