//! The client's side of the opening handshake (RFC 6455 §4.1): the request, and the check of the
//! response.

use core::fmt::{self, Write as _};

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
/// Nothing but the request may be sent before the response is verified (RFC 6455 §4.1). `Debug`
/// leaves out the headers' values and the nonce, which may be secrets.
#[derive(Clone, Copy)]
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

impl fmt::Debug for ClientRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientRequest")
            .field("url", &self.url)
            .field("origin", &self.origin)
            .field("subprotocols", &self.subprotocols)
            .field("headers", &self.headers.len())
            .finish_non_exhaustive()
    }
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
        // RFC 6455 §4.1, request items 1 to 3: a GET of HTTP/1.1 for the resource name of the URL.
        // An `Output` takes everything: writing to it does not fail.
        let _ = write!(output, "GET {}", self.url.path());
        if let Some(query) = self.url.query() {
            let _ = write!(output, "?{query}");
        }
        let _ = write!(output, " HTTP/1.1\r\nHost: {}\r\n", self.url.host_header());
        // RFC 6455 §4.1, request items 5 to 7 and 9.
        output.push("Upgrade: websocket\r\nConnection: Upgrade\r\n");
        output.header("Sec-WebSocket-Key", Key::from_nonce(self.nonce).as_bytes());
        output.header("Sec-WebSocket-Version", "13");
        // RFC 6455 §4.1, request item 8: a browser says which page it acts for.
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
        // RFC 6455 §4.1, request item 10: each a token, none of them twice.
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
    /// say more. Another status from 100 to 199 is the one case in which nothing has failed: the
    /// response that counts comes behind it (RFC 9110 §15.2), for a new
    /// [`HeadScanner`](super::HeadScanner).
    pub fn verify(&self, response: &Response<'_>) -> Result<Established<'a>, ResponseError> {
        let headers = response.headers();
        // RFC 6455 §4.1, response item 1: anything but 101 is for HTTP to deal with.
        if response.status() != 101 {
            return Err(ResponseError::NotSwitching { status: response.status() });
        }
        // RFC 9112 §6.1 and RFC 9110 §8.6: a server sends neither of the two with a 101. An empty
        // body is all that a length of 0 can mean. By RFC 9112 §6.3 they would be ignored; but who
        // stands in between and does not know that would read frames as a body, or the reverse.
        let empty = headers.values("Content-Length").all(|length| length == b"0");
        if headers.contains("Transfer-Encoding") || !empty {
            return Err(ResponseError::BodyOnUpgrade);
        }
        // RFC 6455 §4.1, response item 2: `websocket` in any case, and nothing beside it.
        let upgrade = headers.single("Upgrade").ok().flatten();
        if !upgrade.is_some_and(|value| value.eq_ignore_ascii_case(b"websocket")) {
            return Err(ResponseError::UpgradeNotWebSocket);
        }
        // RFC 6455 §4.1, response item 3.
        if !headers.has_token("Connection", "Upgrade") {
            return Err(ResponseError::ConnectionNotUpgrade);
        }
        // RFC 6455 §4.1, response item 4, and RFC 6455 §11.3.3: it comes once, and belongs to the
        // key.
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
        // RFC 6455 §4.1, response item 6, and RFC 6455 §11.3.4: one at most, of those asked for.
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
        // RFC 6455 §9.1: a header that is malformed fails the connection, whatever is in it.
        extensions::check(headers).map_err(|_| ResponseError::ExtensionsMalformed)?;
        // RFC 6455 §4.1, response item 5: nothing but what was offered.
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

#[cfg(test)]
mod tests {
    use super::super::testing::{NONCE, RESPONSE, edited, head, scan_every_way, with_lines};
    use super::super::{HeadLimits, Status};
    use super::*;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    fn request() -> ClientRequest<'static> {
        let url = Url::parse("ws://server.example.com/chat").unwrap();
        let mut request = ClientRequest::new(url, NONCE);
        request.subprotocols = &["chat", "superchat"];
        request
    }

    fn encode(request: &ClientRequest<'_>) -> Result<String, EncodeError> {
        let mut out = [0; 1024];
        let len = request.encode(&mut out)?;
        Ok(String::from_utf8(out[..len].to_vec()).unwrap())
    }

    fn verify(
        request: &ClientRequest<'static>,
        bytes: &str,
    ) -> Result<Established<'static>, ResponseError> {
        let scanned = scan_every_way(bytes.as_bytes(), HeadLimits::DEFAULT);
        assert_eq!(scanned, Ok(Status::Complete(bytes.len())), "{bytes:?}");
        request.verify(&Response::parse(head(bytes.as_bytes()))?)
    }

    #[test]
    fn rfc6455_s4_1_the_request_byte_for_byte() {
        let mut request = request();
        request.origin = Some("http://example.com");
        request.headers = &[("Cookie", "a=b")];
        #[cfg(feature = "deflate")]
        {
            request.deflate = Some(DeflateOffer::default());
        }
        let extensions = if cfg!(feature = "deflate") {
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        } else {
            ""
        };
        let expected = [
            "GET /chat HTTP/1.1\r\n\
             Host: server.example.com\r\n\
             Upgrade: websocket\r\n\
             Connection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Version: 13\r\n\
             Origin: http://example.com\r\n\
             Sec-WebSocket-Protocol: chat, superchat\r\n",
            extensions,
            "Cookie: a=b\r\n\r\n",
        ];
        assert_eq!(encode(&request), Ok(expected.concat()));
    }

    #[test]
    fn the_url_gives_the_target_and_the_host() {
        let cases = [
            ("ws://a", "GET / HTTP/1.1\r\nHost: a\r\n"),
            ("ws://a?b=c", "GET /?b=c HTTP/1.1\r\nHost: a\r\n"),
            ("wss://[::1]:80/b/?c", "GET /b/?c HTTP/1.1\r\nHost: [::1]:80\r\n"),
        ];
        for (url, start) in cases {
            let request = ClientRequest::new(Url::parse(url).unwrap(), NONCE);
            let bytes = encode(&request).unwrap();
            assert!(bytes.starts_with(start), "{bytes}");
            assert!(bytes.ends_with("\r\nSec-WebSocket-Version: 13\r\n\r\n"), "{bytes}");
        }
    }

    #[test]
    fn t14_what_cannot_be_asked_is_not_written() {
        let many = ["a"; MAX_SUBPROTOCOLS + 1];
        let ok = request();
        let cases = [
            (ClientRequest { subprotocols: &["a", "b c"], ..ok }, EncodeError::InvalidSubprotocol),
            (ClientRequest { subprotocols: &[""], ..ok }, EncodeError::InvalidSubprotocol),
            (ClientRequest { subprotocols: &["a\r\nb"], ..ok }, EncodeError::InvalidSubprotocol),
            (ClientRequest { subprotocols: &["\u{e4}"], ..ok }, EncodeError::InvalidSubprotocol),
            (
                ClientRequest { subprotocols: &["a", "b", "a"], ..ok },
                EncodeError::RepeatedSubprotocol,
            ),
            (ClientRequest { subprotocols: &many, ..ok }, EncodeError::TooManySubprotocols),
            (ClientRequest { origin: Some(""), ..ok }, EncodeError::InvalidOrigin),
            (ClientRequest { origin: Some("a\r\nb"), ..ok }, EncodeError::InvalidOrigin),
            (
                ClientRequest { headers: &[("A", "\n")], ..ok },
                EncodeError::InvalidHeader { index: 0 },
            ),
            (
                ClientRequest { headers: &[("Host", "a")], ..ok },
                EncodeError::ReservedHeader { index: 0 },
            ),
        ];
        for (request, error) in cases {
            let mut out = [0xaa; 512];
            assert_eq!(request.encode(&mut out), Err(error), "{request:?}");
            assert_eq!(out, [0xaa; 512], "{request:?}");
        }
    }

    #[test]
    fn as_many_subprotocols_as_the_limit_can_be_asked_for() {
        let names: Vec<String> = (0..=MAX_SUBPROTOCOLS).map(|index| format!("p{index}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let asks_for = |count: usize| ClientRequest { subprotocols: &names[..count], ..request() };
        let bytes = encode(&asks_for(MAX_SUBPROTOCOLS)).unwrap();
        assert!(bytes.contains("Sec-WebSocket-Protocol: p0, p1, "), "{bytes}");
        assert!(bytes.ends_with(", p62, p63\r\n\r\n"), "{bytes}");
        let too_many = encode(&asks_for(MAX_SUBPROTOCOLS + 1));
        assert_eq!(too_many, Err(EncodeError::TooManySubprotocols));
    }

    #[test]
    fn debug_output_keeps_secrets() {
        let mut request = request();
        request.headers = &[("Cookie", "id=secret")];
        let shown = format!("{request:?}");
        let fields = ["ClientRequest {", "server.example.com", "superchat", "headers: 1, .."];
        assert!(fields.iter().all(|field| shown.contains(field)), "{shown}");
        assert!(!shown.contains("secret") && !shown.contains("nonce"), "{shown}");
    }

    #[cfg(feature = "deflate")]
    #[test]
    fn an_offer_that_no_compressor_can_keep_is_the_callers_fault() {
        for bits in [0, 8, 16, 255] {
            for offer in [
                DeflateOffer { server_max_window_bits: bits, ..DeflateOffer::default() },
                DeflateOffer { client_max_window_bits: bits, ..DeflateOffer::default() },
            ] {
                let request = ClientRequest { deflate: Some(offer), ..request() };
                assert_eq!(encode(&request), Err(EncodeError::InvalidWindowBits));
            }
        }
    }

    #[test]
    fn rfc6455_s1_2_response_is_accepted() {
        let established = verify(&request(), RESPONSE).unwrap();
        assert_eq!(established.subprotocol, Some("chat"));
        #[cfg(feature = "deflate")]
        assert_eq!(established.deflate, None);
    }

    #[test]
    fn rfc6455_s4_1_what_a_server_may_vary_is_accepted() {
        let cases = [
            (" Switching Protocols", " "),
            (" Switching Protocols", " Web Socket Protocol Handshake"),
            (" Switching Protocols", " J\u{fc}rgen"),
            ("Upgrade: websocket", "upgrade:\tWebSocket "),
            ("Connection: Upgrade", "CONNECTION: keep-alive, upgrade"),
            ("Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade"),
            ("Sec-WebSocket-Accept: ", "sec-websocket-accept:\t"),
            ("xOo=\r\n", "xOo= \t\r\nServer: \u{e4}\r\n"),
            ("xOo=\r\n", "xOo=\r\nContent-Length: 0\r\n"),
        ];
        for (from, to) in cases {
            let established = verify(&request(), &edited(RESPONSE, from, to));
            assert_eq!(
                established.map(|established| established.subprotocol),
                Ok(Some("chat")),
                "{to:?}"
            );
        }
        let none = edited(RESPONSE, "Sec-WebSocket-Protocol: chat\r\n", "");
        let established = verify(&request(), &none);
        assert_eq!(established.map(|established| established.subprotocol), Ok(None));
    }

    /// Every line: what is changed in the RFC's response, and why it fails the connection.
    #[test]
    fn rfc6455_s4_1_each_rule_broken_alone_fails_the_connection() {
        use ResponseError::*;
        let malformed_header = Head(super::super::HeadError::MalformedHeader);
        let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
        let cases = [
            ("HTTP/1.1 101", "HTTP/1.0 101", UnsupportedHttpVersion),
            ("HTTP/1.1 101", "HTTP/2 101", UnsupportedHttpVersion),
            ("HTTP/1.1 101", "ICY 101", UnsupportedHttpVersion),
            ("HTTP/1.1 101", "\r\nHTTP/1.1 101", MalformedStatusLine),
            ("HTTP/1.1 101", "HTTP/1.1 1O1", MalformedStatusLine),
            ("HTTP/1.1 101", "HTTP/1.1  101", MalformedStatusLine),
            ("HTTP/1.1 101", "HTTP/1.1 1010", MalformedStatusLine),
            ("HTTP/1.1 101", "HTTP/1.1 200", NotSwitching { status: 200 }),
            ("HTTP/1.1 101", "HTTP/1.1 100", NotSwitching { status: 100 }),
            ("HTTP/1.1 101", "HTTP/1.1 302", NotSwitching { status: 302 }),
            ("HTTP/1.1 101", "HTTP/1.1 401", NotSwitching { status: 401 }),
            ("Upgrade: websocket\r\n", "", UpgradeNotWebSocket),
            ("Upgrade: websocket\r\n", "Upgrade:\r\n", UpgradeNotWebSocket),
            ("Upgrade: websocket\r\n", "Upgrade: h2c\r\n", UpgradeNotWebSocket),
            ("Upgrade: websocket\r\n", "Upgrade: websocket, h2c\r\n", UpgradeNotWebSocket),
            (
                "Upgrade: websocket\r\n",
                "Upgrade: websocket\r\nUpgrade: websocket\r\n",
                UpgradeNotWebSocket,
            ),
            ("Upgrade: websocket\r\n", "Upgrade : websocket\r\n", malformed_header),
            ("Connection: Upgrade\r\n", "", ConnectionNotUpgrade),
            ("Connection: Upgrade\r\n", "Connection: close\r\n", ConnectionNotUpgrade),
            (accept, "", AcceptMissing),
            (accept, "Sec-WebSocket-Accept:\r\n", AcceptMismatch),
            (accept, "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n", AcceptMismatch),
            (accept, "Sec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ==\r\n", AcceptMismatch),
            ("xOo=", "xOo", AcceptMismatch),
            ("xOo=", "xOo==", AcceptMismatch),
            ("xOo=", "xOo=\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", AcceptRepeated),
            ("l: chat", "l: other", SubprotocolNotOffered),
            ("l: chat", "l: Chat", SubprotocolNotOffered),
            ("l: chat", "l: chat, superchat", SubprotocolNotOffered),
            ("l: chat", "l:", SubprotocolNotOffered),
            ("l: chat", "l: chat\r\nSec-WebSocket-Protocol: chat", SubprotocolRepeated),
            (accept, &(String::from(accept) + "Content-Length: 5\r\n"), BodyOnUpgrade),
            (
                accept,
                &(String::from(accept) + "Content-Length: 0\r\nContent-Length: 5\r\n"),
                BodyOnUpgrade,
            ),
            (accept, &(String::from(accept) + "Transfer-Encoding: chunked\r\n"), BodyOnUpgrade),
        ];
        for (from, to, error) in cases {
            assert_eq!(verify(&request(), &edited(RESPONSE, from, to)), Err(error), "{to:?}");
        }
    }

    #[test]
    fn rfc6455_s4_1_an_extension_that_was_not_offered_fails_the_connection() {
        use ResponseError::*;
        let cases = [
            ("x-other", ExtensionNotOffered),
            ("permessage-deflate", ExtensionNotOffered),
            ("", ExtensionsMalformed),
            (",", ExtensionsMalformed),
            ("permessage-deflate;", ExtensionsMalformed),
            ("permessage-deflate, a b", ExtensionsMalformed),
        ];
        for (value, error) in cases {
            let lines = format!("Sec-WebSocket-Extensions: {value}\r\n");
            assert_eq!(verify(&request(), &with_lines(RESPONSE, &lines)), Err(error), "{value:?}");
        }
    }

    #[cfg(feature = "deflate")]
    #[test]
    fn rfc7692_s5_1_at_most_one_answer_to_the_offer() {
        use ResponseError::*;
        let request = ClientRequest { deflate: Some(DeflateOffer::default()), ..request() };
        let params = DeflateParams {
            server_no_context_takeover: true,
            client_no_context_takeover: false,
            server_max_window_bits: 15,
            client_max_window_bits: 15,
        };
        let cases: &[(&str, Result<Option<DeflateParams>, ResponseError>)] = &[
            ("", Ok(None)),
            (
                "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n",
                Ok(Some(params)),
            ),
            (
                "Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate\r\n",
                Err(DeflateRepeated),
            ),
            (
                "Sec-WebSocket-Extensions: permessage-deflate\r\n\
                 Sec-WebSocket-Extensions: permessage-deflate\r\n",
                Err(DeflateRepeated),
            ),
            ("Sec-WebSocket-Extensions: permessage-deflate, x-other\r\n", Err(ExtensionNotOffered)),
            ("Sec-WebSocket-Extensions: permessage-deflate; unknown\r\n", Err(DeflateParameters)),
        ];
        for &(lines, expected) in cases {
            let established = verify(&request, &with_lines(RESPONSE, lines));
            assert_eq!(established.map(|established| established.deflate), expected, "{lines:?}");
        }
    }
}
