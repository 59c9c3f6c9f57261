//! Attacks on frames and messages that have broken others, each with what has to come of it.
//! `advisories.md` lists them, and says which tests elsewhere belong to them.

mod simulated;

use std::time::Duration;

use allocation_counter::measure;
use longwire::{
    ApiMisuse, CloseCode, Connection, ControlFrames, Inbound, Input, Limits, ProtocolError, State,
    WebSocket,
};
use longwire_tests::vector::close_frame;
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
        assert_eq!(client.receive(), close_frame(code, error.reason(), None), "{claimed:x}");
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
fn t32_ten_thousand_messages_without_their_last_byte_cost_what_has_come() {
    const CONNECTIONS: usize = 10_000;
    const RECEIVED: usize = 1_000;
    let wire = [&header(LIMIT - 1, true)[..], &[0; 4], &[b'a'; RECEIVED]].concat();
    let (mut read, mut inbound) = (wire.clone(), Inbound::new());
    let mut sockets: Vec<WebSocket> = (0..CONNECTIONS).map(|_| server()).collect();
    let cost = measure(|| {
        for socket in &mut sockets {
            read.copy_from_slice(&wire);
            assert_eq!(receive(socket, &mut inbound, &mut read), (Ok(()), 0));
        }
    });
    let held = (CONNECTIONS * RECEIVED) as i64..=(CONNECTIONS * (RECEIVED + 512)) as i64;
    assert!(held.contains(&cost.bytes_current), "{cost:?}");
}

#[test]
fn t32_a_message_without_its_last_byte_has_a_deadline_whatever_drips_in() {
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation, "");
    client.send(&[&header(LIMIT - 1, true)[..], &[0; 4]].concat());
    for _ in 0..59 {
        client.send(b"a");
        simulation.run_for(Duration::from_secs(1));
    }
    assert!(!client.is_ended());
    simulation.run_for(Duration::from_millis(1_100));
    assert_eq!(client.receive(), close_frame(1008, "the message took too long", None));
    // Without an answer to it, that is the end.
    simulation.run_for(Duration::from_millis(5_100));
    assert!(client.is_closed());
    assert_eq!(simulation.connections(), 0);
}

#[test]
fn t33_a_message_in_single_bytes_is_one_growing_buffer() {
    let len = usize::try_from(LIMIT).expect("1 MiB");
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

/// A message in as many fragments as there may be, of so many bytes each, and one more.
fn fragments(limits: Limits, fragment_bytes: usize) {
    let mut socket = WebSocket::new(Connection::server(limits));
    let mut inbound = Inbound::new();
    assert_eq!(receive(&mut socket, &mut inbound, &mut frame(0x02, b"")), (Ok(()), 0));
    let fragment = frame(0x00, &b"a"[..fragment_bytes]);
    let mut left = limits.max_fragments as usize - 1;
    let bytes = left * fragment_bytes;
    let cost = measure(|| {
        while left > 0 {
            let count = left.min(4_096);
            let mut read = fragment.repeat(count);
            assert_eq!(receive(&mut socket, &mut inbound, &mut read), (Ok(()), 0));
            left -= count;
        }
    });
    // The reads themselves, and the payload.
    let (reads, held) = (4_096 * fragment.len() as u64, 2 * bytes as u64 + 512);
    assert!(cost.bytes_max <= reads + held, "{cost:?}");
    assert!(cost.bytes_current.unsigned_abs() <= held, "{cost:?}");
    let failed = (Err(ProtocolError::TooManyFragments), 0);
    assert_eq!(receive(&mut socket, &mut inbound, &mut frame(0x00, b"")), failed);
}

#[test]
fn t35_empty_fragments_cost_nothing_and_are_counted() {
    fragments(Limits::DEFAULT, 0);
    fragments(Limits::DEFAULT, 1);
    assert_eq!(ProtocolError::TooManyFragments.code().value(), 1008);
}

#[test]
#[ignore = "ten million fragments, twice"]
fn t35_ten_million_fragments_cost_their_payload() {
    for fragment_bytes in [0, 1] {
        let limits =
            Limits { max_fragments: 10_000_000, max_message_bytes: 10_000_000, ..Limits::DEFAULT };
        fragments(limits, fragment_bytes);
    }
}

/// So many thousand Pongs.
fn pongs(thousands: usize) {
    let (mut socket, mut inbound) = (server(), Inbound::new());
    let mut pongs = frame(0x8a, &[b'p'; 125]).repeat(1_000);
    let cost = measure(|| {
        for _ in 0..thousands {
            // They are unmasked in place, which a second time masks them: nobody minds.
            assert_eq!(receive(&mut socket, &mut inbound, &mut pongs), (Ok(()), 0));
        }
    });
    assert_eq!(cost.count_total, 0, "{cost:?}");
    assert_eq!(socket.connection().state(), State::Open);
}

#[test]
fn t37_pongs_that_nobody_asked_for_allocate_nothing() {
    pongs(100);
}

#[test]
#[ignore = "ten million of them"]
fn t37_ten_million_pongs_allocate_nothing() {
    pongs(10_000);
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
    let drafts: [(&mut [u8], ProtocolError); 2] = [
        (&mut b"\x00Hello\xff".clone(), ProtocolError::FrameNotMasked),
        (&mut b"\x80\xff\xff\xff".clone(), ProtocolError::UnexpectedContinuation),
    ];
    for (wire, error) in drafts {
        let outcome = receive(&mut server(), &mut Inbound::new(), wire);
        assert_eq!((outcome, error.code().value()), ((Err(error), 0), 1002));
    }
}
