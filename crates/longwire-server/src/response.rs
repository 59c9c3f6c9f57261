//! Answers to HTTP requests: what an application can say, and how that is written.
//!
//! `Connection`, `Content-Length` and `Transfer-Encoding` are the server's to write, since they say
//! where the answer ends (RFC 9112 §6). Nothing in a header of the application's can end its line.

use crate::body::is_token_character;
use longwire::handshake::{EncodeError, reason_phrase};
use std::borrow::Cow;
use std::collections::TryReserveError;
use std::io::Write as _;

/// A header: its name and its value.
pub type HeaderLine = (Cow<'static, str>, Cow<'static, str>);

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// With this. The connection waits for its next request, unless the client wants it closed.
    Now(Response),
    /// With this, and the connection is closed behind it.
    Last(Response),
    /// Later, by [`Exchange::respond`](crate::Exchange::respond). Until then nothing else of this
    /// connection is looked at. The server sets no deadline for it.
    Later,
    /// With a stream: this head, this body as the first piece, unless it is empty, and then what
    /// [`Exchange::send`](crate::Exchange::send) is given, up to
    /// [`Exchange::end`](crate::Exchange::end). The server sets no deadline for it. A request of HEAD
    /// is answered with the head, and over: [`gone`](crate::Application::gone) is called. To HTTP/1.0,
    /// which knows no chunks, a stream ends with its connection, so such a client cannot tell one that
    /// is complete from one that was [cut off](crate::Exchange::abort).
    Stream(Response),
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self::Now(response)
    }
}

/// An HTTP response. `Connection`, `Content-Length` and `Transfer-Encoding` are written by the
/// server, and with 426 an `Upgrade`. There is no `Date`, unless it is among the headers: the server
/// has no clock that knows the time of day (RFC 9110 §6.6.1).
#[derive(Clone, Debug)]
pub struct Response {
    /// 200 to 599.
    pub status: u16,
    /// Further headers.
    pub headers: Vec<HeaderLine>,
    /// The body. It is left out where the request was HEAD; 204, 205 and 304 must not have one.
    pub body: Cow<'static, [u8]>,
}

impl Response {
    /// Plain text.
    pub fn text(status: u16, text: impl Into<Cow<'static, str>>) -> Self {
        let body = match text.into() {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        let mut headers = Vec::new();
        // The client can do without it.
        if headers.try_reserve_exact(1).is_ok() {
            headers.push(("Content-Type".into(), "text/plain; charset=utf-8".into()));
        }
        Self { status, headers, body }
    }
}

/// Where an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Behind its body, whose length it says.
    Sized,
    /// Behind the last chunk.
    Chunked,
    /// With the connection, which has to end behind it: a stream for HTTP/1.0.
    UntilClose,
}

/// How one answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) framing: Framing,
    /// The connection ends behind it.
    pub(crate) closes: bool,
    /// The request was HEAD: nothing but the head is sent (RFC 9110 §9.3.2).
    pub(crate) head_only: bool,
}

/// Why an answer was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsent {
    /// It is not one.
    Wrong(EncodeError),
    /// There is no memory for it.
    NoMemory,
}

impl From<TryReserveError> for Unsent {
    fn from(_: TryReserveError) -> Self {
        Self::NoMemory
    }
}

impl From<EncodeError> for Unsent {
    fn from(error: EncodeError) -> Self {
        Self::Wrong(error)
    }
}

/// What the lines take that the server writes itself, at most.
const OWN_LINES_BYTES: usize = 256;

/// Adds an answer to `output`, or nothing.
pub(crate) fn write(response: &Response, form: Form, output: &mut Vec<u8>) -> Result<(), Unsent> {
    check(response, form)?;
    let headers = response.headers.iter().map(|(name, value)| name.len() + value.len() + 4);
    output.try_reserve(OWN_LINES_BYTES + headers.sum::<usize>() + response.body.len())?;
    let status = response.status;
    // There is room for all of it, and a `Vec` takes everything.
    let _ = write!(output, "HTTP/1.1 {status} {}\r\n", reason_phrase(status));
    output.extend_from_slice(match (form.closes, status) {
        // RFC 6455 §4.4, RFC 9110 §15.5.22: 426 says what to upgrade to.
        (true, 426) => {
            b"Connection: close, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        }
        (false, 426) => {
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        }
        // RFC 9112 §9.6: who closes says so. RFC 9112 §9.3: otherwise HTTP/1.1 goes on.
        (true, _) => b"Connection: close\r\n",
        (false, _) => b"",
    });
    let _ = match form.framing {
        // RFC 9110 §8.6: not with 204, and what it would say with 304 is not known here.
        Framing::Sized if matches!(status, 204 | 304) => Ok(()),
        // RFC 9112 §6.3: the length, or chunks, and never both; or neither, and the end of the connection.
        Framing::Sized => write!(output, "Content-Length: {}\r\n", response.body.len()),
        Framing::Chunked => write!(output, "Transfer-Encoding: chunked\r\n"),
        Framing::UntilClose => Ok(()),
    };
    for (name, value) in &response.headers {
        for part in [name, ": ", value, "\r\n"] {
            output.extend_from_slice(part.as_bytes());
        }
    }
    output.extend_from_slice(b"\r\n");
    if !form.head_only {
        write_piece(&response.body, form.framing, output)?;
    }
    Ok(())
}

/// Adds content to `output`, as it stands in an answer that ends so.
pub(crate) fn write_piece(
    content: &[u8],
    framing: Framing,
    output: &mut Vec<u8>,
) -> Result<(), TryReserveError> {
    if framing == Framing::Chunked {
        return write_chunk(content, output);
    }
    output.try_reserve(content.len())?;
    output.extend_from_slice(content);
    Ok(())
}

/// Adds a chunk to `output` (RFC 9112 §7.1), or nothing where it would be empty: that would be the
/// last one.
pub(crate) fn write_chunk(content: &[u8], output: &mut Vec<u8>) -> Result<(), TryReserveError> {
    if content.is_empty() {
        return Ok(());
    }
    // 16 digits, and CRLF twice.
    output.try_reserve(20 + content.len())?;
    // There is room, and a `Vec` takes everything.
    let _ = write!(output, "{:x}\r\n", content.len());
    output.extend_from_slice(content);
    output.extend_from_slice(b"\r\n");
    Ok(())
}

/// The end of a stream (RFC 9112 §7.1): the last chunk, and no trailers.
pub(crate) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

fn check(response: &Response, form: Form) -> Result<(), EncodeError> {
    if !(200..=599).contains(&response.status) {
        return Err(EncodeError::InvalidStatus);
    }
    // RFC 9110 §6.4.1: these have no content, and RFC 9112 §6.1: no chunks.
    let never_has_a_body = matches!(response.status, 204 | 205 | 304);
    if never_has_a_body && (!response.body.is_empty() || form.framing != Framing::Sized) {
        return Err(EncodeError::BodyNotAllowed);
    }
    for (index, (name, value)) in response.headers.iter().enumerate() {
        // RFC 9112 §11.1: nothing in a header ends its line.
        let is_name = !name.is_empty() && name.bytes().all(is_token_character);
        let is_value = value.bytes().all(|byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f));
        if !is_name || !is_value || value.trim_ascii() != &**value {
            return Err(EncodeError::InvalidHeader { index });
        }
        if is_reserved(name) {
            return Err(EncodeError::ReservedHeader { index });
        }
    }
    Ok(())
}

/// What the server writes itself, or what would change where the answer ends.
fn is_reserved(name: &str) -> bool {
    const NAMES: [&str; 5] =
        ["connection", "content-length", "transfer-encoding", "trailer", "upgrade"];
    const PREFIX: &str = "sec-websocket-";
    NAMES.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
        || name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

#[cfg(test)]
mod tests {
    use super::{Form, Framing, Response, Unsent, write, write_chunk};
    use longwire::handshake::EncodeError;

    const SIZED: Form = Form { framing: Framing::Sized, closes: false, head_only: false };
    const CLOSES: Form = Form { closes: true, ..SIZED };
    const HEAD: Form = Form { head_only: true, ..SIZED };
    const STREAM: Form = Form { framing: Framing::Chunked, ..SIZED };
    const STREAM_1_0: Form = Form { framing: Framing::UntilClose, ..CLOSES };

    fn response(
        status: u16,
        headers: &[(&'static str, &'static str)],
        body: &'static str,
    ) -> Response {
        let headers = headers.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        Response { status, headers, body: body.as_bytes().into() }
    }

    #[test]
    fn rfc9112_s6_an_answer_says_where_it_ends() {
        const A: &[(&str, &str)] = &[("A", "b")];
        let cases = [
            (response(200, A, "hi"), SIZED, "200 OK\r\nContent-Length: 2\r\nA: b\r\n\r\nhi"),
            (
                response(200, A, "hi"),
                CLOSES,
                "200 OK\r\nConnection: close\r\nContent-Length: 2\r\nA: b\r\n\r\nhi",
            ),
            (response(200, &[], "hi"), HEAD, "200 OK\r\nContent-Length: 2\r\n\r\n"),
            (response(200, &[], ""), SIZED, "200 OK\r\nContent-Length: 0\r\n\r\n"),
            (response(204, &[], ""), SIZED, "204 No Content\r\n\r\n"),
            (response(304, A, ""), SIZED, "304 Not Modified\r\nA: b\r\n\r\n"),
            (response(205, &[], ""), SIZED, "205 Reset Content\r\nContent-Length: 0\r\n\r\n"),
            (response(299, &[], ""), SIZED, "299 \r\nContent-Length: 0\r\n\r\n"),
            (response(200, &[], ""), STREAM, "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            (
                response(200, A, "hi"),
                Form { closes: true, ..STREAM },
                "200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n2\r\nhi\r\n",
            ),
            (
                response(200, &[], "hi"),
                Form { head_only: true, ..STREAM },
                "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            ),
            (response(200, A, "hi"), STREAM_1_0, "200 OK\r\nConnection: close\r\nA: b\r\n\r\nhi"),
            (response(200, &[], ""), STREAM_1_0, "200 OK\r\nConnection: close\r\n\r\n"),
            (
                response(200, &[], "hi"),
                Form { head_only: true, ..STREAM_1_0 },
                "200 OK\r\nConnection: close\r\n\r\n",
            ),
            (
                response(426, &[], ""),
                SIZED,
                "426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n",
            ),
            (
                response(426, &[], ""),
                CLOSES,
                "426 Upgrade Required\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n",
            ),
        ];
        for (response, form, expected) in cases {
            let mut output = b"before ".to_vec();
            assert_eq!(write(&response, form, &mut output), Ok(()), "{response:?}");
            assert_eq!(String::from_utf8(output).unwrap(), format!("before HTTP/1.1 {expected}"));
        }
    }

    #[test]
    fn rfc9112_s11_1_no_answer_is_split_and_none_says_twice_where_it_ends() {
        let invalid = EncodeError::InvalidHeader { index: 0 };
        let reserved = EncodeError::ReservedHeader { index: 0 };
        let cases = [
            (response(200, &[("A", "b\r\nC: d")], ""), SIZED, invalid),
            (response(200, &[("A", "b\n")], ""), SIZED, invalid),
            (response(200, &[("A", "\0")], ""), SIZED, invalid),
            (response(200, &[("A", " b")], ""), SIZED, invalid),
            (response(200, &[("A:", "b")], ""), SIZED, invalid),
            (response(200, &[("A b", "b")], ""), SIZED, invalid),
            (response(200, &[("", "b")], ""), SIZED, invalid),
            (response(200, &[("content-LENGTH", "1")], ""), SIZED, reserved),
            (response(200, &[("Transfer-Encoding", "gzip")], ""), SIZED, reserved),
            (response(200, &[("Connection", "close")], ""), SIZED, reserved),
            (response(200, &[("Trailer", "A")], ""), STREAM, reserved),
            (response(200, &[("Upgrade", "h2c")], ""), SIZED, reserved),
            (response(200, &[("Sec-WebSocket-Accept", "a")], ""), SIZED, reserved),
            (
                response(200, &[("A", "b"), ("C", "\r")], ""),
                SIZED,
                EncodeError::InvalidHeader { index: 1 },
            ),
            (response(100, &[], ""), SIZED, EncodeError::InvalidStatus),
            (response(199, &[], ""), SIZED, EncodeError::InvalidStatus),
            (response(600, &[], ""), SIZED, EncodeError::InvalidStatus),
            (response(204, &[], "a"), HEAD, EncodeError::BodyNotAllowed),
            (response(304, &[], "a"), SIZED, EncodeError::BodyNotAllowed),
            (response(205, &[], ""), STREAM, EncodeError::BodyNotAllowed),
            (response(204, &[], ""), STREAM_1_0, EncodeError::BodyNotAllowed),
        ];
        for (response, form, error) in cases {
            let mut output = b"before".to_vec();
            assert_eq!(write(&response, form, &mut output), Err(Unsent::Wrong(error)));
            assert_eq!(output, b"before", "{response:?}");
        }
    }

    #[test]
    fn rfc9112_s7_1_a_chunk_has_its_length_in_front_and_is_never_empty() {
        let cases: [(&[u8], &[u8]); 3] = [
            (b"", b""),
            (b"a", b"1\r\na\r\n"),
            (b"0123456789abcdefghi\r\n", b"15\r\n0123456789abcdefghi\r\n\r\n"),
        ];
        for (content, expected) in cases {
            let mut output = Vec::new();
            write_chunk(content, &mut output).unwrap();
            assert_eq!(output, expected);
        }
    }
}
