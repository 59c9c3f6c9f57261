//! The options of the whole node, by section.

use super::super::settings::Settings;
use super::super::slot::Slot::{self, Bytes, Bytes32, Bytes64, Count, Duration, Flag, Path, Text};
use super::{Section, Setting};

type Row = Setting<Settings>;

const MS: u64 = 1;
const SECOND: u64 = 1000 * MS;
const HOUR: u64 = 3600 * SECOND;
const DAY: u64 = 24 * HOUR;
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

/// RFC 7518 §3.2: a secret for HS256 is as long as the hash at least, 256 bits.
pub(crate) const MIN_HMAC_SECRET_CHARS: usize = 32;
/// The least that cannot be guessed by asking.
pub(crate) const MIN_API_KEY_CHARS: usize = 16;

/// All sections, in the order in which they are printed.
pub(crate) static SECTIONS: &[Section] = &[
    Section { name: "server", about: "Connections and what they cost.", settings: SERVER },
    Section { name: "http", about: "Browsers, and what plain HTTP serves.", settings: HTTP },
    Section { name: "api", about: "The HTTP API, for your own servers.", settings: API },
    Section { name: "tokens", about: "How clients prove who they are.", settings: TOKENS },
    Section { name: "realtime", about: "Sessions.", settings: REALTIME },
    Section { name: "limits", about: "The bounds of all that grows.", settings: LIMITS },
    Section { name: "times", about: "How long things take.", settings: TIMES },
    Section { name: "log", about: "What is written to standard error.", settings: LOG },
];

static SERVER: &[Row] = &[
    Row::new(
        "listen",
        |it| Slot::Addresses(&mut it.server.listen),
        "Where to listen: IP addresses with ports. With port 0 the system chooses one. `0.0.0.0` is \
         every IPv4 address, `[::]` every IPv6 address.",
    ),
    Row::new(
        "threads",
        |it| Count(&mut it.server.threads, 1, 1024),
        "Worker threads, each with connections of its own.",
    )
    .by_default("one for each processor"),
    Row::new(
        "max_connections",
        |it| Count(&mut it.server.max_connections, 1, 100_000_000),
        "Connections of all workers together; further ones are answered with 503.",
    ),
    Row::new(
        "compression",
        |it| Flag(&mut it.compression),
        "Whether to agree to permessage-deflate on WebSockets.",
    ),
    Row::new(
        "max_message_bytes",
        |it| Bytes64(&mut it.server.limits.max_message_bytes, KIB, GIB),
        "The longest WebSocket message taken; a longer one closes the connection with 1009.",
    ),
    Row::new(
        "max_body_bytes",
        |it| Bytes(&mut it.server.max_body_bytes, KIB, GIB),
        "The longest body of a request taken; a longer one is answered with 413.",
    ),
    Row::new(
        "max_request_line_bytes",
        |it| Bytes(&mut it.server.head_limits.max_start_line_bytes, 256, MIB),
        "The longest request line taken, and so the longest URL; a longer one is answered with 414.",
    ),
    Row::new(
        "max_head_bytes",
        |it| Bytes(&mut it.server.head_limits.max_head_bytes, KIB, MIB),
        "The longest head of a request taken; a longer one is answered with 431.",
    ),
    Row::new(
        "handshake_timeout",
        |it| Duration(&mut it.server.handshake_timeout, 100 * MS, HOUR),
        "From the opening of a connection to the end of the request's head.",
    ),
    Row::new(
        "body_timeout",
        |it| Duration(&mut it.server.body_timeout, 100 * MS, HOUR),
        "From there to the end of its body.",
    ),
    Row::new(
        "keep_alive_timeout",
        |it| Duration(&mut it.server.keep_alive_timeout, 100 * MS, HOUR),
        "How long a connection may wait for its next request. Longer than that of a proxy in front.",
    ),
    Row::new(
        "message_timeout",
        |it| {
            let timeout = it.server.timeouts.message_timeout.get_or_insert_default();
            Duration(timeout, 100 * MS, HOUR)
        },
        "How long a WebSocket message may take from its first byte to its last.",
    ),
    Row::new(
        "close_timeout",
        |it| {
            let timeout = it.server.timeouts.close_timeout.get_or_insert_default();
            Duration(timeout, 100 * MS, HOUR)
        },
        "How long to wait for a client's part of the closing handshake.",
    ),
    Row::new(
        "write_stall_timeout",
        |it| Duration(&mut it.server.write_stall_timeout, 100 * MS, HOUR),
        "A connection that takes nothing for this long of what waits for it is dropped.",
    ),
    Row::new(
        "shutdown_timeout",
        |it| Duration(&mut it.server.shutdown_timeout, 100 * MS, HOUR),
        "How long a shutdown waits for the closing handshakes.",
    ),
    Row::new(
        "max_outbox_bytes",
        |it| Bytes(&mut it.server.max_outbox_bytes, KIB, GIB),
        "How much may wait for one connection, of all that it is sent.",
    ),
    Row::new(
        "outbox_high_water_bytes",
        |it| Bytes(&mut it.server.outbox_high_water_bytes, KIB, GIB),
        "While more than this waits for a connection, nothing is read from it.",
    ),
    Row::new(
        "outbox_low_water_bytes",
        |it| Bytes(&mut it.server.outbox_low_water_bytes, 0, GIB),
        "It is read from again when this little waits.",
    ),
    Row::new(
        "read_buffer_bytes",
        |it| Bytes(&mut it.server.read_buffer_bytes, KIB, GIB),
        "The buffer into which a worker reads, whichever connection it is.",
    ),
];

static HTTP: &[Row] = &[
    Row::new(
        "allowed_origins",
        |it| Slot::Origins(&mut it.http.allowed_origins),
        "The origins whose pages may use the server, by WebSocket and by HTTP (CORS). Pages from the \
         server's own address, as `Host` names it, may always. `https://*.example.com` is every name below, a port `*` \
         every port, `*` alone everybody. Programs that are no browsers send no origin, and may.",
    ),
    Row::new("page", |it| Flag(&mut it.http.page), "Whether `/` serves the built-in page."),
    Row::new(
        "poll_timeout",
        |it| Duration(&mut it.http.poll_timeout, SECOND, HOUR),
        "How long a long poll waits at most. Shorter than that of a proxy in front.",
    ),
    Row::new(
        "sse_retry",
        |it| Duration(&mut it.http.sse_retry, 100 * MS, HOUR),
        "How long the client of an event stream is told to wait before it connects again.",
    ),
];

static API: &[Row] = &[
    Row::new(
        "keys",
        |it| Slot::Secrets(&mut it.api.keys, MIN_API_KEY_CHARS),
        "The keys that let a request in, in its header `X-API-Key`. Several, so that one can be \
         replaced. Without any there is no API.",
    ),
    Row::new(
        "keys_file",
        |it| Path(&mut it.api.keys_file),
        "A file with such keys, one a line and no comments, beside those of `keys`.",
    ),
];

static TOKENS: &[Row] = &[
    Row::new(
        "hmac_secret",
        |it| Slot::Secret(&mut it.tokens.hmac_secret, MIN_HMAC_SECRET_CHARS),
        "The secret of tokens signed with HS256, HS384 or HS512.",
    ),
    Row::new(
        "hmac_secret_file",
        |it| Path(&mut it.tokens.hmac_secret_file),
        "A file with that secret instead. A line break at its end is not part of it.",
    ),
    Row::new(
        "rsa_public_key_file",
        |it| Path(&mut it.tokens.rsa_public_key_file),
        "A file with the public key in PEM of tokens signed with RS256, RS384 or RS512.",
    ),
    Row::new(
        "ecdsa_public_key_file",
        |it| Path(&mut it.tokens.ecdsa_public_key_file),
        "The same for ES256 or ES384.",
    ),
    Row::new(
        "ed25519_public_key_file",
        |it| Path(&mut it.tokens.ed25519_public_key_file),
        "The same for EdDSA.",
    ),
    Row::new("audience", |it| Text(&mut it.tokens.audience), "What a token's `aud` has to name."),
    Row::new("issuer", |it| Text(&mut it.tokens.issuer), "What a token's `iss` has to be."),
];

static REALTIME: &[Row] = &[
    Row::new(
        "allow_anonymous",
        |it| Flag(&mut it.allow_anonymous),
        "Whether a client without a token is let in. It has no user, so only `\"anyone\"` is for it.",
    ),
    Row::new(
        "node",
        |it| Slot::Name(&mut it.node),
        "The name of this server, which clients and the API are told.",
    ),
];

static LIMITS: &[Row] = &[
    Row::new(
        "max_channel_name_bytes",
        |it| Bytes(&mut it.limits.max_channel_name_bytes, 1, 4 * KIB),
        "Length of a channel's name.",
    ),
    Row::new(
        "max_user_name_bytes",
        |it| Bytes(&mut it.limits.max_user_name_bytes, 1, 4 * KIB),
        "Length of a user's name.",
    ),
    Row::new(
        "max_channels_per_session",
        |it| Count(&mut it.limits.max_channels_per_session, 1, 100_000),
        "Subscriptions of one session.",
    ),
    Row::new(
        "max_sessions_per_user",
        |it| Count(&mut it.limits.max_sessions_per_user, 0, 1_000_000),
        "Sessions of one user on one worker, and requests of theirs that wait for their answer; 0 for \
         no limit.",
    ),
    Row::new(
        "max_sessions",
        |it| Count(&mut it.limits.max_sessions, 1, 100_000_000),
        "Sessions on one worker.",
    ),
    Row::new(
        "max_publication_bytes",
        |it| Bytes(&mut it.limits.max_publication_bytes, 1, 256 * MIB),
        "Length of the data of one publication.",
    ),
    Row::new(
        "max_in_flight_bytes",
        |it| Bytes32(&mut it.limits.max_in_flight_bytes, KIB, GIB),
        "How much is under way to one connection before further publications wait in its session.",
    ),
    Row::new(
        "max_queued_bytes",
        |it| Bytes(&mut it.limits.max_queued_bytes, KIB, GIB),
        "How much waits in one session before `slow_consumer` of the namespace decides.",
    ),
    Row::new(
        "max_unread_reply_bytes",
        |it| Bytes(&mut it.limits.max_unread_reply_bytes, KIB, GIB),
        "How far a client may be behind with what it is replied before what has long replies is \
         refused: to subscribe, and to ask for presence or history.",
    ),
    Row::new(
        "max_history_bytes",
        |it| Bytes(&mut it.limits.max_history_bytes, KIB, TIB),
        "How much history is kept of all channels together. The channel that has been quiet for \
         longest loses its history first.",
    ),
    Row::new(
        "max_recovered_publications",
        |it| Count(&mut it.limits.max_recovered_publications, 1, 1_000_000),
        "Publications that one client can recover in one channel; one that missed more is told so.",
    ),
    Row::new(
        "max_history_page",
        |it| Count(&mut it.limits.max_history_page, 1, 1_000_000),
        "Publications in one answer about history.",
    ),
    Row::new(
        "max_presence_page",
        |it| Count(&mut it.limits.max_presence_page, 1, 1_000_000),
        "Clients in one answer about presence.",
    ),
    Row::new(
        "max_idempotency_keys",
        |it| Count(&mut it.limits.max_idempotency_keys, 0, 100_000_000),
        "Idempotency keys that are remembered; the oldest is forgotten first.",
    ),
    Row::new(
        "max_broadcast_channels",
        |it| Count(&mut it.limits.max_broadcast_channels, 1, 1_000_000),
        "Channels of one broadcast.",
    ),
];

static TIMES: &[Row] = &[
    Row::new(
        "connect_timeout",
        |it| Duration(&mut it.times.connect_timeout, 100 * MS, HOUR),
        "From the opening of a session to its connect command.",
    ),
    Row::new(
        "ping_interval",
        |it| Duration(&mut it.times.ping_interval, 0, HOUR),
        "Between two pings to a client; 0 for none.",
    ),
    Row::new(
        "pong_timeout",
        |it| Duration(&mut it.times.pong_timeout, 0, HOUR),
        "How long a client may take to answer one. Shorter than `ping_interval`; 0 to wait for none.",
    ),
    Row::new(
        "expiry_leeway",
        |it| Duration(&mut it.times.expiry_leeway, 0, DAY),
        "How long a connection or subscription outlives its token, so that the client can fetch a \
         new one.",
    ),
    Row::new(
        "idempotency_ttl",
        |it| Duration(&mut it.times.idempotency_ttl, SECOND, 30 * DAY),
        "How long an idempotency key is remembered.",
    ),
    Row::new(
        "presence_lease",
        |it| Duration(&mut it.times.presence_lease, 5 * SECOND, DAY),
        "How long the clients of a worker that says nothing stay present.",
    ),
];

static LOG: &[Row] = &[
    Row::new("level", |it| Slot::Level(&mut it.log.level), "The least important lines written."),
    Row::new(
        "format",
        |it| Slot::Format(&mut it.log.format),
        "A line for people, or one JSON object a line.",
    ),
];
