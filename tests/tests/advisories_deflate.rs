//! Attacks through permessage-deflate that have broken others, each with what has to come of it.
//! `advisories.md` lists them, and says which tests elsewhere belong to them.

mod simulated;

use allocation_counter::{AllocationInfo, measure};
use longwire::handshake::{DeflateParams, DeflatePolicy};
use longwire::{
    Compression, Connection, ControlFrames, Event, Inbound, Input, Limits, Message, Outbound,
    ProtocolError, SendOptions, WebSocket,
};
use longwire_tests::vector::close_frame;
use simulated::{open, simulation};

const KEY: [u8; 4] = [1, 2, 3, 4];
const MIB: usize = 1 << 20;
/// What a decoder and its scratch memory take.
const DECODER_BYTES: i64 = 64 * 1024;
/// What `Outbound` says of a compressor with a window of 15 bits.
const DEFLATER_BYTES: i64 = 384 * 1024;
const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

fn no_context_takeover() -> DeflateParams {
    DeflateParams {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        ..DeflateParams::default()
    }
}

fn server(params: DeflateParams) -> WebSocket {
    WebSocket::with_deflate(Connection::server(Limits::default()), params)
}

/// So many messages of so many zeros, from a client, one frame each.
fn zeros(len: usize, params: DeflateParams) -> Vec<u8> {
    let connection = Connection::client(Limits::default(), || KEY);
    let mut client = WebSocket::with_deflate(connection, params);
    let options = SendOptions { max_frame_bytes: usize::MAX, ..SendOptions::default() };
    let (mut outbound, mut out) = (Outbound::new(options), Vec::new());
    let sent =
        client.send(Message::Binary(&vec![0; len]), Compression::Auto, &mut outbound, &mut out);
    sent.expect("an open connection");
    out
}

/// A masked frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    simulated::frame(first, payload)
}

/// The payload of a masked frame.
fn payload_of(frame: &[u8]) -> Vec<u8> {
    let at = match frame[1] & 0x7f {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    let key: [u8; 4] = frame[at..at + 4].try_into().expect("a key");
    let mut payload = frame[at + 4..].to_vec();
    longwire::apply_mask(&mut payload, key);
    payload
}

/// Everything that comes of one read: each event or failure, and what it cost.
fn receive(
    socket: &mut WebSocket,
    inbound: &mut Inbound,
    wire: &mut [u8],
) -> (Vec<Result<usize, ProtocolError>>, AllocationInfo) {
    let (mut input, mut control) = (Input::new(wire), ControlFrames::new());
    let mut seen = Vec::with_capacity(16);
    let cost = measure(|| {
        loop {
            match socket.receive(&mut input, &mut control, inbound) {
                Ok(Some(Event::Binary(data))) => seen.push(Ok(data.len())),
                Ok(Some(_)) => seen.push(Ok(0)),
                Ok(None) => break,
                Err(error) => {
                    seen.push(Err(error));
                    break;
                }
            }
        }
    });
    (seen, cost)
}

#[test]
fn t50_a_bomb_in_one_frame_or_in_fragments_costs_its_limit_and_the_decoder() {
    let params = no_context_takeover();
    let bomb = payload_of(&zeros(16 * MIB, params));
    assert!(bomb.len() * 900 < 16 * MIB, "{}", bomb.len());
    let mut fragments: Vec<u8> =
        bomb.chunks(1_000).skip(1).flat_map(|part| frame(0x00, part)).collect();
    fragments.splice(0..0, frame(0x42, &bomb[..1_000]));
    for wire in [frame(0xc2, &bomb), fragments] {
        let (mut socket, mut inbound) = (server(params), Inbound::new());
        let (seen, cost) = receive(&mut socket, &mut inbound, &mut wire.clone());
        assert_eq!(seen, [Err(ProtocolError::MessageTooBig)]);
        assert_eq!(ProtocolError::MessageTooBig.code().value(), 1009);
        // The counter takes a buffer that grows for a new one beside the old, and the last time it
        // grows from one half of the limit to all of it, and half a page beside.
        let peak = i64::try_from(cost.bytes_max).expect("a size");
        assert!(peak <= (MIB + MIB / 2 + 2048) as i64 + DECODER_BYTES, "{cost:?}");
        assert!(cost.bytes_current <= DECODER_BYTES, "{cost:?}");
    }
    // 6 MiB on the wire, which would be 6 GiB, are over the limit as they are.
    let mut header = [&[0xc2, 0xff], &(6 * MIB as u64).to_be_bytes()[..]].concat();
    let (seen, cost) = receive(&mut server(params), &mut Inbound::new(), &mut header);
    assert_eq!((seen, cost.count_total), (vec![Err(ProtocolError::MessageTooBig)], 0));
    // At the very beginning of a connection, before it could say who it is.
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation, OFFER);
    client.send(&frame(0xc2, &bomb));
    simulation.run();
    assert_eq!(client.receive(), close_frame(1009, ProtocolError::MessageTooBig.reason(), None));
    assert!(client.is_ended());
    assert_eq!((simulation.application().messages, simulation.connections_with_buffers()), (0, 0));
}

#[test]
fn t51_a_bomb_with_damage_behind_its_limit_is_one_error_and_nothing_after_it() {
    let params = no_context_takeover();
    // Whole, then a block of type 3.
    let mut bomb = payload_of(&zeros(4 * MIB, params));
    bomb.extend_from_slice(&[0x00, 0x00, 0xff, 0xff, 0x07]);
    let (mut socket, mut inbound) = (server(params), Inbound::new());
    let mut control = ControlFrames::new();
    let mut wire = [frame(0xc2, &bomb), frame(0x81, b"behind it")].concat();
    let mut input = Input::new(&mut wire);
    let failed = Err(ProtocolError::MessageTooBig);
    assert_eq!(socket.receive(&mut input, &mut control, &mut inbound), failed);
    assert!(input.is_empty());
    let close = close_frame(1009, ProtocolError::MessageTooBig.reason(), None);
    assert_eq!(control.poll_transmit(), Some(&close[..]));
    let mut later = frame(0xc2, &[0x07, 0x00]);
    for _ in 0..3 {
        let again = socket.receive(&mut Input::new(&mut later), &mut control, &mut inbound);
        assert_eq!(again, failed);
        assert!(control.poll_transmit().is_none(), "one Close");
    }
    assert_eq!(socket.connection().closure().and_then(|closure| closure.failure), failed.err());
}

#[test]
fn t52_damaged_deflate_is_1007_and_the_decoder_serves_the_next_connection() {
    let table: [(&str, &[u8]); 12] = [
        ("block type 3", b"\x07\x00"),
        ("a stored length that is not repeated", b"\x00\x05\x00\x00\x00Hello"),
        ("a stored block cut off", b"\x00\x05\x00\xfa\xffHe"),
        ("287 literal codes", b"\xf4\x00\x00\x00\x00"),
        ("288 literal codes", b"\xfc\x00\x00\x00\x00"),
        ("31 distance codes", b"\x04\x1e\x00\x00\x00"),
        ("more codes than fit", b"\x04\xe0\x93\x24\x49\x92\x24\x49\x92\x00\x00\x00"),
        ("no codes at all", b"\x04\x00\x00\x00\x00\x00\x00\x00"),
        ("distance code 30", b"\x4a\x04\x3e\x00\x00"),
        ("distance code 31", b"\x4a\x04\x7e\x00\x00"),
        ("length code 286", b"\x4a\x1c\x03\x00\x00\x00"),
        ("a distance into nothing", b"\x4a\x04\xde\xff\x0f\x00\x00"),
    ];
    let (mut inbound, params) = (Inbound::new(), DeflateParams::default());
    for (name, data) in table {
        let mut socket = server(params);
        let wire = [frame(0xc2, data), frame(0x81, b"behind it")].concat();
        let (seen, _) = receive(&mut socket, &mut inbound, &mut wire.clone());
        assert_eq!(seen, [Err(ProtocolError::DeflateInvalid)], "{name}");
        let freed = measure(|| drop(socket));
        assert_eq!(freed.bytes_current, 0, "the decoder is given back: {name}");
        let (seen, _) = receive(&mut server(params), &mut inbound, &mut zeros(1_000, params));
        assert_eq!(seen, [Ok(1_000)], "behind {name}");
    }
    assert_eq!(ProtocolError::DeflateInvalid.code().value(), 1007);
    // A hundred thousand blocks, each with nothing in it: no block costs stack.
    let empty_blocks = b"\x00\x00\x00\xff\xff".repeat(100_000);
    let mut wire = frame(0xc2, &[&empty_blocks[..], &[0x00]].concat());
    let (seen, _) = receive(&mut server(params), &mut inbound, &mut wire);
    assert_eq!(seen, [Ok(0)]);
}

/// Receives `wire`, a compressed message of 10,000 bytes, and sends one.
fn use_both_contexts(
    socket: &mut WebSocket,
    inbound: &mut Inbound,
    outbound: &mut Outbound,
    out: &mut Vec<u8>,
    wire: &[u8],
) {
    let (seen, _) = receive(socket, inbound, &mut wire.to_vec());
    assert_eq!(seen, [Ok(10_000)]);
    out.clear();
    let sent = socket.send(Message::Binary(&[0; 10_000]), Compression::Auto, outbound, out);
    sent.expect("an open connection");
    assert_eq!(out[0], 0xc2, "compressed");
}

/// So many compressed connections for each of the ways in which one can end.
fn connections_that_end(count: usize) {
    let params = DeflateParams::default();
    let ends: [(&str, &[u8]); 4] = [
        ("dropped", b""),
        ("failed", b"\x83\x80\0\0\0\0"),
        ("closed", b"\x88\x80\0\0\0\0"),
        ("inside a message", b"\x42\x82\0\0\0\0\xf2\x48"),
    ];
    let wire = zeros(10_000, params);
    for (name, end) in ends {
        let (mut inbound, mut outbound) = (Inbound::new(), Outbound::new(SendOptions::default()));
        let mut out = Vec::with_capacity(20_000);
        let mut once = |rounds: usize| {
            for _ in 0..rounds {
                let mut socket = server(params);
                use_both_contexts(&mut socket, &mut inbound, &mut outbound, &mut out, &wire);
                receive(&mut socket, &mut inbound, &mut end.to_vec());
            }
        };
        // What the thread keeps to use again is there after the first ones.
        once(10);
        let cost = measure(|| once(count));
        assert_eq!(cost.bytes_current, 0, "{name}: {cost:?}");
    }
}

#[test]
fn t53_compressed_connections_give_everything_back_however_they_end() {
    connections_that_end(100);
}

#[test]
#[ignore = "a million connections"]
fn t53_a_million_compressed_connections_give_everything_back_however_they_end() {
    connections_that_end(250_000);
}

/// So many connections with these parameters, each of which has received and sent a compressed
/// message: what each of them holds.
fn held_by_each(count: usize, params: DeflateParams) -> i64 {
    let wire = zeros(10_000, params);
    let (mut inbound, mut outbound) = (Inbound::new(), Outbound::new(SendOptions::default()));
    let mut out = Vec::with_capacity(20_000);
    let mut sockets: Vec<WebSocket> = (0..count).map(|_| server(params)).collect();
    // What the thread keeps for all of them is there after the first one.
    let (first, others) = sockets.split_first_mut().expect("a connection");
    use_both_contexts(first, &mut inbound, &mut outbound, &mut out, &wire);
    let cost = measure(|| {
        for socket in &mut *others {
            use_both_contexts(socket, &mut inbound, &mut outbound, &mut out, &wire);
        }
    });
    cost.bytes_current / i64::try_from(others.len()).expect("a small number")
}

#[test]
fn t54_contexts_that_last_cost_what_is_documented_and_a_server_keeps_none_by_default() {
    let documented = DECODER_BYTES + DEFLATER_BYTES;
    let each = held_by_each(50, DeflateParams::default());
    assert!((documented / 2..=documented).contains(&each), "{each} bytes each");
    assert_eq!(held_by_each(50, no_context_takeover()), 0);
    let policy = DeflatePolicy::default();
    assert!(policy.server_no_context_takeover && policy.client_no_context_takeover);
}

#[test]
#[ignore = "ten thousand connections, and a thousand with contexts"]
fn t54_ten_thousand_connections_hold_no_context_and_a_thousand_what_is_documented() {
    let documented = DECODER_BYTES + DEFLATER_BYTES;
    let each = held_by_each(1_000, DeflateParams::default());
    assert!((documented / 2..=documented).contains(&each), "{each} bytes each");
    assert_eq!(held_by_each(10_000, no_context_takeover()), 0);
}

#[test]
fn t55_a_message_that_is_not_to_be_compressed_is_sent_as_it_is_and_leaves_no_trace() {
    let secret = "token=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let guess = secret.repeat(2);
    let (mut socket, mut plain) =
        (server(DeflateParams::default()), server(DeflateParams::default()));
    let mut outbound = Outbound::new(SendOptions::default());
    let mut send = |socket: &mut WebSocket, text: &str, compression| {
        let mut out = Vec::new();
        socket.send(Message::Text(text), compression, &mut outbound, &mut out).expect("it is open");
        out
    };
    let sent = send(&mut socket, secret, Compression::Never);
    let len = u8::try_from(secret.len()).expect("a short secret");
    assert_eq!(sent, [&[0x81, len], secret.as_bytes()].concat());
    // What follows is as long as if the secret had never been sent.
    let with = send(&mut socket, &guess, Compression::Auto);
    let without = send(&mut plain, &guess, Compression::Auto);
    assert_eq!((with[0], &with), (0xc1, &without));
    // Where it had been compressed, it would have shown.
    let mut told = server(DeflateParams::default());
    send(&mut told, secret, Compression::Auto);
    assert!(send(&mut told, &guess, Compression::Auto).len() < with.len());
}
