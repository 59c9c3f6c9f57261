//! Any bytes as the response to an opening handshake, cut at random: what is verified keeps the
//! rules of RFC 6455 §4.1.

use crate::shape::{self, CUTS, Cuts, product};
use arbitrary::{Result, Unstructured};
use longwire::handshake::{
    ClientRequest, DeflateOffer, HeadLimits, HeadScanner, Response, Status, Url,
};

/// The accept of RFC 6455 §1.3, for the nonce that is there.
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const NONCE: &[u8; 16] = b"the sample nonce";
const SUBPROTOCOLS: [&str; 2] = ["chat", "superchat"];

/// Runs one input: whether permessage-deflate is offered, cuts, then the bytes.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let mut request = request();
    request.deflate = u.arbitrary::<bool>()?.then(DeflateOffer::default);
    let cuts = Cuts::read(&mut u)?;
    let bytes = u.take_rest();
    let Ok(len @ 1..) = shape::scan(bytes, &cuts, HeadLimits::default()) else { return Ok(()) };
    let mut scanner = HeadScanner::new(HeadLimits::default());
    let Ok(Status::Complete(head)) = scanner.scan(&bytes[..len]) else { panic!("not complete") };
    let Ok(response) = Response::parse(head) else { return Ok(()) };
    let Ok(established) = request.verify(&response) else { return Ok(()) };
    let values = |name: &str| response.headers().values(name).collect::<Vec<_>>();
    assert_eq!(response.status(), 101);
    assert_eq!(values("Sec-WebSocket-Accept"), [ACCEPT.as_bytes()]);
    assert_eq!(values("Upgrade").len(), 1);
    assert!(response.headers().has_token("Connection", "upgrade"));
    assert!(values("Transfer-Encoding").is_empty(), "a 101 with a body");
    let subprotocol: Vec<_> = established.subprotocol.map(str::as_bytes).into_iter().collect();
    assert_eq!(values("Sec-WebSocket-Protocol"), subprotocol);
    assert!(established.subprotocol.is_none_or(|chosen| SUBPROTOCOLS.contains(&chosen)));
    let answered = !values("Sec-WebSocket-Extensions").is_empty();
    assert_eq!(established.deflate.is_some(), answered);
    assert!(!answered || request.deflate.is_some(), "what was not offered");
    Ok(())
}

/// A request with the sample nonce, and two subprotocols.
pub(crate) fn request() -> ClientRequest<'static> {
    let url = Url::parse("ws://server.example.com/chat").expect("a URL");
    ClientRequest { subprotocols: &SUBPROTOCOLS, ..ClientRequest::new(url, *NONCE) }
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let sample = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {ACCEPT}\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
    );
    let heads = [
        sample.clone(),
        sample.replace("Sec-WebSocket-Protocol: chat\r\n", ""),
        sample.replace("chat", "other"),
        sample.replace("s3pP", "x3pP"),
        sample.replace("Protocol: chat", "Extensions: permessage-deflate"),
        sample.replace("Protocol: chat", "Extensions: permessage-deflate; client_max_window_bits=9"),
        sample.replace("Sec-WebSocket-Protocol: chat", "Content-Length: 0"),
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\n".to_owned(),
    ];
    let fronts = [&[0, 0][..], &[1, 0], &[1, 3, 0, 1, 6]];
    debug_assert!(fronts[1][1..] == *CUTS[0] && fronts[2][1..] == *CUTS[1]);
    product(&fronts, &heads.map(String::into_bytes))
}
