//! The client's side of the opening handshake (RFC 6455 §4.1): the request, and the check of the
//! response.

use core::fmt::Write as _;

#[cfg(feature = "deflate")]
use super::deflate::{self, DeflateOffer, DeflateParams};
use super::error::{EncodeError, ResponseError};
use super::extensions;
use super::headers::Headers;
use super::key::Key;
use super::limits::MAX_SUBPROTOCOLS;
use super::output::{Output, check_headers};
use super::response::Response;
use super::syntax::is_token;
use super::upgrade::is_origin;
use super::url::Url;

/// What a client asks for. It is kept until the response is there, since that is checked against
/// it.
///
/// Nothing but the request may be sent before the response is verified (RFC 6455 §4.1).
#[derive(Clone, Copy, Debug)]
pub struct ClientRequest<'a> {
    /// Where to: Host and the request target are taken from it.
    pub url: Url<'a>,
    /// 16 bytes from a cryptographic random number generator, fresh for each connection: the key.
    pub nonce: [u8; 16],
    /// The Origin, for a client that acts for a web page.
    pub origin: Option<&'a str>,
    /// The subprotocols that the client can speak, the best first: tokens, none of them twice.
    pub subprotocols: &'a [&'a str],
    /// An offer of permessage-deflate. With `None` it is not offered.
    #[cfg(feature = "deflate")]
    pub deflate: Option<DeflateOffer>,
    /// More headers, names and values. Those of the handshake itself cannot be set.
    pub headers: &'a [(&'a str, &'a str)],
}

/// The connection is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Established<'a> {
    /// The subprotocol that the server chose, one of those asked for. `None`: it speaks none of
    /// them.
    pub subprotocol: Option<&'a str>,
    /// What was agreed about permessage-deflate. `None`: no message may be compressed.
    #[cfg(feature = "deflate")]
    pub deflate: Option<DeflateParams>,
}

impl<'a> ClientRequest<'a> {
    /// A request that asks for nothing beyond a connection. The other fields can be set on it.
    pub fn new(url: Url<'a>, nonce: [u8; 16]) -> Self {
        Self {
            url,
            nonce,
            origin: None,
            subprotocols: &[],
            #[cfg(feature = "deflate")]
            deflate: None,
            headers: &[],
        }
    }

    /// Writes the request.
    ///
    /// # Errors
    ///
    /// Something that it should ask for cannot be written, or `out` is too small. Nothing may be
    /// sent then.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        self.check()?;
        let mut output = Output::new(out);
        // An `Output` takes everything: writing to it does not fail.
        let _ = write!(output, "GET {}", self.url.path());
        if let Some(query) = self.url.query() {
            let _ = write!(output, "?{query}");
        }
        let _ = write!(output, " HTTP/1.1\r\nHost: {}\r\n", self.url.host_header());
        output.push("Upgrade: websocket\r\nConnection: Upgrade\r\n");
        output.header("Sec-WebSocket-Key", Key::from_nonce(self.nonce).as_bytes());
        output.header("Sec-WebSocket-Version", "13");
        if let Some(origin) = self.origin {
            output.header("Origin", origin);
        }
        if let Some((first, others)) = self.subprotocols.split_first() {
            let _ = write!(output, "Sec-WebSocket-Protocol: {first}");
            for other in others {
                let _ = write!(output, ", {other}");
            }
            output.push("\r\n");
        }
        #[cfg(feature = "deflate")]
        if let Some(offer) = &self.deflate {
            output.push("Sec-WebSocket-Extensions: ");
            offer.write(&mut output);
            output.push("\r\n");
        }
        output.headers(self.headers);
        output.push("\r\n");
        output.finish()
    }

    fn check(&self) -> Result<(), EncodeError> {
        check_headers(self.headers)?;
        if self.origin.is_some_and(|origin| !is_origin(origin)) {
            return Err(EncodeError::InvalidOrigin);
        }
        if self.subprotocols.len() > MAX_SUBPROTOCOLS {
            return Err(EncodeError::TooManySubprotocols);
        }
        for (index, name) in self.subprotocols.iter().enumerate() {
            if !is_token(name.as_bytes()) {
                return Err(EncodeError::InvalidSubprotocol);
            }
            if self.subprotocols.iter().take(index).any(|earlier| earlier == name) {
                return Err(EncodeError::RepeatedSubprotocol);
            }
        }
        #[cfg(feature = "deflate")]
        self.deflate.as_ref().map_or(Ok(()), DeflateOffer::check)?;
        Ok(())
    }

    /// Checks the response in full (RFC 6455 §4.1, items 1 to 6 of the response).
    ///
    /// # Errors
    ///
    /// The first rule that it breaks; the connection has failed. A status that is not 101 is
    /// [`ResponseError::NotSwitching`]: what it means is HTTP's affair, and the response's headers
    /// say more.
    pub fn verify(&self, response: &Response<'_>) -> Result<Established<'a>, ResponseError> {
        let headers = response.headers();
        if response.status() != 101 {
            return Err(ResponseError::NotSwitching { status: response.status() });
        }
        // RFC 9112 §6.1 and RFC 9110 §8.6: a server sends neither of the two with a 101. An empty
        // body is all that a length of 0 can mean.
        let empty = headers.values("Content-Length").all(|length| length == b"0");
        if headers.contains("Transfer-Encoding") || !empty {
            return Err(ResponseError::BodyOnUpgrade);
        }
        let upgrade = headers.single("Upgrade").ok().flatten();
        if !upgrade.is_some_and(|value| value.eq_ignore_ascii_case(b"websocket")) {
            return Err(ResponseError::UpgradeNotWebSocket);
        }
        if !headers.has_token("Connection", "Upgrade") {
            return Err(ResponseError::ConnectionNotUpgrade);
        }
        let accept =
            headers.single("Sec-WebSocket-Accept").map_err(|_| ResponseError::AcceptRepeated)?;
        if accept.ok_or(ResponseError::AcceptMissing)? != Key::from_nonce(self.nonce).accept() {
            return Err(ResponseError::AcceptMismatch);
        }
        #[cfg(feature = "deflate")]
        let deflate = self.verify_extensions(headers)?;
        #[cfg(not(feature = "deflate"))]
        verify_no_extensions(headers)?;
        Ok(Established {
            subprotocol: self.verify_subprotocol(headers)?,
            #[cfg(feature = "deflate")]
            deflate,
        })
    }

    fn verify_subprotocol(&self, headers: &Headers<'_>) -> Result<Option<&'a str>, ResponseError> {
        let chosen = headers
            .single("Sec-WebSocket-Protocol")
            .map_err(|_| ResponseError::SubprotocolRepeated)?;
        let Some(chosen) = chosen else {
            return Ok(None);
        };
        let asked = self.subprotocols.iter().find(|name| name.as_bytes() == chosen);
        asked.copied().map(Some).ok_or(ResponseError::SubprotocolNotOffered)
    }

    #[cfg(feature = "deflate")]
    fn verify_extensions(
        &self,
        headers: &Headers<'_>,
    ) -> Result<Option<DeflateParams>, ResponseError> {
        extensions::check(headers).map_err(|_| ResponseError::ExtensionsMalformed)?;
        let mut agreed = None;
        for answer in extensions::extensions(headers).filter_map(Result::ok) {
            let offer = self.deflate.filter(|_| answer.name == deflate::NAME);
            let params = offer.ok_or(ResponseError::ExtensionNotOffered)?.accept(&answer)?;
            if agreed.replace(params).is_some() {
                return Err(ResponseError::DeflateRepeated);
            }
        }
        Ok(agreed)
    }
}

/// RFC 6455 §4.1, response item 5: nothing was offered, so nothing may be chosen.
#[cfg(not(feature = "deflate"))]
fn verify_no_extensions(headers: &Headers<'_>) -> Result<(), ResponseError> {
    extensions::check(headers).map_err(|_| ResponseError::ExtensionsMalformed)?;
    match extensions::extensions(headers).next() {
        Some(_) => Err(ResponseError::ExtensionNotOffered),
        None => Ok(()),
    }
}
