//! What `GET /sse` and `GET /poll` refuse, since it would mislead the one who asks.

use std::io::Read as _;

use crate::server::TestServer;

/// Name and value.
type Header<'a> = (&'a str, &'a str);

/// A stream whose ids do not fit a header would have none, and its client would miss what is published
/// while it is away, without a word.
#[test]
fn more_channels_than_a_position_can_be_told_for_are_refused() {
    let server = TestServer::start();
    let channels = |count: usize| {
        let name = |at| format!("channel=a-channel-with-quite-a-long-name-{at:03}");
        (0..count).map(name).collect::<Vec<_>>().join("&")
    };
    let too_many = "these are more channels than a position can be told for\n";
    let table = [(10, 200), (100, 400)];
    for (count, status) in table {
        for route in ["/sse", "/poll"] {
            let wait = if route == "/poll" { "&wait=0" } else { "" };
            let answer = server.ask(&format!("GET {route}?{}{wait}", channels(count)), &[], "");
            assert_eq!(answer.status, status, "{count} {route}");
            assert_eq!(answer.body == too_many, status == 400, "{count} {route}");
        }
    }
}

/// What a client says of itself, or where it is, is not passed over because it is no text, or stands there
/// twice: it would be let in as somebody else, or miss something without a word.
#[test]
fn a_header_that_cannot_be_read_is_not_passed_over() {
    let server = TestServer::start();
    let poll = "GET /poll?channel=a&wait=0 HTTP/1.1\r\n";
    let plain = "GET /poll?channel=plain:a&wait=0 HTTP/1.1\r\n";
    let events = "GET /sse?channel=a HTTP/1.1\r\n";
    let friend = "Origin: https://friend.example\r\n";
    let gap = "event: gap\ndata: {\"channel\":\"a\",\"gap\":{}}\n\n";
    let table: [(&str, &[u8], &str); 11] = [
        (poll, friend.as_bytes(), "{\"position\":"),
        (poll, b"Origin: https://stranger\xff.example\r\n", "pages of this origin"),
        (poll, &[friend, friend].concat().into_bytes(), "pages of this origin"),
        (poll, b"Authorization: Bearer \xff\r\n", "invalid token\n"),
        (poll, b"Authorization: Bearer \r\n", "invalid token\n"),
        (poll, b"Authorization: bearer\r\n", "invalid token\n"),
        // It is for a proxy in front.
        (poll, b"Authorization: Basic eDp5\r\n", "{\"position\":"),
        (plain, b"If-None-Match: \"z\"\r\nIf-None-Match: \"1\"\r\n", "HTTP/1.1 304 "),
        (events, b"Last-Event-ID: \xff\r\n", gap),
        (events, b"Last-Event-ID: 1\r\nLast-Event-ID: 1\r\n", gap),
        (events, b"Last-Event-ID: stop\r\n", "HTTP/1.1 204 "),
    ];
    for (request, header, expected) in table {
        let head = [request, "Host: a\r\nConnection: close\r\n"].concat();
        let mut stream = server.connect_bytes(&[head.as_bytes(), header, b"\r\n"].concat());
        let mut answer = String::new();
        while !answer.contains(expected) {
            let mut byte = [0];
            assert_eq!(stream.read(&mut byte).unwrap(), 1, "{request}{header:?}: {answer}");
            answer.push(byte[0].into());
        }
    }
}

/// RFC 9111 §4.2.2: where an answer does not say whether it may be kept, a cache may guess. One that keeps a
/// 204 would end the streams of all who ask for these channels.
#[test]
fn no_cache_has_to_guess() {
    let server = TestServer::start();
    let stop = ("Last-Event-ID", "stop");
    let stranger = ("Origin", "https://stranger.example");
    let token = ("Authorization", "Bearer x");
    let table: [(&str, &[Header<'_>], u16, &str); 12] = [
        ("GET /sse?channel=a", &[stop], 204, "no-store"),
        ("GET /sse?channel=none:a", &[], 404, "no-store"),
        ("GET /sse?channel=a", &[], 200, "private, no-cache, no-store, must-revalidate, max-age=0"),
        ("GET /poll?channel=a&wait=0", &[], 200, "no-cache"),
        ("GET /poll?channel=a&wait=0", &[stranger], 403, "no-store"),
        ("GET /poll?channel=a&wait=0", &[token], 401, "no-store"),
        ("GET /poll?channel=a&wait=x", &[], 400, "no-store"),
        ("GET /history?channel=a", &[], 200, "no-store"),
        ("GET /publish?channel=a", &[], 405, "no-store"),
        ("GET /nothing", &[], 404, "no-store"),
        ("GET /health", &[], 200, "no-store"),
        ("GET /", &[], 200, "no-cache"),
    ];
    for (request, headers, status, expected) in table {
        let answer = server.ask(request, headers, "");
        let control = answer.header("Cache-Control");
        assert_eq!((answer.status, control), (status, Some(expected)), "{request} {headers:?}");
    }
}

/// Two names that are none would be the same channel.
#[test]
fn a_channel_is_utf_8() {
    let server = TestServer::start();
    let table = [
        ("%C3%BC", 200, "{\"position\":\"1.~c3~bc."),
        ("a+b", 200, "{\"position\":\"1.a~20b."),
        ("%FC", 400, "the query has to be UTF-8\n"),
        ("a&%ff=1", 400, "the query has to be UTF-8\n"),
    ];
    for (channel, status, body) in table {
        let answer = server.ask(&format!("GET /poll?wait=0&channel={channel}"), &[], "");
        assert!(answer.status == status && answer.body.starts_with(body), "{}", answer.body);
    }
}

/// RFC 9110 §15.5.14: 413 is of a body.
#[test]
fn a_name_that_is_too_long_is_a_bad_request() {
    let server = TestServer::start();
    let channel = "x".repeat(256);
    for request in ["GET /sse?", "GET /poll?", "GET /history?", "POST /publish?"] {
        let answer = server.ask(&format!("{request}channel={channel}"), &[], "1");
        let expected = (400, "limit exceeded: bytes of a channel name\n");
        assert_eq!((answer.status, &*answer.body), expected, "{request}");
    }
}

/// Each of the two has its own word for where its client is.
#[test]
fn a_position_in_the_word_of_the_other_is_refused() {
    let server = TestServer::start();
    for query in
        ["/sse?channel=a&since=1", "/sse?channel=a&wait=0", "/poll?channel=a&lastEventId=1&wait=0"]
    {
        assert_eq!(server.ask(&format!("GET {query}"), &[], "").status, 400, "{query}");
    }
}
