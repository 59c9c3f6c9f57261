//! Long messages whose bytes are read to where they belong, straight from the socket, and not into
//! the caller's buffer and then copied there.

use crate::connection::{Connection, Phase};
use crate::control::ControlFrames;
use crate::error::ProtocolError;
use crate::event::{Chunk, Event};
use crate::heap::Heap;
use crate::inbound::Inbound;
use crate::partial::Partial;
use crate::websocket::WebSocket;

/// Where less of a frame is missing, a read brings what is behind it as well.
const SPACE_FROM_BYTES: usize = 16 * 1024;

impl WebSocket {
    /// Memory to read the next bytes of a long message into, straight from the socket, so that
    /// they need not be copied there: none but what comes of the frame under way fits into it.
    /// What was read has to be [taken in](Self::receive_in_place). `None` where it is not worth it,
    /// because not much is missing, or not possible.
    ///
    /// The memory follows what has come, as always: there is at most as much of it again, where the
    /// buffer of an earlier message does not serve once more. What is in it means nothing.
    #[inline]
    pub fn space(&mut self) -> Option<&mut [u8]> {
        let partial = self.partial.as_mut()?;
        let due = self.connection.plain_bytes_due();
        if due < SPACE_FROM_BYTES {
            return None;
        }
        // Without memory it goes the long way, where that is an error.
        partial.space(due, self.connection.limits().max_message_bytes).ok()
    }

    /// Receives `len` bytes that were read into the [`space`](Self::space): a message, if they
    /// are its end.
    ///
    /// # Errors
    /// As for [`receive`](Self::receive).
    pub fn receive_in_place<'m>(
        &mut self,
        len: usize,
        control: &mut ControlFrames,
        inbound: &'m mut Inbound,
    ) -> Result<Option<Event<'m>>, ProtocolError> {
        match self.take_in(len) {
            Ok(None) => Ok(None),
            Ok(Some(partial)) => inbound.finish(partial).event().map(Some),
            Err(error) => {
                self.connection.fail(error, control);
                self.release();
                Err(error)
            }
        }
    }

    /// The message, if the `len` bytes in its space were its last.
    fn take_in(&mut self, len: usize) -> Result<Option<Heap<Partial>>, ProtocolError> {
        if let Phase::Failed(error) = self.connection.phase {
            return Err(error);
        }
        let max_message_bytes = self.connection.limits().max_message_bytes;
        let len = len.min(self.connection.plain_bytes_due());
        let Some(mut partial) = self.partial.take() else { return Ok(None) };
        let data = partial.space(len, max_message_bytes)?;
        let len = data.len();
        let event = self.connection.take_payload(data)?;
        let is_last = matches!(event, Some(Event::Chunk(Chunk { last: true, .. })));
        partial.take_in(len);
        if is_last {
            return Ok(Some(partial));
        }
        self.partial = Some(partial);
        Ok(None)
    }
}

impl Connection {
    /// How many bytes of a frame under way have not come yet, where they are not compressed and
    /// will be received.
    fn plain_bytes_due(&self) -> usize {
        let receives = matches!(self.phase, Phase::Open | Phase::Closing);
        let plain = self.incoming.is_some_and(|message| !message.compressed);
        let due = if receives && plain { self.remaining } else { 0 };
        usize::try_from(due).unwrap_or(usize::MAX)
    }
}
