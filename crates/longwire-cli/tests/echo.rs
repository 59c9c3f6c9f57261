//! `longwire echo`, from outside.

mod common;

use std::net::TcpListener;

use common::{Longwire, Peer, masked};

/// The handshake of RFC 6455 §1.3, with more lines.
fn request(lines: &str) -> String {
    format!(
        "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Version: 13\r\n{lines}\r\n"
    )
}

/// Opens a connection.
fn open(address: &str) -> Peer {
    let mut peer = Peer::connect(address);
    peer.send(request(""));
    let head = peer.head();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
    peer
}

#[test]
fn messages_come_back_and_the_close_too() {
    let (_echo, address) = Longwire::echo(&[]);
    let mut peer = open(&address);
    peer.send(masked(0x81, b"Hello"));
    peer.expect(b"\x81\x05Hello");
    peer.send(masked(0x82, b"\x00\xff"));
    peer.expect(b"\x82\x02\x00\xff");
    peer.send(masked(0x89, b"ping"));
    peer.expect(b"\x8a\x04ping");
    peer.send(masked(0x88, b"\x0f\xa0bye"));
    peer.expect(b"\x88\x02\x0f\xa0");
    peer.expect_end();
}

#[test]
fn a_signal_closes_every_connection_with_1001() {
    for signal in ["TERM", "INT"] {
        let (echo, address) = Longwire::echo(&["--threads", "2"]);
        let peers: Vec<_> = (0..4).map(|_| open(&address)).collect();
        echo.signal(signal);
        for mut peer in peers {
            peer.expect_close(1001);
            peer.send(masked(0x88, b"\x03\xe9"));
            peer.expect_end();
        }
        let ended = echo.end();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "SIG{signal}");
        assert!(ended.stdout.is_empty(), "one line, the address, and no more: {ended:?}");
    }
}

#[test]
fn a_busy_port_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (_echo, of_another_echo) = Longwire::echo(&[]);
    let of_a_stranger = listener.local_addr().unwrap().to_string();
    for address in [of_a_stranger, of_another_echo] {
        let ended = Longwire::start(&["echo", "--listen", &address]).end();
        assert_eq!((ended.code, ended.stdout.len()), (Some(1), 0), "{ended:?}");
        let beginning = format!("longwire: cannot listen on {address}: ");
        assert!(ended.stderr.starts_with(&beginning), "{ended:?}");
        assert!(
            ended.stderr.contains("--listen") && ended.stderr.lines().count() == 1,
            "{ended:?}"
        );
    }
}

#[test]
fn plain_http_gets_an_answer() {
    let (_echo, address) = Longwire::echo(&[]);
    // A request, the status of the answer, and how the answer ends.
    let table = [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 200, "sends every WebSocket message back.\n"),
        ("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 200, "\r\n\r\n"),
        ("GET /else HTTP/1.1\r\nHost: a\r\n\r\n", 404, "nothing here but /\n"),
        ("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, "allowed here\n"),
        ("GET / HTTP/1.1\r\n\r\n", 400, "Host is missing"),
    ];
    for (request, status, end) in table {
        let mut peer = Peer::connect(&address);
        peer.send(request);
        let answer = String::from_utf8(peer.rest()).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        assert!(answer.ends_with(end), "{request}: {answer}");
    }
}

#[test]
fn a_message_over_the_limit_is_refused() {
    let (_echo, address) = Longwire::echo(&["--max-message-bytes", "5"]);
    let mut peer = open(&address);
    peer.send(masked(0x81, b"Hello"));
    peer.expect(b"\x81\x05Hello");
    peer.send(masked(0x81, b"Hello!"));
    peer.expect_close(1009);
}

#[test]
fn a_connection_too_many_gets_503() {
    let (_echo, address) = Longwire::echo(&["--max-connections", "1"]);
    let mut first = open(&address);
    let mut second = Peer::connect(&address);
    second.send(request(""));
    let answer = String::from_utf8(second.rest()).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    first.send(masked(0x81, b"still here"));
    first.expect(b"\x81\x0astill here");
}

#[test]
fn permessage_deflate_is_agreed_to_or_not() {
    for (arguments, agreed) in [(&[][..], true), (&["--no-deflate"][..], false)] {
        let (_echo, address) = Longwire::echo(arguments);
        let mut peer = Peer::connect(&address);
        peer.send(request("Sec-WebSocket-Extensions: permessage-deflate\r\n"));
        let head = peer.head();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert_eq!(head.contains("permessage-deflate"), agreed, "{arguments:?}: {head}");
    }
}

#[test]
fn silence_is_pinged_and_idleness_closed() {
    let (_echo, address) = Longwire::echo(&["--ping-interval", "0.05"]);
    open(&address).expect(b"\x89\x00");
    let (_echo, address) = Longwire::echo(&["--idle-timeout", "0.05"]);
    open(&address).expect_close(1001);
}

#[test]
fn wrong_usage_is_exit_code_1() {
    for arguments in [
        &["echo", "--bogus"][..],
        &["echo", "--listen", "nowhere"],
        &["echo", "--threads", "0"],
        &[],
    ] {
        let ended = Longwire::start(arguments).end();
        assert_eq!((ended.code, ended.stdout.len()), (Some(1), 0), "{ended:?}");
        assert!(ended.stderr.contains("--help"), "{ended:?}");
    }
    let ended = Longwire::start(&["--version"]).end();
    assert_eq!((ended.code, ended.stdout.len()), (Some(0), 1), "{ended:?}");
}
