//! One frame header, byte by byte, against RFC 6455 §5.2 written once more, as a flat list; and
//! headers that are encoded, read back.

use arbitrary::{Result, Unstructured};
use longwire::{Connection, ControlFrames, Header, Input, Limits, OpCode};
use longwire_tests::vector::KEY;

/// How a receiver stands when the header comes.
#[derive(Clone, Copy, Debug)]
struct Receiver {
    server: bool,
    deflate: bool,
    inside_message: bool,
    max_frame_bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Incomplete,
    Fail(u16),
    Header { len: usize, payload_len: u64 },
}

/// Runs one input: how the receiver stands, then the bytes.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let flags: u8 = u.arbitrary()?;
    let receiver = Receiver {
        server: flags & 1 != 0,
        deflate: flags & 2 != 0,
        inside_message: flags & 4 != 0,
        max_frame_bytes: if flags & 8 != 0 { 1 << (flags >> 3) } else { u64::MAX },
    };
    let bytes = u.take_rest();
    for len in 0..=bytes.len().min(14) {
        let expected = receiver.judge(&bytes[..len]);
        receiver.check(&bytes[..len], expected);
        if expected != Verdict::Incomplete {
            break;
        }
    }
    round_trip(bytes, receiver.server);
    Ok(())
}

impl Receiver {
    fn judge(self, bytes: &[u8]) -> Verdict {
        let &[first, second, ..] = bytes else { return Verdict::Incomplete };
        let (fin, rsv, opcode) = (first >> 7, first >> 4 & 7, first & 15);
        let (masked, short_len) = (second >> 7 == 1, second & 127);
        let control = opcode >= 8;
        let rsv1_is_meant = self.deflate && (opcode == 1 || opcode == 2);
        let wrong = rsv & 3 != 0
            || (rsv == 4 && !rsv1_is_meant)
            || ![0, 1, 2, 8, 9, 10].contains(&opcode)
            || (control && (fin == 0 || short_len > 125))
            || masked != self.server
            || (!control && (opcode == 0) != self.inside_message);
        if wrong || (opcode == 8 && short_len == 1) {
            return Verdict::Fail(1002);
        }
        let (len_bytes, min) = match short_len {
            126 => (2, 126),
            127 => (8, 65536),
            _ => (0, 0),
        };
        if len_bytes == 8 && bytes.len() > 2 && bytes[2] > 127 {
            return Verdict::Fail(1002);
        }
        let header_len = 2 + len_bytes + if masked { 4 } else { 0 };
        if bytes.len() < 2 + len_bytes {
            return Verdict::Incomplete;
        }
        let long_len = bytes[2..2 + len_bytes].iter().fold(0, |len, byte| len << 8 | u64::from(*byte));
        let payload_len = if len_bytes == 0 { u64::from(short_len) } else { long_len };
        if payload_len < min {
            return Verdict::Fail(1002);
        }
        if !control && payload_len > self.max_frame_bytes {
            return Verdict::Fail(1009);
        }
        match bytes.len() < header_len {
            true => Verdict::Incomplete,
            false => Verdict::Header { len: header_len, payload_len },
        }
    }

    fn check(self, bytes: &[u8], expected: Verdict) {
        let limits = Limits {
            max_frame_bytes: self.max_frame_bytes,
            max_message_bytes: u64::MAX,
            max_fragments: u32::MAX,
        };
        let mut connection = match self.server {
            true => Connection::server(limits),
            false => Connection::client(limits, || KEY),
        };
        if self.deflate {
            connection = connection.with_deflate();
        }
        let mut control = ControlFrames::new();
        if self.inside_message {
            let mut fragment = if self.server { vec![2, 0x80, 1, 2, 3, 4] } else { vec![2, 0] };
            let event = connection.receive(&mut Input::new(&mut fragment), &mut control);
            assert_eq!(event, Ok(None));
        }
        let mut received = bytes.to_vec();
        let result = connection.receive(&mut Input::new(&mut received), &mut control);
        match (result, expected) {
            (Err(error), Verdict::Fail(code)) => assert_eq!(error.code().value(), code),
            (Ok(None), Verdict::Incomplete) => {}
            (Ok(event), Verdict::Header { payload_len, .. }) => {
                // A length of 2^63 - 1 inside of a message is still within a limit of 2^64 - 1.
                assert!(event.is_none() || payload_len == 0, "{event:?}");
            }
            (result, expected) => panic!("{bytes:02x?}: {result:?}, expected {expected:?}"),
        }
    }
}

/// A header that is encoded is read as what it was.
fn round_trip(bytes: &[u8], server: bool) {
    let Some((&[opcode, len_bits, ref number @ ..], _)) = bytes.split_first_chunk::<10>() else { return };
    let opcodes = [OpCode::Text, OpCode::Binary, OpCode::Close, OpCode::Ping, OpCode::Pong];
    let opcode = opcodes[usize::from(opcode) % opcodes.len()];
    let len = u64::from_be_bytes(*number) >> (1 + len_bits % 63);
    let payload_len = if opcode.is_control() { len % 126 } else { len };
    let mask = server.then_some(KEY);
    let header = Header { fin: true, rsv1: false, opcode, mask, payload_len }.encode();
    let receiver =
        Receiver { server, deflate: false, inside_message: false, max_frame_bytes: u64::MAX };
    let expected = match (opcode, payload_len) {
        (OpCode::Close, 1) => Verdict::Fail(1002),
        _ => Verdict::Header { len: header.as_bytes().len(), payload_len },
    };
    assert_eq!(receiver.judge(header.as_bytes()), expected, "{:02x?}", header.as_bytes());
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let headers: [&[u8]; 12] = [
        b"\x01\x81\x85\x37\xfa\x21\x3d",
        b"\x00\x81\x05",
        b"\x00\x82\x7e\x01\x00",
        b"\x00\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00",
        b"\x01\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00\x37\xfa\x21\x3d",
        b"\x00\x82\x7f\x80",
        b"\x00\x82\x7e\x00\x7d",
        b"\x03\xc1\x85\x37\xfa\x21\x3d",
        b"\x05\x80\x80\x37\xfa\x21\x3d",
        b"\x00\x89\x00",
        b"\x00\x88\x02",
        b"\x29\x82\xfe\x01\x00\x00\x00\x00\x00",
    ];
    headers.map(Vec::from).to_vec()
}
