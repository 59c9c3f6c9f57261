//! The last phase: a connection that has said its last word.
//!
//! Its output is flushed, then the stream is ended from this side; what the peer still sends is
//! read and dropped until it ends the stream too, or until a deadline. Closing the socket at once
//! would answer late bytes of the peer with a reset, and a reset can destroy what is in flight to
//! it: the Close, or the HTTP response (RFC 9112 §9.6). A server is the first to end the TCP
//! connection (RFC 6455 §7.1.1).

use std::time::Duration;

/// A connection that is only to be flushed and closed.
#[derive(Debug)]
pub(crate) struct Ending {
    /// When it is dropped, however far it is.
    pub(crate) deadline: Duration,
    /// Our side of the stream is ended.
    pub(crate) write_ended: bool,
    /// The peer's side is.
    pub(crate) read_ended: bool,
}

impl Ending {
    pub(crate) fn new(deadline: Duration) -> Self {
        Self { deadline, write_ended: false, read_ended: false }
    }

    /// Both sides are through.
    pub(crate) fn is_done(&self) -> bool {
        self.write_ended && self.read_ended
    }
}
