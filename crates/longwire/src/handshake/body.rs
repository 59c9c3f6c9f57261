//! Where the body of a request ends (RFC 9112 §6). Whatever two programs could read in two ways is
//! refused.

use super::error::RequestError;
use super::headers::Headers;
use super::request::HttpVersion;

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
    pub(crate) fn of(headers: &Headers<'_>, version: HttpVersion) -> Result<Self, RequestError> {
        match (headers.contains("Transfer-Encoding"), headers.contains("Content-Length")) {
            // RFC 9112 §6.1: it does not know this header, so who has put it there, and where the body
            // ends, is not certain, with a length or without.
            (true, _) if version == HttpVersion::Http10 => {
                Err(RequestError::TransferEncodingInHttp10)
            }
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

/// RFC 9110 §8.6, RFC 9112 §6.3: one number, in digits. A repeated one is refused even where the
/// values are equal.
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

#[cfg(test)]
mod tests {
    use super::super::request::Request;
    use super::super::testing::head;
    use super::*;
    use std::format;

    #[test]
    fn t12_a_length_that_could_be_read_in_two_ways_is_refused() {
        use RequestError::*;
        let cases: &[(&str, Result<Body, RequestError>)] = &[
            ("", Ok(Body::None)),
            ("Content-Length: 0\r\n", Ok(Body::None)),
            ("Content-Length: 5\r\n", Ok(Body::Sized { bytes: 5 })),
            ("Content-Length: 18446744073709551615\r\n", Ok(Body::Sized { bytes: u64::MAX })),
            ("Content-Length: 18446744073709551616\r\n", Err(InvalidContentLength)),
            ("Content-Length: +5\r\n", Err(InvalidContentLength)),
            ("Content-Length: -5\r\n", Err(InvalidContentLength)),
            ("Content-Length: 0x5\r\n", Err(InvalidContentLength)),
            ("Content-Length: 5 5\r\n", Err(InvalidContentLength)),
            ("Content-Length: 5, 5\r\n", Err(InvalidContentLength)),
            ("Content-Length:\r\n", Err(InvalidContentLength)),
            ("Content-Length: \u{665}\r\n", Err(InvalidContentLength)),
            ("Content-Length: 5\r\nContent-Length: 5\r\n", Err(InvalidContentLength)),
            ("Content-Length: 5\r\ncontent-length: 6\r\n", Err(InvalidContentLength)),
            ("Transfer-Encoding: chunked\r\n", Ok(Body::Chunked)),
            ("Transfer-Encoding: CHUNKED\r\n", Ok(Body::Chunked)),
            ("Transfer-Encoding: gzip, chunked\r\n", Err(UnsupportedTransferCoding)),
            (
                "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
                Err(UnsupportedTransferCoding),
            ),
            ("Transfer-Encoding: xchunked\r\n", Err(InvalidTransferEncoding)),
            ("Transfer-Encoding: chunked, gzip\r\n", Err(InvalidTransferEncoding)),
            ("Transfer-Encoding: chunked, chunked\r\n", Err(InvalidTransferEncoding)),
            ("Transfer-Encoding: identity\r\n", Err(InvalidTransferEncoding)),
            ("Transfer-Encoding: \"chunked\"\r\n", Err(InvalidTransferEncoding)),
            ("Transfer-Encoding: chunked;a=b\r\n", Err(InvalidTransferEncoding)),
            ("Transfer-Encoding:\r\n", Err(InvalidTransferEncoding)),
            ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", Err(AmbiguousLength)),
            ("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", Err(AmbiguousLength)),
        ];
        for &(lines, expected) in cases {
            let bytes = format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
            let body = Request::parse(head(bytes.as_bytes())).map(|request| request.body());
            assert_eq!(body, expected, "{lines:?}");
        }
    }

    #[test]
    fn rfc9112_s6_1_http_1_0_has_no_transfer_coding() {
        use RequestError::*;
        let cases: &[(&str, Result<Body, RequestError>)] = &[
            ("", Ok(Body::None)),
            ("Content-Length: 0\r\n", Ok(Body::None)),
            ("Content-Length: 5\r\n", Ok(Body::Sized { bytes: 5 })),
            ("Content-Length: +5\r\n", Err(InvalidContentLength)),
            ("Content-Length: 5\r\nContent-Length: 5\r\n", Err(InvalidContentLength)),
            ("Transfer-Encoding: chunked\r\n", Err(TransferEncodingInHttp10)),
            ("Transfer-Encoding: identity\r\n", Err(TransferEncodingInHttp10)),
            ("Transfer-Encoding:\r\n", Err(TransferEncodingInHttp10)),
            ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", Err(TransferEncodingInHttp10)),
        ];
        for &(lines, expected) in cases {
            let bytes = format!("POST / HTTP/1.0\r\n{lines}\r\n");
            let request = Request::parse_with_http10(head(bytes.as_bytes()));
            assert_eq!(request.map(|request| request.body()), expected, "{lines:?}");
        }
    }
}
