//! Every vector of the opening handshake, in every way to feed it; and what a client sends.

use longwire::handshake::{ClientRequest, DeflateOffer, EncodeError, Url};
use longwire_tests::handshake::{End, check, parse};

fn run(end: End, file: &str, text: &str) {
    let vectors = parse(end, file, text).unwrap_or_else(|error| panic!("{error}"));
    assert!(!vectors.is_empty(), "{file} has no vectors");
    let failures: Vec<String> = vectors.iter().filter_map(|vector| check(vector).err()).collect();
    let (failed, all) = (failures.len(), vectors.len());
    assert!(failures.is_empty(), "{failed} of {all}:\n\n{}\n", failures.join("\n\n"));
}

#[test]
fn requests() {
    run(End::Server, "handshake-server.txt", include_str!("../vectors/handshake-server.txt"));
}

#[test]
fn responses() {
    run(End::Client, "handshake-client.txt", include_str!("../vectors/handshake-client.txt"));
}

/// A verdict, a position or a response that is not what comes is seen.
#[test]
fn a_wrong_expectation_is_a_mismatch() {
    let table = [
        (End::Server, "a | - | - | 101 | -", true),
        (End::Server, "a | - | - | 400 KeyMissing | -", false),
        (End::Server, "a | - | -Host | 101 | -", false),
        (End::Server, "a | - | - | 101 | -Upgrade", false),
        (End::Server, "a | - | - | 101 | \"X: a\"", false),
        (End::Server, "a | - | -Upgrade | 426 NotWebSocket | \"Upgrade: websocket\"", true),
        (End::Server, "a | - | -Upgrade | 426 NotWebSocket | \"Upgrade: h2c\"", false),
        (End::Server, "a | - | -Upgrade | 400 NotWebSocket | -", false),
        (End::Server, "a | - | raw \"GET\\x00\" ^ \"a\" | 400 ControlCharacter | -", true),
        (End::Server, "a | - | raw \"GET\" ^ \"\\x00a\" | 400 ControlCharacter | -", false),
        (End::Server, "a | deflate | - | 101 deflate | -", false),
        (End::Client, "a | - | - | open", true),
        (End::Client, "a | - | - | fail AcceptMissing", false),
        (End::Client, "a | - | -Upgrade | open", false),
        (End::Client, "a | subprotocols=b | - | open subprotocol=b", false),
    ];
    for (end, line, good) in table {
        let vectors = parse(end, "t", line).unwrap_or_else(|error| panic!("{error}"));
        let checked = check(&vectors[0]);
        assert_eq!(checked.is_ok(), good, "{line}: {checked:?}");
    }
    for (end, line) in [
        (End::Server, "a | - | - | 101"),
        (End::Client, "a | - | - | open | -"),
        (End::Server, "a | none | - | 101 | -"),
        (End::Server, "a | - | -Nothing | 101 | -"),
    ] {
        assert!(parse(end, "t", line).is_err(), "{line}");
    }
}

const SAMPLE: &str = "GET /chat HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n";

/// RFC 6455 §4.1, items 1 to 12: exactly these bytes.
#[test]
fn rfc6455_s4_1_what_a_client_sends() {
    let url = Url::parse("ws://server.example.com/chat").expect("a URL");
    let plain = ClientRequest::new(url, *b"the sample nonce");
    let deflate = |offer| ClientRequest { deflate: Some(offer), ..plain };
    let limited = DeflateOffer {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        server_max_window_bits: 10,
        client_max_window_bits: 11,
    };
    let table = [
        (plain, ""),
        (
            ClientRequest {
                origin: Some("http://example.com"),
                subprotocols: &["chat", "superchat"],
                ..plain
            },
            "Origin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n",
        ),
        (ClientRequest { headers: &[("Cookie", "a=b")], ..plain }, "Cookie: a=b\r\n"),
        (
            deflate(DeflateOffer::default()),
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n",
        ),
        (
            deflate(limited),
            "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; \
             client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11\r\n",
        ),
    ];
    for (request, lines) in table {
        let mut out = [0; 1024];
        let len = request.encode(&mut out).expect("a request that can be written");
        let expected = format!("{SAMPLE}{lines}\r\n");
        assert_eq!(String::from_utf8_lossy(&out[..len]), expected);
        let short = request.encode(&mut out[..len - 1]);
        assert_eq!(short, Err(EncodeError::BufferTooSmall { needed: len }));
    }
}

/// RFC 6455 §3, §4.1 items 2 to 4: the resource and the host, from the URL.
#[test]
fn rfc6455_s3_the_url_in_the_request() {
    let table = [
        ("ws://example.com", "GET / HTTP/1.1\r\nHost: example.com\r\n"),
        ("ws://example.com:80/", "GET / HTTP/1.1\r\nHost: example.com\r\n"),
        ("ws://example.com:8080/a?b=c", "GET /a?b=c HTTP/1.1\r\nHost: example.com:8080\r\n"),
        ("wss://example.com:443/a/../b", "GET /a/../b HTTP/1.1\r\nHost: example.com\r\n"),
        ("wss://example.com:80?q", "GET /?q HTTP/1.1\r\nHost: example.com:80\r\n"),
        ("ws://[::1]:9001/%23", "GET /%23 HTTP/1.1\r\nHost: [::1]:9001\r\n"),
    ];
    for (url, head) in table {
        let url = Url::parse(url).expect(url);
        let mut out = [0; 1024];
        let len = ClientRequest::new(url, [7; 16]).encode(&mut out).expect("a request");
        let text = String::from_utf8_lossy(&out[..len]);
        assert!(text.starts_with(head), "{head:?}: {text:?}");
    }
    for url in
        ["ws://example.com/#top", "http//example.com", "ftp://example.com/", "ws:///", "ws://"]
    {
        assert!(Url::parse(url).is_err(), "{url}");
    }
}

/// What must not be sent is refused before a byte of it is.
#[test]
fn rfc6455_s4_1_what_a_client_must_not_send() {
    use EncodeError::*;
    let url = Url::parse("ws://example.com/").expect("a URL");
    let plain = ClientRequest::new(url, [7; 16]);
    let bits = |bits| Some(DeflateOffer { server_max_window_bits: bits, ..Default::default() });
    let table = [
        (ClientRequest { subprotocols: &["a", ""], ..plain }, InvalidSubprotocol),
        (ClientRequest { subprotocols: &["a b"], ..plain }, InvalidSubprotocol),
        (ClientRequest { subprotocols: &["é"], ..plain }, InvalidSubprotocol),
        (ClientRequest { subprotocols: &["a", "b", "a"], ..plain }, RepeatedSubprotocol),
        (ClientRequest { origin: Some(""), ..plain }, InvalidOrigin),
        (ClientRequest { origin: Some("http://a\r\nX: y"), ..plain }, InvalidOrigin),
        (
            ClientRequest { headers: &[("A", "b"), ("C", "d\r\nE: f")], ..plain },
            InvalidHeader { index: 1 },
        ),
        (ClientRequest { headers: &[("A", "b\0")], ..plain }, InvalidHeader { index: 0 }),
        (ClientRequest { headers: &[("A:", "b")], ..plain }, InvalidHeader { index: 0 }),
        (ClientRequest { headers: &[("host", "b")], ..plain }, ReservedHeader { index: 0 }),
        (
            ClientRequest { headers: &[("Sec-WebSocket-Key", "b")], ..plain },
            ReservedHeader { index: 0 },
        ),
        (ClientRequest { deflate: bits(8), ..plain }, InvalidWindowBits),
        (ClientRequest { deflate: bits(16), ..plain }, InvalidWindowBits),
    ];
    for (request, error) in table {
        let mut out = [0; 1024];
        assert_eq!(request.encode(&mut out), Err(error));
        assert_eq!(out, [0; 1024], "{error:?}");
    }
}
