//! What the tests of the handshake share: the RFC's own request, and every way to cut it up.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::error::HeadError;
use super::head::{Head, HeadScanner, Status};
use super::limits::HeadLimits;

/// The request of RFC 6455 §1.2.
pub(super) const REQUEST: &str = "GET /chat HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Origin: http://example.com\r\n\
    Sec-WebSocket-Protocol: chat, superchat\r\n\
    Sec-WebSocket-Version: 13\r\n\
    \r\n";

/// The nonce that stands in the key of [`REQUEST`].
pub(super) const NONCE: [u8; 16] = *b"the sample nonce";

/// The response to it (RFC 6455 §1.2).
pub(super) const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
    Sec-WebSocket-Protocol: chat\r\n\
    \r\n";

/// `text` with one part replaced. The part has to be there, once.
pub(super) fn edited(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from:?} is to be replaced in {text:?}");
    text.replace(from, to)
}

/// `text` with lines put behind its start line.
pub(super) fn with_lines(text: &str, lines: &str) -> String {
    let (start_line, headers) = text.split_once("\r\n").unwrap();
    format!("{start_line}\r\n{lines}{headers}")
}

/// The head that these bytes begin with.
pub(super) fn head(bytes: &[u8]) -> Head<'_> {
    match HeadScanner::new(HeadLimits::DEFAULT).scan(bytes) {
        Ok(Status::Complete(head)) => head,
        other => panic!("no head but {other:?}: {:?}", String::from_utf8_lossy(bytes)),
    }
}

/// Scans the bytes whole, byte by byte, in every cut into two, and with bytes behind them that are
/// no HTTP; gives the verdict, which has to be the same each time: the length of the head, if it is
/// complete.
pub(super) fn scan_every_way(bytes: &[u8], limits: HeadLimits) -> Result<Status<usize>, HeadError> {
    let verdict = scan_in_pieces(bytes, &[bytes.len()], limits);
    let every_byte: Vec<usize> = (0..=bytes.len()).collect();
    assert_eq!(scan_in_pieces(bytes, &every_byte, limits), verdict, "byte by byte");
    for cut in 0..bytes.len() {
        assert_eq!(scan_in_pieces(bytes, &[cut, bytes.len()], limits), verdict, "cut at {cut}");
    }
    if verdict != Ok(Status::Partial) {
        let longer = [bytes, b"\x81\x05Hello\0\n\r\n\r\n"].concat();
        let every_byte: Vec<usize> = (0..=longer.len()).collect();
        assert_eq!(
            scan_in_pieces(&longer, &[longer.len()], limits),
            verdict,
            "with trailing bytes"
        );
        assert_eq!(scan_in_pieces(&longer, &every_byte, limits), verdict, "the same byte by byte");
    }
    verdict
}

/// Shows a scanner ever longer beginnings of the bytes, as a connection would, and gives its last
/// word.
fn scan_in_pieces(
    bytes: &[u8],
    lengths: &[usize],
    limits: HeadLimits,
) -> Result<Status<usize>, HeadError> {
    let mut scanner = HeadScanner::new(limits);
    let mut last = Ok(Status::Partial);
    for &length in lengths {
        let verdict = match scanner.scan(&bytes[..length]) {
            Ok(Status::Complete(head)) => {
                assert_eq!(head.bytes(), &bytes[..head.bytes().len()]);
                Ok(Status::Complete(head.bytes().len()))
            }
            Ok(Status::Partial) => Ok(Status::Partial),
            Err(error) => Err(error),
        };
        // A verdict is final: more bytes do not change it.
        assert!(last == Ok(Status::Partial) || last == verdict, "{last:?}, then {verdict:?}");
        last = verdict;
    }
    last
}
