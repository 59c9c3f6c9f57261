//! Frames as the suite writes them, right or wrong, and as it reads them (RFC 6455 §5.2).
//!
//! A [`Frame`] says of every field what shall stand in it, so that it can be what no correct
//! endpoint would write. The reader is written as plainly as the RFC and shares nothing with the
//! engine's: a bug there cannot hide itself here.

use std::borrow::Cow;
use std::fmt;

use longwire::Role;

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

pub(crate) const RSV1: u8 = 0b100;

/// A frame to be written.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) fin: bool,
    /// RSV1 is 4, RSV2 is 2, RSV3 is 1.
    pub(crate) rsv: u8,
    pub(crate) opcode: u8,
    pub(crate) mask: Mask,
    pub(crate) length: Length,
    pub(crate) payload: Cow<'static, [u8]>,
}

/// Whether the frame is masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mask {
    /// As the role demands (RFC 6455 §5.1), with a fresh key.
    AsRole,
    /// As the role forbids.
    Wrong,
    /// As the role demands; where that is masked, with this key.
    Key([u8; 4]),
}

/// The length in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// The payload's, in the fewest bytes possible.
    Minimal,
    /// The payload's, in two bytes.
    In2Bytes,
    /// The payload's, in eight bytes.
    In8Bytes,
    /// This one, in the fewest bytes possible, whatever the payload is.
    Claimed(u64),
}

/// A whole frame of this opcode.
pub(crate) const fn frame(opcode: u8, payload: &'static [u8]) -> Frame {
    Frame {
        fin: true,
        rsv: 0,
        opcode,
        mask: Mask::AsRole,
        length: Length::Minimal,
        payload: Cow::Borrowed(payload),
    }
}

pub(crate) const fn text(payload: &'static [u8]) -> Frame {
    frame(TEXT, payload)
}

pub(crate) const fn binary(payload: &'static [u8]) -> Frame {
    frame(BINARY, payload)
}

pub(crate) const fn continuation(payload: &'static [u8]) -> Frame {
    frame(CONTINUATION, payload)
}

pub(crate) const fn ping(payload: &'static [u8]) -> Frame {
    frame(PING, payload)
}

pub(crate) const fn pong(payload: &'static [u8]) -> Frame {
    frame(PONG, payload)
}

/// A Close with this body: nothing, or a code in two bytes and a reason.
pub(crate) const fn close(body: &'static [u8]) -> Frame {
    frame(CLOSE, body)
}

impl Frame {
    /// With FIN clear: more fragments follow.
    pub(crate) const fn more(mut self) -> Self {
        self.fin = false;
        self
    }

    pub(crate) const fn rsv(mut self, bits: u8) -> Self {
        self.rsv = bits;
        self
    }

    pub(crate) const fn mask(mut self, mask: Mask) -> Self {
        self.mask = mask;
        self
    }

    pub(crate) const fn length(mut self, length: Length) -> Self {
        self.length = length;
        self
    }

    pub(crate) fn payload(mut self, payload: impl Into<Cow<'static, [u8]>>) -> Self {
        self.payload = payload.into();
        self
    }

    /// Appends the frame as an endpoint of `role` puts it on the wire.
    pub(crate) fn encode(&self, role: Role, out: &mut Vec<u8>) {
        let key = match (self.mask, role) {
            (Mask::Key(key), Role::Client) => Some(key),
            (Mask::AsRole, Role::Client) | (Mask::Wrong, Role::Server) => Some(random_key()),
            _ => None,
        };
        out.push(u8::from(self.fin) << 7 | (self.rsv & 7) << 4 | self.opcode & 15);
        let mask_bit = u8::from(key.is_some()) << 7;
        let payload_len = self.payload.len() as u64;
        match self.length {
            Length::In2Bytes => encode_length(payload_len, 2, mask_bit, out),
            Length::In8Bytes => encode_length(payload_len, 8, mask_bit, out),
            Length::Minimal => encode_length(payload_len, fewest(payload_len), mask_bit, out),
            Length::Claimed(claim) => encode_length(claim, fewest(claim), mask_bit, out),
        }
        out.extend(key.iter().flatten());
        let start = out.len();
        out.extend_from_slice(&self.payload);
        if let Some(key) = key {
            // RFC 6455 §5.3. Not with the engine's own function: what it did wrong, it would undo.
            for (byte, key) in out[start..].iter_mut().zip(key.iter().cycle()) {
                *byte ^= key;
            }
        }
    }
}

/// How many bytes behind the second one the length takes at least.
const fn fewest(length: u64) -> usize {
    match length {
        0..=125 => 0,
        126..=0xffff => 2,
        _ => 8,
    }
}

fn encode_length(length: u64, bytes: usize, mask_bit: u8, out: &mut Vec<u8>) {
    let be = length.to_be_bytes();
    match bytes {
        0 => out.push(mask_bit | be[7]),
        2 => {
            out.push(mask_bit | 126);
            out.extend_from_slice(&be[6..]);
        }
        _ => {
            out.push(mask_bit | 127);
            out.extend_from_slice(&be);
        }
    }
}

/// A masking key from the system's random numbers (RFC 6455 §5.3).
fn random_key() -> [u8; 4] {
    let mut key = [0; 4];
    // A system without random numbers can test all the same: no key is secret here.
    let _ = getrandom::fill(&mut key);
    key
}

/// A frame as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) fin: bool,
    pub(crate) rsv: u8,
    pub(crate) opcode: u8,
    pub(crate) key: Option<[u8; 4]>,
    /// Unmasked.
    pub(crate) payload: Vec<u8>,
}

/// Reads one frame at the front of `bytes`, and says how long it is. `Ok(None)`: it is not complete.
///
/// # Errors
///
/// The length is not as RFC 6455 §5.2 has it, or longer than `max_payload_bytes`.
pub(crate) fn read_frame(
    bytes: &[u8],
    max_payload_bytes: usize,
) -> Result<Option<(Received, usize)>, String> {
    let &[first, second, ..] = bytes else { return Ok(None) };
    let (length, mut at) = match second & 127 {
        126 => {
            let Some(field) = bytes.get(2..4) else { return Ok(None) };
            (field.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)), 4)
        }
        127 => {
            let Some(field) = bytes.get(2..10) else { return Ok(None) };
            (field.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)), 10)
        }
        short => (u64::from(short), 2),
    };
    if at - 2 != fewest(length) {
        return Err(format!("its frame has a length of {length} that is not minimal (§5.2)"));
    }
    if length > max_payload_bytes as u64 {
        return Err(format!("its frame is of {length} bytes, which nothing here asked for"));
    }
    let mut key = None;
    if second & 128 != 0 {
        let Some(&[a, b, c, d]) = bytes.get(at..at + 4) else { return Ok(None) };
        key = Some([a, b, c, d]);
        at += 4;
    }
    let end = at + usize::try_from(length).unwrap_or(usize::MAX - at);
    let Some(payload) = bytes.get(at..end) else { return Ok(None) };
    let mut payload = payload.to_vec();
    if let Some(key) = key {
        for (at, byte) in payload.iter_mut().enumerate() {
            *byte ^= key[at % 4];
        }
    }
    let (fin, rsv, opcode) = (first & 128 != 0, first >> 4 & 7, first & 15);
    Ok(Some((Received { fin, rsv, opcode, key, payload }, end)))
}

/// The opcode's name.
fn name(opcode: u8) -> Cow<'static, str> {
    match opcode {
        CONTINUATION => "CONTINUATION".into(),
        TEXT => "TEXT".into(),
        BINARY => "BINARY".into(),
        CLOSE => "CLOSE".into(),
        PING => "PING".into(),
        PONG => "PONG".into(),
        other => format!("opcode {other}").into(),
    }
}

fn describe(out: &mut fmt::Formatter<'_>, fin: bool, rsv: u8, opcode: u8) -> fmt::Result {
    write!(out, "{}", name(opcode))?;
    if !fin {
        write!(out, " FIN=0")?;
    }
    for (bit, name) in [(4, "RSV1"), (2, "RSV2"), (1, "RSV3")] {
        if rsv & bit != 0 {
            write!(out, " {name}")?;
        }
    }
    Ok(())
}

fn describe_payload(out: &mut fmt::Formatter<'_>, opcode: u8, payload: &[u8]) -> fmt::Result {
    match (opcode, payload) {
        (_, []) => write!(out, " empty"),
        (CLOSE, [a, b, reason @ ..]) => {
            write!(out, " {}", u16::from_be_bytes([*a, *b]))?;
            if reason.is_empty() { Ok(()) } else { write!(out, " {}", Shown(reason)) }
        }
        _ => write!(out, " {}", Shown(payload)),
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(out, self.fin, self.rsv, self.opcode)?;
        match self.mask {
            Mask::AsRole => {}
            Mask::Wrong => write!(out, " wrongly masked or not")?,
            Mask::Key(key) => write!(out, " key {:08x}", u32::from_be_bytes(key))?,
        }
        match self.length {
            Length::Minimal => {}
            Length::In2Bytes => write!(out, " length in 2 bytes")?,
            Length::In8Bytes => write!(out, " length in 8 bytes")?,
            Length::Claimed(claim) => write!(out, " claiming {claim} bytes")?,
        }
        describe_payload(out, self.opcode, &self.payload)
    }
}

impl fmt::Display for Received {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(out, self.fin, self.rsv, self.opcode)?;
        describe_payload(out, self.opcode, &self.payload)
    }
}

/// Bytes for a human: as text where they are, else in hexadecimal; long ones cut.
pub(crate) struct Shown<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 48;
        let shown = &self.0[..self.0.len().min(LONGEST)];
        let printable = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
        if shown.iter().all(printable) {
            write!(out, "\"{}\"", String::from_utf8_lossy(shown))?;
        } else {
            for byte in shown {
                write!(out, "{byte:02x}")?;
            }
        }
        if shown.len() < self.0.len() {
            write!(out, "… ({} bytes)", self.0.len())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(frame: &Frame, role: Role) -> Vec<u8> {
        let mut out = Vec::new();
        frame.encode(role, &mut out);
        out
    }

    #[test]
    fn the_examples_of_rfc_6455() {
        assert_eq!(written(&text(b"Hello"), Role::Server), b"\x81\x05Hello");
        assert_eq!(
            written(&text(b"Hello").mask(Mask::Key([0x37, 0xfa, 0x21, 0x3d])), Role::Client),
            b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
        );
        assert_eq!(written(&text(b"Hel").more(), Role::Server), b"\x01\x03Hel");
        assert_eq!(written(&continuation(b"lo"), Role::Server), b"\x80\x02lo");
        let long = written(&binary(b"").payload(vec![0; 256]), Role::Server);
        assert_eq!(&long[..4], b"\x82\x7e\x01\x00");
        let longer = written(&binary(b"").payload(vec![0; 65536]), Role::Server);
        assert_eq!(&longer[..10], b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00");
    }

    #[test]
    fn headers_that_are_right_are_the_engines() {
        for payload_len in [0, 1, 125, 126, 127, 65535, 65536, 70000] {
            for (fin, rsv1) in [(true, false), (false, true)] {
                let mut frame = binary(b"").payload(vec![7; payload_len]);
                (frame.fin, frame.rsv) = (fin, if rsv1 { RSV1 } else { 0 });
                let header = longwire::Header {
                    fin,
                    rsv1,
                    opcode: longwire::OpCode::Binary,
                    mask: None,
                    payload_len: payload_len as u64,
                };
                let written = written(&frame, Role::Server);
                assert!(written.starts_with(header.encode().as_bytes()), "{payload_len}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_written_as_it_is() {
        let cases: &[(Frame, &[u8])] = &[
            (text(b"a").rsv(7), b"\xf1\x01a"),
            (frame(11, b""), b"\x8b\x00"),
            (ping(b"a").more(), b"\x09\x01a"),
            (text(b"a").length(Length::In2Bytes), b"\x81\x7e\x00\x01a"),
            (text(b"a").length(Length::In8Bytes), b"\x81\x7f\0\0\0\0\0\0\0\x01a"),
            (text(b"a").length(Length::Claimed(1 << 63)), b"\x81\x7f\x80\0\0\0\0\0\0\0a"),
            (text(b"a").length(Length::Claimed(5)), b"\x81\x05a"),
        ];
        for (frame, bytes) in cases {
            assert_eq!(&written(frame, Role::Server), bytes, "{frame}");
        }
        assert_eq!(written(&text(b"a").mask(Mask::Wrong), Role::Client), b"\x81\x01a");
        assert_eq!(written(&text(b"a").mask(Mask::Wrong), Role::Server).len(), 7);
    }

    #[test]
    fn reads_what_it_writes_and_waits_for_the_rest() {
        for payload_len in [0, 1, 125, 126, 65535, 65536] {
            for role in [Role::Client, Role::Server] {
                let frame = text(b"").payload(vec![b'x'; payload_len]).rsv(2).more();
                let mut wire = written(&frame, role);
                let whole = wire.clone();
                wire.push(0x88);
                let (received, len) = read_frame(&wire, 1 << 20).unwrap().unwrap();
                assert_eq!(wire[len..], [0x88]);
                assert_eq!((received.fin, received.rsv, received.opcode), (false, 2, TEXT));
                assert_eq!(received.key.is_some(), role == Role::Client);
                assert_eq!(received.payload, vec![b'x'; payload_len]);
                for cut in [0, 1, 2, 3, 5, whole.len() - 1] {
                    let part = &whole[..cut.min(whole.len() - 1)];
                    assert_eq!(read_frame(part, 1 << 20), Ok(None), "{payload_len} {cut}");
                }
            }
        }
    }

    #[test]
    fn refuses_lengths_that_are_not_minimal_or_too_long() {
        for bytes in [&b"\x81\x7e\x00\x7d"[..], b"\x81\x7f\0\0\0\0\0\0\xff\xff"] {
            assert!(read_frame(bytes, 1 << 20).is_err());
        }
        assert!(read_frame(b"\x81\x7f\0\0\0\0\xff\0\0\0", 1 << 20).is_err());
    }
}
