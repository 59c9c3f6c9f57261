//! Attacks on frames and messages that have broken others, each with what has to come of it.
//! `advisories.md` lists them, and says which tests elsewhere belong to them.

mod simulated;

use std::cell::Cell;
use std::time::Duration;

use allocation_counter::measure;
use longwire::{
    ApiMisuse, CloseCode, Connection, ControlFrames, Event, Inbound, Input, Limits, Message,
    ProtocolError, State, WebSocket, apply_mask,
};
use simulated::{frame, open, refusal, simulation};

const LIMIT: u64 = 1 << 20;

/// Gives `wire` to `socket` in one read, and drops what it hands out: how it ended, how many
/// messages there were.
fn receive(
    socket: &mut WebSocket,
    inbound: &mut Inbound,
    wire: &mut [u8],
) -> (Result<(), ProtocolError>, usize) {
    let (mut input, mut control, mut messages) = (Input::new(wire), ControlFrames::new(), 0);
    loop {
        match socket.receive(&mut input, &mut control, inbound) {
            Ok(Some(event)) => messages += usize::from(event.message().is_some()),
            Ok(None) => return (Ok(()), messages),
            Err(error) => return (Err(error), messages),
        }
        control.poll_transmit();
    }
}

fn server() -> WebSocket {
    WebSocket::new(Connection::server(Limits::default()))
}

/// The header of a binary frame that claims this length, up to where the masking key would stand.
fn header(claimed: u64, masked: bool) -> Vec<u8> {
    [&[0x82, if masked { 0xff } else { 0x7f }], &claimed.to_be_bytes()[..]].concat()
}

#[test]
fn t30_declared_length_beyond_the_limit_fails_at_the_header_and_allocates_nothing() {
    let table = [
        (1 << 63, ProtocolError::LengthOverflow, 1002),
        (u64::MAX, ProtocolError::LengthOverflow, 1002),
        ((1 << 63) - 1, ProtocolError::MessageTooBig, 1009),
        (1 << 32, ProtocolError::MessageTooBig, 1009),
        (LIMIT + 1, ProtocolError::MessageTooBig, 1009),
    ];
    for (claimed, error, code) in table {
        for is_server in [true, false] {
            let mut socket = match is_server {
                true => server(),
                false => WebSocket::new(Connection::client(Limits::default(), || [0; 4])),
            };
            let (mut wire, mut inbound) = (header(claimed, is_server), Inbound::new());
            let mut outcome = (Ok(()), 0);
            let cost = measure(|| outcome = receive(&mut socket, &mut inbound, &mut wire));
            assert_eq!((outcome, error.code().value()), ((Err(error), 0), code), "{claimed:x}");
            assert_eq!(cost.count_total, 0, "{claimed:x}: {cost:?}");
        }
        let mut simulation = simulation(|_| {});
        let client = open(&mut simulation, "");
        client.send(&header(claimed, true));
        simulation.run();
        let close = client.receive();
        assert_eq!((close[0], &close[2..4]), (0x88, &u16::to_be_bytes(code)[..]), "{claimed:x}");
        assert!(client.is_ended());
        assert_eq!(simulation.connections_with_buffers(), 0);
        assert!(simulation.run_for(Duration::from_secs(1)) <= 2, "nothing is left to do");
        client.end_stream();
        simulation.run();
        assert_eq!((simulation.connections(), client.was_cut_off()), (0, false));
    }
}

#[test]
fn t31_lengths_near_the_greatest_numbers_wait_for_their_payload() {
    let limits = Limits { max_message_bytes: u64::MAX, ..Limits::default() };
    let greatest = [u32::MAX as u64 - 14, u32::MAX as u64, 1 << 32, i64::MAX as u64 - 14];
    for claimed in greatest.into_iter().chain([i64::MAX as u64]) {
        let mut socket = WebSocket::new(Connection::server(limits));
        let mut inbound = Inbound::new();
        let mut wire = [&header(claimed, true)[..], &[0; 4 + 100]].concat();
        for read in wire.chunks_mut(57) {
            assert_eq!(receive(&mut socket, &mut inbound, read), (Ok(()), 0), "{claimed:x}");
        }
        assert!(socket.connection().is_receiving_message());
        // As a second fragment, where the sum is looked at.
        let mut socket = WebSocket::new(Connection::server(limits));
        let mut wire =
            [&b"\x02\x81\0\0\0\0a\x80"[..], &header(claimed, true)[1..], &[0; 4]].concat();
        assert_eq!(receive(&mut socket, &mut inbound, &mut wire), (Ok(()), 0), "{claimed:x}");
    }
}

#[test]
fn t32_messages_without_their_last_byte_cost_what_has_come() {
    const CONNECTIONS: usize = 1_000;
    const RECEIVED: usize = 1_000;
    let wire = [&header(LIMIT - 1, true)[..], &[0; 4], &[b'a'; RECEIVED]].concat();
    let mut inbound = Inbound::new();
    let mut sockets: Vec<WebSocket> = (0..CONNECTIONS).map(|_| server()).collect();
    let mut reads: Vec<Vec<u8>> = vec![wire; CONNECTIONS];
    let cost = measure(|| {
        for (socket, read) in sockets.iter_mut().zip(&mut reads) {
            assert_eq!(receive(socket, &mut inbound, read), (Ok(()), 0));
        }
    });
    let most = CONNECTIONS as i64 * (RECEIVED as i64 * 2 + 512);
    assert!((0..=most).contains(&cost.bytes_current), "{cost:?}");
    // The rest has a deadline, whatever else comes.
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation, "");
    client.send(&[&header(LIMIT - 1, true)[..], &[0; 4]].concat());
    for _ in 0..59 {
        client.send(b"a");
        simulation.run_for(Duration::from_secs(1));
    }
    assert!(!client.is_ended());
    simulation.run_for(Duration::from_millis(1_100));
    let close = client.receive();
    assert_eq!((close[0], &close[2..4]), (0x88, &u16::to_be_bytes(1008)[..]), "{close:02x?}");
}

#[test]
fn t33_a_message_in_single_bytes_is_one_growing_buffer() {
    let len = 100_000_usize;
    let mut head = [&header(len as u64, true)[..], &[0; 4]].concat();
    let (mut socket, mut inbound) = (server(), Inbound::new());
    assert_eq!(receive(&mut socket, &mut inbound, &mut head), (Ok(()), 0));
    let mut messages = 0;
    let cost = measure(|| {
        for _ in 0..len {
            let (outcome, complete) = receive(&mut socket, &mut inbound, &mut [b'a']);
            assert_eq!(outcome, Ok(()));
            messages += complete;
        }
    });
    assert_eq!(messages, 1);
    assert!(cost.count_total < 64, "not one for each read: {cost:?}");
    assert!(cost.bytes_max <= 2 * len as u64 + 512, "{cost:?}");
}

#[test]
fn t34_fragments_without_end_fail_where_their_sum_passes_the_limit() {
    let fragment = 256 * 1024;
    let (mut socket, mut inbound) = (server(), Inbound::new());
    for number in 0..4 {
        let first = if number == 0 { 0x02 } else { 0x00 };
        let mut wire = frame(first, &vec![b'a'; fragment]);
        assert_eq!(receive(&mut socket, &mut inbound, &mut wire), (Ok(()), 0), "{number}");
    }
    // Not one byte more: decided by the two bytes that say so. Empty ones change nothing.
    assert_eq!(receive(&mut socket, &mut inbound, &mut frame(0x00, b"")), (Ok(()), 0));
    let mut one_more = [0x00, 0x81];
    let failed = (Err(ProtocolError::MessageTooBig), 0);
    assert_eq!(receive(&mut socket, &mut inbound, &mut one_more), failed);
    assert_eq!(ProtocolError::MessageTooBig.code().value(), 1009);
}

#[test]
fn t35_empty_fragments_cost_nothing_and_are_counted() {
    let limits = Limits::default();
    let (mut socket, mut inbound) = (server(), Inbound::new());
    assert_eq!(receive(&mut socket, &mut inbound, &mut frame(0x02, b"")), (Ok(()), 0));
    let mut empty = frame(0x00, b"").repeat(limits.max_fragments as usize - 1);
    let mut outcome = (Ok(()), 0);
    let cost = measure(|| outcome = receive(&mut socket, &mut inbound, &mut empty));
    assert_eq!(outcome, (Ok(()), 0));
    assert_eq!(cost.count_total, 0, "{cost:?}");
    let failed = (Err(ProtocolError::TooManyFragments), 0);
    assert_eq!(receive(&mut socket, &mut inbound, &mut frame(0x00, b"")), failed);
    assert_eq!(ProtocolError::TooManyFragments.code().value(), 1008);
}

#[test]
fn t37_pongs_that_nobody_asked_for_allocate_nothing() {
    let (mut socket, mut inbound) = (server(), Inbound::new());
    let mut pongs = frame(0x8a, &[b'p'; 125]).repeat(1_000);
    let cost = measure(|| {
        for _ in 0..100 {
            // They are unmasked in place, which a second time masks them: nobody minds.
            assert_eq!(receive(&mut socket, &mut inbound, &mut pongs), (Ok(()), 0));
        }
    });
    assert_eq!(cost.count_total, 0, "{cost:?}");
    assert_eq!(socket.connection().state(), State::Open);
}

#[test]
fn t39_the_close_that_is_sent_is_the_reason_that_was_given() {
    let longest = "\u{20ac}".repeat(41);
    for reason in ["", "a", "gr\u{fc}\u{df}e \u{1f980}", "\0", &longest] {
        let mut control = ControlFrames::new();
        let mut connection = Connection::server(Limits::default());
        connection.close(CloseCode::NORMAL, reason, &mut control).expect("a Close that fits");
        let body = [&[0x03, 0xe8], reason.as_bytes()].concat();
        let len = u8::try_from(body.len()).expect("at most 125");
        assert_eq!(control.poll_transmit(), Some(&[&[0x88, len], &body[..]].concat()[..]));
    }
    let mut control = ControlFrames::new();
    let mut connection = Connection::server(Limits::default());
    let too_long = longest + "a";
    let refused = connection.close(CloseCode::NORMAL, &too_long, &mut control);
    assert_eq!(refused, Err(ApiMisuse::CloseReasonTooLong));
    assert!(control.is_empty());
}

#[test]
fn t40_the_end_of_the_stream_at_any_byte_is_one_end_and_no_work() {
    let sent = [frame(0x01, b"frag"), frame(0x89, b"p"), frame(0x80, b"ment")].concat();
    for cut in 0..sent.len() {
        let mut simulation = simulation(|_| {});
        let client = open(&mut simulation, "");
        client.send(&sent[..cut]);
        client.end_stream();
        assert!(simulation.run_for(Duration::from_secs(1)) < 10, "cut at {cut}");
        assert!(client.is_closed() && !client.was_cut_off());
        let closures = &simulation.application().closures;
        assert_eq!(closures.len(), 1, "cut at {cut}");
        assert_eq!((closures[0].code, closures[0].failure), (CloseCode::ABNORMAL, None));
        assert_eq!((simulation.connections(), simulation.run()), (0, 1));
    }
}

thread_local! {
    static KEYS: Cell<u32> = const { Cell::new(0) };
}

fn next_key() -> [u8; 4] {
    KEYS.with(|keys| {
        keys.set(keys.get() + 1);
        keys.get().wrapping_mul(0x9e37_79b9).to_be_bytes()
    })
}

/// Whatever the source of the keys gives, which is the caller's generator, masks one frame.
#[test]
fn t42_every_frame_of_a_client_has_the_next_key_of_its_source() {
    let mut client = Connection::client(Limits::default(), next_key);
    let (mut control, mut out) = (ControlFrames::new(), [0; 64]);
    for number in 0..100_000_u32 {
        let mut fragment = |client: &mut Connection, last| {
            let len = client.encode_fragment(Message::Binary(b"Hello"), last, &mut out);
            out[..len.expect("it fits")].to_vec()
        };
        let wire = match number % 8 {
            1 | 6 => fragment(&mut client, true),
            5 => fragment(&mut client, false),
            2 => {
                client.ping(b"Hello", &mut control).expect("room");
                control.poll_transmit().expect("a Ping").to_vec()
            }
            3 | 7 => {
                let mut ping = *b"\x89\x05Hello";
                let event = client.receive(&mut Input::new(&mut ping), &mut control);
                assert_eq!(event, Ok(Some(Event::Ping(b"Hello"))));
                control.poll_transmit().expect("a Pong").to_vec()
            }
            _ => {
                let len = client.encode(Message::Text("Hello"), &mut out).expect("it fits");
                out[..len].to_vec()
            }
        };
        let key = (number + 1).wrapping_mul(0x9e37_79b9).to_be_bytes();
        let mut payload = *b"Hello";
        apply_mask(&mut payload, key);
        assert_eq!(wire[1], 0x85, "frame {number}");
        assert_eq!((&wire[2..6], &wire[6..]), (&key[..], &payload[..]), "frame {number}");
    }
    assert_eq!(KEYS.with(Cell::get), 100_000, "one for each frame, and none for anything else");
}

#[test]
fn t43_the_framing_and_the_handshake_of_the_drafts_are_not_spoken() {
    // draft-ietf-hybi-thewebsocketprotocol-00: no version, two keys, eight bytes behind the head.
    let hixie = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\r\nSec-WebSocket-Key2: 12998 5 Y3 1  .P00\r\n\
        Origin: http://a\r\n\r\n^n:ds[4U";
    let answer = refusal(hixie);
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer:?}");
    assert!(answer.contains("\r\nSec-WebSocket-Version: 13\r\n"), "{answer:?}");
    // Its text frames begin with 00, and the ones with a length with 80: both are continuations.
    let drafts: [&mut [u8]; 2] = [&mut b"\x00Hello\xff".clone(), &mut b"\x80\xff\xff\xff".clone()];
    for wire in drafts {
        let (outcome, _) = receive(&mut server(), &mut Inbound::new(), wire);
        let error = outcome.expect_err("no frame of version 13");
        assert_eq!(error.code().value(), 1002, "{error:?}");
    }
}

#[test]
fn t44_masking_and_utf8_touch_nothing_beside_their_bytes_at_any_alignment() {
    let text = "a\u{7ff}\u{800}\u{10ffff}z".repeat(400);
    for offset in 0..16 {
        for len in (0..130).chain((131..4096).step_by(127)) {
            let mut memory = vec![0xff_u8; offset];
            memory.extend_from_slice(&text.as_bytes()[..len]);
            memory.extend_from_slice(&[0xff; 16]);
            let range = offset..offset + len;
            let sound = text.is_char_boundary(len);
            let mut utf8 = longwire::Utf8::default();
            // Bytes that no text has stand on both sides.
            assert_eq!(utf8.push(&memory[range.clone()]), Ok(()));
            assert_eq!(utf8.finish().is_ok(), sound, "{len} at {offset}");
            let before = memory.clone();
            let key = [0x37, 0xfa, 0x21, 0x3d];
            let next = apply_mask(&mut memory[range.clone()], key);
            let masked = |(index, byte): (usize, &u8)| match range.contains(&index) {
                true => byte ^ key[(index - offset) % 4],
                false => *byte,
            };
            assert!(memory.iter().copied().eq(before.iter().enumerate().map(masked)));
            assert_eq!(next[0], key[len % 4]);
        }
    }
}
