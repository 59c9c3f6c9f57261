//! Anything that a client could be told to ask for: what it agrees to send is one valid handshake
//! that says just that, whatever stands in the strings; and both ends come to the same.

use crate::shape::{self, product};
use arbitrary::{Result, Unstructured};
use longwire::handshake::{
    Acceptance, ClientRequest, Head, HeadLimits, HeadScanner, Header, HttpVersion, Request,
    Response, Status, Url,
};

/// What stands between two strings of the input.
const SEPARATOR: char = '\u{1f}';
const MAX_HEADERS: usize = 60;

/// Runs one input: an offer, a policy, then the URL, the Origin, the subprotocols, and names and
/// values of headers.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let (offer, policy) = (shape::deflate_offer(&mut u)?, shape::deflate_policy(&mut u)?);
    let text = shape::text(u.take_rest());
    let mut strings = text.split(SEPARATOR);
    let Ok(url) = Url::parse(strings.next().unwrap_or_default()) else { return Ok(()) };
    let origin = strings.next().filter(|origin| !origin.is_empty());
    let asked = strings.next().filter(|asked| !asked.is_empty());
    let subprotocols: Vec<&str> = asked.into_iter().flat_map(|asked| asked.split(',')).collect();
    let rest: Vec<&str> = strings.collect();
    let headers: Vec<(&str, &str)> =
        rest.as_chunks().0.iter().map(|&[name, value]| (name, value)).take(MAX_HEADERS).collect();
    let mut request = ClientRequest::new(url, *b"the sample nonce");
    (request.origin, request.deflate) = (origin, offer);
    (request.subprotocols, request.headers) = (&subprotocols, &headers);
    let mut out = vec![0; text.len() * 2 + 1024];
    let Ok(len) = request.encode(&mut out) else { return Ok(()) };

    let asked = Request::parse(head(&out[..len])).expect("a valid request");
    assert_eq!(asked.http_version(), HttpVersion::Http11);
    let upgrade = asked.upgrade().expect("a valid handshake");
    assert_eq!((asked.path(), asked.query()), (url.path(), url.query()));
    let host = asked.host().expect("HTTP/1.1 has one").replace(['[', ']'], "");
    assert!(host.starts_with(url.host()), "{host:?}");
    assert_eq!(upgrade.origin(), origin);
    assert!(upgrade.subprotocols().eq(subprotocols.iter().copied()));
    let own = 5 + [origin.is_some(), !subprotocols.is_empty(), offer.is_some()]
        .map(usize::from)
        .iter()
        .sum::<usize>();
    let sent = asked.headers().iter().skip(own);
    assert!(sent.eq(headers.iter().map(|(name, value)| Header {
        name,
        value: value.trim_matches([' ', '\t']).as_bytes(),
    })));

    let subprotocol = upgrade.subprotocols().last();
    let acceptance = Acceptance { subprotocol, deflate: policy.as_ref(), headers: &[] };
    let mut out = vec![0; text.len() + 512];
    let accepted = upgrade.accept(&acceptance, &mut out).expect("an answer");
    let response = Response::parse(head(&out[..accepted.response_bytes])).expect("a response");
    let established = request.verify(&response).expect("the answer to this request");
    assert_eq!((established.subprotocol, established.deflate), (subprotocol, accepted.deflate));
    assert_eq!(accepted.deflate.is_some(), offer.is_some() && policy.is_some());
    Ok(())
}

/// The bytes are a head, and nothing but a head.
pub(crate) fn head(bytes: &[u8]) -> Head<'_> {
    let limits = HeadLimits {
        max_start_line_bytes: usize::MAX,
        max_head_bytes: usize::MAX,
        ..HeadLimits::default()
    };
    let scanned = HeadScanner::new(limits).scan(bytes);
    let Ok(Status::Complete(head)) = scanned else { panic!("{scanned:?} in {bytes:?}") };
    assert_eq!(head.bytes().len(), bytes.len(), "something behind the head");
    head
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        "ws://example.com/chat",
        "wss://example.com:8443/a/b?c=d%20e|http://example.com|chat,superchat",
        "ws://[::1]:9001|null||X-Token|abc def|Cookie| a=b; c=d ",
        "ws://user@example.com/",
        "ws://example.com?q||a,a",
        "ws://a:80/|\r\nX: y|b",
        "ws://a/|||X-A|b\r\nInjected: yes",
        "ws://a/|||Host|b",
    ];
    let texts = texts.map(|text| text.replace('|', &SEPARATOR.to_string()).into_bytes());
    product(&[&[0, 0], &[1, 6, 6, 1, 6, 6], &[7, 0, 3, 3, 2, 0]], &texts)
}
