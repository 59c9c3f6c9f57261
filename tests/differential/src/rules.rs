//! What an endpoint asks of a frame, and when it looks: the standard's rules, and each way in which
//! a library is known to differ from them.

/// After how much of a frame a rule is looked at. A rule that is looked at later than another
/// library's makes a difference only where the stream ends in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Point {
    /// The first two bytes.
    Start,
    /// The first byte of a length in eight.
    TopByte,
    /// The length.
    Length,
    /// The masking key.
    Header,
    /// Each byte of the payload.
    Arrival,
    /// All of the frame.
    Frame,
    /// All of the message.
    Message,
    Never,
}

/// What becomes of a Close whose code must not be on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadCode {
    Fails,
    /// It is handed out as a good Close with this code and reason.
    Becomes(u16, &'static str),
}

/// What becomes of what follows the peer's Close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterClose {
    Discarded,
    /// Another frame, as far as this library can tell, fails the connection.
    Fails,
}

/// What becomes of a compressed message after a block with BFINAL set (RFC 7692 §7.2.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterFinalBlock {
    /// It goes on with another block; the end of the payload is in front of one.
    GoesOn,
    /// It goes on, or ends where the payload does.
    GoesOnOrEnds,
    /// It has to end there, with the `00 00 ff ff` that is added.
    Fails,
    /// It ends there, and so does the context: all that comes later is empty.
    EndsContext,
}

/// When a frame's payload is known to be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compressed {
    /// The first frame of the message has RSV1.
    ByFirstFrame,
    /// So has the only frame, or the first one where it is not empty.
    ByFirstFrameUnlessEmpty,
    /// So has the only frame; of several, once any message has had it, they all have.
    OnceAndForAll,
}

/// The rules of one endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) reserved_bits: Point,
    /// RSV1 on a frame that is not the first of a message, where deflate was agreed to.
    pub(crate) rsv1_elsewhere: Point,
    pub(crate) reserved_opcode: Point,
    pub(crate) mask_bit: Point,
    /// Whether a client that takes masked frames unmasks them.
    pub(crate) client_unmasks: bool,
    pub(crate) control_fin: Point,
    pub(crate) control_length: Point,
    /// The same for a Pong and a Close, which some look at otherwise than at a Ping.
    pub(crate) pong_and_close_length: Point,
    pub(crate) top_bit: Point,
    pub(crate) minimal_length: Point,
    pub(crate) sequence: Point,
    /// Whether a first fragment may take the place of an unfinished message.
    pub(crate) restarts: bool,
    /// Whether a Pong makes it forget the unfinished message.
    pub(crate) pong_forgets: bool,
    /// A frame over the limit, and a message over it in several.
    pub(crate) frame_limit: Point,
    pub(crate) message_limit: Point,
    /// Whether a payload of just the limit is over it.
    pub(crate) limit_is_over: bool,
    /// Whether compressed bytes may be a little more than the limit, which is on the message.
    pub(crate) compressed_allowance: bool,
    pub(crate) inflated_limit: bool,
    pub(crate) text: Point,
    /// The same for the fragments behind the first.
    pub(crate) continued_text: Point,
    pub(crate) unfinished_text: UnfinishedText,
    pub(crate) close_one_byte: Point,
    pub(crate) close_code: Point,
    pub(crate) close_reason: Point,
    /// Codes on which libraries differ: all agree on the others.
    pub(crate) takes_1014: bool,
    pub(crate) takes_1015: bool,
    pub(crate) bad_code: BadCode,
    pub(crate) empty_close_is_told: bool,
    pub(crate) after_close: AfterClose,
    pub(crate) inflate: Point,
    pub(crate) compressed: Compressed,
    pub(crate) after_final_block: AfterFinalBlock,
    /// Whether references may reach over a block with BFINAL.
    pub(crate) window_outlasts_final_block: bool,
    /// Whether a compressed message may end inside a block.
    pub(crate) unfinished_deflate: bool,
    /// Whether the end of one that comes out may get lost. Where it is cut is up to the allocator, so
    /// this is not for the model, but for who compares what it says.
    pub(crate) inflated_end_may_be_missing: bool,
    /// Whether a compressed message of no bytes at all is the empty one.
    pub(crate) no_deflate_is_empty: bool,
    /// The code for every failure, where they are not told apart.
    pub(crate) one_code: Option<u16>,
    /// The code for a length whose top bit is set.
    pub(crate) top_bit_code: u16,
}

/// What becomes of a text that ends inside a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnfinishedText {
    Fails,
    /// Where it is in several fragments, the beginning of the character is left out.
    LeftOut,
    /// Where the last fragment is empty, it is handed out, and what is missing is looked for in the
    /// next text.
    HandedOut,
}

impl Rules {
    /// The standard's, looked at as early as can be: what Longwire is to do.
    pub(crate) const STANDARD: Self = Self {
        reserved_bits: Point::Start,
        rsv1_elsewhere: Point::Start,
        reserved_opcode: Point::Start,
        mask_bit: Point::Start,
        client_unmasks: true,
        control_fin: Point::Start,
        control_length: Point::Start,
        pong_and_close_length: Point::Start,
        top_bit: Point::TopByte,
        minimal_length: Point::Length,
        sequence: Point::Start,
        restarts: false,
        pong_forgets: false,
        frame_limit: Point::Length,
        message_limit: Point::Length,
        limit_is_over: false,
        compressed_allowance: true,
        inflated_limit: true,
        text: Point::Arrival,
        continued_text: Point::Arrival,
        unfinished_text: UnfinishedText::Fails,
        close_one_byte: Point::Length,
        close_code: Point::Arrival,
        close_reason: Point::Arrival,
        takes_1014: true,
        takes_1015: false,
        bad_code: BadCode::Fails,
        empty_close_is_told: true,
        after_close: AfterClose::Discarded,
        inflate: Point::Arrival,
        compressed: Compressed::ByFirstFrame,
        after_final_block: AfterFinalBlock::GoesOn,
        window_outlasts_final_block: false,
        unfinished_deflate: false,
        inflated_end_may_be_missing: false,
        no_deflate_is_empty: false,
        one_code: None,
        top_bit_code: 1002,
    };

    /// Whether a Close may carry this code (RFC 6455 §7.4).
    pub(crate) fn takes_code(&self, code: u16) -> bool {
        match code {
            1000..=1003 | 1007..=1013 | 3000..=4999 => true,
            1014 => self.takes_1014,
            1015 => self.takes_1015,
            _ => false,
        }
    }
}
