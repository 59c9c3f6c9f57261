//! Memory lent for receiving messages. One for each thread serves any number of connections: what
//! a connection itself holds on to is only a message that has not come in whole.

use crate::event::Kind;
#[cfg(feature = "deflate")]
use crate::inflate::Inflater;
use crate::partial::Partial;
use alloc::boxed::Box;
#[cfg(feature = "deflate")]
use alloc::vec::Vec;
use core::fmt;

/// A message's buffer that grew beyond this is given back before the next message.
const KEPT_BYTES: usize = 64 * 1024;
/// How many decoders wait for the next compressed message. Each costs some 50 KiB.
#[cfg(feature = "deflate")]
const KEPT_INFLATERS: usize = 16;

/// Memory that [`WebSocket::receive`](crate::WebSocket::receive) borrows: the message that it hands
/// out, where it was not in the input in one piece, and the decoders that no connection needs just
/// now. Empty until it is used.
#[derive(Default)]
pub struct Inbound {
    /// The message that was handed out last. Its buffer serves the next one.
    finished: Option<Box<Partial>>,
    #[cfg(feature = "deflate")]
    pub(crate) scratch: Vec<u8>,
    #[cfg(feature = "deflate")]
    inflaters: Vec<Inflater>,
}

impl Inbound {
    /// Nothing allocated yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A place for a message to grow in.
    pub(crate) fn begin(&mut self, kind: Kind) -> Box<Partial> {
        let mut partial = self.finished.take().unwrap_or_default();
        partial.begin(kind, KEPT_BYTES);
        partial
    }

    /// The message has come in whole: it can be borrowed from here until the next one.
    pub(crate) fn finish(&mut self, partial: Box<Partial>) -> &Partial {
        self.finished.insert(partial)
    }

    #[cfg(feature = "deflate")]
    pub(crate) fn take_inflater(&mut self) -> Inflater {
        self.inflaters.pop().unwrap_or_else(Inflater::new)
    }

    /// Takes a decoder back, to serve another context.
    #[cfg(feature = "deflate")]
    pub(crate) fn put_inflater(&mut self, mut inflater: Inflater) {
        if self.inflaters.len() < KEPT_INFLATERS {
            inflater.reset();
            self.inflaters.push(inflater);
        }
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound").finish_non_exhaustive()
    }
}
