//! Anything that an application could have a server answer: what it agrees to send is one response
//! that says just that, whatever stands in the strings.

use crate::client_request::head;
use crate::shape::{self, product};
use arbitrary::{Result, Unstructured};
use longwire::handshake::{Acceptance, Header, Rejection, Request, Response};

const SEPARATOR: char = '\u{1f}';
const MAX_HEADERS: usize = 60;

/// Runs one input: the status, then names and values of headers, then the body.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let status = u.int_in_range(90..=610)?;
    let text = shape::text(u.take_rest());
    let (strings, body) = text.rsplit_once(SEPARATOR).unwrap_or((&text, ""));
    let strings: Vec<&str> = strings.split(SEPARATOR).collect();
    let headers: Vec<(&str, &str)> =
        strings.as_chunks().0.iter().map(|&[name, value]| (name, value)).take(MAX_HEADERS).collect();
    let mut out = vec![0; text.len() * 2 + 1024];

    let rejection = Rejection { status, headers: &headers, body: body.as_bytes() };
    if let Ok(len) = rejection.encode(&mut out) {
        let (front, back) = out[..len].split_at(len - body.len());
        assert_eq!(back, body.as_bytes());
        let response = Response::parse(head(front)).expect("a response");
        assert_eq!(response.status(), status);
        ends_with(&response, &headers);
        let length = response.headers().values("Content-Length").next();
        let digits = body.len().to_string();
        assert_eq!(length, (![204, 304].contains(&status)).then_some(digits.as_bytes()));
    }

    let request = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let request = Request::parse(head(request)).expect("a request");
    let upgrade = request.upgrade().expect("a handshake");
    let acceptance = Acceptance { headers: &headers, ..Acceptance::default() };
    if let Ok(accepted) = upgrade.accept(&acceptance, &mut out) {
        let response = Response::parse(head(&out[..accepted.response_bytes])).expect("a response");
        assert_eq!(response.status(), 101);
        assert_eq!(response.headers().iter().count(), headers.len() + 3);
        ends_with(&response, &headers);
    }
    Ok(())
}

fn ends_with(response: &Response<'_>, headers: &[(&str, &str)]) {
    let own = response.headers().iter().count() - headers.len();
    assert!((1..=4).contains(&own), "{own} headers of its own");
    let sent = response.headers().iter().skip(own);
    assert!(sent.eq(headers.iter().map(|(name, value)| Header {
        name,
        value: value.trim_matches([' ', '\t']).as_bytes(),
    })));
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        "Content-Type|text/plain|not from there",
        "Location|https://example.com/|",
        "X-A|b\r\nInjected: yes|body",
        "X-A\r\n|b|body",
        "Content-Length|5|body",
        "X-A| \t b \u{e4} |",
        "Retry-After|5|WWW-Authenticate|Basic realm=\"a\"|",
        "",
    ];
    let texts = texts.map(|text| text.replace('|', &SEPARATOR.to_string()).into_bytes());
    // 403, 204, 426, 101.
    let fronts = [403_u16, 204, 426, 101].map(|status| (status - 90).to_be_bytes());
    product(&fronts.each_ref().map(|front| &front[..]), &texts)
}
