//! What a frame must not say on this connection, at this moment: the checks that depend on the
//! role, the extensions, the message under way and the limits. They read the connection's state and
//! change nothing, so a header that comes in pieces can be judged again with each of them.

use crate::close::Close;
use crate::connection::{Connection, Phase};
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
    /// The opcode, the length of the header and that of the payload, where a data message by
    /// itself begins at the front of `bytes`, not compressed, with nothing wrong with its header.
    /// `None` is no verdict: [`receive_header`](Self::receive_header) gives one.
    #[inline]
    pub(crate) fn whole_message(&self, bytes: &[u8]) -> Option<(OpCode, usize, usize)> {
        let receives = matches!(self.phase, Phase::Open | Phase::Closing);
        if !receives || self.incoming.is_some() {
            return None;
        }
        let start = Start::parse_whole_message(*bytes.first_chunk()?)?;
        let from_client = self.mask_keys.is_none();
        let (payload_len, key_at) = start.payload_len(bytes).ok()??;
        let within_limits =
            payload_len <= self.max_frame_bytes && payload_len <= self.max_message_bytes;
        if start.masked != from_client || !within_limits {
            return None;
        }
        let header_len = if from_client { key_at.saturating_add(4) } else { key_at };
        Some((start.opcode, header_len, usize::try_from(payload_len).ok()?))
    }

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

#[cfg(test)]
mod tests {
    use crate::event::Kind;
    use crate::{Connection, Limits};
    use std::vec::Vec;

    /// What is taken for a whole message at a glance is what the full examination finds, with
    /// nothing wrong about it: every beginning of a header, in every state that it depends on.
    #[test]
    fn the_short_way_agrees_with_the_long_one() {
        let limits = [
            Limits::DEFAULT,
            Limits { max_frame_bytes: 200, max_message_bytes: 66_000, ..Limits::DEFAULT },
        ];
        // What follows the first two bytes: a length in 2 bytes or in 8, or the masking key.
        let lengths: [u64; 8] = [0, 125, 126, 200, 201, 0xffff, 0x1_0000, 1 << 63];
        let mut whole_messages = 0;
        for limits in limits {
            for (mut connection, deflate) in [
                (Connection::server(limits), false),
                (Connection::server(limits), true),
                (Connection::client(limits, || [0; 4]), false),
            ] {
                connection.deflate = deflate;
                for first_two in 0..=u16::MAX {
                    for length in lengths {
                        let mut bytes = Vec::from(first_two.to_be_bytes());
                        match first_two & 0x7f {
                            126 => bytes.extend(u16::try_from(length).unwrap_or(7).to_be_bytes()),
                            127 => bytes.extend(length.to_be_bytes()),
                            _ if length > 0 => break,
                            _ => {}
                        }
                        bytes.extend([1, 2, 3, 4]);
                        let Some((opcode, header_len, payload_len)) =
                            connection.whole_message(&bytes)
                        else {
                            continue;
                        };
                        whole_messages += 1;
                        let frame = connection.receive_header(&bytes).unwrap().unwrap();
                        assert_eq!(
                            (frame.start.opcode, frame.header_len, frame.payload_len),
                            (opcode, header_len, payload_len as u64),
                            "{bytes:02x?}"
                        );
                        assert!(frame.start.fin && !frame.start.rsv1 && !opcode.is_control());
                    }
                }
            }
        }
        // Text and binary, in each of 3 connections: 126 short lengths; in 2 bytes 126, 200, 201 and
        // 65,535, of which the small limit leaves two; in 8 bytes 65,536, which it does not leave.
        assert_eq!(whole_messages, 2 * 3 * (2 * 126 + (4 + 1) + 2));
    }

    /// Inside a message, and where nothing is received any more, nothing is one.
    #[test]
    fn a_whole_message_comes_between_messages_alone() {
        let message = b"\x81\x80\x01\x02\x03\x04";
        let mut connection = Connection::server(Limits::DEFAULT);
        assert!(connection.whole_message(message).is_some());
        let mut fragment = *b"\x01\x80\x01\x02\x03\x04";
        let mut input = crate::Input::new(&mut fragment);
        let mut control = crate::ControlFrames::new();
        assert_eq!(connection.receive(&mut input, &mut control), Ok(None));
        assert!(connection.whole_message(message).is_none());
        let mut connection = Connection::server(Limits::DEFAULT);
        connection.has_sent(Kind::Text, false);
        assert!(connection.whole_message(message).is_some());
        connection.receive_eof();
        assert!(connection.whole_message(message).is_none());
    }
}
