//! permessage-deflate by an implementation that we do not use: `miniz_oxide` inflates what we send,
//! with a window of exactly the size agreed to, and compresses what we receive.
#![allow(dead_code, reason = "each file of tests uses a part of it")]

use longwire::handshake::DeflateParams;
use longwire::{Compression, Connection, Limits, Message, Outbound, Role, SendOptions, WebSocket};
use longwire_tests::notation::mask;
use longwire_tests::vector::KEY;
use miniz_oxide::deflate::core::{CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::deflate::stream::deflate;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use miniz_oxide::{MZFlush, MZStatus};

const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
pub(crate) const ROLES: [Role; 2] = [Role::Server, Role::Client];

/// A receiver with a window of its own, which is all that it can look back to.
pub(crate) struct Peer {
    state: Box<DecompressorOxide>,
    window: Vec<u8>,
    at: usize,
}

impl Peer {
    pub(crate) fn new(window_bits: u8) -> Self {
        Self { state: Box::default(), window: vec![0; 1 << window_bits], at: 0 }
    }

    /// RFC 7692 §7.2.2, by the book.
    pub(crate) fn inflate(&mut self, data: &[u8]) -> Result<Vec<u8>, TINFLStatus> {
        let input = [data, &TAIL].concat();
        let (mut rest, mut message) = (&input[..], Vec::new());
        loop {
            let (status, read, made) = decompress(
                &mut self.state,
                rest,
                &mut self.window,
                self.at,
                TINFL_FLAG_HAS_MORE_INPUT,
            );
            rest = &rest[read..];
            message.extend_from_slice(&self.window[self.at..self.at + made]);
            self.at = (self.at + made) % self.window.len();
            match status {
                TINFLStatus::HasMoreOutput => {}
                TINFLStatus::NeedsMoreInput if rest.is_empty() => return Ok(message),
                other => return Err(other),
            }
        }
    }
}

/// RFC 7692 §7.2.1, by the book: a message, with what the messages before it left in the window.
pub(crate) fn compress(compressor: &mut CompressorOxide, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0; payload.len() * 2 + 1024];
    let result = deflate(compressor, payload, &mut out, MZFlush::Sync);
    assert_eq!(result.status, Ok(MZStatus::Ok));
    assert_eq!(result.bytes_consumed, payload.len());
    out.truncate(result.bytes_written);
    if payload.is_empty() && out.is_empty() {
        return vec![0];
    }
    assert!(out.ends_with(&TAIL));
    out.truncate(out.len() - TAIL.len());
    out
}

pub(crate) fn compressor() -> CompressorOxide {
    CompressorOxide::new(create_comp_flags_from_zip_params(6, -15, 0))
}

/// The parameters of one side alone: `sender` is the one that they bind.
pub(crate) fn params(sender: Role, no_context_takeover: bool, window_bits: u8) -> DeflateParams {
    let free = DeflateParams::default();
    match sender {
        Role::Server => DeflateParams {
            server_no_context_takeover: no_context_takeover,
            server_max_window_bits: window_bits,
            ..free
        },
        Role::Client => DeflateParams {
            client_no_context_takeover: no_context_takeover,
            client_max_window_bits: window_bits,
            ..free
        },
    }
}

pub(crate) fn socket(role: Role, params: DeflateParams) -> WebSocket {
    let connection = match role {
        Role::Server => Connection::server(Limits::default()),
        Role::Client => Connection::client(Limits::default(), || KEY),
    };
    WebSocket::with_deflate(connection, params)
}

/// Compresses everything, in one frame.
pub(crate) fn outbound() -> Outbound {
    Outbound::new(SendOptions {
        compress_from_bytes: 0,
        max_frame_bytes: usize::MAX,
        ..SendOptions::default()
    })
}

pub(crate) fn send(socket: &mut WebSocket, payload: &[u8], outbound: &mut Outbound) -> Vec<u8> {
    let mut out = Vec::new();
    socket
        .send(Message::Binary(payload), Compression::Auto, outbound, &mut out)
        .expect("an open connection");
    out
}

/// The frames of one message, taken apart by hand: whether it is compressed, and its payload.
pub(crate) fn message(mut wire: &[u8]) -> (bool, Vec<u8>) {
    let (compressed, mut payload) = (wire[0] & 0x40 != 0, Vec::new());
    let mut first = true;
    while let [start, length, rest @ ..] = wire {
        assert_eq!(start & 0x0f, if first { 2 } else { 0 }, "the opcode is that of the fragment");
        assert_eq!(start & 0x40 != 0, first && compressed, "RSV1 is on the first frame alone");
        let (len, rest) = match length & 0x7f {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            127 => {
                let len = u64::from_be_bytes(rest[..8].try_into().expect("eight bytes"));
                (usize::try_from(len).expect("a length"), &rest[8..])
            }
            len => (usize::from(len), rest),
        };
        let (key, rest) = match length & 0x80 {
            0 => (None, rest),
            _ => (rest.first_chunk::<4>(), &rest[4..]),
        };
        let at = payload.len();
        payload.extend_from_slice(&rest[..len]);
        if let Some(key) = key {
            mask(&mut payload[at..], *key);
        }
        wire = &rest[len..];
        assert_eq!(start & 0x80 != 0, wire.is_empty(), "FIN is on the last frame");
        first = false;
    }
    (compressed, payload)
}

pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x1234_5678_u32;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    (0..len).map(next).collect()
}

/// Messages with something far apart, something close, nothing, and nothing to be found.
pub(crate) fn payloads() -> Vec<Vec<u8>> {
    let far = [&noise(1500)[..], &noise(1500)].concat();
    vec![
        b"Hello".to_vec(),
        b"Hello".to_vec(),
        Vec::new(),
        b"{\"channel\":\"news\",\"data\":\"news\"}".repeat(30),
        far.clone(),
        noise(40_000),
        vec![0; 100_000],
        far,
        b"Hello".to_vec(),
    ]
}

/// A compressed message in frames of at most `frame_bytes`, from `sender`.
pub(crate) fn frames(packed: &[u8], frame_bytes: usize, sender: Role) -> Vec<u8> {
    let count = packed.chunks(frame_bytes).count();
    let mut wire = Vec::new();
    for (index, piece) in packed.chunks(frame_bytes).enumerate() {
        let fin = if index + 1 == count { 0x80 } else { 0 };
        wire.push(fin | if index == 0 { 0x42 } else { 0 });
        let mask_bit = if sender == Role::Client { 0x80 } else { 0 };
        match u8::try_from(piece.len()) {
            Ok(len @ 0..=125) => wire.push(mask_bit | len),
            _ => {
                wire.push(mask_bit | 126);
                let len = u16::try_from(piece.len()).expect("short frames");
                wire.extend_from_slice(&len.to_be_bytes());
            }
        }
        let mut payload = piece.to_vec();
        if sender == Role::Client {
            wire.extend_from_slice(&KEY);
            mask(&mut payload, KEY);
        }
        wire.extend_from_slice(&payload);
    }
    wire
}

/// Noise twice, one byte further apart than a window is long: to a sender that looks back no further
/// than that, the second half is as new as the first.
pub(crate) fn beyond(window_bits: u8) -> Vec<u8> {
    noise((1 << window_bits) + 1).repeat(2)
}
