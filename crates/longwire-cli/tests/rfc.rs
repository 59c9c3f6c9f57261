//! What RFC 6455 asks of a client and no engine can keep alone: when it connects, what it draws its
//! key from, and that it waits. `longwire connect` against servers that follow a script.

mod common;

use std::collections::BTreeSet;
use std::net::TcpListener;

use common::{Longwire, PATIENCE, accept, scripted};

/// The request of `longwire connect`, and everything that it sends behind it until it leaves,
/// which it does over an answer that is not 101. It has a line to send before it is answered.
fn sent(answer: &'static str) -> (String, Vec<u8>) {
    let (result, received) = std::sync::mpsc::channel();
    let (typed, is_typed) = std::sync::mpsc::channel();
    let (url, ended) = scripted(move |mut peer| {
        let head = peer.head();
        is_typed.recv_timeout(PATIENCE).expect("a line to send");
        peer.send(answer);
        peer.end_stream();
        result.send((head, peer.rest())).expect("somebody who wants to know");
    });
    let mut longwire = Longwire::start(&["connect", &url]);
    longwire.type_at_once("too early\n");
    typed.send(()).expect("a script that waits");
    ended.recv_timeout(PATIENCE).expect("the end of the script");
    assert_eq!(longwire.end().code, Some(1));
    received.recv_timeout(PATIENCE).expect("what was received")
}

#[test]
fn rfc6455_s4_1_nothing_but_the_request_is_sent_before_the_response() {
    let answers = [
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno",
        "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n",
        // A 101 that is none, with a frame behind it.
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n\u{1}\u{5}Hello",
    ];
    for answer in answers {
        let (head, behind) = sent(answer);
        assert!(head.starts_with("GET /path?query HTTP/1.1\r\n"), "{head}");
        assert_eq!(behind, b"", "{answer}");
    }
}

/// In one write with what follows, in pieces, and several of them; then the final response is what
/// it is.
#[test]
fn rfc9110_s15_2_a_client_waits_behind_an_interim_response() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\n";
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 199 Any\r\n\r\n";
    for before in [vec![interim], vec![hints], vec!["HTTP/1.1 1", "02 Processing\r\n\r", "\n"]] {
        let pieces = before.clone();
        let (url, ended) = scripted(move |mut peer| {
            pieces.iter().for_each(|piece| peer.send(piece));
            accept(&mut peer);
            peer.send(b"\x81\x05Hello");
            let (first, _) = peer.masked_frame();
            assert_eq!(first, 0x81);
        });
        let mut longwire = Longwire::start(&["connect", &url]);
        assert_eq!(longwire.line(), "Hello", "{before:?}");
        longwire.type_text("bye\n");
        ended.recv_timeout(PATIENCE).expect("the end of the script");
    }
    let (url, _) = scripted(move |mut peer| {
        peer.head();
        peer.send(interim.to_owned() + "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    });
    let ended = Longwire::start(&["connect", &url]).end();
    let note = "the server refused the handshake with status 403\n";
    assert_eq!((ended.code, &*ended.stderr), (Some(1), note));
}

#[test]
fn rfc6455_s4_1_every_connection_has_a_key_of_its_own() {
    let keys: BTreeSet<String> = (0..8)
        .map(|_| {
            let (head, _) = sent("HTTP/1.1 204 No Content\r\n\r\n");
            let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
            key.expect("a key").to_owned()
        })
        .collect();
    assert_eq!(keys.len(), 8, "{keys:?}");
    assert!(keys.iter().all(|key| key.len() == 24 && key.ends_with("==")), "{keys:?}");
}

#[test]
fn rfc6455_s4_1_what_is_no_url_or_leads_to_nobody_is_no_connection() {
    let table = [
        // A port that nobody is given, unlike one that was free a moment ago.
        ("ws://127.0.0.1:1/", "longwire: cannot connect to 127.0.0.1, port 1: "),
        ("ws://127.0.0.1:0/", "longwire: ws://127.0.0.1:0/: the port must be "),
        ("ws:///chat", "longwire: ws:///chat: the host is empty or malformed"),
        ("ws://127.0.0.1/#a", "longwire: ws://127.0.0.1/#a: a WebSocket URL has no fragment"),
        ("http://127.0.0.1/", "longwire: http://127.0.0.1/: the URL must begin with ws:// "),
    ];
    for (url, complaint) in table {
        let ended = Longwire::start(&["connect", url]).end();
        assert_eq!((ended.code, ended.stdout.len()), (Some(1), 0), "{ended:?}");
        assert!(ended.stderr.starts_with(complaint), "{url}: {ended:?}");
    }
}

/// Until there is TLS, a wss URL is refused: not a byte of it goes out in the clear.
#[test]
fn rfc6455_s4_1_a_wss_url_is_never_spoken_to_without_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("wss://{}/", listener.local_addr().unwrap());
    let ended = Longwire::start(&["connect", &url]).end();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("TLS is not supported yet"), "{ended:?}");
    listener.set_nonblocking(true).unwrap();
    let nobody = listener.accept().expect_err("nobody connects");
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}
