//! Any header as a server's answer, at a client with any offer: what the client agrees to is within
//! its offer (RFC 7692 §7.1).

use crate::client_handshake::{ACCEPT, request};
use crate::shape::{self, product};
use arbitrary::{Result, Unstructured};
use longwire::handshake::{HeadLimits, HeadScanner, Response, Status};

/// Runs one input: the offer, then the values of the header, a line each.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let mut request = request();
    request.deflate = shape::deflate_offer(&mut u)?;
    let mut head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {ACCEPT}\r\n"
    )
    .into_bytes();
    for line in u.take_rest().split(|byte| *byte == b'\n') {
        head.extend_from_slice(&[b"Sec-WebSocket-Extensions: ", line, b"\r\n"].concat());
    }
    head.extend_from_slice(b"\r\n");
    let mut scanner = HeadScanner::new(HeadLimits::default());
    let Ok(Status::Complete(head)) = scanner.scan(&head) else { return Ok(()) };
    let Ok(response) = Response::parse(head) else { return Ok(()) };
    let Ok(established) = request.verify(&response) else { return Ok(()) };
    let params = established.deflate.expect("an answer that names no extension is malformed");
    let offer = request.deflate.expect("nothing is agreed to without an offer");
    // Asked for is promised; the client's own word holds whatever is answered.
    assert!(params.server_no_context_takeover >= offer.server_no_context_takeover);
    assert!(params.client_no_context_takeover >= offer.client_no_context_takeover);
    assert!((8..=offer.server_max_window_bits).contains(&params.server_max_window_bits));
    assert!((9..=offer.client_max_window_bits).contains(&params.client_max_window_bits));
    Ok(())
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let answers = [
        "permessage-deflate",
        "permessage-deflate; server_max_window_bits=10",
        "permessage-deflate; client_max_window_bits=9; server_no_context_takeover",
        "permessage-deflate; client_no_context_takeover",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=\"8\"",
        "permessage-deflate, permessage-deflate",
        "permessage-deflate\nx-other; a=b",
        "permessage-deflate; client_max_window_bits=8",
        "",
    ];
    product(&[&[0], &[1, 6, 6], &[7, 0, 3]], &answers.map(|answer| answer.as_bytes().to_vec()))
}
