//! Messages that repeat themselves, compressed in every window, with and without context takeover:
//! they come out as they went in, and look back no farther than was agreed (RFC 7692 §7.1.2).

use crate::endpoint::{Endpoint, send_options};
use crate::shape::{self, CUTS, Cuts, product};
use arbitrary::{Result, Unstructured};
use longwire::{Compression, Message, Role, SendOptions};
use longwire_tests::trace::Seen;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// The longest piece that a message is made of.
const MAX_PIECE_BYTES: u16 = 0xfff;
/// No more is added to a message, and to all messages, beyond this.
const MAX_MESSAGE_BYTES: usize = 8 * 1024;
const MAX_HISTORY_BYTES: usize = 48 * 1024;

/// Runs one input: parameters, level, cuts; then for each message a byte of flags and how it is
/// made.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let u = &mut Unstructured::new(data);
    let Some(params) = shape::deflate_params(u)? else { return Ok(()) };
    let options = SendOptions { compress_from_bytes: 0, ..send_options(u.arbitrary()?) };
    let cuts = Cuts::read(u)?;
    let mut server = Endpoint::new(Role::Server, Some(params), options);
    let mut client = Endpoint::new(Role::Client, Some(params), options);
    let mut reader = Reader::new(params.server_max_window_bits, params.server_no_context_takeover);
    let mut history = Vec::new();
    while !u.is_empty() && history.len() < MAX_HISTORY_BYTES {
        let begin = history.len();
        write(u, &mut history)?;
        let message = &history[begin..];
        server.send(Message::Binary(message), Compression::Auto);
        reader.check(&server.wire, message);
        for piece in cuts.pieces(&server.wire) {
            client.receive(piece).expect("what was sent can be received");
        }
        assert!(client.seen == [Seen::Binary(message.to_vec())], "another message came out");
        client.seen.clear();
        server.wire.clear();
    }
    Ok(())
}

/// Adds a message: its own bytes, and copies of what was in it or before it.
fn write(u: &mut Unstructured<'_>, history: &mut Vec<u8>) -> Result<()> {
    let begin = history.len();
    for _ in 0..u.arbitrary::<u8>()? & 7 {
        if history.len() - begin > MAX_MESSAGE_BYTES {
            break;
        }
        let back = usize::from(u.arbitrary::<u16>()?);
        if back & 1 == 0 {
            history.extend_from_slice(shape::short(u)?);
        } else if let Some(from) = history.len().checked_sub(back) {
            let len = usize::from(u.arbitrary::<u16>()? & MAX_PIECE_BYTES).min(back);
            history.extend_from_within(from..from + len);
        } else {
            // Bytes that do not compress, from a small generator.
            let mut state = u32::from(u.arbitrary::<u8>()?);
            history.extend((0..back & usize::from(MAX_PIECE_BYTES)).map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state.to_be_bytes()[0]
            }));
        }
    }
    Ok(())
}

/// A decoder that writes round and round in the window that was agreed to: beyond it there is
/// nothing to look back to.
struct Reader {
    inflate: Box<DecompressorOxide>,
    window: Vec<u8>,
    at: usize,
    resets: bool,
}

impl Reader {
    fn new(window_bits: u8, resets: bool) -> Self {
        Self { inflate: Box::default(), window: vec![0; 1 << window_bits], at: 0, resets }
    }

    fn check(&mut self, frames: &[u8], expected: &[u8]) {
        let Some(mut input) = payload(frames) else { return };
        input.extend_from_slice(&[0, 0, 0xff, 0xff]);
        let (mut input, mut expected) = (&input[..], expected);
        loop {
            let (inflate, window) = (&mut self.inflate, &mut self.window);
            let flags = TINFL_FLAG_HAS_MORE_INPUT;
            let (status, read, made) = decompress(inflate, input, window, self.at, flags);
            let (message, rest) = expected.split_at_checked(made).expect("longer than it was");
            assert!(window[self.at..].starts_with(message), "read otherwise in its window");
            (input, expected) = (&input[read..], rest);
            self.at = (self.at + made) % window.len();
            match status {
                TINFLStatus::HasMoreOutput => {}
                TINFLStatus::NeedsMoreInput => break,
                other => panic!("{other:?}"),
            }
        }
        assert!(input.is_empty() && expected.is_empty(), "shorter than it was");
        if self.resets {
            self.inflate.init();
        }
    }
}

/// The payload of a message in its frames, where it is compressed.
fn payload(mut frames: &[u8]) -> Option<Vec<u8>> {
    let mut payload = Vec::new();
    if frames[0] & 0x40 == 0 {
        return None;
    }
    while let [_, len, rest @ ..] = frames {
        let (bytes, min) = match len {
            126 => (2, 0),
            127 => (8, 0),
            len => (0, usize::from(*len)),
        };
        let (number, rest) = rest.split_at(bytes);
        let len = number.iter().fold(min, |len, byte| len << 8 | usize::from(*byte));
        payload.extend_from_slice(&rest[..len]);
        frames = &rest[len..];
    }
    Some(payload)
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let params: [&[u8]; 3] = [&[1, 6, 6], &[1, 0, 0], &[3, 3, 3]];
    let fronts: Vec<Vec<u8>> = params
        .iter()
        .flat_map(|params| product(&[params], &[vec![0x30], vec![0x0b], vec![0x4a]]))
        .flat_map(|front| product(&[&front], &CUTS.map(Vec::from)))
        .collect();
    let fronts: Vec<&[u8]> = fronts.iter().map(|front| &front[..]).collect();
    let messages: [&[u8]; 5] = [
        b"\x01\x00\x00\x05Hello\x01\x00\x00\x05Hello",
        b"\x02\x00\x00\x05Hello\x05\x00\x05\x00\x02\x05\x00\x05\x00\x05\x00\x05\x00",
        // 4,095 bytes that do not compress, and parts of them: from 4,001, 601 and 301 bytes ago.
        b"\x01\xff\x7f\x01\x01\xa1\x0f\x00\x03",
        b"\x04\xff\x7f\x01\x59\x02\x00\x01\x2d\x01\x00\x01\xa1\x0f\x00\x01",
        b"\x03\x01\x03\x01\x01\x02\xff\x00\x01\x01\xff\x00\x01\x01\x02\xff\x00",
    ];
    product(&fronts, &messages.map(Vec::from))
}
