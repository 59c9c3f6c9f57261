//! RFC 6455 §3 and §4.1, first half: the URL, and the request that a client makes of it, rule by
//! rule, byte for byte.

use longwire::handshake::{ClientRequest, DeflateOffer, EncodeError, MAX_SUBPROTOCOLS, Url};

const SAMPLE: &str = "GET /chat HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n";

/// A request with nothing in it but what it has to have.
fn plain(url: &str) -> ClientRequest<'_> {
    ClientRequest::new(Url::parse(url).expect(url), *b"the sample nonce")
}

fn encode(request: &ClientRequest<'_>) -> Result<String, EncodeError> {
    let mut out = [0xaa; 2048];
    match request.encode(&mut out) {
        Ok(len) => Ok(String::from_utf8(out[..len].to_vec()).expect("a request in UTF-8")),
        Err(error) => {
            assert_eq!(out, [0xaa; 2048], "nothing of it is written: {error:?}");
            Err(error)
        }
    }
}

/// The lines of a request that can be written, the empty one at its end not among them.
fn lines(request: &ClientRequest<'_>) -> Vec<String> {
    let bytes = encode(request).expect("a request that can be written");
    let head = bytes.strip_suffix("\r\n\r\n").expect("an empty line at the end");
    head.split("\r\n").map(Into::into).collect()
}

/// Requests that differ in everything that can be asked for.
fn requests() -> [ClientRequest<'static>; 4] {
    let plain = plain("ws://server.example.com/chat");
    [
        plain,
        ClientRequest { origin: Some("http://example.com"), subprotocols: &["chat", "b"], ..plain },
        ClientRequest { deflate: Some(DeflateOffer::default()), ..plain },
        ClientRequest { headers: &[("Cookie", "a=b"), ("User-Agent", "c")], ..plain },
    ]
}

/// How often a request has a header line with this name.
fn count(request: &ClientRequest<'_>, name: &str) -> usize {
    let is = |line: &&String| {
        line.split_once(':').is_some_and(|(start, _)| start.eq_ignore_ascii_case(name))
    };
    lines(request).iter().skip(1).filter(is).count()
}

/// That each request has this line, no other with its name, and that the caller cannot add one.
fn assert_always_once(line: &str) {
    let (name, _) = line.split_once(": ").expect("a header line");
    for request in requests() {
        assert!(lines(&request).iter().any(|other| other == line), "{line}: {request:?}");
        assert_eq!(count(&request, name), 1, "{line}: {request:?}");
        for spelling in [name.to_owned(), name.to_uppercase(), name.to_lowercase()] {
            let headers = [("A", "b"), (spelling.as_str(), "c")];
            let more = ClientRequest { headers: &headers, ..request };
            assert_eq!(encode(&more), Err(EncodeError::ReservedHeader { index: 1 }), "{spelling}");
        }
    }
}

#[test]
fn rfc6455_s3_a_url_has_no_fragment_and_a_number_sign_is_escaped() {
    use longwire::handshake::UrlError;
    for fragment in ["#", "#top", "/#", "/chat#top", "/?a#b", "/#/?", "?#"] {
        let url = format!("ws://example.com{fragment}");
        assert_eq!(Url::parse(&url), Err(UrlError::Fragment), "{url}");
    }
    for url in ["ws://example.com/%23?%23", "wss://example.com/%23?%23"] {
        assert_eq!(lines(&plain(url))[0], "GET /%23?%23 HTTP/1.1");
    }
}

#[test]
fn rfc6455_s3_the_resource_name_is_the_path_and_the_query() {
    let table = [
        ("ws://example.com", "/"),
        ("ws://example.com/", "/"),
        ("ws://example.com?", "/?"),
        ("ws://example.com?q", "/?q"),
        ("ws://example.com/?", "/?"),
        ("ws://example.com/chat", "/chat"),
        ("ws://example.com/chat/", "/chat/"),
        ("ws://example.com//chat", "//chat"),
        ("ws://example.com/a/../b/.", "/a/../b/."),
        ("ws://example.com/a;b=c/d;e", "/a;b=c/d;e"),
        ("ws://example.com/a?b=c&d=/e?f;g", "/a?b=c&d=/e?f;g"),
        ("ws://example.com/%2F%3f%20", "/%2F%3f%20"),
        ("ws://example.com/a:b@c!$&'()*+,=-._~", "/a:b@c!$&'()*+,=-._~"),
    ];
    for (url, name) in table {
        assert_eq!(lines(&plain(url))[0], format!("GET {name} HTTP/1.1"), "{url}");
        let secure = url.replacen("ws", "wss", 1);
        assert_eq!(lines(&plain(&secure))[0], format!("GET {name} HTTP/1.1"), "{secure}");
    }
}

/// RFC 6455 §4.1, request items 1 to 12: exactly these bytes, and nothing of them where there is
/// no room for all.
#[test]
fn rfc6455_s4_1_the_request_is_a_valid_one_byte_for_byte() {
    let plain = plain("ws://server.example.com/chat");
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
        let expected = format!("{SAMPLE}{lines}\r\n");
        assert_eq!(encode(&request).as_deref(), Ok(&*expected));
        let needed = expected.len();
        let short = request.encode(&mut vec![0; needed - 1]);
        assert_eq!(short, Err(EncodeError::BufferTooSmall { needed }));
    }
}

#[test]
fn rfc6455_s4_1_the_request_cannot_be_made_invalid() {
    use EncodeError::*;
    let plain = plain("ws://example.com/");
    let table: [(&[(&str, &str)], EncodeError); 9] = [
        (&[("A", "b"), ("C", "d\r\nE: f")], InvalidHeader { index: 1 }),
        (&[("A", "b\rc")], InvalidHeader { index: 0 }),
        (&[("A", "b\nc")], InvalidHeader { index: 0 }),
        (&[("A", "b\0")], InvalidHeader { index: 0 }),
        (&[("A:", "b")], InvalidHeader { index: 0 }),
        (&[("A B", "b")], InvalidHeader { index: 0 }),
        (&[("", "b")], InvalidHeader { index: 0 }),
        (&[("Content-Length", "5")], ReservedHeader { index: 0 }),
        (&[("Transfer-Encoding", "chunked")], ReservedHeader { index: 0 }),
    ];
    for (headers, error) in table {
        assert_eq!(encode(&ClientRequest { headers, ..plain }), Err(error), "{headers:?}");
    }
}

#[test]
fn rfc6455_s4_1_host_has_the_port_where_it_is_not_the_default() {
    let table = [
        ("ws://example.com", "Host: example.com"),
        ("ws://example.com:80/", "Host: example.com"),
        ("ws://example.com:443/", "Host: example.com:443"),
        ("ws://example.com:8080/a", "Host: example.com:8080"),
        ("wss://example.com/", "Host: example.com"),
        ("wss://example.com:443/", "Host: example.com"),
        ("wss://example.com:80?q", "Host: example.com:80"),
        ("ws://example.com:/", "Host: example.com"),
        ("ws://127.0.0.1:65535", "Host: 127.0.0.1:65535"),
        ("ws://[::1]:80/", "Host: [::1]"),
        ("ws://[::1]:9001/", "Host: [::1]:9001"),
    ];
    for (url, host) in table {
        assert_eq!(lines(&plain(url))[1], host, "{url}");
        assert_eq!(count(&plain(url), "Host"), 1, "{url}");
    }
    assert_always_once("Host: server.example.com");
}

#[test]
fn rfc6455_s4_1_upgrade_is_websocket_and_connection_upgrade() {
    assert_always_once("Upgrade: websocket");
    assert_always_once("Connection: Upgrade");
}

#[test]
fn rfc6455_s4_1_the_version_is_13() {
    assert_always_once("Sec-WebSocket-Version: 13");
}

#[test]
fn rfc6455_s4_1_the_key_is_the_nonce_of_16_bytes_in_base64() {
    assert_always_once("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");
    let table = [
        ([0; 16], "AAAAAAAAAAAAAAAAAAAAAA=="),
        ([0xff; 16], "/////////////////////w=="),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], "AQIDBAUGBwgJCgsMDQ4PEA=="),
    ];
    for (nonce, key) in table {
        let request = ClientRequest { nonce, ..plain("ws://example.com/") };
        assert_eq!(lines(&request)[4], format!("Sec-WebSocket-Key: {key}"));
    }
    // Each bit of the nonce is in the key.
    let mut keys: Vec<String> = (0..128)
        .map(|bit| {
            let nonce = (1_u128 << bit).to_be_bytes();
            lines(&ClientRequest { nonce, ..plain("ws://example.com/") })[4].clone()
        })
        .collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 128);
}

#[test]
fn rfc6455_s4_1_origin_is_sent_by_who_has_one() {
    let plain = plain("ws://example.com/");
    assert_eq!(count(&plain, "Origin"), 0);
    for origin in ["http://example.com", "https://example.com:8443", "null", "file://"] {
        let request = ClientRequest { origin: Some(origin), ..plain };
        assert!(lines(&request).contains(&format!("Origin: {origin}")));
        assert_eq!(count(&request, "Origin"), 1);
    }
    for origin in ["", " ", "http://a\r\nX: y", "http://a b", "http://\u{fc}.example", "a\0", "a\t"]
    {
        let request = ClientRequest { origin: Some(origin), ..plain };
        assert_eq!(encode(&request), Err(EncodeError::InvalidOrigin), "{origin:?}");
    }
    let twice = ClientRequest { headers: &[("origin", "http://a")], ..plain };
    assert_eq!(encode(&twice), Err(EncodeError::ReservedHeader { index: 0 }));
}

#[test]
fn rfc6455_s4_1_subprotocols_are_tokens_and_none_comes_twice() {
    let plain = plain("ws://example.com/");
    let asked = |subprotocols: &[&str]| {
        let request = ClientRequest { subprotocols, ..plain };
        let name = "Sec-WebSocket-Protocol: ";
        encode(&request).map(|_| {
            let lines = lines(&request);
            lines.iter().find_map(|line| line.strip_prefix(name)).map(ToOwned::to_owned)
        })
    };
    type Case = (&'static [&'static str], Result<Option<&'static str>, EncodeError>);
    let table: [Case; 8] = [
        (&[], Ok(None)),
        (&["chat"], Ok(Some("chat"))),
        (&["superchat", "chat"], Ok(Some("superchat, chat"))),
        (&["chat", "Chat"], Ok(Some("chat, Chat"))),
        (&[""], Err(EncodeError::InvalidSubprotocol)),
        (&["a", ""], Err(EncodeError::InvalidSubprotocol)),
        (&["a", "a"], Err(EncodeError::RepeatedSubprotocol)),
        (&["a", "b", "a"], Err(EncodeError::RepeatedSubprotocol)),
    ];
    for (names, expected) in table {
        assert_eq!(asked(names), expected.map(|line| line.map(Into::into)), "{names:?}");
    }
    // U+0021 to U+007E but for the separators of RFC 2616 §2.2.
    for char in '\0'..='\u{17f}' {
        let token = ('!'..='~').contains(&char) && !"()<>@,;:\\\"/[]?={}".contains(char);
        let name = format!("a{char}b");
        let expected =
            if token { Ok(Some(name.clone())) } else { Err(EncodeError::InvalidSubprotocol) };
        assert_eq!(asked(&[&name]), expected, "{char:?}");
    }
    let many: Vec<String> = (0..=MAX_SUBPROTOCOLS).map(|index| index.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(asked(&many[1..]), Ok(Some(many[1..].join(", "))));
    assert_eq!(asked(&many), Err(EncodeError::TooManySubprotocols));
}
