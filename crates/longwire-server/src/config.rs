//! Everything that can be set about a server, with every default in one place.

use longwire::handshake::{DeflatePolicy, HeadLimits};
use longwire::{Limits, MAX_REST_BYTES, SendOptions, Timeouts};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::available_parallelism;
use std::time::Duration;

/// The smallest read buffer: it has to hold what the engine leaves of the read before.
const MIN_READ_BUFFER_BYTES: usize = 4 * MAX_REST_BYTES;

/// How a server listens, what it allows, and how long it waits.
///
/// ```
/// use longwire_server::Config;
/// let config = Config { threads: 2, max_connections: 10_000, ..Config::default() };
/// assert_eq!(config.check(), Ok(()));
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen. With port 0 the system chooses a port. `[::]` is every IPv6 address and no
    /// IPv4 one; `0.0.0.0` is those. Default: 127.0.0.1:9001.
    pub listen: Vec<SocketAddr>,
    /// How many worker threads there are, each with an event loop and connections of its own.
    /// Default: one for each processor.
    pub threads: usize,
    /// The most connections, of all workers together. Further ones are answered with 503. Default:
    /// 100,000.
    pub max_connections: usize,
    /// How large the head of a request may be. Default: 16 KiB, in 100 headers at most.
    pub head_limits: HeadLimits,
    /// How large messages and frames from the peer may be. Default: messages of 1 MiB.
    pub limits: Limits,
    /// Which permessage-deflate (RFC 7692) to agree to; `None` declines it. Default: without
    /// context takeover, so that an idle connection keeps no window.
    pub deflate: Option<DeflatePolicy>,
    /// How messages are cut into frames and compressed. Default: frames of 128 KiB at most.
    pub send_options: SendOptions,
    /// From accept to the end of the request's head, in all; for a later request of the same connection
    /// from its first byte. Default: 10 s.
    pub handshake_timeout: Duration,
    /// The longest body of a request, chunks put together. A longer one is answered with 413. Default:
    /// 1 MiB.
    pub max_body_bytes: usize,
    /// From the end of a request's head to the end of its body, in all. What takes longer is answered
    /// with 408. Default: 30 s.
    pub body_timeout: Duration,
    /// How long a connection may wait for its next request behind an answer, before it is closed.
    /// Longer than that of proxies, so that it is not closed just when one sends a request. Default:
    /// 75 s.
    pub keep_alive_timeout: Duration,
    /// Heartbeats, and deadlines for a message and for the closing handshake. Default: a Ping after
    /// 30 s of silence, 20 s for its answer, 60 s for a message, 5 s for the closing handshake.
    pub timeouts: Timeouts,
    /// Closes a connection (with 1001) from which no message has come for this long, however alive
    /// it is. Default: off.
    pub idle_timeout: Option<Duration>,
    /// Drops a connection whose peer has taken nothing for this long of what waits for it.
    /// Default: 20 s.
    pub write_stall_timeout: Duration,
    /// How long a peer may take to end its stream once it has been sent the last bytes, before its
    /// socket is closed without that. Default: 5 s.
    pub linger_timeout: Duration,
    /// How long a shutdown waits for the closing handshakes. Default: 10 s.
    pub shutdown_timeout: Duration,
    /// While more than this many bytes wait for a peer, nothing is read from it. Default: 256 KiB.
    pub outbox_high_water_bytes: usize,
    /// A peer is read from again when this few bytes wait for it. Default: 64 KiB.
    pub outbox_low_water_bytes: usize,
    /// The most bytes that may wait for a peer. A message that would go beyond it is dropped, and
    /// `slow_consumer` says what happens to the connection; a single message is always taken when
    /// nothing waits. Default: 16 MiB.
    pub max_outbox_bytes: usize,
    /// What happens to a WebSocket that does not take what it is sent. The stream of an HTTP answer is
    /// dropped in any case. Default: close it.
    pub slow_consumer: SlowConsumer,
    /// The buffer that a worker reads into, whichever connection it reads from. Default: 32 KiB.
    pub read_buffer_bytes: usize,
}

/// What happens to a connection when [`max_outbox_bytes`](Config::max_outbox_bytes) would be
/// passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlowConsumer {
    /// It is closed with 1008 behind what waits for it already, if it takes that in time.
    Close,
    /// It is dropped at once, with what waits for it.
    Drop,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 9001))],
            threads: available_parallelism().map_or(1, usize::from),
            max_connections: 100_000,
            head_limits: HeadLimits::DEFAULT,
            limits: Limits::DEFAULT,
            deflate: Some(DeflatePolicy::default()),
            send_options: SendOptions::DEFAULT,
            handshake_timeout: Duration::from_secs(10),
            max_body_bytes: 1024 * 1024,
            body_timeout: Duration::from_secs(30),
            keep_alive_timeout: Duration::from_secs(75),
            timeouts: Timeouts::DEFAULT,
            idle_timeout: None,
            write_stall_timeout: Duration::from_secs(20),
            linger_timeout: Duration::from_secs(5),
            shutdown_timeout: Duration::from_secs(10),
            outbox_high_water_bytes: 256 * 1024,
            outbox_low_water_bytes: 64 * 1024,
            max_outbox_bytes: 16 * 1024 * 1024,
            slow_consumer: SlowConsumer::Close,
            read_buffer_bytes: 32 * 1024,
        }
    }
}

impl Config {
    /// Says whether a server can run with this.
    ///
    /// # Errors
    /// The first setting that makes no sense.
    pub fn check(&self) -> Result<(), ConfigError> {
        let marks = self.outbox_low_water_bytes <= self.outbox_high_water_bytes
            && self.outbox_high_water_bytes <= self.max_outbox_bytes;
        let rules = [
            (!self.listen.is_empty(), ConfigError::NoListenAddress),
            (self.threads > 0, ConfigError::NoThreads),
            (self.max_connections > 0, ConfigError::NoConnections),
            (self.limits.max_message_bytes > 0, ConfigError::NoMessages),
            (self.send_options.compression_level <= 9, ConfigError::CompressionLevelTooHigh),
            (marks, ConfigError::OutboxMarksOutOfOrder),
            (
                self.read_buffer_bytes >= MIN_READ_BUFFER_BYTES,
                ConfigError::ReadBufferTooSmall { min_bytes: MIN_READ_BUFFER_BYTES },
            ),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }
}

/// A setting that makes no sense. The caller's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// `listen` is empty.
    NoListenAddress,
    /// `threads` is 0.
    NoThreads,
    /// `max_connections` is 0.
    NoConnections,
    /// `limits.max_message_bytes` is 0.
    NoMessages,
    /// `send_options.compression_level` is over 9.
    CompressionLevelTooHigh,
    /// The outbox's low-water mark, high-water mark and maximum do not rise in this order.
    OutboxMarksOutOfOrder,
    /// `read_buffer_bytes` is less than what one control frame may need.
    ReadBufferTooSmall {
        /// The least that works.
        min_bytes: usize,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoListenAddress => f.write_str("listen must name at least one address"),
            Self::NoThreads => f.write_str("threads must be at least 1"),
            Self::NoConnections => f.write_str("max_connections must be at least 1"),
            Self::NoMessages => f.write_str("limits.max_message_bytes must be at least 1"),
            Self::CompressionLevelTooHigh => {
                f.write_str("send_options.compression_level must be 0 to 9")
            }
            Self::OutboxMarksOutOfOrder => f.write_str(
                "outbox_low_water_bytes must not be over outbox_high_water_bytes, \
                 nor that over max_outbox_bytes",
            ),
            Self::ReadBufferTooSmall { min_bytes } => {
                write!(f, "read_buffer_bytes must be at least {min_bytes}")
            }
        }
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::{Config, ConfigError, Limits, SendOptions};

    #[test]
    fn what_makes_no_sense_is_refused() {
        let default = Config::default;
        let cases = [
            (default(), Ok(())),
            (Config { listen: Vec::new(), ..default() }, Err(ConfigError::NoListenAddress)),
            (Config { threads: 0, ..default() }, Err(ConfigError::NoThreads)),
            (Config { max_connections: 0, ..default() }, Err(ConfigError::NoConnections)),
            (
                Config { limits: Limits { max_message_bytes: 0, ..Limits::DEFAULT }, ..default() },
                Err(ConfigError::NoMessages),
            ),
            (
                Config {
                    send_options: SendOptions { compression_level: 10, ..SendOptions::DEFAULT },
                    ..default()
                },
                Err(ConfigError::CompressionLevelTooHigh),
            ),
            (
                Config { outbox_low_water_bytes: 2, outbox_high_water_bytes: 1, ..default() },
                Err(ConfigError::OutboxMarksOutOfOrder),
            ),
            (
                Config { max_outbox_bytes: 1024, ..default() },
                Err(ConfigError::OutboxMarksOutOfOrder),
            ),
            (
                Config { read_buffer_bytes: 100, ..default() },
                Err(ConfigError::ReadBufferTooSmall { min_bytes: 520 }),
            ),
        ];
        for (config, expected) in cases {
            assert_eq!(config.check(), expected);
        }
    }
}
