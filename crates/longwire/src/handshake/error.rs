//! What can go wrong in the opening handshake. The peer's fault is a [`HeadError`], a
//! [`RequestError`] or a [`ResponseError`]; the caller's is an [`EncodeError`]. Each says what was
//! wrong and what would be right.

use core::fmt;

/// What no head may contain, request or response. The peer's fault.
///
/// `at` is the position of the offending byte, counted from the first byte of the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadError {
    /// An LF with no CR in front of it (RFC 9112 §2.2).
    BareLineFeed {
        /// Where it stands.
        at: usize,
    },
    /// A CR with no LF behind it (RFC 9112 §2.2).
    BareCarriageReturn {
        /// Where it stands.
        at: usize,
    },
    /// NUL, DEL or another control character (RFC 9110 §5.5).
    ControlCharacter {
        /// The character.
        byte: u8,
        /// Where it stands.
        at: usize,
    },
    /// A line that begins with white space: a folded line, or a space in front of the first header
    /// (RFC 9112 §2.2 and §5.2).
    LeadingWhitespace {
        /// Where it stands.
        at: usize,
    },
    /// More than one empty line in front of the start line (RFC 9112 §2.2).
    EmptyStartLine,
    /// The start line is longer than the limit.
    StartLineTooLong {
        /// The limit.
        max_start_line_bytes: usize,
    },
    /// The head is longer than the limit.
    HeadTooLong {
        /// The limit.
        max_head_bytes: usize,
    },
    /// There are more header lines than the limit.
    TooManyHeaders {
        /// The limit.
        max_headers: usize,
    },
    /// A header line that is not a token, a colon and a value (RFC 9112 §5). A space in front of
    /// the colon is such a line.
    MalformedHeader,
}

impl HeadError {
    /// The status with which a server answers such a request.
    pub const fn status(self) -> u16 {
        match self {
            Self::StartLineTooLong { .. } => 414,
            Self::HeadTooLong { .. } | Self::TooManyHeaders { .. } => 431,
            Self::BareLineFeed { .. }
            | Self::BareCarriageReturn { .. }
            | Self::ControlCharacter { .. }
            | Self::LeadingWhitespace { .. }
            | Self::EmptyStartLine
            | Self::MalformedHeader => 400,
        }
    }

    /// The section of the standard that was broken.
    pub const fn section(self) -> &'static str {
        match self {
            Self::BareLineFeed { .. }
            | Self::BareCarriageReturn { .. }
            | Self::LeadingWhitespace { .. }
            | Self::EmptyStartLine => "RFC 9112 §2.2",
            Self::ControlCharacter { .. } => "RFC 9110 §5.5",
            Self::StartLineTooLong { .. } => "RFC 9112 §3",
            Self::HeadTooLong { .. } | Self::TooManyHeaders { .. } => "RFC 9110 §5.4",
            Self::MalformedHeader => "RFC 9112 §5.1",
        }
    }

    /// What was wrong and what would be right, in one line that may be sent to the peer.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::BareLineFeed { .. } | Self::BareCarriageReturn { .. } => {
                "lines must end in CRLF, and CR or LF must not stand alone"
            }
            Self::ControlCharacter { .. } => "control characters must not stand in a head",
            Self::LeadingWhitespace { .. } => "a line must not begin with white space",
            Self::EmptyStartLine => "at most one empty line may stand before the start line",
            Self::StartLineTooLong { .. } => "the start line is over this endpoint's limit",
            Self::HeadTooLong { .. } => "the head is over this endpoint's limit",
            Self::TooManyHeaders { .. } => "there are more headers than this endpoint takes",
            Self::MalformedHeader => "a header must be a token, a colon at once, and a value",
        }
    }
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.reason(), self.section())?;
        match *self {
            Self::BareLineFeed { at }
            | Self::BareCarriageReturn { at }
            | Self::LeadingWhitespace { at } => write!(f, ", at byte {at})"),
            Self::ControlCharacter { byte, at } => write!(f, ", {byte:#04x} at byte {at})"),
            Self::StartLineTooLong { max_start_line_bytes: max }
            | Self::HeadTooLong { max_head_bytes: max } => write!(f, ", at most {max} bytes)"),
            Self::TooManyHeaders { max_headers } => write!(f, ", at most {max_headers})"),
            Self::EmptyStartLine | Self::MalformedHeader => f.write_str(")"),
        }
    }
}

impl core::error::Error for HeadError {}

macro_rules! request_errors {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident: $status:literal, $section:literal, $text:literal;
    )+) => {
        /// Why a server refuses a request. The client's fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum RequestError {
            /// The bytes are no head.
            Head(HeadError),
            $($(#[doc = $doc])+ $name,)+
        }

        impl RequestError {
            /// Every error there is beside [`RequestError::Head`], for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The status of the answer.
            pub const fn status(self) -> u16 {
                match self {
                    Self::Head(error) => error.status(),
                    $(Self::$name => $status,)+
                }
            }

            /// The section of the standard that was broken.
            pub const fn section(self) -> &'static str {
                match self {
                    Self::Head(error) => error.section(),
                    $(Self::$name => $section,)+
                }
            }

            /// What was wrong and what would be right, in one line that may be sent to the peer.
            pub const fn reason(self) -> &'static str {
                match self {
                    Self::Head(error) => error.reason(),
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

request_errors! {
    /// The request line is not a method, a target and a version.
    MalformedRequestLine: 400, "RFC 9112 §3", "the request line must be method, target and version";
    /// The version is not HTTP/1.1, nor HTTP/1.0 where that is enough.
    UnsupportedHttpVersion: 505, "RFC 6455 §4.2.1", "the HTTP version must be 1.1";
    /// The target is none of the four forms, or has a fragment, a non-ASCII byte or an invalid
    /// host.
    InvalidTarget: 400, "RFC 9112 §3.2", "the target must be a path in ASCII, without a fragment";
    /// There is no Host.
    HostMissing: 400, "RFC 9112 §3.2", "Host is missing";
    /// There is more than one Host.
    HostRepeated: 400, "RFC 9112 §3.2", "Host must not be repeated";
    /// Host is empty, or no host with an optional port.
    HostInvalid: 400, "RFC 9110 §7.2", "Host must be a host with an optional port";
    /// Content-Length is repeated, or no decimal number.
    InvalidContentLength: 400, "RFC 9112 §6.3", "Content-Length must be one decimal number";
    /// The last coding of Transfer-Encoding is not `chunked`: nobody knows where the body ends.
    InvalidTransferEncoding: 400, "RFC 9112 §6.3", "Transfer-Encoding must end in chunked";
    /// Transfer-Encoding has a coding in front of `chunked`.
    UnsupportedTransferCoding: 501, "RFC 9112 §6.1", "chunked is the only coding understood";
    /// Both Content-Length and Transfer-Encoding are there: two readings of one message.
    AmbiguousLength: 400, "RFC 9112 §6.1", "Transfer-Encoding forbids Content-Length";
    /// A request in HTTP/1.0, which has no Transfer-Encoding, comes with one: its body has two readings.
    TransferEncodingInHttp10: 400, "RFC 9112 §6.1", "Transfer-Encoding must not be in HTTP/1.0";
    /// The method of an opening handshake is not GET.
    MethodNotGet: 405, "RFC 6455 §4.2.1", "the method of an opening handshake must be GET";
    /// An opening handshake has a body: the bytes behind the head would have two readings.
    BodyOnUpgrade: 400, "RFC 6455 §4.2.1", "an opening handshake must not have a body";
    /// Upgrade is absent, or does not name `websocket`.
    NotWebSocket: 426, "RFC 6455 §4.2.1", "Upgrade must name websocket";
    /// Connection is absent, or does not name `Upgrade`.
    ConnectionNotUpgrade: 400, "RFC 6455 §4.2.1", "Connection must name Upgrade";
    /// Sec-WebSocket-Version is absent.
    VersionMissing: 426, "RFC 6455 §4.2.1", "Sec-WebSocket-Version is missing: it must be 13";
    /// There is more than one Sec-WebSocket-Version.
    VersionRepeated: 400, "RFC 6455 §11.3.5", "Sec-WebSocket-Version must not be repeated";
    /// Sec-WebSocket-Version is not 13.
    VersionUnsupported: 426, "RFC 6455 §4.4", "Sec-WebSocket-Version must be 13";
    /// Sec-WebSocket-Key is absent.
    KeyMissing: 400, "RFC 6455 §4.2.1", "Sec-WebSocket-Key is missing";
    /// There is more than one Sec-WebSocket-Key.
    KeyRepeated: 400, "RFC 6455 §11.3.1", "Sec-WebSocket-Key must not be repeated";
    /// Sec-WebSocket-Key is not 16 bytes in base64.
    KeyInvalid: 400, "RFC 6455 §4.2.1", "Sec-WebSocket-Key must be 16 bytes in base64";
    /// There is more than one Origin.
    OriginRepeated: 400, "RFC 6454 §7.3", "Origin must not be repeated";
    /// Origin is empty, or not in visible ASCII.
    OriginInvalid: 400, "RFC 6454 §7.1", "Origin must be visible ASCII";
    /// Sec-WebSocket-Protocol is not a list of tokens.
    SubprotocolsMalformed: 400, "RFC 6455 §4.1", "Sec-WebSocket-Protocol must be a list of tokens";
    /// A subprotocol is asked for twice.
    SubprotocolRepeated: 400, "RFC 6455 §4.1", "a subprotocol must not be asked for twice";
    /// There are more subprotocols than [`MAX_SUBPROTOCOLS`](super::MAX_SUBPROTOCOLS).
    TooManySubprotocols: 400, "RFC 6455 §10.4", "more subprotocols than this server takes";
    /// Sec-WebSocket-Extensions does not follow its grammar.
    ExtensionsMalformed: 400, "RFC 6455 §9.1", "Sec-WebSocket-Extensions is malformed";
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(error) => error.fmt(f),
            _ => write!(f, "{} ({}, status {})", self.reason(), self.section(), self.status()),
        }
    }
}

impl core::error::Error for RequestError {}

impl From<HeadError> for RequestError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

/// Why a client fails the connection over the response. The server's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseError {
    /// The head is none.
    Head(HeadError),
    /// The status line is not `version SP status SP reason` (RFC 9112 §4).
    MalformedStatusLine,
    /// The version is not HTTP/1.1 (RFC 6455 §4.2.2).
    UnsupportedHttpVersion,
    /// The server did not switch protocols: HTTP's rules hold for this status (RFC 6455 §4.1).
    NotSwitching {
        /// The status of the response, anything but 101.
        status: u16,
    },
    /// A 101 that announces a body (RFC 9112 §6.3).
    BodyOnUpgrade,
    /// Upgrade is not `websocket` alone (RFC 6455 §4.1, response item 2).
    UpgradeNotWebSocket,
    /// Connection does not name `Upgrade` (RFC 6455 §4.1, response item 3).
    ConnectionNotUpgrade,
    /// Sec-WebSocket-Accept is absent (RFC 6455 §4.1, response item 4).
    AcceptMissing,
    /// More than one Sec-WebSocket-Accept (RFC 6455 §11.3.3).
    AcceptRepeated,
    /// Sec-WebSocket-Accept does not belong to the key sent (RFC 6455 §4.1, response item 4).
    AcceptMismatch,
    /// Sec-WebSocket-Extensions does not follow its grammar (RFC 6455 §9.1).
    ExtensionsMalformed,
    /// An extension that was not offered (RFC 6455 §4.1, response item 5).
    ExtensionNotOffered,
    /// permessage-deflate is answered more than once (RFC 7692 §5.1).
    DeflateRepeated,
    /// permessage-deflate is answered with parameters that the offer does not allow (RFC 7692 §7).
    DeflateParameters,
    /// More than one Sec-WebSocket-Protocol (RFC 6455 §11.3.4).
    SubprotocolRepeated,
    /// A subprotocol that was not asked for (RFC 6455 §4.1, response item 6).
    SubprotocolNotOffered,
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head(error) => return error.fmt(f),
            Self::NotSwitching { status } => {
                return write!(f, "the server answered {status} and not 101 (RFC 6455 §4.1)");
            }
            Self::MalformedStatusLine => {
                "malformed status line: version, status and reason, one space apart (RFC 9112 §4)"
            }
            Self::UnsupportedHttpVersion => "HTTP version is not 1.1 (RFC 6455 §4.2.2)",
            Self::BodyOnUpgrade => "a 101 that announces a body (RFC 9112 §6.3)",
            Self::UpgradeNotWebSocket => "Upgrade is not websocket (RFC 6455 §4.1)",
            Self::ConnectionNotUpgrade => "Connection does not name Upgrade (RFC 6455 §4.1)",
            Self::AcceptMissing => "Sec-WebSocket-Accept is missing (RFC 6455 §4.1)",
            Self::AcceptRepeated => "more than one Sec-WebSocket-Accept (RFC 6455 §11.3.3)",
            Self::AcceptMismatch => "Sec-WebSocket-Accept does not fit our key (RFC 6455 §4.1)",
            Self::ExtensionsMalformed => "Sec-WebSocket-Extensions is malformed (RFC 6455 §9.1)",
            Self::ExtensionNotOffered => "an extension that was not offered (RFC 6455 §4.1)",
            Self::DeflateRepeated => "permessage-deflate answered more than once (RFC 7692 §5.1)",
            Self::DeflateParameters => {
                "permessage-deflate answered with parameters not open to the server (RFC 7692 §7)"
            }
            Self::SubprotocolRepeated => "more than one Sec-WebSocket-Protocol (RFC 6455 §11.3.4)",
            Self::SubprotocolNotOffered => "a subprotocol that was not asked for (RFC 6455 §4.1)",
        })
    }
}

impl core::error::Error for ResponseError {}

impl From<HeadError> for ResponseError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

/// Why a head cannot be written. The caller's fault: nothing may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// The output slice is too small.
    BufferTooSmall {
        /// How many bytes the whole needs.
        needed: usize,
    },
    /// A header whose name is not a token, or whose value has a CR, an LF, a NUL or another control
    /// character.
    InvalidHeader {
        /// Its place among the headers given.
        index: usize,
    },
    /// A header that the handshake writes itself.
    ReservedHeader {
        /// Its place among the headers given.
        index: usize,
    },
    /// An origin that is empty or not visible ASCII.
    InvalidOrigin,
    /// A subprotocol that is not a token.
    InvalidSubprotocol,
    /// A subprotocol that is asked for twice.
    RepeatedSubprotocol,
    /// More subprotocols than [`MAX_SUBPROTOCOLS`](super::MAX_SUBPROTOCOLS).
    TooManySubprotocols,
    /// A subprotocol chosen that the client did not ask for (RFC 6455 §4.2.2).
    SubprotocolNotOffered,
    /// Window bits for permessage-deflate outside 9 to 15.
    InvalidWindowBits,
    /// The status of a rejection is not in 200 to 599.
    InvalidStatus,
    /// A body with a status that has none: 204, 205 or 304 (RFC 9110 §6.4.1).
    BodyNotAllowed,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BufferTooSmall { needed } => {
                return write!(f, "output slice too small: {needed} bytes are needed");
            }
            Self::InvalidHeader { index } => {
                return write!(
                    f,
                    "header {index}: its name is no token, or its value has a control character"
                );
            }
            Self::ReservedHeader { index } => {
                return write!(f, "header {index}: the handshake writes it itself");
            }
            Self::InvalidOrigin => "origin is empty or not visible ASCII",
            Self::InvalidSubprotocol => "subprotocol is not a token",
            Self::RepeatedSubprotocol => "subprotocol asked for twice",
            Self::TooManySubprotocols => "too many subprotocols",
            Self::SubprotocolNotOffered => "subprotocol chosen that the client did not ask for",
            Self::InvalidWindowBits => "window bits for permessage-deflate are not in 9 to 15",
            Self::InvalidStatus => "status of a rejection is not in 200 to 599",
            Self::BodyNotAllowed => "body with a status that has none",
        })
    }
}

impl core::error::Error for EncodeError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::ToString;

    #[test]
    fn an_error_says_what_was_wrong_where_and_what_would_be_right() {
        let cases = [
            (
                HeadError::BareLineFeed { at: 14 }.to_string(),
                "lines must end in CRLF, and CR or LF must not stand alone (RFC 9112 §2.2, at byte 14)",
            ),
            (
                HeadError::ControlCharacter { byte: 0, at: 5 }.to_string(),
                "control characters must not stand in a head (RFC 9110 §5.5, 0x00 at byte 5)",
            ),
            (
                HeadError::HeadTooLong { max_head_bytes: 16384 }.to_string(),
                "the head is over this endpoint's limit (RFC 9110 §5.4, at most 16384 bytes)",
            ),
            (
                HeadError::TooManyHeaders { max_headers: 100 }.to_string(),
                "there are more headers than this endpoint takes (RFC 9110 §5.4, at most 100)",
            ),
            (
                HeadError::MalformedHeader.to_string(),
                "a header must be a token, a colon at once, and a value (RFC 9112 §5.1)",
            ),
            (
                RequestError::Head(HeadError::LeadingWhitespace { at: 16 }).to_string(),
                "a line must not begin with white space (RFC 9112 §2.2, at byte 16)",
            ),
            (
                RequestError::VersionUnsupported.to_string(),
                "Sec-WebSocket-Version must be 13 (RFC 6455 §4.4, status 426)",
            ),
            (
                ResponseError::NotSwitching { status: 403 }.to_string(),
                "the server answered 403 and not 101 (RFC 6455 §4.1)",
            ),
            (
                ResponseError::Head(HeadError::EmptyStartLine).to_string(),
                "at most one empty line may stand before the start line (RFC 9112 §2.2)",
            ),
            (
                HeadError::BareCarriageReturn { at: 1 }.to_string(),
                "lines must end in CRLF, and CR or LF must not stand alone (RFC 9112 §2.2, at byte 1)",
            ),
            (
                HeadError::StartLineTooLong { max_start_line_bytes: 8192 }.to_string(),
                "the start line is over this endpoint's limit (RFC 9112 §3, at most 8192 bytes)",
            ),
            (
                EncodeError::BufferTooSmall { needed: 129 }.to_string(),
                "output slice too small: 129 bytes are needed",
            ),
            (
                EncodeError::InvalidHeader { index: 1 }.to_string(),
                "header 1: its name is no token, or its value has a control character",
            ),
            (
                EncodeError::ReservedHeader { index: 2 }.to_string(),
                "header 2: the handshake writes it itself",
            ),
            (EncodeError::InvalidOrigin.to_string(), "origin is empty or not visible ASCII"),
            (EncodeError::InvalidSubprotocol.to_string(), "subprotocol is not a token"),
            (EncodeError::RepeatedSubprotocol.to_string(), "subprotocol asked for twice"),
            (EncodeError::TooManySubprotocols.to_string(), "too many subprotocols"),
            (
                EncodeError::SubprotocolNotOffered.to_string(),
                "subprotocol chosen that the client did not ask for",
            ),
            (
                EncodeError::InvalidWindowBits.to_string(),
                "window bits for permessage-deflate are not in 9 to 15",
            ),
            (EncodeError::InvalidStatus.to_string(), "status of a rejection is not in 200 to 599"),
            (EncodeError::BodyNotAllowed.to_string(), "body with a status that has none"),
        ];
        for (said, expected) in cases {
            assert_eq!(said, expected);
        }
    }

    #[test]
    fn every_request_error_names_its_section_and_a_status_of_the_4xx_or_5xx() {
        for &error in RequestError::ALL {
            let (section, status) = (error.section(), error.status());
            assert!(section.starts_with("RFC ") && section.contains(" §"), "{error:?}: {section}");
            assert!((400..=505).contains(&status), "{error:?}: {status}");
            let expected = format!("{} ({section}, status {status})", error.reason());
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn an_error_of_the_head_is_the_same_in_a_request() {
        let cases = [
            (HeadError::StartLineTooLong { max_start_line_bytes: 9 }, 414, "RFC 9112 §3"),
            (HeadError::TooManyHeaders { max_headers: 9 }, 431, "RFC 9110 §5.4"),
            (HeadError::ControlCharacter { byte: 0, at: 9 }, 400, "RFC 9110 §5.5"),
            (HeadError::EmptyStartLine, 400, "RFC 9112 §2.2"),
        ];
        for (head, status, section) in cases {
            let error = RequestError::from(head);
            assert_eq!((error.status(), error.section()), (status, section));
            assert_eq!((error.reason(), error.to_string()), (head.reason(), head.to_string()));
        }
    }

    #[test]
    fn every_response_error_names_its_section() {
        use ResponseError::*;
        let cases = [
            (
                MalformedStatusLine,
                "malformed status line: version, status and reason, one space apart (RFC 9112 §4)",
            ),
            (UnsupportedHttpVersion, "HTTP version is not 1.1 (RFC 6455 §4.2.2)"),
            (BodyOnUpgrade, "a 101 that announces a body (RFC 9112 §6.3)"),
            (UpgradeNotWebSocket, "Upgrade is not websocket (RFC 6455 §4.1)"),
            (ConnectionNotUpgrade, "Connection does not name Upgrade (RFC 6455 §4.1)"),
            (AcceptMissing, "Sec-WebSocket-Accept is missing (RFC 6455 §4.1)"),
            (AcceptRepeated, "more than one Sec-WebSocket-Accept (RFC 6455 §11.3.3)"),
            (AcceptMismatch, "Sec-WebSocket-Accept does not fit our key (RFC 6455 §4.1)"),
            (ExtensionsMalformed, "Sec-WebSocket-Extensions is malformed (RFC 6455 §9.1)"),
            (ExtensionNotOffered, "an extension that was not offered (RFC 6455 §4.1)"),
            (DeflateRepeated, "permessage-deflate answered more than once (RFC 7692 §5.1)"),
            (
                DeflateParameters,
                "permessage-deflate answered with parameters not open to the server (RFC 7692 §7)",
            ),
            (SubprotocolRepeated, "more than one Sec-WebSocket-Protocol (RFC 6455 §11.3.4)"),
            (SubprotocolNotOffered, "a subprotocol that was not asked for (RFC 6455 §4.1)"),
        ];
        for (error, said) in cases {
            assert_eq!(error.to_string(), said);
        }
    }
}
