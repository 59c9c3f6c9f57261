//! What the RFCs say of the first two bytes of a frame, rule by rule and in no order: a receiver may
//! name any rule that is broken, but it must name one, and must not see one where there is none.

use longwire::{ProtocolError, Role};

/// Where a frame arrives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation {
    /// The role of the receiver.
    pub(crate) role: Role,
    /// A fragmented text message has begun and not ended.
    pub(crate) inside_message: bool,
    /// permessage-deflate was agreed to.
    pub(crate) deflate: bool,
}

/// The rules that two bytes break, each with the sentence that it stands in.
pub(crate) fn broken_rules(first: u8, second: u8, at: Situation) -> Vec<ProtocolError> {
    let fin = first & 0x80 != 0;
    let rsv1 = first & 0x40 != 0;
    let rsv2 = first & 0x20 != 0;
    let rsv3 = first & 0x10 != 0;
    let opcode = first & 0x0f;
    let masked = second & 0x80 != 0;
    let length = second & 0x7f;
    let control = opcode & 0x8 != 0;

    let rules = [
        // RFC 6455 §5.2: RSV1 to RSV3 are 0 unless an extension defines them.
        (rsv2 || rsv3, ProtocolError::ReservedBits),
        (rsv1 && !at.deflate, ProtocolError::ReservedBits),
        // RFC 7692 §6.1: RSV1 is for the first frame of a data message.
        (rsv1 && (control || opcode == 0), ProtocolError::ReservedBits),
        // RFC 6455 §5.2: 3 to 7 and B to F are reserved.
        (matches!(opcode, 0x3..=0x7 | 0xb..=0xf), ProtocolError::ReservedOpcode),
        // RFC 6455 §5.1: a client masks all frames, a server none.
        (at.role == Role::Server && !masked, ProtocolError::FrameNotMasked),
        (at.role == Role::Client && masked, ProtocolError::FrameMasked),
        // RFC 6455 §5.5: control frames are not fragmented, and have at most 125 bytes.
        (control && !fin, ProtocolError::ControlFragmented),
        (control && length > 125, ProtocolError::ControlTooLong),
        // RFC 6455 §5.5.1: where a Close has a body, it begins with a code in two bytes.
        (opcode == 0x8 && length == 1, ProtocolError::ClosePayloadOneByte),
        // RFC 6455 §5.4: a continuation continues something, and nothing comes between the
        // fragments of a message but control frames.
        (opcode == 0x0 && !at.inside_message, ProtocolError::UnexpectedContinuation),
        (matches!(opcode, 0x1 | 0x2) && at.inside_message, ProtocolError::ExpectedContinuation),
    ];
    rules.into_iter().filter(|(broken, _)| *broken).map(|(_, rule)| rule).collect()
}

/// Whether two bytes that break no rule are a whole frame: no mask, and no payload.
pub(crate) fn is_whole_frame(second: u8) -> bool {
    second == 0
}
