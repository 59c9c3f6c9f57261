//! Heartbeats and deadlines of one connection. Time is a parameter: any clock that does not go
//! back, as a `Duration` since a moment of the caller's choice.
//!
//! ```text
//!  waiting for            deadline                  when it passes
//!  ---------------------  ------------------------  ------------------------------------------
//!  bytes from the peer    ping_interval             Expired::Ping: send a Ping
//!  anything after a Ping  pong_timeout              Expired::PongOverdue: the peer is gone
//!  the end of a message   message_timeout           Expired::MessageOverdue
//!  the peer's Close       close_timeout             Expired::CloseOverdue: close the TCP connection
//! ```
//!
//! There is one deadline at a time, the nearest; what is already past comes out one by one.

use core::time::Duration;

/// How long a connection may take, and how often it is tried. `None` switches one off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Silence after which a Ping is sent. Default: 30 s.
    pub ping_interval: Option<Duration>,
    /// Silence after a Ping after which the peer counts as gone. Default: 20 s.
    pub pong_timeout: Option<Duration>,
    /// How long a message may take from its first byte to its last. Default: 60 s.
    pub message_timeout: Option<Duration>,
    /// How long to wait for the peer's Close, or for its end of stream, once ours is out.
    /// Default: 5 s.
    pub close_timeout: Option<Duration>,
}

impl Timeouts {
    /// The defaults, for a `const`.
    pub const DEFAULT: Self = Self {
        ping_interval: Some(Duration::from_secs(30)),
        pong_timeout: Some(Duration::from_secs(20)),
        message_timeout: Some(Duration::from_secs(60)),
        close_timeout: Some(Duration::from_secs(5)),
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A deadline that has passed, and what is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// Nothing came for a while: send a Ping.
    Ping,
    /// Nothing came after the Ping: the peer is gone. Close the TCP connection.
    PongOverdue,
    /// A message was begun and not ended in time: close with 1008, or as policy has it.
    MessageOverdue,
    /// The closing handshake was not completed in time: close the TCP connection.
    CloseOverdue,
}

/// A moment, in milliseconds since the connection's own beginning, and 0 for "none": four bytes,
/// since idle connections pay for each. 49 days after the beginning it stands still, so such
/// deadlines come early, never late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment(u32);

/// The deadlines of one connection.
///
/// Tell it when bytes [came](Self::receive) and when a Close [went out](Self::closing); ask it for
/// the [next deadline](Self::poll_timeout), and call [`handle_timeout`](Self::handle_timeout) then.
///
/// ```
/// use core::time::Duration;
/// use longwire::{Deadlines, Expired, Timeouts};
/// let secs = Duration::from_secs;
/// let timeouts = Timeouts::default();
/// let mut deadlines = Deadlines::new(secs(100));
/// assert_eq!(deadlines.poll_timeout(&timeouts), Some(secs(130)));
/// assert_eq!(deadlines.handle_timeout(secs(130), &timeouts), Some(Expired::Ping));
/// assert_eq!(deadlines.poll_timeout(&timeouts), Some(secs(150)));
/// deadlines.receive(secs(131), false);                 // the Pong
/// assert_eq!(deadlines.poll_timeout(&timeouts), Some(secs(161)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    began: Duration,
}
