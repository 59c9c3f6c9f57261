//! The negotiation of permessage-deflate (RFC 7692 §5 and §7): what a client offers, what a server
//! is willing to do, and the parameters that both come to. Nothing is compressed here.
//!
//! "Server" and "client" in the name of a parameter say whose compressor it binds. An answer that
//! leaves a parameter out leaves that compressor free: a window of 15 bits, kept from message to
//! message.

use super::error::{EncodeError, ResponseError};
use super::extensions::{Extension, Value};
use super::output::Output;
use core::fmt::Write as _;

pub(crate) const NAME: &str = "permessage-deflate";
const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// The largest window, and what holds where nothing is said (RFC 7692 §7.1.2).
const MAX_WINDOW_BITS: u8 = 15;
/// The smallest window that a compressor built on zlib can keep. The RFC knows 8 too.
const MIN_OWN_WINDOW_BITS: u8 = 9;

/// What both sides agreed to (RFC 7692 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeflateParams {
    /// The server's compressor forgets what it knows after each message.
    pub server_no_context_takeover: bool,
    /// The client's compressor forgets what it knows after each message.
    pub client_no_context_takeover: bool,
    /// The server's compressor looks back at most 2 to the power of this many bytes: 9 to 15 in the
    /// server's role, 8 to 15 in the client's.
    pub server_max_window_bits: u8,
    /// The client's compressor looks back at most 2 to the power of this many bytes: 9 to 15 in the
    /// client's role, 8 to 15 in the server's.
    pub client_max_window_bits: u8,
}

/// What holds where an offer and its answer name no parameter.
impl Default for DeflateParams {
    fn default() -> Self {
        Self {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: MAX_WINDOW_BITS,
            client_max_window_bits: MAX_WINDOW_BITS,
        }
    }
}

// It is kept as long as the connection is.
const _: () = assert!(size_of::<DeflateParams>() <= 4);

/// What a server is willing to do. Compression that is off has no policy.
///
/// The default forgets both contexts after each message, so that an idle connection keeps neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflatePolicy {
    /// Forget the server's context after each message, asked for or not. Default: true.
    pub server_no_context_takeover: bool,
    /// Have the client forget its context after each message. Default: true.
    pub client_no_context_takeover: bool,
    /// The largest window for the server's compressor, 9 to 15. Default: 15.
    pub server_max_window_bits: u8,
    /// The largest window for the client's compressor, 9 to 15, where the client lets itself be
    /// told. Default: 15.
    pub client_max_window_bits: u8,
}

impl Default for DeflatePolicy {
    fn default() -> Self {
        Self {
            server_no_context_takeover: true,
            client_no_context_takeover: true,
            server_max_window_bits: MAX_WINDOW_BITS,
            client_max_window_bits: MAX_WINDOW_BITS,
        }
    }
}

/// What a client offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflateOffer {
    /// Ask the server to forget its context after each message. Default: false.
    pub server_no_context_takeover: bool,
    /// Forget the client's context after each message, whatever is answered. Default: false.
    pub client_no_context_takeover: bool,
    /// Ask the server for a window no larger than this, 9 to 15; 15 asks for nothing. Default: 15.
    pub server_max_window_bits: u8,
    /// The largest window for the client's compressor, 9 to 15. The server may choose a smaller
    /// one. Default: 15.
    pub client_max_window_bits: u8,
}

impl Default for DeflateOffer {
    fn default() -> Self {
        Self {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: MAX_WINDOW_BITS,
            client_max_window_bits: MAX_WINDOW_BITS,
        }
    }
}

/// The parameters of one element of the header, offer or answer, before it is said what they come
/// to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Element {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    client_max_window_bits: Option<ClientWindow>,
}

/// RFC 7692 §7.1.2.2: the one parameter whose value may be left out, in an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientWindow {
    Unspecified,
    Bits(u8),
}

impl Element {
    /// RFC 7692 §7: a parameter that is unknown, that comes twice or has a value that it cannot
    /// have makes the whole element unacceptable.
    fn read(extension: &Extension<'_>) -> Option<Self> {
        let mut element = Self::default();
        for param in extension.params() {
            match (param.name, param.value) {
                (SERVER_NO_CONTEXT_TAKEOVER, None) if !element.server_no_context_takeover => {
                    element.server_no_context_takeover = true;
                }
                (CLIENT_NO_CONTEXT_TAKEOVER, None) if !element.client_no_context_takeover => {
                    element.client_no_context_takeover = true;
                }
                (SERVER_MAX_WINDOW_BITS, Some(value))
                    if element.server_max_window_bits.is_none() =>
                {
                    element.server_max_window_bits = Some(window_bits(value)?);
                }
                (CLIENT_MAX_WINDOW_BITS, value) if element.client_max_window_bits.is_none() => {
                    element.client_max_window_bits = Some(match value {
                        None => ClientWindow::Unspecified,
                        Some(value) => ClientWindow::Bits(window_bits(value)?),
                    });
                }
                _ => return None,
            }
        }
        Some(element)
    }

    fn write(&self, output: &mut Output<'_>) {
        output.push(NAME);
        if self.server_no_context_takeover {
            parameter(output, SERVER_NO_CONTEXT_TAKEOVER, None);
        }
        if self.client_no_context_takeover {
            parameter(output, CLIENT_NO_CONTEXT_TAKEOVER, None);
        }
        if let Some(bits) = self.server_max_window_bits {
            parameter(output, SERVER_MAX_WINDOW_BITS, Some(bits));
        }
        match self.client_max_window_bits {
            Some(ClientWindow::Bits(bits)) => parameter(output, CLIENT_MAX_WINDOW_BITS, Some(bits)),
            Some(ClientWindow::Unspecified) => parameter(output, CLIENT_MAX_WINDOW_BITS, None),
            None => {}
        }
    }
}

fn parameter(output: &mut Output<'_>, name: &str, bits: Option<u8>) {
    output.push("; ");
    output.push(name);
    if let Some(bits) = bits {
        // An `Output` takes everything.
        let _ = write!(output, "={bits}");
    }
}

/// RFC 7692 §7.1.2.1: a decimal number from 8 to 15 without leading zeros.
fn window_bits(value: Value<'_>) -> Option<u8> {
    let mut bytes = value.bytes();
    match (bytes.next(), bytes.next(), bytes.next()) {
        (Some(b'8'), None, None) => Some(8),
        (Some(b'9'), None, None) => Some(9),
        (Some(b'1'), Some(digit @ b'0'..=b'5'), None) => {
            Some(digit.wrapping_sub(b'0').wrapping_add(10))
        }
        _ => None,
    }
}

fn check_own(bits: [u8; 2]) -> Result<(), EncodeError> {
    if bits.iter().all(|bits| (MIN_OWN_WINDOW_BITS..=MAX_WINDOW_BITS).contains(bits)) {
        Ok(())
    } else {
        Err(EncodeError::InvalidWindowBits)
    }
}

/// A server's answer to one offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) params: DeflateParams,
    element: Element,
}

impl Answer {
    pub(crate) fn write(&self, output: &mut Output<'_>) {
        self.element.write(output);
    }
}

impl DeflatePolicy {
    pub(crate) fn check(&self) -> Result<(), EncodeError> {
        check_own([self.server_max_window_bits, self.client_max_window_bits])
    }

    /// The answer to an offer, or nothing where the offer has to be declined: that is no error, the
    /// next one is tried, and without any the connection goes uncompressed (RFC 7692 §5.1, §7).
    pub(crate) fn answer(&self, offer: &Extension<'_>) -> Option<Answer> {
        let offer = Element::read(offer)?;
        // RFC 7692 §7.1.2.1: the server may not look back further than it is asked. With 8 bits,
        // which it cannot do, the offer is declined.
        let server_bits = self
            .server_max_window_bits
            .min(offer.server_max_window_bits.unwrap_or(MAX_WINDOW_BITS));
        if server_bits < MIN_OWN_WINDOW_BITS {
            return None;
        }
        // RFC 7692 §7.1.2.2: a client that does not offer the parameter cannot be told; a value
        // that it offers binds it even where nothing is answered.
        let client_bits = match offer.client_max_window_bits {
            None => MAX_WINDOW_BITS,
            Some(ClientWindow::Unspecified) => self.client_max_window_bits,
            Some(ClientWindow::Bits(bits)) => self.client_max_window_bits.min(bits),
        };
        let params = DeflateParams {
            server_no_context_takeover: self.server_no_context_takeover
                || offer.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover
                || offer.client_no_context_takeover,
            server_max_window_bits: server_bits,
            client_max_window_bits: client_bits,
        };
        let element = Element {
            server_no_context_takeover: params.server_no_context_takeover,
            client_no_context_takeover: params.client_no_context_takeover,
            // What was asked for is accepted by saying it again, 15 too.
            server_max_window_bits: (offer.server_max_window_bits.is_some()
                || server_bits < MAX_WINDOW_BITS)
                .then_some(server_bits),
            client_max_window_bits: (client_bits < MAX_WINDOW_BITS)
                .then_some(ClientWindow::Bits(client_bits)),
        };
        Some(Answer { params, element })
    }
}

impl DeflateOffer {
    pub(crate) fn check(&self) -> Result<(), EncodeError> {
        check_own([self.server_max_window_bits, self.client_max_window_bits])
    }

    pub(crate) fn write(&self, output: &mut Output<'_>) {
        let element = Element {
            server_no_context_takeover: self.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover,
            server_max_window_bits: (self.server_max_window_bits < MAX_WINDOW_BITS)
                .then_some(self.server_max_window_bits),
            client_max_window_bits: Some(if self.client_max_window_bits < MAX_WINDOW_BITS {
                ClientWindow::Bits(self.client_max_window_bits)
            } else {
                ClientWindow::Unspecified
            }),
        };
        element.write(output);
    }

    /// What the server's answer comes to. An answer that this offer does not allow fails the
    /// connection (RFC 7692 §7).
    pub(crate) fn accept(&self, answer: &Extension<'_>) -> Result<DeflateParams, ResponseError> {
        self.agree(answer).ok_or(ResponseError::DeflateParameters)
    }

    fn agree(&self, answer: &Extension<'_>) -> Option<DeflateParams> {
        let answer = Element::read(answer)?;
        // RFC 7692 §7.1.1.1, RFC 7692 §7.1.2.1: what was asked of the server it has to say that it
        // does. It may also do it unasked.
        let server_bits = answer.server_max_window_bits.unwrap_or(MAX_WINDOW_BITS);
        if server_bits > self.server_max_window_bits {
            return None;
        }
        if self.server_no_context_takeover && !answer.server_no_context_takeover {
            return None;
        }
        // RFC 7692 §7.1.2.2: in an answer the value is not optional, nor larger than the one
        // offered. One of 8 binds us to a window that our compressor does not have.
        let client_bits = match answer.client_max_window_bits {
            None => self.client_max_window_bits,
            Some(ClientWindow::Bits(bits)) => bits,
            Some(ClientWindow::Unspecified) => return None,
        };
        if !(MIN_OWN_WINDOW_BITS..=self.client_max_window_bits).contains(&client_bits) {
            return None;
        }
        // RFC 7692 §7.1.1.2: the server may forbid the client its context, which the client may also
        // do without by itself.
        Some(DeflateParams {
            server_no_context_takeover: answer.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover
                || answer.client_no_context_takeover,
            server_max_window_bits: server_bits,
            client_max_window_bits: client_bits,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::extensions::extensions;
    use super::super::request::Request;
    use super::super::testing::head;
    use super::*;
    use std::format;
    use std::string::String;

    /// Calls `then` with permessage-deflate and these parameters.
    fn with_element<T>(params: &str, then: impl FnOnce(&Extension<'_>) -> T) -> T {
        let bytes = format!(
            "GET / HTTP/1.1\r\nHost: a\r\n\
             Sec-WebSocket-Extensions: permessage-deflate{params}\r\n\r\n"
        );
        let request = Request::parse(head(bytes.as_bytes())).unwrap();
        let element = extensions(request.headers()).next().unwrap().unwrap();
        then(&element)
    }

    fn written(write: impl FnOnce(&mut Output<'_>)) -> String {
        let mut out = [0; 256];
        let mut output = Output::new(&mut out);
        write(&mut output);
        let len = output.finish().unwrap();
        String::from_utf8(out[..len].to_vec()).unwrap()
    }

    /// The four parameters, in the order in which all three types have them.
    type Parts = (bool, bool, u8, u8);

    const FREE: Parts = (false, false, 15, 15);

    fn params(parts: Parts) -> DeflateParams {
        DeflateParams {
            server_no_context_takeover: parts.0,
            client_no_context_takeover: parts.1,
            server_max_window_bits: parts.2,
            client_max_window_bits: parts.3,
        }
    }

    fn policy(parts: Parts) -> DeflatePolicy {
        DeflatePolicy {
            server_no_context_takeover: parts.0,
            client_no_context_takeover: parts.1,
            server_max_window_bits: parts.2,
            client_max_window_bits: parts.3,
        }
    }

    fn offer(parts: Parts) -> DeflateOffer {
        DeflateOffer {
            server_no_context_takeover: parts.0,
            client_no_context_takeover: parts.1,
            server_max_window_bits: parts.2,
            client_max_window_bits: parts.3,
        }
    }

    /// What a server may be asked and what a client may be answered, in one word for both.
    const INVALID: &[&str] = &[
        "; unknown",
        "; unknown=1",
        "; __proto__",
        "; constructor=toString",
        "; Server_no_context_takeover",
        "; server_no_context_takeover=1",
        "; client_no_context_takeover=true",
        "; server_no_context_takeover; server_no_context_takeover",
        "; client_no_context_takeover; client_no_context_takeover",
        "; server_max_window_bits",
        "; server_max_window_bits=7",
        "; server_max_window_bits=16",
        "; server_max_window_bits=08",
        "; server_max_window_bits=015",
        "; server_max_window_bits=+9",
        "; server_max_window_bits=-9",
        "; server_max_window_bits=9.",
        "; server_max_window_bits=0",
        "; server_max_window_bits=1",
        "; server_max_window_bits=100",
        "; server_max_window_bits=265",
        "; server_max_window_bits=0xa",
        "; server_max_window_bits=abc",
        "; server_max_window_bits=10; server_max_window_bits=10",
        "; client_max_window_bits=7",
        "; client_max_window_bits=16",
        "; client_max_window_bits=08",
        "; client_max_window_bits=+9",
        "; client_max_window_bits=\"015\"",
        "; client_max_window_bits=10; client_max_window_bits=10",
        "; client_max_window_bits; client_max_window_bits",
    ];

    #[test]
    fn rfc7692_s7_a_server_declines_what_is_invalid_or_unknown() {
        for text in INVALID {
            let answer = with_element(text, |offer| policy(FREE).answer(offer));
            assert_eq!(answer, None, "{text:?}");
        }
    }

    #[test]
    fn rfc7692_s7_a_client_fails_on_what_is_invalid_or_unknown() {
        for text in INVALID {
            let agreed = with_element(text, |answer| offer(FREE).accept(answer));
            assert_eq!(agreed, Err(ResponseError::DeflateParameters), "{text:?}");
        }
    }

    #[test]
    fn rfc7692_s7_1_what_a_server_answers() {
        // The policy and the offer; what they come to, and how it is said.
        type Case = (Parts, &'static str, Option<(Parts, &'static str)>);
        let cases: &[Case] = &[
            (FREE, "", Some((FREE, ""))),
            (
                (true, true, 15, 15),
                "",
                Some((
                    (true, true, 15, 15),
                    "; server_no_context_takeover; client_no_context_takeover",
                )),
            ),
            (
                FREE,
                "; server_no_context_takeover",
                Some(((true, false, 15, 15), "; server_no_context_takeover")),
            ),
            (
                FREE,
                "; client_no_context_takeover",
                Some(((false, true, 15, 15), "; client_no_context_takeover")),
            ),
            // The server's window: no larger than asked, said again when asked, also unasked.
            (FREE, "; server_max_window_bits=15", Some((FREE, "; server_max_window_bits=15"))),
            (
                FREE,
                "; server_max_window_bits=9",
                Some(((false, false, 9, 15), "; server_max_window_bits=9")),
            ),
            (
                FREE,
                "; server_max_window_bits=\"12\"",
                Some(((false, false, 12, 15), "; server_max_window_bits=12")),
            ),
            (
                FREE,
                "; server_max_window_bits=\"1\\2\"",
                Some(((false, false, 12, 15), "; server_max_window_bits=12")),
            ),
            (FREE, "; server_max_window_bits=8", None),
            (
                (false, false, 10, 15),
                "",
                Some(((false, false, 10, 15), "; server_max_window_bits=10")),
            ),
            (
                (false, false, 10, 15),
                "; server_max_window_bits=12",
                Some(((false, false, 10, 15), "; server_max_window_bits=10")),
            ),
            (
                (false, false, 10, 15),
                "; server_max_window_bits=9",
                Some(((false, false, 9, 15), "; server_max_window_bits=9")),
            ),
            // The client's window: never mentioned to a client that did not offer it.
            ((false, false, 15, 10), "", Some((FREE, ""))),
            (FREE, "; client_max_window_bits", Some((FREE, ""))),
            (
                (false, false, 15, 10),
                "; client_max_window_bits",
                Some(((false, false, 15, 10), "; client_max_window_bits=10")),
            ),
            (FREE, "; client_max_window_bits=15", Some((FREE, ""))),
            (
                FREE,
                "; client_max_window_bits=11",
                Some(((false, false, 15, 11), "; client_max_window_bits=11")),
            ),
            (
                (false, false, 15, 10),
                "; client_max_window_bits=11",
                Some(((false, false, 15, 10), "; client_max_window_bits=10")),
            ),
            (
                (false, false, 15, 12),
                "; client_max_window_bits=11",
                Some(((false, false, 15, 11), "; client_max_window_bits=11")),
            ),
            (
                FREE,
                "; client_max_window_bits=8",
                Some(((false, false, 15, 8), "; client_max_window_bits=8")),
            ),
            (
                (true, false, 13, 14),
                "; client_max_window_bits; server_max_window_bits=14; client_no_context_takeover",
                Some((
                    (true, true, 13, 14),
                    "; server_no_context_takeover; client_no_context_takeover; \
                     server_max_window_bits=13; client_max_window_bits=14",
                )),
            ),
        ];
        for &(willing, text, expected) in cases {
            let answer = with_element(text, |offer| policy(willing).answer(offer));
            let said = answer.map(|answer| (answer.params, written(|output| answer.write(output))));
            let expected =
                expected.map(|(parts, text)| (params(parts), format!("permessage-deflate{text}")));
            assert_eq!(said, expected, "{text:?} to {willing:?}");
        }
    }

    #[test]
    fn what_a_client_offers() {
        let cases = [
            ((false, false, 15, 15), "; client_max_window_bits"),
            ((false, false, 15, 9), "; client_max_window_bits=9"),
            ((true, false, 15, 15), "; server_no_context_takeover; client_max_window_bits"),
            (
                (false, true, 10, 15),
                "; client_no_context_takeover; server_max_window_bits=10; \
 client_max_window_bits",
            ),
        ];
        for (parts, expected) in cases {
            let text = written(|output| offer(parts).write(output));
            assert_eq!(text, format!("permessage-deflate{expected}"), "{parts:?}");
        }
    }

    #[test]
    fn rfc7692_s7_1_what_a_client_takes_for_an_answer() {
        // The offer and the answer; what they come to.
        type Case = (Parts, &'static str, Option<Parts>);
        let cases: &[Case] = &[
            (FREE, "", Some(FREE)),
            // Unasked, the server may bind itself, and forbid the client its context.
            (FREE, "; server_no_context_takeover", Some((true, false, 15, 15))),
            (FREE, "; client_no_context_takeover", Some((false, true, 15, 15))),
            (FREE, "; server_max_window_bits=15", Some(FREE)),
            (FREE, "; server_max_window_bits=8", Some((false, false, 8, 15))),
            (FREE, "; client_max_window_bits=15", Some(FREE)),
            (FREE, "; client_max_window_bits=9", Some((false, false, 15, 9))),
            // Our compressor has no window of 8.
            (FREE, "; client_max_window_bits=8", None),
            // The value is optional in an offer alone.
            (FREE, "; client_max_window_bits", None),
            // What was asked of the server has to be granted.
            ((true, false, 15, 15), "", None),
            ((true, false, 15, 15), "; server_no_context_takeover", Some((true, false, 15, 15))),
            ((false, false, 10, 15), "", None),
            ((false, false, 10, 15), "; server_max_window_bits=11", None),
            ((false, false, 10, 15), "; server_max_window_bits=10", Some((false, false, 10, 15))),
            ((false, false, 10, 15), "; server_max_window_bits=9", Some((false, false, 9, 15))),
            // What the client said of itself holds without an answer.
            ((false, true, 15, 15), "", Some((false, true, 15, 15))),
            ((false, false, 15, 10), "", Some((false, false, 15, 10))),
            ((false, false, 15, 10), "; client_max_window_bits=9", Some((false, false, 15, 9))),
            ((false, false, 15, 10), "; client_max_window_bits=11", None),
        ];
        for &(asked, text, expected) in cases {
            let agreed = with_element(text, |answer| offer(asked).accept(answer));
            let expected = expected.map(params).ok_or(ResponseError::DeflateParameters);
            assert_eq!(agreed, expected, "{text:?} to {asked:?}");
        }
    }

    #[test]
    fn every_client_of_ours_understands_every_server_of_ours() {
        let bits = [9, 12, 15];
        let all = || {
            let flags = [(false, false), (false, true), (true, false), (true, true)];
            flags.into_iter().flat_map(move |(server, client)| {
                bits.into_iter()
                    .flat_map(move |a| bits.into_iter().map(move |b| (server, client, a, b)))
            })
        };
        for asked in all() {
            for willing in all() {
                let asked_text = written(|output| offer(asked).write(output));
                let text = asked_text.strip_prefix(NAME).unwrap();
                let answer = with_element(text, |offer| policy(willing).answer(offer)).unwrap();
                let answer_text = written(|output| answer.write(output));
                let text = answer_text.strip_prefix(NAME).unwrap();
                let agreed = with_element(text, |answer| offer(asked).accept(answer));
                assert_eq!(agreed, Ok(answer.params), "{asked_text} -> {answer_text}");
            }
        }
    }
}
