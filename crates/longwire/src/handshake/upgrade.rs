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
        // RFC 9110 §10.1.1: without a body there is nothing that `Expect: 100-continue` could wait
        // for, and the answer to the handshake is the final one: the field is ignored. RFC 9110 §7.8
        // has a 100 sent in front of the 101; that is not done, since a client that waits for the 101
        // would take the 100 for a refusal.
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
        // RFC 6455 §4.2.1 item 6, RFC 6455 §11.3.5: 13, once. It goes before the key: what an older
        // version says in its other headers is its own affair. RFC 6455 §4.4: the refusal says which
        // version is right.
        match headers.single("Sec-WebSocket-Version").map_err(|_| RequestError::VersionRepeated)? {
            None => return Err(RequestError::VersionMissing),
            Some(b"13") => {}
            Some(_) => return Err(RequestError::VersionUnsupported),
        }
        // RFC 6455 §4.2.1 item 5, RFC 6455 §11.3.1: 16 bytes, once.
        let key = headers.single("Sec-WebSocket-Key").map_err(|_| RequestError::KeyRepeated)?;
        let key =
            Key::parse(key.ok_or(RequestError::KeyMissing)?).ok_or(RequestError::KeyInvalid)?;
        // RFC 6455 §4.2.1 items 7 to 9: what may be absent, and has to be in order where it is not.
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
    /// `None` is a client that is no browser (RFC 6455 §4.2.1 item 7). To accept an origin or to
    /// answer 403 is the application's decision; it is no authentication, since any program can
    /// send it.
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
        // RFC 6455 §4.2.2 item 4: one of those that the client asks for, or no header at all.
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

    /// RFC 6455 §4.2.2 item 4: nothing but what the client offers is chosen. RFC 7692 §5.1: the
    /// offers stand in its order of preference, and the first that can be accepted is.
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
    // RFC 6455 §8.1: what is not UTF-8 where text is read ends the handshake.
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

#[cfg(test)]
mod tests {
    #[cfg(feature = "deflate")]
    use super::super::testing::with_lines;
    use super::super::testing::{REQUEST, RESPONSE, edited, head};
    use super::*;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    const UPGRADE: &str = "Upgrade: websocket\r\n";
    const CONNECTION: &str = "Connection: Upgrade\r\n";
    const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    const VERSION: &str = "Sec-WebSocket-Version: 13\r\n";
    const ORIGIN: &str = "Origin: http://example.com\r\n";
    const PROTOCOL: &str = "Sec-WebSocket-Protocol: chat, superchat\r\n";

    fn request(bytes: &str) -> Request<'_> {
        Request::parse(head(bytes.as_bytes())).unwrap()
    }

    fn accept(bytes: &str, acceptance: &Acceptance<'_>) -> Result<String, EncodeError> {
        let mut out = [0; 1024];
        let accepted = request(bytes).upgrade().unwrap().accept(acceptance, &mut out)?;
        Ok(String::from_utf8(out[..accepted.response_bytes].to_vec()).unwrap())
    }

    #[test]
    fn rfc6455_s1_2_sample_is_accepted_byte_for_byte() {
        let acceptance = Acceptance { subprotocol: Some("chat"), ..Acceptance::default() };
        assert_eq!(accept(REQUEST, &acceptance).as_deref(), Ok(RESPONSE));
        let request = request(REQUEST);
        let upgrade = request.upgrade().unwrap();
        assert_eq!(upgrade.origin(), Some("http://example.com"));
        assert_eq!(upgrade.subprotocols().collect::<Vec<_>>(), ["chat", "superchat"]);
    }

    /// Every line: what is changed in the RFC's request, and how it is refused.
    #[test]
    fn rfc6455_s4_2_1_each_rule_broken_alone_is_refused() {
        use RequestError::*;
        let cases: &[(&str, &str, RequestError, u16)] = &[
            ("GET ", "POST ", MethodNotGet, 405),
            ("GET ", "HEAD ", MethodNotGet, 405),
            ("GET ", "get ", MethodNotGet, 405),
            ("GET /chat ", "OPTIONS * ", MethodNotGet, 405),
            ("GET /chat ", "CONNECT a:443 ", MethodNotGet, 405),
            (ORIGIN, "Content-Length: 1\r\n", BodyOnUpgrade, 400),
            (ORIGIN, "Transfer-Encoding: chunked\r\n", BodyOnUpgrade, 400),
            (UPGRADE, "", NotWebSocket, 426),
            (UPGRADE, "Upgrade:\r\n", NotWebSocket, 426),
            (
                UPGRADE,
                "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
                NotWebSocket,
                426,
            ),
            (UPGRADE, "Upgrade: websockets\r\n", NotWebSocket, 426),
            (UPGRADE, "Upgrade: websocket/13\r\n", NotWebSocket, 426),
            (UPGRADE, "Upgrade: web socket\r\n", NotWebSocket, 426),
            (CONNECTION, "", ConnectionNotUpgrade, 400),
            (CONNECTION, "Connection: keep-alive\r\n", ConnectionNotUpgrade, 400),
            (CONNECTION, "Connection: keep-alive Upgrade\r\n", ConnectionNotUpgrade, 400),
            (CONNECTION, "Connection: upgraded\r\n", ConnectionNotUpgrade, 400),
            (VERSION, "", VersionMissing, 426),
            (VERSION, "Sec-WebSocket-Version:\r\n", VersionUnsupported, 426),
            (VERSION, "Sec-WebSocket-Version: 0\r\n", VersionUnsupported, 426),
            (VERSION, "Sec-WebSocket-Version: 7\r\n", VersionUnsupported, 426),
            (VERSION, "Sec-WebSocket-Version: 8\r\n", VersionUnsupported, 426),
            (VERSION, "Sec-WebSocket-Version: 12\r\n", VersionUnsupported, 426),
            (VERSION, "Sec-WebSocket-Version: 14\r\n", VersionUnsupported, 426),
            (VERSION, "Sec-WebSocket-Version: 013\r\n", VersionUnsupported, 426),
            (VERSION, "Sec-WebSocket-Version: 13, 8\r\n", VersionUnsupported, 426),
            (
                VERSION,
                "Sec-WebSocket-Version: 13\r\nsec-websocket-version: 13\r\n",
                VersionRepeated,
                400,
            ),
            (KEY, "", KeyMissing, 400),
            (KEY, "Sec-WebSocket-Key:\r\n", KeyInvalid, 400),
            (KEY, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n", KeyInvalid, 400),
            (KEY, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA\r\n", KeyInvalid, 400),
            (KEY, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25\u{e4}ZQ==\r\n", KeyInvalid, 400),
            (
                KEY,
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                KeyRepeated,
                400,
            ),
            (ORIGIN, "Origin: http://a\r\nOrigin: http://a\r\n", OriginRepeated, 400),
            (ORIGIN, "Origin:\r\n", OriginInvalid, 400),
            (ORIGIN, "Origin: http://a http://b\r\n", OriginInvalid, 400),
            (ORIGIN, "Origin: http://b\u{fc}cher.example\r\n", OriginInvalid, 400),
            (PROTOCOL, "Sec-WebSocket-Protocol:\r\n", SubprotocolsMalformed, 400),
            (PROTOCOL, "Sec-WebSocket-Protocol: ,\r\n", SubprotocolsMalformed, 400),
            (PROTOCOL, "Sec-WebSocket-Protocol: b x\r\n", SubprotocolsMalformed, 400),
            (PROTOCOL, "Sec-WebSocket-Protocol: a, b/c\r\n", SubprotocolsMalformed, 400),
            (PROTOCOL, "Sec-WebSocket-Protocol: \"a\"\r\n", SubprotocolsMalformed, 400),
            (PROTOCOL, "Sec-WebSocket-Protocol: \u{e4}\r\n", SubprotocolsMalformed, 400),
            (PROTOCOL, "Sec-WebSocket-Protocol: a, b, a\r\n", SubprotocolRepeated, 400),
            (
                PROTOCOL,
                "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n",
                SubprotocolRepeated,
                400,
            ),
            (PROTOCOL, "Sec-WebSocket-Extensions:\r\n", ExtensionsMalformed, 400),
            (PROTOCOL, "Sec-WebSocket-Extensions: a;\r\n", ExtensionsMalformed, 400),
            (PROTOCOL, "Sec-WebSocket-Extensions: a, b c\r\n", ExtensionsMalformed, 400),
            (PROTOCOL, "Sec-WebSocket-Extensions: a; b=\"c d\"\r\n", ExtensionsMalformed, 400),
            (
                PROTOCOL,
                "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Extensions: a=b\r\n",
                ExtensionsMalformed,
                400,
            ),
        ];
        for &(from, to, error, status) in cases {
            let bytes = edited(REQUEST, from, to);
            let refused = request(&bytes).upgrade().map(|_| ()).unwrap_err();
            assert_eq!((refused, refused.status()), (error, status), "{to:?} for {from:?}");
        }
    }

    #[test]
    fn rfc6455_s4_2_1_what_a_client_may_vary_is_accepted() {
        let cases = [
            ("/chat ", "ws://server.example.com/chat "),
            ("Host: server.example.com\r\n", "hOsT:\tserver.example.com:80 \r\n"),
            (UPGRADE, "upgrade: WebSocket\r\n"),
            (UPGRADE, "Upgrade: foo, WebSocket\r\n"),
            (UPGRADE, "Upgrade: h2c\r\nUpgrade: websocket\r\n"),
            (UPGRADE, "Upgrade: ,websocket,\r\n"),
            (CONNECTION, "Connection: keep-alive, Upgrade\r\n"),
            (CONNECTION, "Connection: keep-alive\r\nCONNECTION: UPGRADE\r\n"),
            (KEY, "Sec-WebSocket-Key:dGhlIHNhbXBsZSBub25jZQ==\r\n"),
            (KEY, "SEC-WEBSOCKET-KEY: \t dGhlIHNhbXBsZSBub25jZQ== \t\r\n"),
            (VERSION, "Sec-Websocket-Version:  13  \r\n"),
            (ORIGIN, ""),
            (ORIGIN, "Origin: null\r\n"),
            (ORIGIN, "Content-Length: 0\r\n"),
            (ORIGIN, "Expect: 100-continue\r\n"),
            (ORIGIN, "X-Unknown: \u{e4}\r\nHTTP2-Settings: AAMAAABk\r\n"),
            (PROTOCOL, "Sec-WebSocket-Protocol: ,chat,,superchat,\r\n"),
            (PROTOCOL, "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: superchat\r\n"),
            (
                PROTOCOL,
                "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: x, __proto__; y=1\r\n",
            ),
        ];
        let plain = edited(RESPONSE, "Sec-WebSocket-Protocol: chat\r\n", "");
        for (from, to) in cases {
            let bytes = edited(REQUEST, from, to);
            let response = accept(&bytes, &Acceptance::default());
            assert_eq!(response.as_ref(), Ok(&plain), "{to:?} for {from:?}");
        }
    }

    #[test]
    fn the_order_of_the_headers_is_free() {
        let (start_line, headers) = REQUEST.split_once("\r\n").unwrap();
        let mut lines: Vec<&str> = headers.trim_end().lines().collect();
        for _ in 0..lines.len() {
            lines.rotate_left(1);
            let bytes = format!("{start_line}\r\n{}\r\n\r\n", lines.join("\r\n"));
            assert!(request(&bytes).upgrade().is_ok(), "{bytes}");
        }
    }

    #[test]
    fn erratum_3150_the_sample_key_with_pad_bits_is_accepted() {
        let bytes = edited(REQUEST, "dGhlIHNhbXBsZSBub25jZQ==", "AQIDBAUGBwgJCgsMDQ4PEC==");
        let response = accept(&bytes, &Acceptance::default()).unwrap();
        assert!(response.contains("\r\nSec-WebSocket-Accept: OfS0wDaT5NoxF2gqm7Zj2YtetzM=\r\n"));
    }

    #[test]
    fn rfc6455_s4_2_2_the_servers_preference_chooses_the_subprotocol() {
        let cases: &[(&[&str], Option<&str>)] = &[
            (&["chat"], Some("chat")),
            (&["superchat", "chat"], Some("superchat")),
            (&["other", "chat"], Some("chat")),
            (&["Chat"], None),
            (&["other"], None),
            (&[], None),
        ];
        let request = request(REQUEST);
        let upgrade = request.upgrade().unwrap();
        for &(supported, expected) in cases {
            assert_eq!(upgrade.select_subprotocol(supported), expected, "{supported:?}");
        }
    }

    #[test]
    fn a_subprotocol_that_was_not_asked_for_is_not_written() {
        let without = edited(REQUEST, PROTOCOL, "");
        for (bytes, chosen) in
            [(REQUEST, "other"), (REQUEST, "CHAT"), (REQUEST, ""), (&without, "chat")]
        {
            let acceptance = Acceptance { subprotocol: Some(chosen), ..Acceptance::default() };
            assert_eq!(
                accept(bytes, &acceptance),
                Err(EncodeError::SubprotocolNotOffered),
                "{chosen:?}"
            );
        }
    }

    #[test]
    fn subprotocols_have_an_end() {
        let many = |count: usize| {
            let names: Vec<String> = (0..count).map(|index| format!("p{index}")).collect();
            edited(REQUEST, PROTOCOL, &format!("Sec-WebSocket-Protocol: {}\r\n", names.join(",")))
        };
        assert!(request(&many(MAX_SUBPROTOCOLS)).upgrade().is_ok());
        let error = request(&many(MAX_SUBPROTOCOLS + 1)).upgrade().map(|_| ()).unwrap_err();
        assert_eq!(error, RequestError::TooManySubprotocols);
    }

    #[test]
    fn t04_spaces_inside_a_subprotocol() {
        let spaces = format!("Sec-WebSocket-Protocol: b{}x\r\n", " ".repeat(15_000));
        let bytes = edited(REQUEST, PROTOCOL, &spaces);
        let error = request(&bytes).upgrade().map(|_| ()).unwrap_err();
        assert_eq!(error, RequestError::SubprotocolsMalformed);
    }

    #[test]
    fn t14_headers_are_checked_before_a_byte_is_written() {
        let request = request(REQUEST);
        let upgrade = request.upgrade().unwrap();
        let cases = [
            (("Set-Cookie", "a\r\nb: c"), EncodeError::InvalidHeader { index: 0 }),
            (("Sec-WebSocket-Accept", "a"), EncodeError::ReservedHeader { index: 0 }),
            (("Content-Length", "0"), EncodeError::ReservedHeader { index: 0 }),
        ];
        for (header, error) in cases {
            let mut out = [0xaa; 256];
            let acceptance = Acceptance { headers: &[header], ..Acceptance::default() };
            assert_eq!(upgrade.accept(&acceptance, &mut out), Err(error));
            assert_eq!(out, [0xaa; 256]);
        }
        let acceptance =
            Acceptance { headers: &[("Set-Cookie", "a=b"), ("X", "")], ..Acceptance::default() };
        let response = accept(REQUEST, &acceptance).unwrap();
        assert!(response.ends_with("xOo=\r\nSet-Cookie: a=b\r\nX: \r\n\r\n"), "{response}");
    }

    #[test]
    fn the_room_for_the_answer_is_told_exactly() {
        let request = request(REQUEST);
        let upgrade = request.upgrade().unwrap();
        let mut out = [0; 129];
        let needed = upgrade.accept(&Acceptance::default(), &mut []).unwrap_err();
        assert_eq!(needed, EncodeError::BufferTooSmall { needed: 129 });
        assert_eq!(upgrade.accept(&Acceptance::default(), &mut out[..128]), Err(needed));
        assert_eq!(upgrade.accept(&Acceptance::default(), &mut out).unwrap().response_bytes, 129);
    }

    #[cfg(feature = "deflate")]
    #[test]
    fn rfc7692_s5_1_the_first_acceptable_offer_is_answered_once() {
        let forget_nothing = DeflatePolicy {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            ..DeflatePolicy::default()
        };
        let cases: &[(&str, Option<&str>)] = &[
            ("", None),
            ("Sec-WebSocket-Extensions: x-other\r\n", None),
            ("Sec-WebSocket-Extensions: Permessage-Deflate\r\n", None),
            ("Sec-WebSocket-Extensions: permessage-deflate\r\n", Some("permessage-deflate")),
            (
                "Sec-WebSocket-Extensions: x; y=1, permessage-deflate; server_max_window_bits=8, \
                 permessage-deflate; server_max_window_bits=10, permessage-deflate\r\n",
                Some("permessage-deflate; server_max_window_bits=10"),
            ),
            (
                "Sec-WebSocket-Extensions: permessage-deflate; unknown\r\n\
                 Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n",
                Some("permessage-deflate; client_no_context_takeover"),
            ),
            ("Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8\r\n", None),
        ];
        let plain = edited(RESPONSE, "Sec-WebSocket-Protocol: chat\r\n", "");
        for &(lines, answer) in cases {
            let bytes = with_lines(REQUEST, lines);
            let expected = match answer {
                None => plain.clone(),
                Some(answer) => edited(
                    &plain,
                    "\r\n\r\n",
                    &format!("\r\nSec-WebSocket-Extensions: {answer}\r\n\r\n"),
                ),
            };
            let acceptance = Acceptance { deflate: Some(&forget_nothing), ..Acceptance::default() };
            assert_eq!(accept(&bytes, &acceptance), Ok(expected), "{lines:?}");
            // A server that does not want to compress declines every offer.
            assert_eq!(accept(&bytes, &Acceptance::default()).as_ref(), Ok(&plain), "{lines:?}");
        }
    }

    #[cfg(feature = "deflate")]
    #[test]
    fn a_policy_that_no_compressor_can_keep_is_the_callers_fault() {
        for bits in [0, 8, 16, 255] {
            for policy in [
                DeflatePolicy { server_max_window_bits: bits, ..DeflatePolicy::default() },
                DeflatePolicy { client_max_window_bits: bits, ..DeflatePolicy::default() },
            ] {
                let acceptance = Acceptance { deflate: Some(&policy), ..Acceptance::default() };
                assert_eq!(accept(REQUEST, &acceptance), Err(EncodeError::InvalidWindowBits));
            }
        }
    }
}
