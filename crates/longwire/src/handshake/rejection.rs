//! An answer that is not 101: how a handshake is refused, and how a plain HTTP request is answered.
//! The connection always closes behind it, so that nothing that follows the head is ever read as a
//! request.

use core::fmt::Write as _;

use super::error::{EncodeError, RequestError};
use super::output::{Output, check_headers};

/// An HTTP response behind which the connection is closed.
///
/// `Connection: close` and Content-Length are written by themselves, and with status 426 what RFC
/// 6455 §4.4 and RFC 9110 §15.5.22 ask for: Upgrade and Sec-WebSocket-Version.
///
/// ```
/// use longwire::handshake::Rejection;
///
/// let mut out = [0; 256];
/// let len = Rejection { status: 403, headers: &[], body: b"not from there" }.encode(&mut out)?;
/// assert_eq!(
///     &out[..len],
///     b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 14\r\n\r\nnot from there"
/// );
/// # Ok::<(), longwire::handshake::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection<'a> {
    /// The status, 200 to 599.
    pub status: u16,
    /// More headers, names and values. Those of the handshake itself cannot be set.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body. Statuses 204, 205 and 304 have none.
    pub body: &'a [u8],
}

impl Rejection<'static> {
    /// The answer to a request with this fault: its status, and one line of plain text that says
    /// why.
    pub fn of(error: impl Into<RequestError>) -> Self {
        const TYPE: (&str, &str) = ("Content-Type", "text/plain; charset=utf-8");
        let error = error.into();
        let status = error.status();
        // RFC 9110 §15.5.6: 405 says what is allowed.
        let headers: &[_] = if status == 405 { &[TYPE, ("Allow", "GET")] } else { &[TYPE] };
        Self { status, headers, body: error.reason().as_bytes() }
    }
}

impl Rejection<'_> {
    /// Writes the response.
    ///
    /// # Errors
    ///
    /// The status, a header or the body cannot be sent, or `out` is too small. Nothing may be sent
    /// then.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let mut output = Output::new(out);
        self.write_head(&mut output)?;
        output.push(self.body);
        output.finish()
    }

    /// Writes the response without its body: the answer to a HEAD request, which says how long the
    /// body would be (RFC 9110 §9.3.2).
    ///
    /// # Errors
    ///
    /// The same as [`Rejection::encode`].
    pub fn encode_head(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let mut output = Output::new(out);
        self.write_head(&mut output)?;
        output.finish()
    }

    fn write_head(&self, output: &mut Output<'_>) -> Result<(), EncodeError> {
        check_headers(self.headers)?;
        if !(200..=599).contains(&self.status) {
            return Err(EncodeError::InvalidStatus);
        }
        let never_has_a_body = matches!(self.status, 204 | 205 | 304);
        if never_has_a_body && !self.body.is_empty() {
            return Err(EncodeError::BodyNotAllowed);
        }
        // An `Output` takes everything: writing to it does not fail.
        let _ = write!(output, "HTTP/1.1 {} {}\r\n", self.status, reason_phrase(self.status));
        if self.status == 426 {
            output.push(
                "Connection: close, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
            );
        } else {
            output.push("Connection: close\r\n");
        }
        // RFC 9110 §8.6: not with 204, and what it would say with 304 is not known here.
        if !matches!(self.status, 204 | 304) {
            let _ = write!(output, "Content-Length: {}\r\n", self.body.len());
        }
        output.headers(self.headers);
        output.push("\r\n");
        Ok(())
    }
}

/// RFC 9110 §15, RFC 6585. The phrase is for people alone, so that an empty one does no harm.
const fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        205 => "Reset Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}
