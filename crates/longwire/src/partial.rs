//! A message that is coming in, in pieces.

use crate::error::ProtocolError;
use crate::event::{Event, Kind};
use crate::utf8::Utf8;
use alloc::vec::Vec;

/// A buffer begins with this, so that a message in single bytes does not move at each of them.
const MIN_BYTES: usize = 64;

#[derive(Default)]
pub(crate) struct Partial {
    text: bool,
    data: Vec<u8>,
    utf8: Utf8,
}

impl Partial {
    /// Begins a message in the buffer of an earlier one, unless that is over `kept_bytes`.
    pub(crate) fn begin(&mut self, kind: Kind, kept_bytes: usize) {
        self.text = kind == Kind::Text;
        self.utf8 = Utf8::default();
        self.data.clear();
        if self.data.capacity() > kept_bytes {
            self.data = Vec::new();
        }
    }

    /// Adds bytes that the connection has checked. The buffer follows what has come: it at most
    /// doubles, no length that was only announced makes it grow, and it is never longer than the
    /// longest message that may come.
    pub(crate) fn push(
        &mut self,
        piece: &[u8],
        max_message_bytes: u64,
    ) -> Result<(), ProtocolError> {
        let (len, capacity) = (self.data.len(), self.data.capacity());
        let needed = len.saturating_add(piece.len());
        if needed > capacity {
            let max_bytes = usize::try_from(max_message_bytes).unwrap_or(usize::MAX);
            let wanted = capacity.saturating_mul(2).max(MIN_BYTES).min(max_bytes).max(needed);
            let more = wanted.saturating_sub(len);
            self.data.try_reserve_exact(more).map_err(|_| ProtocolError::OutOfMemory)?;
        }
        self.data.extend_from_slice(piece);
        Ok(())
    }

    /// Adds bytes that nobody has checked yet: those that came out of a decoder.
    #[cfg(feature = "deflate")]
    pub(crate) fn push_inflated(
        &mut self,
        piece: &[u8],
        max_message_bytes: u64,
    ) -> Result<(), ProtocolError> {
        let len = self.data.len().saturating_add(piece.len());
        if len as u64 > max_message_bytes {
            return Err(ProtocolError::MessageTooBig);
        }
        // RFC 7692 §6.2: the inflated payload is what RFC 6455 §8.1 asks to be UTF-8.
        if self.text {
            self.utf8.push(piece).map_err(|_| ProtocolError::TextNotUtf8)?;
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
        if !self.text {
            return Ok(Event::Binary(&self.data));
        }
        core::str::from_utf8(&self.data).map(Event::Text).map_err(|_| ProtocolError::TextNotUtf8)
    }
}
