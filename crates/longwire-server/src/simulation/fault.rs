//! One call of the network that fails, as the test wants it.

use std::io;

/// A call of the network that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Waiting for readiness.
    Wait,
    /// Accepting a connection.
    Accept,
    /// Asking for a new connection's readiness.
    Register,
    /// Asking for its readiness to be written to.
    WatchWrites,
    /// Reading from a connection.
    Read,
    /// Writing to a connection.
    Write,
    /// Ending the stream to a client.
    ShutdownWrite,
}

/// The nth call of a kind, and what the system says to it. It happens once.
#[derive(Debug)]
pub(super) struct Fault {
    call: Call,
    /// How many such calls come before it.
    before: usize,
    errno: i32,
    pub(super) has_happened: bool,
}

impl Fault {
    /// `nth` counts from 0.
    pub(super) fn new(call: Call, nth: usize, errno: i32) -> Self {
        Self { call, before: nth, errno, has_happened: false }
    }

    /// A call of this kind is made: whether it fails.
    pub(super) fn meets(&mut self, call: Call) -> io::Result<()> {
        if self.has_happened || call != self.call {
            return Ok(());
        }
        if self.before > 0 {
            self.before -= 1;
            return Ok(());
        }
        self.has_happened = true;
        Err(io::Error::from_raw_os_error(self.errno))
    }
}
