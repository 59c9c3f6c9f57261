//! A response as a client sees it: the head taken apart, and what HTTP/1.1 asks of it.

use super::error::{HeadError, ResponseError};
use super::head::Head;
use super::headers::Headers;

/// A valid HTTP/1.1 response, without its body.
/// [`ClientRequest::verify`](super::ClientRequest::verify) says whether it opens the connection.
#[derive(Clone, Debug)]
pub struct Response<'a> {
    status: u16,
    headers: Headers<'a>,
}

impl<'a> Response<'a> {
    /// Takes a head apart.
    ///
    /// # Errors
    ///
    /// The status line or a header is malformed, or the version is not HTTP/1.1.
    pub fn parse(head: Head<'a>) -> Result<Self, ResponseError> {
        let (headers, status) = Headers::parse_with(|fields| status_line(head, fields))?;
        Ok(Self { status, headers })
    }

    /// The status: 101 or what the server says instead.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The headers: where the status is not 101, what to do about it.
    pub fn headers(&self) -> &Headers<'a> {
        &self.headers
    }
}

/// The status line and the header lines, through httparse, which refuses white space in front of a
/// colon (RFC 9112 §5.1).
fn status_line<'a>(
    head: Head<'a>,
    fields: &mut [httparse::Header<'a>],
) -> Result<(usize, u16), ResponseError> {
    // RFC 9112 §2.2 lets an empty line stand in front of a request, not of a response.
    if head.bytes().starts_with(b"\r\n") {
        return Err(ResponseError::MalformedStatusLine);
    }
    let mut parsed = httparse::Response::new(fields);
    let complete = parsed.parse(head.bytes()).map_err(|error| match error {
        httparse::Error::Version => ResponseError::UnsupportedHttpVersion,
        httparse::Error::HeaderName | httparse::Error::HeaderValue => {
            HeadError::MalformedHeader.into()
        }
        _ => ResponseError::MalformedStatusLine,
    })?;
    let (Some(version), Some(status)) = (parsed.version, parsed.code) else {
        return Err(ResponseError::MalformedStatusLine);
    };
    // The scanner and httparse have to see the same end, or the rest would be read twice or not at
    // all.
    if complete != httparse::Status::Complete(head.bytes().len()) {
        return Err(ResponseError::MalformedStatusLine);
    }
    // RFC 6455 §4.1: whatever else is no answer to the request fails the connection. An upgrade is
    // nothing that HTTP/1.0 knows (RFC 9110 §7.8), and no higher minor version exists that could be
    // read as HTTP/1.1 (RFC 9110 §2.5).
    if version != 1 {
        return Err(ResponseError::UnsupportedHttpVersion);
    }
    Ok((parsed.headers.len(), status))
}
