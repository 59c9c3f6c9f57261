//! Close codes and the body of a Close frame (RFC 6455 §5.5.1, §7.4).

use crate::error::{ApiMisuse, ProtocolError};
use crate::header::MAX_CONTROL_PAYLOAD_BYTES;
use crate::utf8::Utf8;
use core::fmt;

/// The longest reason that fits a Close frame: 125 bytes less two for the code.
pub const MAX_CLOSE_REASON_BYTES: usize = MAX_CONTROL_PAYLOAD_BYTES - 2;

/// Why a connection was closed, as a number (RFC 6455 §7.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CloseCode(u16);

macro_rules! close_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $text:literal;)+) => {
        impl CloseCode {
            $($(#[doc = $doc])+ pub const $name: Self = Self($code);)+

            /// The registered meaning of the code, in a few words, or an empty string.
            pub fn meaning(self) -> &'static str {
                match self.0 {
                    $($code => $text,)+
                    _ => "",
                }
            }
        }
    };
}

close_codes! {
    /// 1000: the purpose of the connection has been fulfilled.
    NORMAL = 1000, "normal closure";
    /// 1001: a server going down, or a browser leaving the page.
    GOING_AWAY = 1001, "going away";
    /// 1002: a protocol error.
    PROTOCOL_ERROR = 1002, "protocol error";
    /// 1003: a type of data that cannot be accepted.
    UNSUPPORTED_DATA = 1003, "unsupported data";
    /// 1005: reported where a Close came without a code. Never on the wire.
    NO_STATUS = 1005, "no status received";
    /// 1006: reported where the connection was lost without a Close. Never on the wire.
    ABNORMAL = 1006, "abnormal closure";
    /// 1007: data that does not fit its type, such as text that is not UTF-8.
    INVALID_PAYLOAD = 1007, "invalid payload data";
    /// 1008: a message that breaks the endpoint's policy.
    POLICY_VIOLATION = 1008, "policy violation";
    /// 1009: a message that is too big.
    MESSAGE_TOO_BIG = 1009, "message too big";
    /// 1010: from a client whose server did not agree to an extension it needs.
    MANDATORY_EXTENSION = 1010, "mandatory extension missing";
    /// 1011: an unexpected condition kept the server from fulfilling the request.
    INTERNAL_ERROR = 1011, "internal error";
    /// 1012: the service restarts (registered with IANA after RFC 6455).
    SERVICE_RESTART = 1012, "service restart";
    /// 1013: the service is overloaded (registered with IANA after RFC 6455).
    TRY_AGAIN_LATER = 1013, "try again later";
    /// 1014: a gateway got an invalid response (registered with IANA after RFC 6455).
    BAD_GATEWAY = 1014, "bad gateway";
    /// 1015: reported where the TLS handshake failed. Never on the wire.
    TLS_HANDSHAKE = 1015, "TLS handshake failed";
}

impl CloseCode {
    /// Any number; see [`allowed_on_wire`](Self::allowed_on_wire).
    pub const fn new(code: u16) -> Self {
        Self(code)
    }

    /// The number.
    pub const fn value(self) -> u16 {
        self.0
    }

    /// Whether a Close frame may carry this code.
    ///
    /// RFC 6455 §7.4.1 reserves 1004, and keeps 1005, 1006 and 1015 off the wire; RFC 6455 §7.4.2
    /// leaves 0 to 999 unused, 1016 to 2999 for later standards, 3000 to 4999 to registrations and
    /// applications, and says nothing of 5000 and above: those are refused here.
    pub const fn allowed_on_wire(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl From<u16> for CloseCode {
    fn from(code: u16) -> Self {
        Self(code)
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The number, and its registered meaning in parentheses: `1001 (going away)`.
impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.meaning() {
            "" => write!(f, "{}", self.0),
            meaning => write!(f, "{} ({meaning})", self.0),
        }
    }
}

/// The body of a Close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close<'a> {
    /// The code, or [`CloseCode::NO_STATUS`] where the body was empty (RFC 6455 §7.1.5).
    pub code: CloseCode,
    /// The reason, at most 123 bytes. It is for debugging, and nothing to show to the users of a
    /// program: nobody says that they can read it (RFC 6455 §5.5.1).
    pub reason: &'a str,
}

impl<'a> Close<'a> {
    /// Reads the body of a Close frame, unmasked.
    ///
    /// # Errors
    /// A body of one byte, a code that must not be on the wire, a reason that is not UTF-8.
    pub(crate) fn parse(payload: &'a [u8]) -> Result<Self, ProtocolError> {
        // RFC 6455 §5.5.1: a body, if there is one, begins with the code in two bytes.
        let (code, reason) = match payload {
            [] => return Ok(Self { code: CloseCode::NO_STATUS, reason: "" }),
            [_] => return Err(ProtocolError::ClosePayloadOneByte),
            [high, low, reason @ ..] => (CloseCode(u16::from_be_bytes([*high, *low])), reason),
        };
        if !code.allowed_on_wire() {
            return Err(ProtocolError::CloseCodeInvalid);
        }
        // RFC 6455 §5.5.1: what follows the code is UTF-8.
        let reason = core::str::from_utf8(reason).map_err(|_| ProtocolError::CloseReasonNotUtf8)?;
        Ok(Self { code, reason })
    }

    /// Says whether the first bytes of a body can be those of a valid one.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse), at the earliest byte.
    pub(crate) fn check_prefix(payload: &[u8]) -> Result<(), ProtocolError> {
        let [high, low, reason @ ..] = payload else { return Ok(()) };
        if !CloseCode(u16::from_be_bytes([*high, *low])).allowed_on_wire() {
            return Err(ProtocolError::CloseCodeInvalid);
        }
        Utf8::default().push(reason).map_err(|_| ProtocolError::CloseReasonNotUtf8)
    }

    /// Writes the body into `out`: the length used.
    ///
    /// # Errors
    /// A code that must not be on the wire, a reason over 123 bytes, a reason without a code.
    pub(crate) fn encode(
        &self,
        out: &mut [u8; MAX_CONTROL_PAYLOAD_BYTES],
    ) -> Result<usize, ApiMisuse> {
        if self.code == CloseCode::NO_STATUS && self.reason.is_empty() {
            return Ok(0);
        }
        if !self.code.allowed_on_wire() {
            return Err(ApiMisuse::CloseCodeNotAllowed);
        }
        let (code, rest) = out.split_at_mut(2);
        code.copy_from_slice(&self.code.0.to_be_bytes());
        let place = rest.get_mut(..self.reason.len()).ok_or(ApiMisuse::CloseReasonTooLong)?;
        place.copy_from_slice(self.reason.as_bytes());
        Ok(self.reason.len().saturating_add(2))
    }
}

#[cfg(test)]
mod tests {
    use super::{Close, CloseCode, MAX_CLOSE_REASON_BYTES};
    use crate::error::{ApiMisuse, ProtocolError};
    use std::format;
    use std::string::ToString;

    #[test]
    fn every_code_is_classified_as_the_rfc_lists_them() {
        for code in 0..=u16::MAX {
            let expected = match code {
                1000..=1003 | 1007..=1011 | 1012..=1014 => true,
                _ => (3000..5000).contains(&code),
            };
            assert_eq!(CloseCode::new(code).allowed_on_wire(), expected, "{code}");
            let body = code.to_be_bytes();
            assert_eq!(Close::parse(&body).is_ok(), expected, "{code}");
            assert_eq!(Close::check_prefix(&body).is_ok(), expected, "{code}");
        }
    }

    #[test]
    fn bodies() {
        let ok = |code, reason| Ok(Close { code: CloseCode::new(code), reason });
        let table: &[(&[u8], Result<Close<'_>, ProtocolError>)] = &[
            (b"", ok(1005, "")),
            (b"\x03", Err(ProtocolError::ClosePayloadOneByte)),
            (b"\x03\xe8", ok(1000, "")),
            (b"\x03\xe8bye", ok(1000, "bye")),
            (b"\x03\xe8\xc3\xa4", ok(1000, "ä")),
            (b"\x03\xe8\xc3", Err(ProtocolError::CloseReasonNotUtf8)),
            (b"\x03\xed", Err(ProtocolError::CloseCodeInvalid)),
        ];
        for (body, expected) in table {
            assert_eq!(Close::parse(body), *expected, "{body:02x?}");
        }
        assert_eq!(Close::check_prefix(b"\x03"), Ok(()));
        assert_eq!(Close::check_prefix(b"\x03\xe8\xc3"), Ok(()));
        assert_eq!(Close::check_prefix(b"\x03\xe8\xc0"), Err(ProtocolError::CloseReasonNotUtf8));
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        let reason = "r".repeat(124);
        let table = [
            (CloseCode::NO_STATUS, "", Ok(0)),
            (CloseCode::NO_STATUS, "why", Err(ApiMisuse::CloseCodeNotAllowed)),
            (CloseCode::ABNORMAL, "", Err(ApiMisuse::CloseCodeNotAllowed)),
            (CloseCode::NORMAL, "", Ok(2)),
            (CloseCode::NORMAL, &reason[..123], Ok(125)),
            (CloseCode::NORMAL, &reason, Err(ApiMisuse::CloseReasonTooLong)),
        ];
        for (code, reason, expected) in table {
            assert_eq!(Close { code, reason }.encode(&mut [0; 125]), expected, "{code} {reason}");
        }
        assert_eq!(MAX_CLOSE_REASON_BYTES, 123);
    }

    #[test]
    fn codes_are_shown_with_their_meaning() {
        let table = [
            (1000, "1000 (normal closure)"),
            (1001, "1001 (going away)"),
            (1002, "1002 (protocol error)"),
            (1003, "1003 (unsupported data)"),
            (1004, "1004"),
            (1005, "1005 (no status received)"),
            (1006, "1006 (abnormal closure)"),
            (1007, "1007 (invalid payload data)"),
            (1008, "1008 (policy violation)"),
            (1009, "1009 (message too big)"),
            (1010, "1010 (mandatory extension missing)"),
            (1011, "1011 (internal error)"),
            (1012, "1012 (service restart)"),
            (1013, "1013 (try again later)"),
            (1014, "1014 (bad gateway)"),
            (1015, "1015 (TLS handshake failed)"),
            (4000, "4000"),
        ];
        for (number, shown) in table {
            let code = CloseCode::from(number);
            assert_eq!((code.value(), code), (number, CloseCode::new(number)));
            assert_eq!((code.to_string(), format!("{code:?}")), (shown.into(), shown.into()));
        }
    }
}
