//! Any bytes as a head, cut at random: found at the earliest byte, within the limits; and what is
//! parsed out of it is all that is in it.

use crate::shape::{self, CUTS, Cuts, product};
use arbitrary::{Result, Unstructured};
use longwire::handshake::{
    Head, HeadLimits, HeadScanner, Headers, HttpVersion, Request, Response, Status,
};

/// Runs one input: limits, cuts, then the bytes.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let limits = match u.arbitrary::<u8>()? {
        0 => HeadLimits::default(),
        n => HeadLimits {
            max_start_line_bytes: usize::from(n & 15) * 8,
            max_head_bytes: usize::from(n >> 4) * 32 + 4,
            max_headers: usize::from(n & 7),
        },
    };
    let cuts = Cuts::read(&mut u)?;
    let bytes = u.take_rest();
    let Ok(len @ 1..) = shape::scan(bytes, &cuts, limits) else { return Ok(()) };
    let head = &bytes[..len];
    assert!(head.ends_with(b"\r\n\r\n"));
    let lines = head.split(|byte| *byte == b'\n').filter(|line| line.len() > 1).count();
    let request = Request::parse_with_http10(complete(head));
    let response = Response::parse(complete(head));
    assert!(request.is_err() || response.is_err(), "a request and a response at once");
    let strict = Request::parse(complete(head));
    if let Ok(request) = request {
        // Only where it is asked for is HTTP/1.0 read, and it never becomes a WebSocket.
        let is_http11 = request.http_version() == HttpVersion::Http11;
        assert_eq!(strict.is_ok(), is_http11);
        assert!(is_http11 || request.upgrade().is_err());
        assert!(!is_http11 || request.host().is_some());
        let version = if is_http11 { "1.1" } else { "1.0" };
        let start = format!("{} {} HTTP/{version}", request.method(), request.target());
        assert_eq!(request.headers().iter().count() + 1, lines);
        let head = write(&start, request.headers());
        let again = Request::parse_with_http10(complete(&head)).expect("what was read can be read");
        assert_eq!((again.path(), again.host()), (request.path(), request.host()));
        assert_eq!(again.body(), request.body());
        assert!(again.headers().iter().eq(request.headers().iter()));
        assert_eq!(again.upgrade().is_ok(), request.upgrade().is_ok());
    } else {
        assert!(strict.is_err(), "HTTP/1.1 alone is read, and not with HTTP/1.0");
    }
    if let Ok(response) = response {
        assert_eq!(response.headers().iter().count() + 1, lines);
        let head = write(&format!("HTTP/1.1 {:03} ", response.status()), response.headers());
        let again = Response::parse(complete(&head)).expect("what was read can be read");
        assert_eq!(again.status(), response.status());
        assert!(again.headers().iter().eq(response.headers().iter()));
    }
    Ok(())
}

fn complete(head: &[u8]) -> Head<'_> {
    let limits = HeadLimits { max_head_bytes: usize::MAX, ..HeadLimits::default() };
    let Ok(Status::Complete(head)) = HeadScanner::new(limits).scan(head) else {
        panic!("a head that was complete is not")
    };
    head
}

fn write(start_line: &str, headers: &Headers<'_>) -> Vec<u8> {
    let mut head = format!("{start_line}\r\n").into_bytes();
    for header in headers.iter() {
        head.extend_from_slice(&[header.name.as_bytes(), b": ", header.value, b"\r\n"].concat());
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let heads: [&[u8]; 10] = [
        b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\r\n\x81\x80",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"\r\nGET http://a.example:80/b?c HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\nX-Y: \t \xff z \r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
    ];
    let fronts: Vec<Vec<u8>> =
        product(&[&[0], &[0xff], &[0x2f]], &CUTS.map(Vec::from)).into_iter().collect();
    let fronts: Vec<&[u8]> = fronts.iter().map(|front| &front[..]).collect();
    product(&fronts, &heads.map(Vec::from))
}
