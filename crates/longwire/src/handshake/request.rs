//! A request as a server sees it: the head taken apart, and every rule of HTTP/1.1 that holds
//! whether or not it is a WebSocket handshake. What is special about a handshake is in [`Upgrade`].

use super::authority::Authority;
use super::body::Body;
use super::error::{HeadError, RequestError};
use super::head::Head;
use super::headers::Headers;
use super::target::Target;
use super::upgrade::Upgrade;

/// A valid HTTP/1.1 request, without its body.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    method: &'a str,
    raw_target: &'a str,
    target: Target<'a>,
    host: &'a str,
    headers: Headers<'a>,
    body: Body,
}

impl<'a> Request<'a> {
    /// Takes a head apart.
    ///
    /// # Errors
    ///
    /// The request line or a header is malformed, the version is not HTTP/1.1, the target is
    /// invalid, Host is not there exactly once and valid, or the length of the body is not certain.
    /// The connection has to be closed behind the answer: where the next request would begin is not
    /// known.
    pub fn parse(head: Head<'a>) -> Result<Self, RequestError> {
        let (headers, (method, raw_target)) =
            Headers::parse_with(|fields| request_line(head, fields))?;
        let target = Target::parse(method, raw_target).ok_or(RequestError::InvalidTarget)?;
        let host = host(&headers)?;
        let body = Body::of(&headers)?;
        Ok(Self { method, raw_target, target, host, headers, body })
    }

    /// The method, case-sensitive.
    pub fn method(&self) -> &'a str {
        self.method
    }

    /// The target as it was sent.
    pub fn target(&self) -> &'a str {
        self.raw_target
    }

    /// The path of the target, as it was sent: nothing is decoded, and `//`, `;` and `..` stand as
    /// they are. A target in absolute form has the same path as one without its scheme and host.
    /// For `OPTIONS *` and for CONNECT, which have no path, it is the whole target.
    pub fn path(&self) -> &'a str {
        self.target.path
    }

    /// What stands behind the `?` of the target.
    pub fn query(&self) -> Option<&'a str> {
        self.target.query
    }

    /// The host, with its port if one is named. A target in absolute form goes before the Host
    /// header (RFC 9112 §3.2.2).
    pub fn host(&self) -> &'a str {
        self.target.authority.unwrap_or(self.host)
    }

    /// The headers.
    pub fn headers(&self) -> &Headers<'a> {
        &self.headers
    }

    /// What follows the head.
    pub fn body(&self) -> Body {
        self.body
    }

    /// Whether the client asks for a WebSocket: Upgrade names it. If not, this is a plain HTTP
    /// request.
    pub fn is_upgrade(&self) -> bool {
        self.headers.has_token("Upgrade", "websocket")
    }

    /// Checks that this is an opening handshake.
    ///
    /// # Errors
    ///
    /// The first rule of RFC 6455 §4.2.1 that it breaks. [`Rejection::of`](super::Rejection::of)
    /// makes the answer.
    pub fn upgrade(&self) -> Result<Upgrade<'_>, RequestError> {
        Upgrade::check(self)
    }
}

/// The request line and the header lines, through httparse.
fn request_line<'a>(
    head: Head<'a>,
    fields: &mut [httparse::Header<'a>],
) -> Result<(usize, (&'a str, &'a str)), RequestError> {
    let mut parsed = httparse::Request::new(fields);
    let complete = parsed.parse(head.bytes()).map_err(|error| match error {
        httparse::Error::Version => RequestError::UnsupportedHttpVersion,
        httparse::Error::HeaderName | httparse::Error::HeaderValue => {
            HeadError::MalformedHeader.into()
        }
        _ => RequestError::MalformedRequestLine,
    })?;
    let (Some(method), Some(target), Some(version)) = (parsed.method, parsed.path, parsed.version)
    else {
        return Err(RequestError::MalformedRequestLine);
    };
    // The scanner and httparse have to see the same end, or the rest would be read twice or not at
    // all.
    if complete != httparse::Status::Complete(head.bytes().len()) {
        return Err(RequestError::MalformedRequestLine);
    }
    // RFC 6455 §4.2.1 item 1 asks for HTTP/1.1 or higher; no higher one looks like this.
    if version != 1 {
        return Err(RequestError::UnsupportedHttpVersion);
    }
    Ok((parsed.headers.len(), (method, target)))
}

/// RFC 9112 §3.2: 400 to a request with no Host, with more than one, and with one that is invalid.
/// An empty one names nobody, so it is invalid here.
fn host<'a>(headers: &Headers<'a>) -> Result<&'a str, RequestError> {
    let value = headers
        .single("Host")
        .map_err(|_| RequestError::HostRepeated)?
        .ok_or(RequestError::HostMissing)?;
    let host = core::str::from_utf8(value).map_err(|_| RequestError::HostInvalid)?;
    Authority::parse(host).map_err(|_| RequestError::HostInvalid)?;
    Ok(host)
}
