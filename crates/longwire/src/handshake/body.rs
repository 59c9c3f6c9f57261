//! Where the body of a request ends (RFC 9112 §6). Whatever two programs could read in two ways is
//! refused.

use super::error::RequestError;
use super::headers::Headers;

/// What follows the head of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    None,
    /// A body of a known length.
    Sized {
        /// Its length, at least 1.
        bytes: u64,
    },
    /// A body in chunks, each with its length.
    Chunked,
}

impl Body {
    /// What the headers say about the body.
    pub(crate) fn of(headers: &Headers<'_>) -> Result<Self, RequestError> {
        match (headers.contains("Transfer-Encoding"), headers.contains("Content-Length")) {
            // RFC 9112 §6.1: this may be an attempt at smuggling.
            (true, true) => Err(RequestError::AmbiguousLength),
            (true, false) => chunked(headers),
            (false, true) => sized(headers),
            (false, false) => Ok(Self::None),
        }
    }
}

fn chunked(headers: &Headers<'_>) -> Result<Body, RequestError> {
    let mut codings = headers.elements("Transfer-Encoding");
    let is_chunked = |coding: &[u8]| coding.eq_ignore_ascii_case(b"chunked");
    let first = codings.next();
    let last = codings.last();
    match (first, last) {
        (Some(only), None) if is_chunked(only) => Ok(Body::Chunked),
        // RFC 9112 §6.1: chunked is not applied twice.
        (Some(first), Some(last)) if is_chunked(last) && !is_chunked(first) => {
            Err(RequestError::UnsupportedTransferCoding)
        }
        _ => Err(RequestError::InvalidTransferEncoding),
    }
}

/// RFC 9110 §8.6: one number, in digits. A repeated one is refused even where the values are equal.
fn sized(headers: &Headers<'_>) -> Result<Body, RequestError> {
    let value = headers
        .single("Content-Length")
        .ok()
        .flatten()
        .ok_or(RequestError::InvalidContentLength)?;
    // `parse` alone would take a sign.
    let digits = core::str::from_utf8(value)
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match digits.and_then(|digits| digits.parse().ok()) {
        Some(0) => Ok(Body::None),
        Some(bytes) => Ok(Body::Sized { bytes }),
        None => Err(RequestError::InvalidContentLength),
    }
}
