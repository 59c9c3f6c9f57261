//! The seam between the event loop and the world: sockets, readiness and time.
//!
//! [`MioNetwork`](crate::mio_network::MioNetwork) is the real one. `simulation/network.rs` has one in
//! memory whose clock tests turn. The loop runs the same over both.
//!
//! Readiness is **edge-triggered**: it is reported when it begins, and again only after the socket
//! has refused a read or a write. A read that did not fill its buffer, and a write that was taken
//! in part, count as refused from there on.
//!
//! A signal is no error here: a network that was interrupted calls again.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::time::Duration;

/// How much one wait reports at most: room for so much is there from the beginning.
pub(crate) const MAX_READY: usize = 1024;

/// What [`Network::wait`] reports. Readiness is a hint: acting on it may find nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ready {
    /// Connections may wait to be accepted.
    Listener,
    /// Somebody has [woken](Wake) the loop.
    Woken,
    /// Something happened to a connection.
    Stream {
        /// The key that it was registered under.
        key: usize,
        /// Bytes, or the end of the stream, may be read.
        readable: bool,
        /// Bytes may be written.
        writable: bool,
        /// The peer sends no more, or the connection is broken: reads go on until they say so.
        end_of_stream: bool,
    },
}

/// Wakes a loop that waits, from any thread.
pub(crate) trait Wake: Send + Sync {
    /// Makes the loop's current or next [`wait`](Network::wait) return [`Ready::Woken`].
    fn wake(&self);
}

/// Sockets, readiness and time, as one worker sees them.
pub(crate) trait Network {
    /// A connection. Dropping it closes it.
    type Stream;

    /// The time, since a moment that does not change.
    fn now(&self) -> Duration;

    /// Waits until something is ready, for at most `timeout`, and adds up to [`MAX_READY`] of it to
    /// `ready`.
    ///
    /// # Errors
    /// The system cannot wait any more: the loop ends.
    fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()>;

    /// Accepts a connection that waits at one of the listeners.
    ///
    /// # Errors
    /// `WouldBlock` where none waits; otherwise what the system says.
    fn accept(&mut self) -> io::Result<(Self::Stream, SocketAddr)>;

    /// Closes the listeners.
    fn stop_listening(&mut self);

    /// Asks for the stream's readiness to be reported under `key`: whether there is something to
    /// read.
    ///
    /// # Errors
    /// The system has no room for it.
    fn register(&mut self, stream: &mut Self::Stream, key: usize) -> io::Result<()>;

    /// Asks for its readiness to be written to as well, from now on; what is so already is reported
    /// again.
    ///
    /// # Errors
    /// The connection is broken.
    fn watch_writes(&mut self, stream: &mut Self::Stream, key: usize) -> io::Result<()>;

    /// Reads into `buffer`: how many bytes, 0 at the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` where there is nothing to read; otherwise the connection is broken.
    fn read(&mut self, stream: &mut Self::Stream, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes the slices in order, as far as the stream takes them: how many bytes.
    ///
    /// # Errors
    /// `WouldBlock` where it takes nothing; otherwise the connection is broken.
    fn write(&mut self, stream: &mut Self::Stream, slices: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Ends the stream in the direction to the peer, behind everything written.
    ///
    /// # Errors
    /// The connection is broken.
    fn shutdown_write(&mut self, stream: &mut Self::Stream) -> io::Result<()>;
}
