//! The frame header (RFC 6455 §5.2), read and written.
//!
//! ```text
//!  byte 0              byte 1            then
//!  FIN RSV1-3 opcode   MASK  length      length in 2 bytes when 126, in 8 when 127
//!   1    3     4 bits   1    7 bits      masking key in 4 bytes when MASK is set
//! ```
//!
//! What is wrong with a header whoever sends it is found here, in two steps: the first two bytes,
//! then the length. What depends on the role, on the extensions or on the message that is being
//! received is the connection's to judge.

use crate::error::ProtocolError;
use crate::event::Kind;

/// The longest header: two bytes, a length in eight, a masking key in four.
pub const MAX_HEADER_BYTES: usize = 14;
/// The longest payload of a control frame (RFC 6455 §5.5).
pub const MAX_CONTROL_PAYLOAD_BYTES: usize = 125;

const FIN: u8 = 0b1000_0000;
const RSV1: u8 = 0b0100_0000;
const RSV2_RSV3: u8 = 0b0011_0000;
const OPCODE: u8 = 0b0000_1111;
const MASK: u8 = 0b1000_0000;
const LENGTH: u8 = 0b0111_1111;
const LENGTH_IN_2_BYTES: u8 = 126;
const LENGTH_IN_8_BYTES: u8 = 127;
const WHOLE_TEXT: u8 = FIN | OpCode::Text as u8;
const WHOLE_BINARY: u8 = FIN | OpCode::Binary as u8;

/// What a frame is (RFC 6455 §11.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum OpCode {
    /// A further fragment of the message begun before.
    Continuation = 0,
    /// A text message, or its first fragment.
    Text = 1,
    /// A binary message, or its first fragment.
    Binary = 2,
    /// The closing handshake.
    Close = 8,
    /// A Ping.
    Ping = 9,
    /// A Pong.
    Pong = 10,
}

impl OpCode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    /// The header of a frame by itself, not compressed and not masked, with a length of up to 125.
    #[cfg(feature = "alloc")]
    #[inline]
    pub(crate) fn short_header(self, payload_len: usize) -> [u8; 2] {
        let [length, ..] = payload_len.to_le_bytes();
        [FIN | self as u8, length]
    }

    /// Whether it is one of Close, Ping and Pong (RFC 6455 §5.5).
    pub const fn is_control(self) -> bool {
        self as u8 & 0b1000 != 0
    }
}

impl From<Kind> for OpCode {
    #[inline]
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text,
            Kind::Binary => Self::Binary,
        }
    }
}

/// The first two bytes of a header, which are enough to refuse most that is wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) fin: bool,
    pub(crate) rsv1: bool,
    pub(crate) opcode: OpCode,
    pub(crate) masked: bool,
    length: u8,
}

impl Start {
    #[inline]
    pub(crate) fn parse([first, second]: [u8; 2]) -> Result<Self, ProtocolError> {
        let (fin, rsv1) = (first & FIN != 0, first & RSV1 != 0);
        let length = second & LENGTH;
        // RFC 6455 §5.2: a reserved bit must be 0 unless an extension defines it. None defines these
        // two.
        if first & RSV2_RSV3 != 0 {
            return Err(ProtocolError::ReservedBits);
        }
        // RFC 6455 §5.2: an unknown opcode fails the connection.
        let opcode = OpCode::from_bits(first & OPCODE).ok_or(ProtocolError::ReservedOpcode)?;
        if opcode.is_control() {
            // RFC 7692 §6: RSV1 is for the first frame of a data message.
            if rsv1 {
                return Err(ProtocolError::ReservedBits);
            }
            // RFC 6455 §5.5: control frames are not fragmented and carry 125 bytes at most.
            if !fin {
                return Err(ProtocolError::ControlFragmented);
            }
            if usize::from(length) > MAX_CONTROL_PAYLOAD_BYTES {
                return Err(ProtocolError::ControlTooLong);
            }
        }
        Ok(Self { fin, rsv1, opcode, masked: second & MASK != 0, length })
    }

    /// The same for the frame that most are: a data message by itself, not compressed, and masked or
    /// not as `masked` says. `None` for every other one, be it right or wrong.
    #[inline]
    pub(crate) fn parse_whole_message([first, second]: [u8; 2], masked: bool) -> Option<Self> {
        let opcode = match first {
            WHOLE_TEXT => OpCode::Text,
            WHOLE_BINARY => OpCode::Binary,
            _ => return None,
        };
        let length = second ^ if masked { MASK } else { 0 };
        (length & MASK == 0).then_some(Self { fin: true, rsv1: false, opcode, masked, length })
    }

    /// Reads the length from `bytes`, the whole header from its start: the length, and where what
    /// follows it begins. `None` when more bytes are needed.
    #[inline]
    pub(crate) fn payload_len(self, bytes: &[u8]) -> Result<Option<(u64, usize)>, ProtocolError> {
        // RFC 6455 §5.2: the length is in network byte order and in the fewest bytes possible; a
        // 64-bit one has its top bit at 0.
        match self.length {
            LENGTH_IN_2_BYTES => {
                let Some(&[_, _, a, b]) = bytes.first_chunk() else { return Ok(None) };
                match u16::from_be_bytes([a, b]) {
                    0..126 => Err(ProtocolError::LengthNotMinimal),
                    length => Ok(Some((u64::from(length), 4))),
                }
            }
            LENGTH_IN_8_BYTES => {
                let Some(&[_, _, a, b, c, d, e, f, g, h]) = bytes.first_chunk() else {
                    return Self::refuse_early(bytes);
                };
                match u64::from_be_bytes([a, b, c, d, e, f, g, h]) {
                    0..=0xffff => Err(ProtocolError::LengthNotMinimal),
                    length if length >> 63 != 0 => Err(ProtocolError::LengthOverflow),
                    length => Ok(Some((length, 10))),
                }
            }
            length => Ok(Some((u64::from(length), 2))),
        }
    }

    /// How long the header is whose masking key would begin here.
    #[inline]
    pub(crate) fn header_len(self, key_at: usize) -> usize {
        if self.masked { key_at.saturating_add(4) } else { key_at }
    }

    /// The top bit of a 64-bit length is known at its first byte.
    fn refuse_early(bytes: &[u8]) -> Result<Option<(u64, usize)>, ProtocolError> {
        match bytes.get(2) {
            Some(top) if top & 0x80 != 0 => Err(ProtocolError::LengthOverflow),
            _ => Ok(None),
        }
    }
}

/// A frame header, to be written. Everything that can be written is well-formed but for what
/// depends on the connection; [`Connection`](crate::Connection) is what sends frames in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The final fragment of its message.
    pub fin: bool,
    /// The message is compressed (RFC 7692 §6): on its first frame only.
    pub rsv1: bool,
    /// What the frame is.
    pub opcode: OpCode,
    /// The masking key, from a client (RFC 6455 §5.3).
    pub mask: Option<[u8; 4]>,
    /// How many bytes of payload follow. At most 2^63 - 1.
    pub payload_len: u64,
}

impl Header {
    /// The bytes of the header, with the length in the fewest bytes possible.
    #[inline]
    pub fn encode(&self) -> EncodedHeader {
        let mut out = EncodedHeader { bytes: [0; MAX_HEADER_BYTES], len: 0, mask: self.mask };
        self.write(|bytes| out.push(bytes));
        out
    }

    /// Gives the bytes to `push`, in order: each piece has a length that the compiler knows.
    #[inline]
    pub(crate) fn write(&self, mut push: impl FnMut(&[u8])) {
        let mask = if self.mask.is_some() { MASK } else { 0 };
        let fin = if self.fin { FIN } else { 0 };
        let rsv1 = if self.rsv1 { RSV1 } else { 0 };
        let first = fin | rsv1 | self.opcode as u8;
        if let Ok(length @ 0..=125) = u8::try_from(self.payload_len) {
            push(&[first, mask | length]);
        } else if let Ok(length) = u16::try_from(self.payload_len) {
            push(&[first, mask | LENGTH_IN_2_BYTES]);
            push(&length.to_be_bytes());
        } else {
            push(&[first, mask | LENGTH_IN_8_BYTES]);
            push(&self.payload_len.to_be_bytes());
        }
        if let Some(key) = self.mask {
            push(&key);
        }
    }
}

/// A header as it goes on the wire, to be sent before the payload in one vectored write.
#[must_use = "the frame counts as sent: its header and its payload have to go out"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodedHeader {
    bytes: [u8; MAX_HEADER_BYTES],
    len: u8,
    mask: Option<[u8; 4]>,
}

impl EncodedHeader {
    /// The bytes: 2 to 14 of them.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Masks the payload that follows, in place, where the sender is a client; a server's is left
    /// as it is. A client that leaves this out sends garbage.
    pub fn mask(&self, payload: &mut [u8]) {
        if let Some(key) = self.mask {
            crate::mask::apply_mask(payload, key);
        }
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        let end = usize::from(self.len).saturating_add(bytes.len());
        if let Some(places) = self.bytes.get_mut(usize::from(self.len)..end) {
            places.copy_from_slice(bytes);
            // Never beyond MAX_HEADER_BYTES.
            self.len = u8::try_from(end).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Header, OpCode, Start};
    use crate::error::ProtocolError;

    const HEADER: Header =
        Header { fin: true, rsv1: false, opcode: OpCode::Binary, mask: None, payload_len: 0 };

    #[test]
    fn lengths_are_written_in_the_fewest_bytes_and_read_back() {
        let table: &[(u64, &[u8])] = &[
            (0, b"\x82\x00"),
            (125, b"\x82\x7d"),
            (126, b"\x82\x7e\x00\x7e"),
            (65_535, b"\x82\x7e\xff\xff"),
            (65_536, b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
            (u64::MAX >> 1, b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"),
        ];
        for (payload_len, bytes) in table {
            let encoded = Header { payload_len: *payload_len, ..HEADER }.encode();
            assert_eq!(encoded.as_bytes(), *bytes);
            let start = Start::parse([bytes[0], bytes[1]]).unwrap();
            assert_eq!(start.payload_len(bytes), Ok(Some((*payload_len, bytes.len()))));
            for cut in 2..bytes.len() {
                assert_eq!(start.payload_len(&bytes[..cut]), Ok(None), "cut at {cut}");
            }
        }
        let masked = Header { mask: Some([1, 2, 3, 4]), ..HEADER }.encode();
        assert_eq!(masked.as_bytes(), b"\x82\x80\x01\x02\x03\x04");
    }

    #[test]
    fn rfc6455_s5_2_the_first_two_bytes() {
        use ProtocolError::*;
        // FIN, RSV1, opcode, MASK, the seven bits of the length.
        type Parts = (bool, bool, OpCode, bool, u8);
        let table: &[([u8; 2], Result<Parts, ProtocolError>)] = &[
            ([0x00, 0x00], Ok((false, false, OpCode::Continuation, false, 0))),
            ([0x01, 0x80], Ok((false, false, OpCode::Text, true, 0))),
            ([0x81, 0x7d], Ok((true, false, OpCode::Text, false, 125))),
            ([0x82, 0xfe], Ok((true, false, OpCode::Binary, true, 126))),
            ([0x82, 0x7f], Ok((true, false, OpCode::Binary, false, 127))),
            ([0x42, 0x01], Ok((false, true, OpCode::Binary, false, 1))),
            ([0xc1, 0x81], Ok((true, true, OpCode::Text, true, 1))),
            ([0xc0, 0x01], Ok((true, true, OpCode::Continuation, false, 1))),
            ([0x88, 0x02], Ok((true, false, OpCode::Close, false, 2))),
            ([0x89, 0x7d], Ok((true, false, OpCode::Ping, false, 125))),
            ([0x8a, 0xfd], Ok((true, false, OpCode::Pong, true, 125))),
            ([0xa1, 0x00], Err(ReservedBits)),
            ([0x91, 0x00], Err(ReservedBits)),
            ([0xb2, 0x00], Err(ReservedBits)),
            ([0xc8, 0x00], Err(ReservedBits)),
            ([0xc9, 0x00], Err(ReservedBits)),
            ([0x83, 0x00], Err(ReservedOpcode)),
            ([0x87, 0x00], Err(ReservedOpcode)),
            ([0x8b, 0x00], Err(ReservedOpcode)),
            ([0x8f, 0x00], Err(ReservedOpcode)),
            ([0x08, 0x00], Err(ControlFragmented)),
            ([0x09, 0x80], Err(ControlFragmented)),
            ([0x88, 0x7e], Err(ControlTooLong)),
            ([0x89, 0x7f], Err(ControlTooLong)),
            ([0x8a, 0xfe], Err(ControlTooLong)),
        ];
        for (bytes, expected) in table {
            let parts = Start::parse(*bytes).map(|Start { fin, rsv1, opcode, masked, length }| {
                assert_eq!(opcode.is_control(), bytes[0] & 0x08 != 0, "{bytes:02x?}");
                (fin, rsv1, opcode, masked, length)
            });
            assert_eq!(parts, *expected, "{bytes:02x?}");
        }
    }

    #[test]
    fn rfc6455_s5_2_headers_byte_for_byte() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        let table: &[(Header, &[u8])] = &[
            (Header { fin: false, opcode: OpCode::Text, ..HEADER }, b"\x01\x00"),
            (Header { rsv1: true, opcode: OpCode::Text, ..HEADER }, b"\xc1\x00"),
            (Header { rsv1: true, fin: false, ..HEADER }, b"\x42\x00"),
            (Header { opcode: OpCode::Continuation, ..HEADER }, b"\x80\x00"),
            (Header { opcode: OpCode::Close, payload_len: 2, ..HEADER }, b"\x88\x02"),
            (Header { opcode: OpCode::Ping, payload_len: 125, ..HEADER }, b"\x89\x7d"),
            (Header { opcode: OpCode::Pong, ..HEADER }, b"\x8a\x00"),
            (Header { mask: Some(key), payload_len: 5, ..HEADER }, b"\x82\x85\x37\xfa\x21\x3d"),
            (
                Header { mask: Some(key), payload_len: 126, ..HEADER },
                b"\x82\xfe\x00\x7e\x37\xfa\x21\x3d",
            ),
            (
                Header { mask: Some(key), payload_len: 65_536, ..HEADER },
                b"\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00\x37\xfa\x21\x3d",
            ),
        ];
        for (header, bytes) in table {
            let encoded = header.encode();
            assert_eq!(encoded.as_bytes(), *bytes, "{header:?}");
            let mut payload = *b"Hello";
            encoded.mask(&mut payload);
            let masked = if header.mask.is_some() { *b"\x7f\x9f\x4d\x51\x58" } else { *b"Hello" };
            assert_eq!(payload, masked, "{header:?}");
        }
    }

    #[test]
    fn lengths_that_must_not_be() {
        let table: &[(&[u8], ProtocolError)] = &[
            (b"\x82\x7e\x00\x00", ProtocolError::LengthNotMinimal),
            (b"\x82\x7e\x00\x7d", ProtocolError::LengthNotMinimal),
            (b"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", ProtocolError::LengthNotMinimal),
            (b"\x82\x7f\x80", ProtocolError::LengthOverflow),
            (b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", ProtocolError::LengthOverflow),
        ];
        for (bytes, error) in table {
            let start = Start::parse([bytes[0], bytes[1]]).unwrap();
            assert_eq!(start.payload_len(bytes), Err(*error), "{bytes:02x?}");
        }
    }
}
