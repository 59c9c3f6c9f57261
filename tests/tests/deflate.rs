//! permessage-deflate against an implementation that we do not use: `miniz_oxide` inflates what we
//! send, with a window of exactly the size agreed to, and compresses what we receive.

use longwire::handshake::DeflateParams;
use longwire::{
    ApiMisuse, Compression, Connection, ControlFrames, Event, Inbound, Input, Limits, Message,
    Outbound, Prepared, Role, SendOptions, WebSocket,
};
use longwire_tests::notation::mask;
use longwire_tests::vector::KEY;
use miniz_oxide::deflate::core::{CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::deflate::stream::deflate;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use miniz_oxide::{MZFlush, MZStatus};

const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
const ROLES: [Role; 2] = [Role::Server, Role::Client];

/// A receiver with a window of its own, which is all that it can look back to.
struct Peer {
    state: Box<DecompressorOxide>,
    window: Vec<u8>,
    at: usize,
}

impl Peer {
    fn new(window_bits: u8) -> Self {
        Self { state: Box::default(), window: vec![0; 1 << window_bits], at: 0 }
    }

    /// RFC 7692 §7.2.2, by the book.
    fn inflate(&mut self, data: &[u8]) -> Result<Vec<u8>, TINFLStatus> {
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
fn compress(compressor: &mut CompressorOxide, payload: &[u8]) -> Vec<u8> {
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

fn compressor() -> CompressorOxide {
    CompressorOxide::new(create_comp_flags_from_zip_params(6, -15, 0))
}

/// The parameters of one side alone: `sender` is the one that they bind.
fn params(sender: Role, no_context_takeover: bool, window_bits: u8) -> DeflateParams {
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

fn socket(role: Role, params: DeflateParams) -> WebSocket {
    let connection = match role {
        Role::Server => Connection::server(Limits::default()),
        Role::Client => Connection::client(Limits::default(), || KEY),
    };
    WebSocket::with_deflate(connection, params)
}

/// Compresses everything, in one frame.
fn outbound() -> Outbound {
    Outbound::new(SendOptions {
        compress_from_bytes: 0,
        max_frame_bytes: usize::MAX,
        ..SendOptions::default()
    })
}

fn send(socket: &mut WebSocket, payload: &[u8], outbound: &mut Outbound) -> Vec<u8> {
    let mut out = Vec::new();
    socket
        .send(Message::Binary(payload), Compression::Auto, outbound, &mut out)
        .expect("an open connection");
    out
}

/// The frames of one message, taken apart by hand: whether it is compressed, and its payload.
fn message(mut wire: &[u8]) -> (bool, Vec<u8>) {
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

fn noise(len: usize) -> Vec<u8> {
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
fn payloads() -> Vec<Vec<u8>> {
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

/// RFC 7692 §7.1.1, §7.1.2: what we send can be inflated by a peer that keeps exactly the window
/// that was agreed to, and no more.
#[test]
fn rfc7692_s7_1_what_we_send_keeps_to_the_agreement() {
    for role in ROLES {
        for no_context_takeover in [true, false] {
            for window_bits in 9..=15 {
                let params = params(role, no_context_takeover, window_bits);
                let (mut socket, mut outbound) = (socket(role, params), outbound());
                let mut peer = Peer::new(window_bits);
                for (index, payload) in payloads().iter().enumerate() {
                    if no_context_takeover {
                        peer = Peer::new(window_bits);
                    }
                    let (compressed, data) = message(&send(&mut socket, payload, &mut outbound));
                    let got = if compressed { peer.inflate(&data) } else { Ok(data) };
                    let what = format!("{role:?}, {params:?}, message {index}");
                    assert_eq!(got.as_deref(), Ok(&payload[..]), "{what}");
                }
            }
        }
    }
}

/// The peer of the test above does tell: a larger window than agreed to, or a context that should
/// be gone, and it fails.
#[test]
fn a_peer_with_less_than_the_sender_uses_fails() {
    let far = &payloads()[4];
    let (mut full, mut outbound) = (socket(Role::Server, DeflateParams::default()), outbound());
    let (compressed, data) = message(&send(&mut full, far, &mut outbound));
    assert!(compressed);
    assert_eq!(Peer::new(15).inflate(&data).as_deref(), Ok(&far[..]));
    assert_ne!(Peer::new(9).inflate(&data).as_deref(), Ok(&far[..]));
    let (_, again) = message(&send(&mut full, far, &mut outbound));
    assert!(again.len() < 100, "it refers to the message before: {} bytes", again.len());
    assert_ne!(Peer::new(15).inflate(&again).as_deref(), Ok(&far[..]));
}

/// RFC 7692 §7.2.3.1, §7.2.3.2: the RFC's own bytes, with and without the window of the first.
#[test]
fn rfc7692_s7_2_3_2_context_takeover_by_the_sender() {
    let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    for role in ROLES {
        for (no_context_takeover, second) in [(true, &hello[..]), (false, b"\xf2\x00\x11\x00\x00")]
        {
            let mut socket = socket(role, params(role, no_context_takeover, 15));
            let mut outbound = outbound();
            // Where the context is dropped, a message that gets longer goes as it is: repeat it.
            let payload = if no_context_takeover { &b"HelloHelloHello"[..] } else { b"Hello" };
            let first = message(&send(&mut socket, payload, &mut outbound));
            let again = message(&send(&mut socket, payload, &mut outbound));
            if no_context_takeover {
                assert_eq!(first, again, "each message stands alone");
                assert!(first.0);
                assert_eq!(Peer::new(15).inflate(&again.1).as_deref(), Ok(payload));
            } else {
                assert_eq!(first, (true, hello.to_vec()));
                assert_eq!(again, (true, second.to_vec()));
            }
        }
    }
}

/// RFC 7692 §7.1.1: the two directions have agreements of their own.
#[test]
fn rfc7692_s7_1_1_each_direction_has_its_own_context() {
    for role in ROLES {
        let other = if role == Role::Server { Role::Client } else { Role::Server };
        // The other side keeps no context; ours does.
        let mut ours = socket(role, params(other, true, 15));
        let mut outbound = outbound();
        send(&mut ours, b"Hello", &mut outbound);
        let again = message(&send(&mut ours, b"Hello", &mut outbound));
        assert_eq!(again, (true, b"\xf2\x00\x11\x00\x00".to_vec()), "{role:?}");
    }
}

/// Whatever another implementation compresses, we inflate: with its window kept and dropped, in
/// one frame and in frames of one byte.
#[test]
fn rfc7692_s7_2_2_what_we_receive() {
    for role in ROLES {
        let sender = if role == Role::Server { Role::Client } else { Role::Server };
        for no_context_takeover in [true, false] {
            let mut ours = socket(role, params(sender, no_context_takeover, 15));
            let (mut inbound, mut control) = (Inbound::new(), ControlFrames::new());
            let mut theirs = compressor();
            for (index, payload) in payloads().iter().enumerate() {
                if no_context_takeover {
                    theirs = compressor();
                }
                let packed = compress(&mut theirs, payload);
                let frame_bytes = if packed.len() < 200 { 1 } else { 10_000 };
                let mut wire = frames(&packed, frame_bytes, sender);
                let mut input = Input::new(&mut wire);
                let event = ours.receive(&mut input, &mut control, &mut inbound);
                let what = format!("{role:?}, {no_context_takeover}, message {index}");
                assert_eq!(event, Ok(Some(Event::Binary(payload))), "{what}");
                assert!(input.is_empty(), "{what}");
            }
        }
    }
}

/// A compressed message in frames of at most `frame_bytes`, from `sender`.
fn frames(packed: &[u8], frame_bytes: usize, sender: Role) -> Vec<u8> {
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

/// Compression is a matter of each message: its length, what the caller says, and what it gains.
#[test]
fn a_message_goes_as_it_is_where_that_is_better() {
    let alone = params(Role::Server, true, 15);
    let kept = params(Role::Server, false, 15);
    let noise = noise(1000);
    let text = b"news ".repeat(20);
    let threshold = SendOptions { compress_from_bytes: 100, ..SendOptions::default() };
    let table: &[(&str, DeflateParams, &[u8], Compression, bool)] = &[
        ("long enough", alone, &text, Compression::Auto, true),
        ("too short", alone, &text[..99], Compression::Auto, false),
        ("never", alone, &text, Compression::Never, false),
        ("never, with a context", kept, &text, Compression::Never, false),
        ("no gain", alone, &noise, Compression::Auto, false),
        // What went through the compressor is in its window, so the peer has to have it too.
        ("no gain, with a context", kept, &noise, Compression::Auto, true),
    ];
    for (name, params, payload, compression, expected) in table {
        let (mut socket, mut outbound) = (socket(Role::Server, *params), Outbound::new(threshold));
        let mut out = Vec::new();
        let sent = socket.send(Message::Binary(payload), *compression, &mut outbound, &mut out);
        assert_eq!(sent, Ok(()), "{name}");
        assert_eq!(message(&out).0, *expected, "{name}");
    }
}

/// RFC 7692 §6.1: a compressed message in fragments has RSV1 on the first alone.
#[test]
fn rfc7692_s6_1_a_compressed_message_in_fragments() {
    let payload = noise(5000);
    for max_frame_bytes in [1, 7, 126, 4096] {
        let options = SendOptions { max_frame_bytes, ..SendOptions::default() };
        let mut outbound = Outbound::new(options);
        for role in ROLES {
            let mut socket = socket(role, params(role, false, 15));
            let wire = send(&mut socket, &payload, &mut outbound);
            let (compressed, data) = message(&wire);
            assert!(compressed && data.len() > 4096, "several frames of every size");
            assert_eq!(Peer::new(15).inflate(&data).as_deref(), Ok(&payload[..]));
        }
    }
}

/// A prepared message was compressed with an empty window. The peer's window has it afterwards,
/// whatever ours has: all that follows has to inflate there.
#[test]
fn a_prepared_message_between_messages_with_context() {
    let text = b"Hello Hello Hello ".repeat(10);
    let mut outbound = outbound();
    let prepared = Prepared::new(Message::Binary(&text), Compression::Auto, &mut outbound);
    let prepared = prepared.expect("memory");
    let compressed = prepared.compressed().expect("it gets shorter").clone();
    assert_eq!(Peer::new(15).inflate(&message(&compressed).1).as_deref(), Ok(&text[..]));

    for no_context_takeover in [true, false] {
        let mut socket = socket(Role::Server, params(Role::Server, no_context_takeover, 15));
        let mut peer = Peer::new(15);
        for index in 0..6 {
            let wire = if index % 2 == 0 {
                send(&mut socket, &text, &mut outbound)
            } else {
                socket.send_prepared(&prepared).expect("an open connection").to_vec()
            };
            if no_context_takeover {
                peer = Peer::new(15);
            }
            let (is_compressed, data) = message(&wire);
            assert!(is_compressed);
            assert_eq!(peer.inflate(&data).as_deref(), Ok(&text[..]), "message {index}");
        }
    }
    // A smaller window than it was made for, or no compression at all: it goes as it is.
    let mut small = socket(Role::Server, params(Role::Server, true, 14));
    assert_eq!(small.send_prepared(&prepared), Ok(prepared.plain()));
    let mut plain = WebSocket::new(Connection::server(Limits::default()));
    assert_eq!(plain.send_prepared(&prepared), Ok(prepared.plain()));
    let mut client = socket(Role::Client, DeflateParams::default());
    assert_eq!(client.send_prepared(&prepared), Err(ApiMisuse::PreparedByClient));
}
