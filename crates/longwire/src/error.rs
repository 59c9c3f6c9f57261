//! The two kinds of fault. [`ProtocolError`] is the peer's: the connection has failed. [`ApiMisuse`]
//! is the caller's: nothing was sent and nothing has changed.

use crate::close::CloseCode;
use core::fmt;

macro_rules! protocol_errors {
    ($($(#[doc = $doc:literal])+ $name:ident: $code:ident, $section:literal, $text:literal;)+) => {
        /// What the peer did wrong. The connection has failed (RFC 6455 §7.1.7): the Close frame
        /// that says so, with a code (RFC 6455 §10.7), waits in the
        /// [`ControlFrames`](crate::ControlFrames), and every later call gives the same error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ProtocolError {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ProtocolError {
            /// Every error there is, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The close code that the peer is told.
            pub const fn code(self) -> CloseCode {
                match self {
                    $(Self::$name => CloseCode::$code,)+
                }
            }

            /// The section of the standard that was broken.
            pub const fn section(self) -> &'static str {
                match self {
                    $(Self::$name => $section,)+
                }
            }

            /// What was wrong and what would be right, in one line: at most 123 bytes, since it
            /// is the reason in the Close frame.
            pub const fn reason(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

protocol_errors! {
    /// RSV2 or RSV3 is set; or RSV1 on a frame, or in a connection, that has no meaning for it.
    ReservedBits: PROTOCOL_ERROR, "RFC 6455 §5.2", "a reserved bit is set that no agreed extension defines";
    /// Opcode 3 to 7 or 11 to 15.
    ReservedOpcode: PROTOCOL_ERROR, "RFC 6455 §5.2", "the opcode is reserved";
    /// A frame to a server whose mask bit is not set.
    FrameNotMasked: PROTOCOL_ERROR, "RFC 6455 §5.1", "a client must mask every frame";
    /// A frame to a client whose mask bit is set.
    FrameMasked: PROTOCOL_ERROR, "RFC 6455 §5.1", "a server must not mask a frame";
    /// A length in more bytes than it needs.
    LengthNotMinimal: PROTOCOL_ERROR, "RFC 6455 §5.2", "the payload length must be in the fewest bytes possible";
    /// A 64-bit length whose most significant bit is set.
    LengthOverflow: PROTOCOL_ERROR, "RFC 6455 §5.2", "the most significant bit of a 64-bit length must be 0";
    /// A Close, Ping or Pong without FIN.
    ControlFragmented: PROTOCOL_ERROR, "RFC 6455 §5.5", "a control frame must not be fragmented";
    /// A Close, Ping or Pong of more than 125 bytes.
    ControlTooLong: PROTOCOL_ERROR, "RFC 6455 §5.5", "a control frame has at most 125 bytes of payload";
    /// A continuation frame with no message to continue.
    UnexpectedContinuation: PROTOCOL_ERROR, "RFC 6455 §5.4", "a continuation frame with no message to continue";
    /// A text or binary frame inside a fragmented message.
    ExpectedContinuation: PROTOCOL_ERROR, "RFC 6455 §5.4", "a new message inside a fragmented one";
    /// A Close whose body is one byte long.
    ClosePayloadOneByte: PROTOCOL_ERROR, "RFC 6455 §5.5.1", "the body of a Close is empty or at least two bytes";
    /// A Close with a code that must not be on the wire.
    CloseCodeInvalid: PROTOCOL_ERROR, "RFC 6455 §7.4", "the close code must not appear in a Close frame";
    /// A Close whose reason is not UTF-8.
    CloseReasonNotUtf8: INVALID_PAYLOAD, "RFC 6455 §5.5.1", "the reason of a Close is not UTF-8";
    /// A text message that is not UTF-8.
    TextNotUtf8: INVALID_PAYLOAD, "RFC 6455 §8.1", "a text message is not UTF-8";
    /// A frame over [`max_frame_bytes`](crate::Limits::max_frame_bytes).
    FrameTooBig: MESSAGE_TOO_BIG, "RFC 6455 §10.4", "the frame is over this endpoint's limit";
    /// A message over [`max_message_bytes`](crate::Limits::max_message_bytes), on the wire or inflated.
    MessageTooBig: MESSAGE_TOO_BIG, "RFC 6455 §10.4", "the message is over this endpoint's limit";
    /// A message in more than [`max_fragments`](crate::Limits::max_fragments) frames.
    TooManyFragments: POLICY_VIOLATION, "RFC 6455 §10.4", "the message is in more fragments than this endpoint takes";
    /// A compressed message that is not DEFLATE.
    DeflateInvalid: INVALID_PAYLOAD, "RFC 7692 §6.2", "a compressed message is not valid DEFLATE data";
    /// No memory for the message. Nobody's fault, but the connection cannot go on.
    OutOfMemory: INTERNAL_ERROR, "RFC 6455 §7.4.1", "there is no memory for this message";
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, close code {})", self.reason(), self.section(), self.code().value())
    }
}

impl core::error::Error for ProtocolError {}

/// What the caller did wrong. Nothing was sent, and the connection is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiMisuse {
    /// Data after a Close was sent (RFC 6455 §5.5.1), or anything after the connection failed.
    NotOpen,
    /// A whole message, or a fragment of the other kind, while a fragmented one is being sent
    /// (RFC 6455 §5.4).
    InsideFragmentedMessage,
    /// A Ping or Pong payload over 125 bytes (RFC 6455 §5.5).
    ControlTooLong,
    /// A close code that must not be on the wire (RFC 6455 §7.4).
    CloseCodeNotAllowed,
    /// A close reason over 123 bytes (RFC 6455 §5.5).
    CloseReasonTooLong,
    /// There is no room in the [`ControlFrames`](crate::ControlFrames): what waits there has to be
    /// sent first.
    ControlFramesFull,
    /// The output buffer is shorter than the frame.
    BufferTooSmall {
        /// How many bytes the frame needs.
        needed: usize,
    },
    /// There is no memory for the output.
    OutOfMemory,
    /// A prepared message is for the server's role: a client masks each frame with a key of its
    /// own (RFC 6455 §5.3), so nothing can be shared.
    PreparedByClient,
}

impl fmt::Display for ApiMisuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOpen => "the connection is closing or closed: no more frames may be sent",
            Self::InsideFragmentedMessage => {
                "a fragmented message is being sent: its next fragment or its last must come first"
            }
            Self::ControlTooLong => "a Ping or Pong has at most 125 bytes of payload",
            Self::CloseCodeNotAllowed => {
                "a Close frame carries 1000 to 1003, 1007 to 1014 or 3000 to 4999"
            }
            Self::CloseReasonTooLong => "a close reason has at most 123 bytes",
            Self::ControlFramesFull => "the control frames that wait have to be sent first",
            Self::BufferTooSmall { needed } => {
                return write!(f, "the output buffer is too small: {needed} bytes are needed");
            }
            Self::OutOfMemory => "there is no memory for the output",
            Self::PreparedByClient => "a prepared message can be sent by a server only",
        })
    }
}

impl core::error::Error for ApiMisuse {}

#[cfg(test)]
mod tests {
    use super::{ApiMisuse, ProtocolError};
    use crate::close::MAX_CLOSE_REASON_BYTES;
    use std::string::ToString;

    #[test]
    fn every_error_can_be_told_to_the_peer() {
        for error in ProtocolError::ALL {
            assert!(error.code().allowed_on_wire(), "{error:?}");
            assert!(error.reason().len() <= MAX_CLOSE_REASON_BYTES, "{error:?}");
            assert!(error.section().starts_with("RFC "), "{error:?}");
        }
    }

    #[test]
    fn an_error_says_whose_fault_it_is_and_what_would_be_right() {
        let peer = ProtocolError::FrameNotMasked.to_string();
        assert_eq!(peer, "a client must mask every frame (RFC 6455 §5.1, close code 1002)");
        let table = [
            (ApiMisuse::NotOpen, "the connection is closing or closed: no more frames may be sent"),
            (
                ApiMisuse::InsideFragmentedMessage,
                "a fragmented message is being sent: its next fragment or its last must come first",
            ),
            (ApiMisuse::ControlTooLong, "a Ping or Pong has at most 125 bytes of payload"),
            (
                ApiMisuse::CloseCodeNotAllowed,
                "a Close frame carries 1000 to 1003, 1007 to 1014 or 3000 to 4999",
            ),
            (ApiMisuse::CloseReasonTooLong, "a close reason has at most 123 bytes"),
            (ApiMisuse::ControlFramesFull, "the control frames that wait have to be sent first"),
            (
                ApiMisuse::BufferTooSmall { needed: 11 },
                "the output buffer is too small: 11 bytes are needed",
            ),
            (ApiMisuse::OutOfMemory, "there is no memory for the output"),
            (ApiMisuse::PreparedByClient, "a prepared message can be sent by a server only"),
        ];
        for (misuse, said) in table {
            assert_eq!(misuse.to_string(), said);
        }
    }
}
