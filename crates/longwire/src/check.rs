//! What a frame must not say on this connection, at this moment: the checks that depend on the
//! role, the extensions, the message under way and the limits. They read the connection's state and
//! change nothing, so a header that comes in pieces can be judged again with each of them.

use crate::close::Close;
use crate::connection::Connection;
use crate::error::ProtocolError;
use crate::header::{MAX_CONTROL_PAYLOAD_BYTES, OpCode, Start};
use crate::mask::apply_mask;

/// A header that has come in whole, and passed every check that can be made on it.
pub(crate) struct Frame {
    pub(crate) start: Start,
    pub(crate) key: Option<[u8; 4]>,
    pub(crate) header_len: usize,
    pub(crate) payload_len: u64,
}

impl Connection {
    /// Reads the header at the front of `bytes`; `None` while it is not complete.
    #[inline]
    pub(crate) fn receive_header(&self, bytes: &[u8]) -> Result<Option<Frame>, ProtocolError> {
        let Some(&first_two) = bytes.first_chunk::<2>() else { return Ok(None) };
        let start = Start::parse(first_two)?;
        self.check_start(start)?;
        let Some((payload_len, key_at)) = start.payload_len(bytes)? else { return Ok(None) };
        self.check_length(start, payload_len)?;
        if !start.masked {
            return Ok(Some(Frame { start, key: None, header_len: key_at, payload_len }));
        }
        let key = bytes.get(key_at..).and_then(<[u8]>::first_chunk::<4>);
        let header_len = key_at.saturating_add(4);
        Ok(key.map(|&key| Frame { start, key: Some(key), header_len, payload_len }))
    }

    /// What the first two bytes must not say on this connection, now.
    #[inline]
    fn check_start(&self, start: Start) -> Result<(), ProtocolError> {
        // RFC 6455 §5.1: a server closes the connection upon a frame that is not masked, a client
        // upon one that is.
        match (self.mask_keys.is_none(), start.masked) {
            (true, false) => return Err(ProtocolError::FrameNotMasked),
            (false, true) => return Err(ProtocolError::FrameMasked),
            _ => {}
        }
        if start.opcode.is_control() {
            return Ok(());
        }
        let continues = start.opcode == OpCode::Continuation;
        // RFC 6455 §5.2, RFC 7692 §6: RSV1 is for the first frame of a message, and, as RFC 6455 §9
        // has it for every extension, only where it was agreed to.
        if start.rsv1 && (continues || !self.deflate) {
            return Err(ProtocolError::ReservedBits);
        }
        // RFC 6455 §5.4: the fragments of one message are not interleaved with another's.
        match (continues, self.incoming.is_some()) {
            (true, false) => Err(ProtocolError::UnexpectedContinuation),
            (false, true) => Err(ProtocolError::ExpectedContinuation),
            (true, true) if self.fragments >= self.max_fragments => {
                Err(ProtocolError::TooManyFragments)
            }
            _ => Ok(()),
        }
    }

    /// The limits, as soon as the length is known (RFC 6455 §10.4).
    #[inline]
    fn check_length(&self, start: Start, payload_len: u64) -> Result<(), ProtocolError> {
        if start.opcode.is_control() {
            // RFC 6455 §5.5.1: the body of a Close is empty or begins with a code in two bytes.
            return match (start.opcode, payload_len) {
                (OpCode::Close, 1) => Err(ProtocolError::ClosePayloadOneByte),
                _ => Ok(()),
            };
        }
        if payload_len > self.max_frame_bytes {
            return Err(ProtocolError::FrameTooBig);
        }
        if payload_len > self.message_allowance(start) {
            return Err(ProtocolError::MessageTooBig);
        }
        Ok(())
    }

    /// How many bytes the message that this frame begins or continues may still take.
    #[inline]
    pub(crate) fn message_allowance(&self, start: Start) -> u64 {
        match start.opcode {
            OpCode::Continuation => self.allowance,
            _ => self.limits().wire_allowance(start.rsv1),
        }
    }
}

/// A Close that has come in part may already be beyond hope.
pub(crate) fn check_incomplete(frame: &Frame, so_far: &[u8]) -> Result<(), ProtocolError> {
    if frame.start.opcode != OpCode::Close {
        return Ok(());
    }
    let masked = so_far.get(frame.header_len..).unwrap_or_default();
    let mut body = [0; MAX_CONTROL_PAYLOAD_BYTES];
    let Some(body) = body.get_mut(..masked.len()) else { return Ok(()) };
    body.copy_from_slice(masked);
    if let Some(key) = frame.key {
        apply_mask(body, key);
    }
    Close::check_prefix(body)
}
