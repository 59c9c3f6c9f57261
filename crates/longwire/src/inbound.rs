//! Memory lent for receiving messages. One for each thread serves any number of connections: what
//! a connection itself holds on to is only a message that has not come in whole.

use crate::error::ProtocolError;
use crate::event::Kind;
use crate::heap::Heap;
#[cfg(feature = "deflate")]
use crate::inflate::Inflater;
use crate::partial::Partial;
use alloc::vec::Vec;
use core::fmt;

/// Buffers of messages that were handed out serve further ones, up to this in all: to get a large one
/// from the system, page by page, costs as much as to receive it.
const KEPT_BYTES: usize = 4 * 1024 * 1024;
/// So many of them at most.
const KEPT_BUFFERS: usize = 256;
/// How many decoders wait for the next compressed message. Each costs some 50 KiB.
#[cfg(feature = "deflate")]
const KEPT_INFLATERS: usize = 16;

/// Memory that [`WebSocket::receive`](crate::WebSocket::receive) borrows: the message that it hands
/// out, where it was not in the input in one piece, and the decoders that no connection needs just
/// now. Empty until it is used.
#[derive(Default)]
pub struct Inbound {
    /// The message that was handed out last.
    finished: Option<Heap<Partial>>,
    /// Those before it.
    spare: Vec<Heap<Partial>>,
    spare_bytes: usize,
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
    pub(crate) fn begin(&mut self, kind: Kind) -> Result<Heap<Partial>, ProtocolError> {
        let kept = self.finished.take().or_else(|| self.take_spare());
        let mut partial =
            kept.or_else(|| Heap::new(Partial::default())).ok_or(ProtocolError::OutOfMemory)?;
        partial.begin(kind);
        Ok(partial)
    }

    /// The message has come in whole: it can be borrowed from here until the next one.
    pub(crate) fn finish(&mut self, partial: Heap<Partial>) -> &Partial {
        if let Some(finished) = self.finished.take() {
            self.put_spare(finished);
        }
        self.finished.insert(partial)
    }

    fn take_spare(&mut self) -> Option<Heap<Partial>> {
        let spare = self.spare.pop()?;
        self.spare_bytes = self.spare_bytes.saturating_sub(spare.capacity());
        Some(spare)
    }

    fn put_spare(&mut self, partial: Heap<Partial>) {
        let spare_bytes = self.spare_bytes.saturating_add(partial.capacity());
        if spare_bytes <= KEPT_BYTES
            && self.spare.len() < KEPT_BUFFERS
            && self.spare.try_reserve(1).is_ok()
        {
            self.spare_bytes = spare_bytes;
            self.spare.push(partial);
        }
    }

    #[cfg(feature = "deflate")]
    pub(crate) fn take_inflater(&mut self) -> Result<Inflater, ProtocolError> {
        let inflater = self.inflaters.pop().or_else(Inflater::new);
        inflater.ok_or(ProtocolError::OutOfMemory)
    }

    /// Takes a decoder back, to serve another context.
    #[cfg(feature = "deflate")]
    pub(crate) fn put_inflater(&mut self, mut inflater: Inflater) {
        if self.inflaters.len() < KEPT_INFLATERS && self.inflaters.try_reserve(1).is_ok() {
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
