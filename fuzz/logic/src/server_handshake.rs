//! Any bytes as the request of an opening handshake, its head cut at random: what is accepted keeps
//! the rules of RFC 6455 §4.2.1, and whatever is answered is a response.

use crate::shape::{self, CUTS, Cuts, product};
use arbitrary::{Result, Unstructured};
use longwire::handshake::{
    Acceptance, DeflatePolicy, HeadLimits, HeadScanner, Rejection, Request, RequestError, Response,
    Status,
};

/// Runs one input: cuts, then the bytes.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let cuts = Cuts::read(&mut u)?;
    let bytes = u.take_rest();
    let answer = match shape::scan(bytes, &cuts, HeadLimits::default()) {
        Ok(0) => return Ok(()),
        Ok(len) => answer(&bytes[..len]),
        Err(error) => Err(error.into()),
    };
    let mut out = [0; 1024];
    match answer {
        Ok(response) => check(&response, 101),
        Err(error) => {
            let len = Rejection::of(error).encode(&mut out).expect("a rejection can be sent");
            check(&out[..len], error.status());
        }
    }
    Ok(())
}

/// What the server sends, and the rules once more where it accepts.
fn answer(head: &[u8]) -> core::result::Result<Vec<u8>, RequestError> {
    let Ok(Status::Complete(complete)) = HeadScanner::new(HeadLimits::default()).scan(head) else {
        panic!("a head that was complete is not")
    };
    let request = Request::parse(complete)?;
    let upgrade = request.upgrade()?;
    let values = |name: &str| request.headers().values(name).collect::<Vec<_>>();
    assert_eq!(request.method(), "GET");
    assert_eq!(values("Host").len(), 1);
    assert_eq!(values("Sec-WebSocket-Version"), [b"13"]);
    assert_eq!(values("Sec-WebSocket-Key").iter().map(|key| key.len()).collect::<Vec<_>>(), [24]);
    assert!(request.headers().has_token("Upgrade", "websocket"));
    assert!(request.headers().has_token("Connection", "upgrade"));
    assert!(values("Transfer-Encoding").is_empty(), "a handshake with a body");
    let (first, policy) = (upgrade.subprotocols().next(), DeflatePolicy::default());
    let acceptance = Acceptance { subprotocol: first, deflate: Some(&policy), headers: &[] };
    let mut out = vec![0; head.len() + 512];
    let accepted = upgrade.accept(&acceptance, &mut out).expect("its own choice can be sent");
    out.truncate(accepted.response_bytes);
    Ok(out)
}

fn check(bytes: &[u8], status: u16) {
    let scanned = HeadScanner::new(HeadLimits::default()).scan(bytes);
    let Ok(Status::Complete(head)) = scanned else { panic!("{scanned:?}: {bytes:?}") };
    assert_eq!(Response::parse(head).expect("a response").status(), status);
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    // RFC 6455 §1.2, and variations of it.
    let sample = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
                  Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                  Origin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n\
                  Sec-WebSocket-Version: 13\r\n\r\n";
    let heads = [
        sample.to_owned(),
        sample.replace("dGhlIHNhbXBsZSBub25jZQ==", "AQIDBAUGBwgJCgsMDQ4PEC=="),
        sample.replace("Connection: Upgrade", "Connection: keep-alive, Upgrade"),
        sample.replace("Origin", "Sec-WebSocket-Extensions: permessage-deflate\r\nOrigin"),
        sample.replace("/chat", "http://server.example.com/chat?a"),
        sample.replace(": 13", ": 8"),
        sample.replace("GET", "POST").replace("Origin", "Content-Length: 1\r\nOrigin"),
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
    ];
    product(&CUTS, &heads.map(String::into_bytes))
}
