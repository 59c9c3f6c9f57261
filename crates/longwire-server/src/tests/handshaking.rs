//! Requests, answers, and what may not follow them.

use super::*;
use longwire::handshake::HeadLimits;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn frames_behind_the_request_are_answered_behind_the_response_at_every_cut() {
    let sent = [REQUEST.as_bytes(), &frame(TEXT, b"hello"), &frame(PING, b"p")].concat();
    let echoed = [reply(TEXT, b"hello"), reply(PONG, b"p")].concat();
    for cut in 0..sent.len() {
        let mut simulation = simulation(|_| {});
        let client = simulation.connect();
        client.send(&sent[..cut]);
        simulation.run();
        client.send(&sent[cut..]);
        simulation.run();
        let received = client.receive();
        assert!(received.starts_with(b"HTTP/1.1 101 "), "cut at {cut}");
        assert!(received.ends_with(&[b"\r\n\r\n", &echoed[..]].concat()), "cut at {cut}");
    }
}

#[test]
fn a_pong_overtakes_a_message_but_not_the_response() {
    let mut simulation = simulation(|_| {});
    let client = simulation.connect();
    client.send(REQUEST.as_bytes());
    simulation.run();
    let head = client.receive();
    for window in 0..head.len() + 110 {
        let client = simulation.connect();
        client.set_window(window);
        client.send(&[REQUEST.as_bytes(), &frame(BINARY, &[b'x'; 100])].concat());
        simulation.run();
        client.send(&frame(PING, b"ping"));
        simulation.run();
        client.set_window(10_000);
        simulation.run();
        let (message, pong) = (reply(BINARY, &[b'x'; 100]), reply(PONG, b"ping"));
        let expected = match window {
            _ if window <= head.len() => [&head, &pong, &message],
            _ => [&head, &message, &pong],
        };
        assert_eq!(client.receive(), expected.map(|part| &part[..]).concat(), "{window} bytes");
    }
}

#[test]
fn a_response_that_cannot_be_written_leaves_nothing_for_the_next_client() {
    let mut simulation = simulation(|_| {});
    let (lost, client) = (simulation.connect(), open(&mut simulation));
    lost.refuse_writes();
    lost.send(&[REQUEST.as_bytes(), &frame(TEXT, b"lost")].concat());
    simulation.run();
    assert!(lost.is_closed());
    client.set_window(1);
    client.send(&frame(TEXT, b"hello"));
    simulation.run();
    client.set_window(1_000);
    simulation.run();
    assert_eq!(client.receive(), reply(TEXT, b"hello"));
}

#[test]
fn a_request_and_frames_byte_by_byte() {
    let mut simulation = simulation(|_| {});
    let client = simulation.connect();
    let payload = vec![b'x'; 300];
    for byte in [REQUEST.as_bytes(), &frame(BINARY, &payload), &frame(TEXT, b"")].concat() {
        client.send(&[byte]);
        simulation.run();
    }
    let received = client.receive();
    assert!(received.ends_with(&[reply(BINARY, &payload), reply(TEXT, b"")].concat()));
    assert_eq!(simulation.application().messages, 2);
}

#[test]
fn what_fits_one_read_is_answered_with_one_write() {
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation);
    let (reads, writes) = (client.reads(), client.writes());
    let messages: Vec<u8> = (0..100).flat_map(|_| frame(BINARY, b"message")).collect();
    client.send(&messages);
    simulation.run();
    assert_eq!(client.receive(), reply(BINARY, b"message").repeat(100));
    assert_eq!((client.reads() - reads, client.writes() - writes), (1, 1));
}

/// Every line: what is sent, and how the answer begins and ends.
#[test]
fn t10_one_answer_then_the_end_whatever_follows() {
    let upgrade = |target: &str| REQUEST.replacen("GET / ", &format!("GET {target} "), 1);
    let cases = [
        ("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n".into(), "HTTP/1.1 200 ", "\r\n\r\nhello\n"),
        ("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n".into(), "HTTP/1.1 200 ", "utf-8\r\n\r\n"),
        ("GET /admin HTTP/1.1\r\nHost: a\r\n\r\n".into(), "HTTP/1.1 404 ", "\r\n\r\n"),
        ("GET / HTTP/1.1\r\n\r\n".into(), "HTTP/1.1 400 ", "Host is missing"),
        ("nonsense\r\n\r\n".into(), "HTTP/1.1 400 ", "must be method, target and version"),
        ("GET / HTTP/1.1\nHost: a\n\n".into(), "HTTP/1.1 400 ", "CR or LF must not stand alone"),
        (upgrade("/forbidden"), "HTTP/1.1 403 ", "not you\n"),
        (upgrade("/wrong"), "HTTP/1.1 500 ", "\r\n\r\n"),
        (REQUEST.replace("13", "8"), "HTTP/1.1 426 ", "Sec-WebSocket-Version must be 13"),
        (
            format!("GET /{} HTTP/1.1\r\n", "a".repeat(9000)),
            "HTTP/1.1 414 ",
            "the start line is over this endpoint's limit",
        ),
        (
            format!("GET / HTTP/1.1\r\nA: {}", "a".repeat(16_384)),
            "HTTP/1.1 431 ",
            "the head is over this endpoint's limit",
        ),
    ];
    for (request, begin, end) in cases {
        let mut simulation = simulation(|_| {});
        let client = simulation.connect();
        client.send(request.as_bytes());
        client.send(b"GET /admin HTTP/1.1\r\nHost: a\r\n\r\n");
        client.send(&frame(TEXT, b"hello"));
        simulation.run();
        let answer = text(&client.receive());
        assert!(answer.starts_with(begin) && answer.ends_with(end), "{request:?}: {answer:?}");
        assert!(answer.contains("\r\nConnection: close"), "{answer:?}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer:?}");
        assert!(client.is_ended() && !client.is_closed(), "it lingers for the peer");
        client.send(&[0; 1000]);
        client.end_stream();
        simulation.run();
        assert!(client.is_closed() && !client.was_cut_off());
        assert_eq!((simulation.connections(), client.receive()), (0, Vec::new()));
        assert_eq!(simulation.application().messages, 0);
        assert_eq!(simulation.application().closures, []);
    }
}

#[test]
fn the_application_chooses_subprotocol_and_headers() {
    let mut simulation = simulation(|_| {});
    let client = simulation.connect();
    let request = REQUEST.replacen("GET / ", "GET /header ", 1);
    client.send(request.replace("Host", "Sec-WebSocket-Protocol: x, probe\r\nHost").as_bytes());
    simulation.run();
    let answer = text(&client.receive());
    assert!(answer.contains("\r\nSec-WebSocket-Protocol: probe\r\n"), "{answer}");
    assert!(answer.contains("\r\nX-Right: yes\r\n"), "{answer}");
}

#[test]
fn a_client_that_ends_its_stream_behind_the_request_is_answered() {
    let mut simulation = simulation(|_| {});
    let client = simulation.connect();
    client.set_window(3);
    client.send(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    client.end_stream();
    simulation.run();
    assert!(!client.is_closed());
    client.set_window(10_000);
    simulation.run();
    assert!(text(&client.receive()).ends_with("hello\n"));
    assert!(client.is_closed() && !client.was_cut_off());
}

/// What comes behind a request is dropped, so that a client that reads only when it has sent
/// everything gets the answer.
#[test]
fn t15_requests_that_follow_the_first_are_neither_answered_nor_kept() {
    const ANSWER_END: &str = "\r\n\r\nhello\n";
    let requests = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n".repeat(10_000);
    let mut simulation = simulation(|_| {});
    let (client, stubborn) = (simulation.connect(), simulation.connect());
    for peer in [&client, &stubborn] {
        peer.set_window(0);
        peer.send(&requests);
    }
    simulation.run();
    assert_eq!((client.unread_bytes(), stubborn.unread_bytes()), (0, 0));
    client.set_window(1 << 20);
    simulation.run();
    let answer = text(&client.receive());
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(ANSWER_END), "{answer}");
    assert_eq!((answer.matches("HTTP/1.1").count(), client.is_ended()), (1, true));
    // Who never takes the answer has as long as anybody who takes nothing, whatever it sends.
    for _ in 0..19 {
        stubborn.send(&requests);
        simulation.run_for(secs(1));
    }
    assert!(!stubborn.is_closed());
    simulation.run_for(secs(2));
    assert!(client.is_closed() && stubborn.is_closed());
    assert_eq!((simulation.connections(), stubborn.receive()), (0, Vec::new()));
}

#[test]
fn a_large_answer_and_a_slow_client() {
    let mut simulation = simulation(|config| {
        config.head_limits = HeadLimits { max_head_bytes: 50, ..HeadLimits::DEFAULT };
    });
    let client = simulation.connect();
    client.set_max_write(1);
    client.send(REQUEST.as_bytes());
    simulation.run();
    let answer = text(&client.receive());
    assert!(answer.starts_with("HTTP/1.1 431 ") && client.is_ended(), "{answer}");
}
