//! A message that is coming in, in pieces.

use crate::error::ProtocolError;
use crate::event::{Event, Kind};
use crate::utf8::{Utf8, validate};
use alloc::vec::Vec;

/// A buffer begins with this, so that a message in single bytes does not move at each of them.
const MIN_BYTES: usize = 64;
/// A message that begins with a piece of this length or more begins half a page into its buffer.
const LONG_BYTES: usize = 8 * 1024;
/// The kernel copies with `rep movsb`. Where the destination is 1 to 31 bytes further into its page than
/// the source is into its own, that takes twelve times as long on some processors (measured on an AMD
/// EPYC: 364 µs a MiB, elsewhere 28 to 38). Packets begin where a page does, or a header behind it,
/// and long allocations begin 16 bytes into one: half a page is away from all of that.
pub(crate) const HALF_PAGE_BYTES: usize = 2048;

#[derive(Default)]
pub(crate) struct Partial {
    text: bool,
    /// The message so far is `start..end`, and behind it is space for more. What lies there, and
    /// before it, is of no meaning.
    data: Vec<u8>,
    start: usize,
    end: usize,
    utf8: Utf8,
}

impl Partial {
    /// Begins a message in the buffer of an earlier one, with a piece of `first_bytes` to come.
    pub(crate) fn begin(&mut self, kind: Kind, first_bytes: usize) {
        self.text = kind == Kind::Text;
        self.utf8 = Utf8::default();
        self.start = if first_bytes < LONG_BYTES { 0 } else { HALF_PAGE_BYTES };
        self.end = self.start;
    }

    /// The length of the message so far.
    #[cfg(feature = "deflate")]
    fn len(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// How large its buffer is.
    pub(crate) fn capacity(&self) -> usize {
        self.data.capacity()
    }

    /// Adds bytes that the connection has checked. The buffer follows what has come: it at most
    /// doubles, no length that was only announced makes it grow, and it is never longer than the
    /// longest message that may come.
    pub(crate) fn push(
        &mut self,
        piece: &[u8],
        max_message_bytes: u64,
    ) -> Result<(), ProtocolError> {
        let needed = self.end.saturating_add(piece.len());
        if let Some(space) = self.data.get_mut(self.end..needed) {
            space.copy_from_slice(piece);
        } else {
            self.make_room(needed, max_message_bytes)?;
            self.data.resize(self.end, 0);
            self.data.extend_from_slice(piece);
        }
        self.end = needed;
        Ok(())
    }

    /// Space behind the message so far, `len` bytes or fewer. Where there is none the buffer
    /// grows, as [`push`](Self::push) has it.
    pub(crate) fn space(
        &mut self,
        len: usize,
        max_message_bytes: u64,
    ) -> Result<&mut [u8], ProtocolError> {
        if self.end >= self.data.len() {
            self.make_room(self.end.saturating_add(1), max_message_bytes)?;
            self.data.resize(self.data.capacity(), 0);
        }
        let space = self.data.get_mut(self.end..).unwrap_or_default();
        let len = len.min(space.len());
        Ok(space.get_mut(..len).unwrap_or_default())
    }

    /// The first `len` bytes of the [`space`](Self::space) are part of the message now.
    pub(crate) fn take_in(&mut self, len: usize) {
        self.end = self.end.saturating_add(len).min(self.data.len());
    }

    fn make_room(&mut self, needed: usize, max_message_bytes: u64) -> Result<(), ProtocolError> {
        let capacity = self.data.capacity();
        if needed > capacity {
            let max_bytes = usize::try_from(max_message_bytes).unwrap_or(usize::MAX);
            let doubled = capacity.saturating_mul(2).max(MIN_BYTES);
            // One for the longest message serves any other, wherever that begins.
            let wanted = if doubled < max_bytes {
                doubled
            } else {
                max_bytes.saturating_add(HALF_PAGE_BYTES)
            };
            let wanted = wanted.max(needed);
            let more = wanted.saturating_sub(self.data.len());
            self.data.try_reserve_exact(more).map_err(|_| ProtocolError::OutOfMemory)?;
        }
        Ok(())
    }

    /// Adds bytes that nobody has checked yet: those that came out of a decoder.
    #[cfg(feature = "deflate")]
    pub(crate) fn push_inflated(
        &mut self,
        piece: &[u8],
        max_message_bytes: u64,
    ) -> Result<(), ProtocolError> {
        let max_bytes = usize::try_from(max_message_bytes).unwrap_or(usize::MAX);
        let allowance = max_bytes.saturating_sub(self.len());
        // What is wrong first counts first, however the decoder's output was cut: bytes within the
        // limit come before the one that passes it.
        let allowed = piece.get(..allowance).unwrap_or(piece);
        // RFC 7692 §6.2: the inflated payload is what RFC 6455 §8.1 asks to be UTF-8.
        if self.text {
            self.utf8.push(allowed).map_err(|_| ProtocolError::TextNotUtf8)?;
        }
        if allowed.len() < piece.len() {
            return Err(ProtocolError::MessageTooBig);
        }
        self.push(piece, max_message_bytes)
    }

    /// The message ends here.
    ///
    /// # Errors
    /// What came out of a decoder ends inside a character.
    pub(crate) fn finish(&self) -> Result<(), ProtocolError> {
        self.utf8.finish().map_err(|_| ProtocolError::TextNotUtf8)
    }

    /// The whole message.
    pub(crate) fn event(&self) -> Result<Event<'_>, ProtocolError> {
        let message = self.data.get(self.start..self.end).unwrap_or_default();
        if !self.text {
            return Ok(Event::Binary(message));
        }
        validate(message).map(Event::Text).map_err(|_| ProtocolError::TextNotUtf8)
    }
}

#[cfg(all(test, feature = "deflate"))]
mod tests {
    use super::Partial;
    use crate::error::ProtocolError;
    use crate::event::Kind;

    /// Text that breaks off being UTF-8 and is over the limit as well: whichever shows first, byte
    /// by byte, is the error, and so it is for every cut.
    #[test]
    fn of_two_errors_the_first_byte_decides_however_the_text_is_cut() {
        use ProtocolError::{MessageTooBig, TextNotUtf8};
        type Row = (Kind, &'static [u8], Result<(), ProtocolError>);
        let table: &[Row] = &[
            (Kind::Text, b"ab\xffdef", Err(TextNotUtf8)),
            (Kind::Text, b"abc\xffef", Err(TextNotUtf8)),
            (Kind::Text, b"abcd\xfff", Err(MessageTooBig)),
            (Kind::Text, b"abc\xc3\xa4f", Err(MessageTooBig)),
            (Kind::Text, b"ab\xc3\xa4", Ok(())),
            (Kind::Binary, b"ab\xffdef", Err(MessageTooBig)),
            (Kind::Binary, b"ab\xffd", Ok(())),
        ];
        for &(kind, text, expected) in table {
            for step in 1..=text.len() {
                let mut partial = Partial::default();
                partial.begin(kind, 1);
                let mut pieces = text.chunks(step);
                let got = pieces.try_for_each(|p| partial.push_inflated(p, 4));
                assert_eq!(got, expected, "{kind:?} {text:02x?} in pieces of {step}");
            }
        }
    }
}
