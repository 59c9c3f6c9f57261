//! Writing a head into the caller's slice.

use core::fmt;

use super::error::EncodeError;
use super::syntax::{is_field_value, is_token};

/// Writes while there is room, and counts on when there is none, so that it can say how much was
/// needed.
pub(crate) struct Output<'a> {
    out: &'a mut [u8],
    len: usize,
}

impl<'a> Output<'a> {
    pub(crate) fn new(out: &'a mut [u8]) -> Self {
        Self { out, len: 0 }
    }

    pub(crate) fn push(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let end = self.len.saturating_add(bytes.len());
        if let Some(room) = self.out.get_mut(self.len..end) {
            room.copy_from_slice(bytes);
        }
        self.len = end;
    }

    /// A header line.
    pub(crate) fn header(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.push(name);
        self.push(": ");
        self.push(value);
        self.push("\r\n");
    }

    /// The header lines that the caller wants beside the handshake's own.
    pub(crate) fn headers(&mut self, headers: &[(&str, &str)]) {
        for (name, value) in headers {
            self.header(name, value);
        }
    }

    /// How many bytes were written.
    pub(crate) fn finish(self) -> Result<usize, EncodeError> {
        if self.len > self.out.len() {
            Err(EncodeError::BufferTooSmall { needed: self.len })
        } else {
            Ok(self.len)
        }
    }
}

impl fmt::Write for Output<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}

/// Checks the headers that the caller wants to send, before a byte of them is written: nothing in
/// them may end the line, and what the handshake writes itself may not be there twice.
pub(crate) fn check_headers(headers: &[(&str, &str)]) -> Result<(), EncodeError> {
    for (index, (name, value)) in headers.iter().enumerate() {
        if !is_token(name.as_bytes()) || !is_field_value(value.as_bytes()) {
            return Err(EncodeError::InvalidHeader { index });
        }
        if is_reserved(name) {
            return Err(EncodeError::ReservedHeader { index });
        }
    }
    Ok(())
}

/// RFC 6455 §11.3.3 and RFC 6455 §11.3.4, and the like for the others: once at most in an answer.
fn is_reserved(name: &str) -> bool {
    const NAMES: [&str; 6] =
        ["connection", "content-length", "host", "origin", "transfer-encoding", "upgrade"];
    const PREFIX: &str = "sec-websocket-";
    NAMES.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
        || name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_much_room_was_needed() {
        for room in 0..8 {
            let mut out = [0; 8];
            let mut output = Output::new(&mut out[..room]);
            output.header("a", "b");
            let expected =
                if room < 6 { Err(EncodeError::BufferTooSmall { needed: 6 }) } else { Ok(6) };
            assert_eq!(output.finish(), expected, "room for {room}");
        }
    }

    #[test]
    fn t14_nothing_in_a_header_can_end_the_line() {
        let invalid = Err(EncodeError::InvalidHeader { index: 1 });
        let reserved = Err(EncodeError::ReservedHeader { index: 1 });
        let cases = [
            ("X-Trace", "abc", Ok(())),
            ("X-Trace", "", Ok(())),
            ("X-Trace", "a\tb c", Ok(())),
            ("X-Name", "J\u{fc}rgen", Ok(())),
            ("Sec-Fetch-Site", "cross-site", Ok(())),
            ("X-Trace", "a\r\nSet-Cookie: b", invalid),
            ("X-Trace", "a\rb", invalid),
            ("X-Trace", "a\nb", invalid),
            ("X-Trace", "a\0b", invalid),
            ("X-Trace", "a\x7fb", invalid),
            ("X Trace", "a", invalid),
            ("X-Trace:", "a", invalid),
            ("X-Trace\r\nA", "a", invalid),
            ("", "a", invalid),
            ("X-Tr\u{e4}ce", "a", invalid),
            ("Connection", "close", reserved),
            ("connection", "close", reserved),
            ("CONTENT-LENGTH", "0", reserved),
            ("Host", "a", reserved),
            ("Origin", "a", reserved),
            ("Transfer-Encoding", "chunked", reserved),
            ("Upgrade", "h2c", reserved),
            ("Sec-WebSocket-Key", "a", reserved),
            ("sec-websocket-anything", "a", reserved),
        ];
        for (name, value, expected) in cases {
            assert_eq!(
                check_headers(&[("A", "b"), (name, value)]),
                expected,
                "{name:?}: {value:?}"
            );
        }
    }
}
