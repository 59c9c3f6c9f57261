//! The server's side of the opening handshake (RFC 6455 §4.2): a request that keeps every rule, and
//! the answer that accepts it.

use super::body::Body;
#[cfg(feature = "deflate")]
use super::deflate::{self, DeflateParams, DeflatePolicy};
use super::error::{EncodeError, RequestError};
use super::extensions;
use super::headers::Headers;
use super::key::Key;
use super::limits::MAX_SUBPROTOCOLS;
use super::output::{Output, check_headers};
use super::request::Request;
use super::syntax::is_token;

/// A valid opening handshake, to be accepted with [`Upgrade::accept`] or refused with a
/// [`Rejection`](super::Rejection).
#[derive(Clone, Copy, Debug)]
pub struct Upgrade<'a> {
    request: &'a Request<'a>,
    key: Key,
    origin: Option<&'a str>,
}

/// What the server chooses for the connection that it accepts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Acceptance<'a> {
    /// The subprotocol, one of those that the client asks for: [`Upgrade::select_subprotocol`]
    /// finds it. With `None` the header is left out.
    pub subprotocol: Option<&'a str>,
    /// What to do about permessage-deflate. With `None` it is declined.
    #[cfg(feature = "deflate")]
    pub deflate: Option<&'a DeflatePolicy>,
    /// More headers, names and values. Those of the handshake itself cannot be set.
    pub headers: &'a [(&'a str, &'a str)],
}

/// The connection is open as soon as the answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The length of the answer, in bytes.
    pub response_bytes: usize,
    /// What was agreed about permessage-deflate. `None`: no message may be compressed.
    #[cfg(feature = "deflate")]
    pub deflate: Option<DeflateParams>,
}

impl<'a> Upgrade<'a> {
    pub(crate) fn check(request: &'a Request<'a>) -> Result<Self, RequestError> {
        let headers = request.headers();
        // RFC 6455 §4.2.1 item 1.
        if request.method() != "GET" {
            return Err(RequestError::MethodNotGet);
        }
        if request.body() != Body::None {
            return Err(RequestError::BodyOnUpgrade);
        }
        // RFC 6455 §4.2.1 items 3 and 4.
        if !request.is_upgrade() {
            return Err(RequestError::NotWebSocket);
        }
        if !headers.has_token("Connection", "Upgrade") {
            return Err(RequestError::ConnectionNotUpgrade);
        }
        // RFC 6455 §4.2.1 item 6. It goes before the key: what an older version says in its other
        // headers is its own affair.
        match headers.single("Sec-WebSocket-Version").map_err(|_| RequestError::VersionRepeated)? {
            None => return Err(RequestError::VersionMissing),
            Some(b"13") => {}
            Some(_) => return Err(RequestError::VersionUnsupported),
        }
        // RFC 6455 §4.2.1 item 5.
        let key = headers.single("Sec-WebSocket-Key").map_err(|_| RequestError::KeyRepeated)?;
        let key =
            Key::parse(key.ok_or(RequestError::KeyMissing)?).ok_or(RequestError::KeyInvalid)?;
        let origin = origin(headers)?;
        check_subprotocols(headers)?;
        extensions::check(headers).map_err(|_| RequestError::ExtensionsMalformed)?;
        Ok(Self { request, key, origin })
    }

    /// The request, for its path, host and headers.
    pub fn request(&self) -> &'a Request<'a> {
        self.request
    }

    /// The Origin: the web page that the client acts for, as a browser tells it (RFC 6455 §10.2).
    /// `None` is a client that is no browser. To accept an origin or to answer 403 is the
    /// application's decision; it is no authentication, since any program can send it.
    pub fn origin(&self) -> Option<&'a str> {
        self.origin
    }

    /// The subprotocols that the client asks for, in its order of preference.
    pub fn subprotocols(&self) -> impl Iterator<Item = &'a str> {
        // Tokens, which is checked, are ASCII.
        subprotocols(self.request.headers()).filter_map(|name| core::str::from_utf8(name).ok())
    }

    /// The first of the server's subprotocols that the client asks for too (RFC 6455 §4.2.2 item
    /// 5.5).
    pub fn select_subprotocol<'s>(&self, supported: &[&'s str]) -> Option<&'s str> {
        supported.iter().copied().find(|name| self.subprotocols().any(|asked| asked == *name))
    }

    /// Writes the answer 101, which opens the connection (RFC 6455 §4.2.2 item 5).
    ///
    /// # Errors
    ///
    /// The caller's choice cannot be written, or `out` is too small. Nothing may be sent then.
    pub fn accept(
        &self,
        acceptance: &Acceptance<'_>,
        out: &mut [u8],
    ) -> Result<Accepted, EncodeError> {
        check_headers(acceptance.headers)?;
        if let Some(subprotocol) = acceptance.subprotocol
            && !self.subprotocols().any(|asked| asked == subprotocol)
        {
            return Err(EncodeError::SubprotocolNotOffered);
        }
        #[cfg(feature = "deflate")]
        let deflate = match acceptance.deflate {
            Some(policy) => self.answer_deflate(policy)?,
            None => None,
        };

        let mut output = Output::new(out);
        output.push(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        );
        output.header("Sec-WebSocket-Accept", self.key.accept());
        if let Some(subprotocol) = acceptance.subprotocol {
            output.header("Sec-WebSocket-Protocol", subprotocol);
        }
        #[cfg(feature = "deflate")]
        if let Some(answer) = deflate {
            output.push("Sec-WebSocket-Extensions: ");
            answer.write(&mut output);
            output.push("\r\n");
        }
        output.headers(acceptance.headers);
        output.push("\r\n");
        Ok(Accepted {
            response_bytes: output.finish()?,
            #[cfg(feature = "deflate")]
            deflate: deflate.map(|answer| answer.params),
        })
    }

    /// RFC 7692 §5.1: the offers stand in the client's order of preference, and the first that can
    /// be accepted is.
    #[cfg(feature = "deflate")]
    fn answer_deflate(
        &self,
        policy: &DeflatePolicy,
    ) -> Result<Option<deflate::Answer>, EncodeError> {
        policy.check()?;
        Ok(extensions::extensions(self.request.headers())
            .filter_map(Result::ok)
            .filter(|extension| extension.name == deflate::NAME)
            .find_map(|offer| policy.answer(&offer)))
    }
}

fn subprotocols<'a>(headers: &Headers<'a>) -> impl Iterator<Item = &'a [u8]> {
    headers.elements("Sec-WebSocket-Protocol")
}

/// RFC 6454 §7: one value, in visible ASCII. `null` is a value too.
fn origin<'a>(headers: &Headers<'a>) -> Result<Option<&'a str>, RequestError> {
    let Some(value) = headers.single("Origin").map_err(|_| RequestError::OriginRepeated)? else {
        return Ok(None);
    };
    core::str::from_utf8(value)
        .ok()
        .filter(|origin| is_origin(origin))
        .map(Some)
        .ok_or(RequestError::OriginInvalid)
}

/// What an Origin is made of, without asking what it means. A list of origins, which RFC 6454
/// allows and nobody sends, has spaces in it.
pub(crate) fn is_origin(origin: &str) -> bool {
    !origin.is_empty() && origin.bytes().all(|byte| byte.is_ascii_graphic())
}

/// RFC 6455 §4.1, request item 10: at least one, each a token, none of them twice.
fn check_subprotocols(headers: &Headers<'_>) -> Result<(), RequestError> {
    let mut seen: [&[u8]; MAX_SUBPROTOCOLS] = [b""; MAX_SUBPROTOCOLS];
    let mut count = 0_usize;
    for name in subprotocols(headers) {
        if !is_token(name) {
            return Err(RequestError::SubprotocolsMalformed);
        }
        if seen.iter().take(count).any(|earlier| *earlier == name) {
            return Err(RequestError::SubprotocolRepeated);
        }
        *seen.get_mut(count).ok_or(RequestError::TooManySubprotocols)? = name;
        count = count.saturating_add(1);
    }
    if count == 0 && headers.contains("Sec-WebSocket-Protocol") {
        return Err(RequestError::SubprotocolsMalformed);
    }
    Ok(())
}
