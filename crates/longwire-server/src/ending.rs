//! The last phase: a connection that has said its last word.
//!
//! Its output is flushed, for as long as the peer takes some of it now and then. Then the stream is
//! ended from this side; what the peer still sends is read and dropped until it ends the stream
//! too, or until a deadline. Closing the socket at once would answer late bytes of the peer with a
//! reset, and a reset can destroy what is in flight to it: the Close, or the HTTP response
//! (RFC 9112 §9.6). A server is the first to end the TCP connection (RFC 6455 §7.1.1), and does so at
//! once when both have sent a Close (RFC 6455 §5.5.1), when the connection has failed
//! (RFC 6455 §7.1.7), and when it has refused the handshake (RFC 6455 §7.2.2).

use std::time::Duration;

/// A connection that is only to be flushed and closed. Both have sent a Close, and a server closes
/// TCP at once (RFC 6455 §5.5.1); or it has failed, and its own Close is among what is to be flushed
/// (RFC 6455 §7.1.7); or its handshake was answered with something else than 101, which ends it
/// (RFC 6455 §7.2.2).
#[derive(Debug, Default)]
pub(crate) struct Ending {
    /// When it is dropped, if the peer has not ended the stream (RFC 9112 §9.6). Set when ours is
    /// ended, which is first (RFC 6455 §7.1.1).
    pub(crate) deadline: Option<Duration>,
    /// The peer's side of the stream is ended.
    pub(crate) read_ended: bool,
}

impl Ending {
    /// Our side of the stream is ended.
    pub(crate) fn write_ended(&self) -> bool {
        self.deadline.is_some()
    }

    /// Both sides are.
    pub(crate) fn is_done(&self) -> bool {
        self.write_ended() && self.read_ended
    }
}
