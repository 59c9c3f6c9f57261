//! The ways in which other libraries are known to differ, by number. tests/divergences.md tells each
//! of them with the rule of the standard that decides it.
//!
//! A divergence is a change of the model's [`Rules`]. All changes of a library together have to
//! predict what it makes of any stream at all, to the byte; nothing is excused by looking alike.

use crate::peers::Peer;
use crate::rules::{
    AfterClose, AfterFinalBlock, BadCode, Compressed, Point, Rules, UnfinishedText,
};
use crate::stream::{Deflate, Stream};

use Peer::{Fastwebsockets, Ratchet, SockudoWs, Soketto, TokioWebsockets, Tungstenite};

/// One way to differ.
pub(crate) struct Divergence {
    pub(crate) id: &'static str,
    /// In a few words; the heading in the document.
    pub(crate) title: &'static str,
    /// Whose, and how its rules are otherwise.
    pub(crate) peers: &'static [(Peer, Change)],
}

type Change = fn(&mut Rules, &Stream);

impl Divergence {
    pub(crate) fn change_of(&self, peer: Peer) -> Option<Change> {
        self.peers.iter().find(|(whose, _)| *whose == peer).map(|(_, change)| *change)
    }
}

/// All of them. A number is never given to another one.
pub(crate) const DIVERGENCES: &[Divergence] = &[
    Divergence {
        id: "D01",
        title: "a header that is wrong is looked at later",
        peers: &[
            (Tungstenite, |rules, _| {
                rules.reserved_opcode = Point::Header;
                rules.reserved_bits = Point::Frame;
                rules.mask_bit = Point::Frame;
                rules.control_fin = Point::Frame;
                rules.control_length = Point::Frame;
                rules.pong_and_close_length = Point::Frame;
                rules.sequence = Point::Frame;
                rules.close_one_byte = Point::Frame;
                rules.top_bit = Point::Header;
                rules.frame_limit = Point::Header;
                rules.message_limit = Point::Frame;
            }),
            (TokioWebsockets, |rules, _| {
                rules.top_bit = Point::Length;
                rules.message_limit = Point::Frame;
            }),
            (Fastwebsockets, |rules, _| {
                rules.control_fin = Point::Header;
                rules.control_length = Point::Header;
                rules.sequence = Point::Frame;
                rules.close_one_byte = Point::Frame;
                rules.top_bit = Point::Header;
                rules.frame_limit = Point::Header;
            }),
            (Soketto, |rules, _| {
                rules.control_length = Point::Length;
                rules.pong_and_close_length = Point::Length;
                rules.sequence = Point::Frame;
                rules.top_bit = Point::Length;
                rules.message_limit = Point::Header;
            }),
            (SockudoWs, |rules, _| {
                rules.control_length = Point::Length;
                rules.pong_and_close_length = Point::Length;
                rules.sequence = Point::Frame;
                rules.close_one_byte = Point::Frame;
                rules.top_bit = Point::Length;
                rules.message_limit = Point::Frame;
            }),
            (Ratchet, |rules, _| {
                rules.control_length = Point::Frame;
                rules.pong_and_close_length = Point::Frame;
                rules.sequence = Point::Frame;
                rules.close_one_byte = Point::Frame;
                rules.top_bit = Point::Length;
                rules.message_limit = Point::Frame;
            }),
        ],
    },
    Divergence {
        id: "D02",
        title: "text that is not UTF-8 is looked at when its frame or its message is complete",
        peers: &[
            (Tungstenite, |rules, _| {
                rules.text = Point::Frame;
                rules.continued_text = Point::Frame;
            }),
            (Fastwebsockets, |rules, _| {
                rules.text = Point::Frame;
                rules.continued_text = Point::Frame;
            }),
            // With permessage-deflate alone; without, it looks at each byte.
            (SockudoWs, |rules, stream| {
                if stream.deflate != Deflate::No {
                    rules.text = Point::Frame;
                    rules.continued_text = Point::Message;
                }
            }),
        ],
    },
    Divergence {
        id: "D03",
        title: "the body of a Close is looked at when all of it is there",
        peers: &[
            (Tungstenite, close_late),
            (TokioWebsockets, close_late),
            (Fastwebsockets, close_late),
            (Soketto, close_late),
            (SockudoWs, close_late),
            (Ratchet, close_late),
        ],
    },
    Divergence {
        id: "D04",
        title: "a compressed message is inflated when all of it is there",
        peers: &[(Soketto, inflate_late), (SockudoWs, inflate_late), (Ratchet, inflate_late)],
    },
    Divergence {
        id: "D05",
        title: "a length in more bytes than it needs is accepted",
        peers: &[
            (Tungstenite, any_length),
            (Fastwebsockets, any_length),
            (Soketto, any_length),
            (Ratchet, any_length),
        ],
    },
    Divergence {
        id: "D06",
        title: "the mask bit is not looked at",
        peers: &[
            (Fastwebsockets, |rules, _| {
                rules.mask_bit = Point::Never;
                rules.client_unmasks = false;
            }),
            (Soketto, |rules, _| rules.mask_bit = Point::Never),
        ],
    },
    Divergence {
        id: "D07",
        title: "a Pong and a Close may be longer than 125 bytes",
        peers: &[(Fastwebsockets, |rules, _| rules.pong_and_close_length = Point::Never)],
    },
    Divergence {
        id: "D08",
        title: "a first fragment takes the place of an unfinished message",
        peers: &[(Fastwebsockets, |rules, _| rules.restarts = true)],
    },
    Divergence {
        id: "D09",
        title: "text in fragments that ends inside a character is handed out without its end",
        peers: &[(Fastwebsockets, |rules, _| rules.unfinished_text = UnfinishedText::LeftOut)],
    },
    Divergence {
        id: "D10",
        title: "text that ends inside a character is handed out where its last fragment is empty",
        peers: &[(TokioWebsockets, |rules, _| rules.unfinished_text = UnfinishedText::HandedOut)],
    },
    Divergence {
        id: "D11",
        title: "text is not looked at",
        peers: &[(Soketto, any_text), (Ratchet, any_text)],
    },
    Divergence {
        id: "D12",
        title: "the close code 1014 is refused",
        peers: &[
            (Tungstenite, no_bad_gateway),
            (Fastwebsockets, no_bad_gateway),
            (Ratchet, no_bad_gateway),
            (Soketto, no_bad_gateway),
        ],
    },
    Divergence {
        id: "D13",
        title: "a Close with a code that must not be on the wire is a good one with code 1002",
        peers: &[
            (Tungstenite, |rules, _| {
                rules.bad_code = BadCode::Becomes(1002, "Protocol violation");
            }),
            (Soketto, |rules, _| rules.bad_code = BadCode::Becomes(1002, "")),
        ],
    },
    Divergence {
        id: "D14",
        title: "the close code 1015 is accepted",
        peers: &[(Soketto, |rules, _| rules.takes_1015 = true)],
    },
    Divergence {
        id: "D15",
        title: "a Close with a body of one byte is one with none",
        peers: &[(Soketto, |rules, _| rules.close_one_byte = Point::Never)],
    },
    Divergence {
        id: "D16",
        title: "a Close with no body is not told to the application",
        peers: &[(Soketto, |rules, _| rules.empty_close_is_told = false)],
    },
    Divergence {
        id: "D17",
        title: "a client fails the connection for a frame behind the Close",
        peers: &[(Tungstenite, |rules, stream| {
            if stream.role == longwire::Role::Client {
                rules.after_close = AfterClose::Fails;
            }
        })],
    },
    Divergence {
        id: "D18",
        title: "every failure is told with code 1002",
        peers: &[(Ratchet, |rules, _| rules.one_code = Some(1002))],
    },
    Divergence {
        id: "D19",
        title: "a length whose top bit is set is told to be too big",
        peers: &[(TokioWebsockets, |rules, _| rules.top_bit_code = 1009)],
    },
    Divergence {
        id: "D20",
        title: "a message of just the limit is over it",
        peers: &[(Fastwebsockets, |rules, _| rules.limit_is_over = true)],
    },
    Divergence {
        id: "D21",
        title: "the limit does not hold for a message in several frames",
        peers: &[(Fastwebsockets, |rules, _| rules.message_limit = Point::Never)],
    },
    Divergence {
        id: "D22",
        title: "the limit on a message holds for its compressed bytes as well",
        peers: &[(Soketto, no_allowance), (SockudoWs, no_allowance), (Ratchet, no_allowance)],
    },
    Divergence {
        id: "D23",
        title: "the limit on a message does not hold for what comes out of it",
        peers: &[
            (Soketto, |rules, _| rules.inflated_limit = false),
            (Ratchet, |rules, _| rules.inflated_limit = false),
        ],
    },
    Divergence {
        id: "D24",
        title: "RSV1 is accepted on continuations and control frames",
        peers: &[
            (Soketto, |rules, _| rules.rsv1_elsewhere = Point::Never),
            (Ratchet, |rules, _| rules.rsv1_elsewhere = Point::Never),
        ],
    },
    Divergence {
        id: "D25",
        title: "a compressed message may end inside a block",
        peers: &[
            (Soketto, |rules, _| {
                rules.unfinished_deflate = true;
                rules.no_deflate_is_empty = true;
            }),
            (SockudoWs, |rules, _| rules.unfinished_deflate = true),
            (Ratchet, |rules, _| rules.unfinished_deflate = true),
        ],
    },
    Divergence {
        id: "D26",
        title: "a compressed message may end behind a block with BFINAL",
        peers: &[(SockudoWs, |rules, _| {
            rules.after_final_block = AfterFinalBlock::GoesOnOrEnds;
        })],
    },
    Divergence {
        id: "D27",
        title: "a block with BFINAL fails the connection",
        peers: &[(Soketto, |rules, _| rules.after_final_block = AfterFinalBlock::Fails)],
    },
    Divergence {
        id: "D28",
        title: "a block with BFINAL ends all messages",
        peers: &[(Ratchet, |rules, _| rules.after_final_block = AfterFinalBlock::EndsContext)],
    },
    Divergence {
        id: "D29",
        title: "after one compressed message, those in fragments are all taken for compressed",
        peers: &[(Ratchet, |rules, _| rules.compressed = Compressed::OnceAndForAll)],
    },
    Divergence {
        id: "D30",
        title: "a compressed message whose first fragment is empty is not inflated",
        peers: &[(Soketto, |rules, _| rules.compressed = Compressed::ByFirstFrameUnlessEmpty)],
    },
    Divergence {
        id: "D31",
        title: "a Pong between two fragments ends the message",
        peers: &[(Soketto, |rules, _| rules.pong_forgets = true)],
    },
    Divergence {
        id: "D32",
        title: "a reference may reach over a block with BFINAL",
        peers: &[(SockudoWs, |rules, _| rules.window_outlasts_final_block = true)],
    },
    Divergence {
        id: "D33",
        title: "the end of an inflated message is missing where the output was full",
        peers: &[(Ratchet, |rules, _| rules.inflated_end_may_be_missing = true)],
    },
];

fn close_late(rules: &mut Rules, _: &Stream) {
    rules.close_code = Point::Frame;
    rules.close_reason = Point::Frame;
}

fn inflate_late(rules: &mut Rules, _: &Stream) {
    rules.inflate = Point::Message;
}

fn any_length(rules: &mut Rules, _: &Stream) {
    rules.minimal_length = Point::Never;
}

fn any_text(rules: &mut Rules, _: &Stream) {
    rules.text = Point::Never;
    rules.continued_text = Point::Never;
}

fn no_bad_gateway(rules: &mut Rules, _: &Stream) {
    rules.takes_1014 = false;
}

fn no_allowance(rules: &mut Rules, _: &Stream) {
    rules.compressed_allowance = false;
}
