//! Any header as a client's offer of extensions, at a server with any policy: what the answer says
//! is what the server believes, and both keep to the policy (RFC 7692 §7).

use crate::shape::{self, product};
use arbitrary::{Result, Unstructured};
use longwire::handshake::{
    Acceptance, DeflateParams, DeflatePolicy, HeadLimits, HeadScanner, Request, Response, Status,
};

/// Runs one input: the policy, then the values of the header, a line each.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let policy = shape::deflate_policy(&mut u)?;
    let mut head = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        .to_vec();
    let offer = u.take_rest();
    for line in offer.split(|byte| *byte == b'\n') {
        head.extend_from_slice(&[b"Sec-WebSocket-Extensions: ", line, b"\r\n"].concat());
    }
    head.extend_from_slice(b"\r\n");
    let mut scanner = HeadScanner::new(HeadLimits::default());
    let Ok(Status::Complete(head)) = scanner.scan(&head) else { return Ok(()) };
    let Ok(request) = Request::parse(head) else { return Ok(()) };
    let Ok(upgrade) = request.upgrade() else { return Ok(()) };
    let acceptance = Acceptance { deflate: policy.as_ref(), ..Acceptance::default() };
    let mut out = [0; 512];
    let accepted = upgrade.accept(&acceptance, &mut out).expect("the policy is valid");
    let answer = answer(&out[..accepted.response_bytes]);
    assert_eq!(answer.as_deref().map(read), accepted.deflate, "{answer:?}");
    if let Some(params) = accepted.deflate {
        check(params, policy.expect("nothing is agreed to without a policy"));
        let name = b"permessage-deflate";
        assert!(offer.windows(name.len()).any(|bytes| bytes == name), "it was not offered");
    }
    Ok(())
}

fn check(params: DeflateParams, policy: DeflatePolicy) {
    assert!(params.server_no_context_takeover >= policy.server_no_context_takeover);
    assert!(params.client_no_context_takeover >= policy.client_no_context_takeover);
    assert!((9..=policy.server_max_window_bits).contains(&params.server_max_window_bits));
    assert!((8..=15).contains(&params.client_max_window_bits));
}

/// The answer's header, if there is one.
fn answer(response: &[u8]) -> Option<String> {
    let mut scanner = HeadScanner::new(HeadLimits::default());
    let Ok(Status::Complete(head)) = scanner.scan(response) else { panic!("no response") };
    let response = Response::parse(head).expect("a response");
    let mut values = response.headers().values("Sec-WebSocket-Extensions");
    let value = values.next().map(|value| String::from_utf8(value.to_vec()).expect("ASCII"));
    assert_eq!(values.next(), None);
    value
}

/// What an answer comes to, in the one way in which this server writes it.
fn read(answer: &str) -> DeflateParams {
    let mut words = answer.split("; ");
    assert_eq!(words.next(), Some("permessage-deflate"));
    let mut params = DeflateParams::default();
    for word in words {
        let bits = |text: &str| text.parse().expect("a number");
        match word.split_once('=') {
            None if word == "server_no_context_takeover" => params.server_no_context_takeover = true,
            None if word == "client_no_context_takeover" => params.client_no_context_takeover = true,
            Some(("server_max_window_bits", text)) => params.server_max_window_bits = bits(text),
            Some(("client_max_window_bits", text)) => params.client_max_window_bits = bits(text),
            _ => panic!("{word:?} in an answer"),
        }
    }
    params
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    // RFC 7692 §7.1.3, RFC 6455 §9.1.
    let offers = [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
        "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; \
         client_max_window_bits",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; client_max_window_bits=\"9\"",
        "permessage-deflate; server_max_window_bits=8\npermessage-deflate; server_max_window_bits=15",
        "permessage-deflate; unknown=1, permessage-deflate; client_max_window_bits=8",
        "foo, bar; baz=2 ,, deflate-stream",
        "permessage-deflate; server_max_window_bits=09; x=\"\\9\"",
        "",
    ];
    product(&[&[0], &[1, 6, 6], &[7, 0, 3]], &offers.map(|offer| offer.as_bytes().to_vec()))
}
