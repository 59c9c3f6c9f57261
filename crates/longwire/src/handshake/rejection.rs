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
        // RFC 9110 §6.4.1: these have no content.
        let never_has_a_body = matches!(self.status, 204 | 205 | 304);
        if never_has_a_body && !self.body.is_empty() {
            return Err(EncodeError::BodyNotAllowed);
        }
        // An `Output` takes everything: writing to it does not fail.
        let _ = write!(output, "HTTP/1.1 {} {}\r\n", self.status, reason_phrase(self.status));
        // RFC 6455 §4.4: a version that is not supported is answered with those that are.
        // RFC 9110 §15.5.22: 426 has an Upgrade.
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

/// What stands behind a status in a response (RFC 9110 §15, RFC 6585). The phrase is for people alone, so
/// that an empty one, which those that are not known here have, does no harm.
pub const fn reason_phrase(status: u16) -> &'static str {
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
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
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

#[cfg(test)]
mod tests {
    use super::super::error::HeadError;
    use super::*;
    use std::format;
    use std::string::String;

    fn encode(rejection: &Rejection<'_>) -> Result<String, EncodeError> {
        let mut out = [0; 1024];
        let len = rejection.encode(&mut out)?;
        Ok(String::from_utf8(out[..len].to_vec()).unwrap())
    }

    #[test]
    fn each_refusal_byte_for_byte() {
        let cases: &[(RequestError, &str)] = &[
            (
                RequestError::KeyMissing,
                "HTTP/1.1 400 Bad Request\r\n\
                 Connection: close\r\n\
                 Content-Length: 28\r\n\
                 Content-Type: text/plain; charset=utf-8\r\n\
                 \r\n\
                 Sec-WebSocket-Key is missing",
            ),
            (
                RequestError::MethodNotGet,
                "HTTP/1.1 405 Method Not Allowed\r\n\
                 Connection: close\r\n\
                 Content-Length: 46\r\n\
                 Content-Type: text/plain; charset=utf-8\r\n\
                 Allow: GET\r\n\
                 \r\n\
                 the method of an opening handshake must be GET",
            ),
            (
                RequestError::VersionUnsupported,
                "HTTP/1.1 426 Upgrade Required\r\n\
                 Connection: close, Upgrade\r\n\
                 Upgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\n\
                 Content-Length: 32\r\n\
                 Content-Type: text/plain; charset=utf-8\r\n\
                 \r\n\
                 Sec-WebSocket-Version must be 13",
            ),
            (
                RequestError::Head(HeadError::StartLineTooLong { max_start_line_bytes: 8192 }),
                "HTTP/1.1 414 URI Too Long\r\n\
                 Connection: close\r\n\
                 Content-Length: 44\r\n\
                 Content-Type: text/plain; charset=utf-8\r\n\
                 \r\n\
                 the start line is over this endpoint's limit",
            ),
            (
                RequestError::Head(HeadError::TooManyHeaders { max_headers: 100 }),
                "HTTP/1.1 431 Request Header Fields Too Large\r\n\
                 Connection: close\r\n\
                 Content-Length: 47\r\n\
                 Content-Type: text/plain; charset=utf-8\r\n\
                 \r\n\
                 there are more headers than this endpoint takes",
            ),
            (
                RequestError::UnsupportedTransferCoding,
                "HTTP/1.1 501 Not Implemented\r\n\
                 Connection: close\r\n\
                 Content-Length: 37\r\n\
                 Content-Type: text/plain; charset=utf-8\r\n\
                 \r\n\
                 chunked is the only coding understood",
            ),
            (
                RequestError::UnsupportedHttpVersion,
                "HTTP/1.1 505 HTTP Version Not Supported\r\n\
                 Connection: close\r\n\
                 Content-Length: 28\r\n\
                 Content-Type: text/plain; charset=utf-8\r\n\
                 \r\n\
                 the HTTP version must be 1.1",
            ),
        ];
        for &(error, expected) in cases {
            assert_eq!(encode(&Rejection::of(error)).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn every_error_has_an_answer_that_says_why() {
        for &error in RequestError::ALL {
            let (status, reason) = (error.status(), error.reason());
            let response = encode(&Rejection::of(error)).unwrap();
            let start = format!("HTTP/1.1 {status} {}\r\nConnection: close", reason_phrase(status));
            assert!(response.starts_with(&start), "{response}");
            assert!(!reason_phrase(status).is_empty(), "{status}");
            assert!(
                response.contains(&format!("\r\nContent-Length: {}\r\n", reason.len())),
                "{response}"
            );
            assert!(response.ends_with(&format!("\r\n\r\n{reason}")), "{response}");
        }
    }

    #[test]
    fn the_application_refuses_with_headers_and_a_body() {
        let rejection = Rejection {
            status: 401,
            headers: &[("WWW-Authenticate", "Bearer"), ("Cache-Control", "no-store")],
            body: b"{}",
        };
        let expected = "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 2\r\n\
                        WWW-Authenticate: Bearer\r\nCache-Control: no-store\r\n\r\n{}";
        assert_eq!(encode(&rejection).as_deref(), Ok(expected));
        // The answer to a HEAD request counts the body and leaves it out.
        let mut out = [0; 256];
        let len = rejection.encode_head(&mut out).unwrap();
        assert_eq!(out[..len], expected.as_bytes()[..expected.len() - 2]);
    }

    #[test]
    fn what_cannot_be_sent_is_not_written() {
        let ok = Rejection { status: 400, headers: &[], body: b"x" };
        let header = EncodeError::InvalidHeader { index: 0 };
        let reserved = EncodeError::ReservedHeader { index: 0 };
        let cases = [
            (Rejection { status: 101, ..ok }, EncodeError::InvalidStatus),
            (Rejection { status: 100, ..ok }, EncodeError::InvalidStatus),
            (Rejection { status: 199, ..ok }, EncodeError::InvalidStatus),
            (Rejection { status: 600, ..ok }, EncodeError::InvalidStatus),
            (Rejection { status: 204, ..ok }, EncodeError::BodyNotAllowed),
            (Rejection { status: 205, ..ok }, EncodeError::BodyNotAllowed),
            (Rejection { status: 304, ..ok }, EncodeError::BodyNotAllowed),
            (Rejection { headers: &[("Location", "/\r\nSet-Cookie: a")], ..ok }, header),
            (Rejection { headers: &[("Location", "/\0")], ..ok }, header),
            (Rejection { headers: &[("Connection", "keep-alive")], ..ok }, reserved),
            (Rejection { headers: &[("Transfer-Encoding", "chunked")], ..ok }, reserved),
        ];
        for (rejection, error) in cases {
            let mut out = [0xaa; 256];
            assert_eq!(rejection.encode(&mut out), Err(error), "{rejection:?}");
            assert_eq!(rejection.encode_head(&mut out), Err(error), "{rejection:?}");
            assert_eq!(out, [0xaa; 256], "{rejection:?}");
        }
        let needed = ok.encode(&mut []).unwrap_err();
        assert_eq!(needed, EncodeError::BufferTooSmall { needed: 67 });
        assert_eq!(ok.encode(&mut [0; 66]), Err(needed));
        assert_eq!(ok.encode(&mut [0; 67]), Ok(67));
    }

    #[test]
    fn rfc9110_s6_4_1_statuses_without_a_body() {
        let cases = [
            (204, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
            (304, "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"),
            (205, "HTTP/1.1 205 Reset Content\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
        ];
        for (status, expected) in cases {
            let rejection = Rejection { status, headers: &[], body: b"" };
            assert_eq!(encode(&rejection).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn rfc9110_s15_each_status_with_its_phrase() {
        let cases = [
            (200, "OK"),
            (201, "Created"),
            (202, "Accepted"),
            (204, "No Content"),
            (205, "Reset Content"),
            (301, "Moved Permanently"),
            (302, "Found"),
            (303, "See Other"),
            (304, "Not Modified"),
            (307, "Temporary Redirect"),
            (308, "Permanent Redirect"),
            (400, "Bad Request"),
            (401, "Unauthorized"),
            (403, "Forbidden"),
            (404, "Not Found"),
            (405, "Method Not Allowed"),
            (406, "Not Acceptable"),
            (408, "Request Timeout"),
            (409, "Conflict"),
            (410, "Gone"),
            (411, "Length Required"),
            (413, "Content Too Large"),
            (414, "URI Too Long"),
            (415, "Unsupported Media Type"),
            (421, "Misdirected Request"),
            (422, "Unprocessable Content"),
            (426, "Upgrade Required"),
            (429, "Too Many Requests"),
            (431, "Request Header Fields Too Large"),
            (500, "Internal Server Error"),
            (501, "Not Implemented"),
            (502, "Bad Gateway"),
            (503, "Service Unavailable"),
            (504, "Gateway Timeout"),
            (505, "HTTP Version Not Supported"),
            // Not registered, or not known here: no phrase, and the space in front of it stays.
            (299, ""),
            (599, ""),
        ];
        for (status, phrase) in cases {
            let response = encode(&Rejection { status, headers: &[], body: b"" }).unwrap();
            let start_line = response.split("\r\n").next().unwrap();
            assert_eq!(start_line, format!("HTTP/1.1 {status} {phrase}"));
        }
    }
}
