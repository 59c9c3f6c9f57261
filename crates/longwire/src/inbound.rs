//! Memory lent for receiving messages. One for each thread serves any number of connections: what
//! a connection itself holds on to is only a message that has not come in whole.

use crate::error::ProtocolError;
use crate::event::Chunk;
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
/// A buffer up to this serves any message.
const SHORT_BYTES: usize = 64 * 1024;
/// A longer one serves a message that begins with a piece no more than so many times shorter: what a
/// connection holds follows what it has received, and not what others have.
const TIMES_THE_FIRST_PIECE: usize = 64;
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

    /// A place for a message to grow in, of which this first piece has come.
    pub(crate) fn begin(&mut self, first: Chunk<'_>) -> Result<Heap<Partial>, ProtocolError> {
        let first_bytes = first.data.len();
        let max_bytes = first_bytes.saturating_mul(TIMES_THE_FIRST_PIECE).max(SHORT_BYTES);
        let finished = self.finished.take_if(|partial| partial.capacity() <= max_bytes);
        let kept = finished.or_else(|| self.take_spare(max_bytes));
        let mut partial =
            kept.or_else(|| Heap::new(Partial::default())).ok_or(ProtocolError::OutOfMemory)?;
        // What is inflated comes from no socket, so it may begin anywhere.
        partial.begin(first.kind, if first.compressed { 0 } else { first_bytes });
        Ok(partial)
    }

    /// The message has come in whole: it can be borrowed from here until the next one.
    pub(crate) fn finish(&mut self, partial: Heap<Partial>) -> &Partial {
        if let Some(finished) = self.finished.take() {
            self.put_spare(finished);
        }
        self.finished.insert(partial)
    }

    /// The newest that is no longer than this.
    fn take_spare(&mut self, max_bytes: usize) -> Option<Heap<Partial>> {
        let place = self.spare.iter().rposition(|partial| partial.capacity() <= max_bytes)?;
        let spare = self.spare.remove(place);
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

#[cfg(test)]
mod tests {
    use super::{Inbound, KEPT_BUFFERS, KEPT_BYTES, SHORT_BYTES, TIMES_THE_FIRST_PIECE};
    use crate::event::{Chunk, Event, Kind};
    use crate::heap::Heap;
    use crate::partial::{HALF_PAGE_BYTES, Partial};
    use std::vec;
    use std::vec::Vec;

    const LONGEST: u64 = 1 << 30;

    /// The first piece of a message.
    fn first(kind: Kind, len: usize) -> Chunk<'static> {
        Chunk { kind, compressed: false, last: false, data: Vec::leak(vec![b'a'; len]) }
    }

    /// A message that has come in whole, in a buffer of `len` bytes.
    fn message(inbound: &mut Inbound, len: usize) -> Heap<Partial> {
        let mut partial = inbound.begin(first(Kind::Binary, len)).unwrap();
        let before = if len < 8 * 1024 { 0 } else { HALF_PAGE_BYTES };
        partial.push(&vec![b'a'; len - before], LONGEST).unwrap();
        partial
    }

    /// So many messages of `len` bytes, all under way at once, are handed out.
    fn hand_out(inbound: &mut Inbound, count: usize, len: usize) {
        let partials: Vec<_> = (0..count).map(|_| message(inbound, len)).collect();
        for partial in partials {
            inbound.finish(partial);
        }
    }

    fn spare(inbound: &Inbound) -> (usize, usize) {
        let bytes = inbound.spare.iter().map(|partial| partial.capacity()).sum();
        assert_eq!(inbound.spare_bytes, bytes, "what is accounted for");
        (inbound.spare.len(), bytes)
    }

    /// One more was handed out last, whatever its length.
    #[test]
    fn what_is_kept_is_limited_in_bytes_and_in_number() {
        let half = KEPT_BYTES / 2;
        let table = [
            (1, KEPT_BYTES, (0, 0)),
            (2, KEPT_BYTES, (1, KEPT_BYTES)),
            (2, KEPT_BYTES + 1, (0, 0)),
            (9, half, (2, KEPT_BYTES)),
            (KEPT_BUFFERS, 64, (KEPT_BUFFERS - 1, (KEPT_BUFFERS - 1) * 64)),
            (KEPT_BUFFERS + 9, 64, (KEPT_BUFFERS, KEPT_BUFFERS * 64)),
        ];
        for (count, len, expected) in table {
            let mut inbound = Inbound::new();
            hand_out(&mut inbound, count, len);
            assert_eq!(spare(&inbound), expected, "{count} of {len} bytes");
        }
    }

    #[test]
    fn a_buffer_that_serves_again_is_not_accounted_for_any_more() {
        let mut inbound = Inbound::new();
        hand_out(&mut inbound, 4, 1000);
        assert_eq!(spare(&inbound), (3, 3000));
        let again: Vec<_> = (0..4).map(|_| message(&mut inbound, 1000)).collect();
        assert_eq!(spare(&inbound), (0, 0));
        assert!(again.iter().all(|partial| partial.capacity() == 1000));
    }

    /// Memory follows what has come: who has sent a byte does not get a buffer that others have
    /// filled, be it the last one or one before it, but a shorter one behind them.
    #[test]
    fn a_long_buffer_serves_no_message_that_begins_with_little() {
        let long = KEPT_BYTES / 2;
        let enough = long / TIMES_THE_FIRST_PIECE;
        for (first_bytes, capacity) in
            [(1, SHORT_BYTES), (enough - 1, SHORT_BYTES), (enough, long), (long, long)]
        {
            let mut inbound = Inbound::new();
            let partials = [SHORT_BYTES, long, long].map(|len| message(&mut inbound, len));
            for partial in partials {
                inbound.finish(partial);
            }
            let begun = inbound.begin(first(Kind::Text, first_bytes)).unwrap();
            assert_eq!(begun.capacity(), capacity, "{first_bytes} bytes have come");
            assert_eq!(spare(&inbound).0, if capacity == long { 2 } else { 1 });
        }
    }

    /// Nothing of the message that a buffer was filled with before is part of the next one.
    #[test]
    fn a_buffer_that_serves_again_begins_empty() {
        let mut inbound = Inbound::new();
        hand_out(&mut inbound, 1, 1000);
        let mut partial = inbound.begin(first(Kind::Text, 1)).unwrap();
        assert_eq!((partial.capacity(), partial.event()), (1000, Ok(Event::Text(""))));
        partial.push(b"bc", LONGEST).unwrap();
        partial.space(5, LONGEST).unwrap()[..2].copy_from_slice(b"de");
        partial.take_in(2);
        partial.push(b"f", LONGEST).unwrap();
        assert_eq!(inbound.finish(partial).event(), Ok(Event::Text("bcdef")));
    }
}
