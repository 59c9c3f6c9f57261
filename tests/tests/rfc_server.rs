//! RFC 6455 §5, §7 and §9 where they are about more than bytes: what the server does with the TCP
//! connection, and when. The network is simulated, and its clock stands still unless a test turns it.

mod simulated;

use std::time::Duration;

use longwire_server::simulation::{Client, Simulation};
use longwire_server::{CloseCode, Closure, Config};
use longwire_tests::vector::close_frame;
use simulated::{Echo, assert_refused, frame, open, request, simulation};

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A server's frame of at most 125 bytes.
fn reply(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, u8::try_from(payload.len()).expect("a short payload")], payload].concat()
}

fn open_with(change: impl FnOnce(&mut Config)) -> (Simulation<Echo>, Client) {
    let mut simulation = simulation(change);
    let client = open(&mut simulation, "");
    (simulation, client)
}

fn closure(simulation: &mut Simulation<Echo>) -> Closure {
    let closures = &simulation.application().closures;
    assert_eq!(closures.len(), 1, "the application is told once");
    closures[0]
}

/// The server has ended its stream, and waits for the client to end the other; then it closes.
fn assert_ends_tcp(simulation: &mut Simulation<Echo>, client: &Client) {
    assert!(client.is_ended() && !client.is_closed(), "the server ends its stream first");
    client.send(b"bytes on their way must not become a reset");
    simulation.run();
    assert!(!client.is_closed(), "they are read and dropped");
    client.end_stream();
    simulation.run();
    assert!(client.is_closed() && !client.was_cut_off(), "closed, and nothing left unread");
    assert_eq!((simulation.connections(), client.receive()), (0, Vec::new()));
}

#[test]
fn rfc6455_s5_1_a_server_closes_the_connection_of_a_client_that_does_not_mask() {
    let (mut simulation, client) = open_with(|_| {});
    client.send(&[b"\x81\x05Hello", &frame(TEXT, b"unseen")[..]].concat());
    simulation.run();
    assert_eq!(client.receive(), reply(CLOSE, b"\x03\xeaa client must mask every frame"));
    assert_eq!(simulation.application().messages, 0);
    assert_ends_tcp(&mut simulation, &client);
}

#[test]
fn rfc6455_s5_5_1_what_waits_to_be_sent_goes_out_before_the_answer_to_a_close() {
    // In one frame, and in fragments, of which a Close does not overtake the rest.
    let fragments: Vec<u8> =
        [reply(0x02, &[b'x'; 40]), reply(0x00, &[b'x'; 40]), reply(0x80, &[b'x'; 20])].concat();
    for (max_frame_bytes, message) in [(1_000, reply(BINARY, &[b'x'; 100])), (40, fragments)] {
        for window in [0, 1, 10, 60, 99] {
            let mut simulation =
                simulation(|config| config.send_options.max_frame_bytes = max_frame_bytes);
            let client = open(&mut simulation, "");
            client.set_window(window);
            client.send(&frame(BINARY, &[b'x'; 100]));
            simulation.run();
            client.send(&frame(CLOSE, b"\x03\xe8"));
            simulation.run();
            assert!(!client.is_ended());
            client.set_window(1_000);
            simulation.run();
            let expected = [message.clone(), reply(CLOSE, b"\x03\xe8")].concat();
            assert_eq!(client.receive(), expected, "{max_frame_bytes}, {window}");
            assert_ends_tcp(&mut simulation, &client);
        }
    }
}

#[test]
fn rfc6455_s5_5_1_a_server_ends_tcp_at_once_when_both_have_sent_a_close() {
    // The client began.
    let (mut simulation, client) = open_with(|_| {});
    client.send(&frame(CLOSE, b"\x03\xe8"));
    simulation.run();
    assert_eq!(client.receive(), reply(CLOSE, b"\x03\xe8"));
    assert_ends_tcp(&mut simulation, &client);
    assert_eq!(simulation.now(), Duration::ZERO, "without waiting for anything");

    // The server began: it waits for the answer, and only for that.
    let client = simulation.connect();
    client.send(request("/bye", "").as_bytes());
    simulation.run_for(secs(4));
    assert!(client.receive().ends_with(&reply(CLOSE, b"\x03\xe9bye")));
    assert!(!client.is_ended(), "the client has not answered");
    client.send(&frame(CLOSE, b"\x03\xe9"));
    simulation.run();
    assert_ends_tcp(&mut simulation, &client);
    assert_eq!(simulation.now(), secs(4));
}

#[test]
fn rfc6455_s5_5_2_a_ping_is_answered_while_the_send_queue_is_full() {
    let message = |byte| reply(BINARY, &[byte; 100]);
    // A message is on its way, two wait behind it: the Pong is next.
    let (mut simulation, client) = open_with(|_| {});
    client.set_window(30);
    client.send(&[*b"1", *b"2", *b"3"].map(|[byte]| frame(BINARY, &[byte; 100])).concat());
    simulation.run();
    client.send(&frame(PING, b"are you there?"));
    simulation.run();
    client.set_window(1_000);
    simulation.run();
    let pong = reply(0x8a, b"are you there?");
    let expected = [message(b'1'), pong.clone(), message(b'2'), message(b'3')].concat();
    assert_eq!(client.receive(), expected);

    // So much waits that nothing is read any more: the Ping is answered as soon as it is.
    let (mut simulation, client) = open_with(|config| {
        config.outbox_low_water_bytes = 100;
        config.outbox_high_water_bytes = 250;
    });
    client.set_window(0);
    client.send(&[*b"1", *b"2", *b"3"].map(|[byte]| frame(BINARY, &[byte; 100])).concat());
    simulation.run();
    client.send(&frame(PING, b"are you there?"));
    simulation.run();
    assert_eq!(client.unread_bytes(), frame(PING, b"are you there?").len());
    client.set_window(1_000);
    simulation.run();
    assert_eq!(client.unread_bytes(), 0);
    assert_eq!(client.receive(), [message(b'1'), message(b'2'), message(b'3'), pong].concat());
}

#[test]
fn rfc6455_s5_5_3_a_peer_that_does_not_read_is_sent_the_newest_pong_alone() {
    let (mut simulation, client) = open_with(|_| {});
    client.set_window(30);
    client.send(&frame(BINARY, &[b'x'; 100]));
    simulation.run();
    for payload in [b"one", b"two"] {
        client.send(&frame(PING, payload));
        simulation.run();
    }
    client.set_window(1_000);
    simulation.run();
    let expected = [reply(BINARY, &[b'x'; 100]), reply(0x8a, b"two")].concat();
    assert_eq!(client.receive(), expected);
    client.send(&frame(PING, b"three"));
    simulation.run();
    assert_eq!(client.receive(), reply(0x8a, b"three"));
}

#[test]
fn rfc6455_s7_1_5_a_connection_that_ends_without_a_close_is_reported_as_1006() {
    for breaks in [false, true] {
        for sent in [&b""[..], b"\x81", b"\x81\x85\0\0\0\0Hel", b"\x01\x81\0\0\0\0a"] {
            let (mut simulation, client) = open_with(|_| {});
            client.send(sent);
            simulation.run();
            if breaks {
                client.reset();
            } else {
                client.end_stream();
            }
            simulation.run();
            let closure = closure(&mut simulation);
            assert_eq!((closure.code, closure.failure), (CloseCode::ABNORMAL, None));
            assert!(client.is_closed() && client.receive().is_empty(), "and no Close is sent");
            assert_eq!((simulation.application().messages, simulation.connections()), (0, 0));
        }
    }
}

/// Each failure is told once, with its code; nothing behind it is looked at, whether it comes in
/// the same read or later; and the TCP connection is ended from here.
#[test]
fn rfc6455_s7_1_7_a_server_that_fails_says_why_processes_nothing_more_and_ends_tcp() {
    let failures: [(&[u8], u16, &str); 4] = [
        (b"\x83\x80\0\0\0\0", 1002, "the opcode is reserved"),
        (b"\x81\x81\0\0\0\0\xff", 1007, "a text message is not UTF-8"),
        (b"\x88\x82\0\0\0\0\x03\xed", 1002, "the close code must not appear in a Close frame"),
        (b"\x82\xff\0\0\0\x01\0\0\0\0", 1009, "the message is over this endpoint's limit"),
    ];
    let behind =
        [frame(TEXT, b"unseen"), frame(PING, b"unseen"), frame(CLOSE, b"\x03\xe8")].concat();
    for (failure, code, reason) in failures {
        for together in [true, false] {
            let (mut simulation, client) = open_with(|_| {});
            client.send(&frame(TEXT, b"seen"));
            client.send(failure);
            if together {
                client.send(&behind);
            }
            simulation.run();
            let close = close_frame(code, reason, None);
            assert_eq!(client.receive(), [reply(TEXT, b"seen"), close].concat());
            client.send(&behind);
            simulation.run();
            assert_eq!(simulation.application().messages, 1);
            let closure = closure(&mut simulation);
            assert_eq!(closure.failure.map(|failure| failure.reason()), Some(reason));
            assert_eq!(closure.code, CloseCode::ABNORMAL, "the Close behind it is not seen");
            assert_ends_tcp(&mut simulation, &client);
            assert_eq!(simulation.now(), Duration::ZERO);
        }
    }
}

#[test]
fn rfc6455_s7_2_2_a_server_that_aborts_the_handshake_closes_the_connection() {
    // `assert_refused`: one answer, then the end of the stream, and the rest is read and dropped.
    assert_refused(request("/no", "").as_bytes(), 403);
    assert_refused(request("/", "").replace("Host: a\r\n", "").as_bytes(), 400);
    assert_refused(request("/", "").replace("Version: 13", "Version: 8").as_bytes(), 426);
    let early =
        [request("/no", "").as_bytes(), &frame(TEXT, b"unseen"), &frame(CLOSE, b"")].concat();
    assert_refused(&early, 403);
    // A request that never ends: there is nothing to answer, and no more than ten seconds for it.
    let mut simulation = simulation(|_| {});
    let client = simulation.connect();
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n");
    simulation.run_for(secs(9));
    assert!(!client.is_closed());
    simulation.run_for(secs(2));
    assert!(client.is_closed());
    assert_eq!((simulation.application().opened, simulation.connections()), (0, 0));
}

#[test]
fn rfc6455_s9_an_extension_is_used_where_it_was_agreed_to_and_nowhere_else() {
    let text = "news ".repeat(20);
    let plain = reply(TEXT, text.as_bytes());
    let deflated = |client: &Client| client.receive().first().copied();
    // Offered and agreed to: both ways.
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation, OFFER);
    client.send(&frame(TEXT, text.as_bytes()));
    simulation.run();
    assert_eq!(deflated(&client), Some(0xc1));
    client.send(&frame(0xc1, b"\xf2\x48\xcd\xc9\xc9\x07\x00"));
    simulation.run();
    assert_eq!(client.receive(), reply(TEXT, b"Hello"));
    // Not offered, or offered under a name that nobody knows.
    for lines in ["", "Sec-WebSocket-Extensions: x-unknown\r\n"] {
        let client = open(&mut simulation, lines);
        client.send(&frame(TEXT, text.as_bytes()));
        simulation.run();
        assert_eq!(client.receive(), plain);
        client.send(&frame(0xc1, b"\xf2\x48\xcd\xc9\xc9\x07\x00"));
        simulation.run();
        let reason = "a reserved bit is set that no agreed extension defines";
        assert_eq!(client.receive(), close_frame(1002, reason, None));
        assert!(client.is_ended());
    }
    // Offered, and declined by the server.
    let mut simulation = simulated::simulation(|config| config.deflate = None);
    let client = open(&mut simulation, OFFER);
    client.send(&frame(TEXT, text.as_bytes()));
    simulation.run();
    assert_eq!(client.receive(), plain);
}
