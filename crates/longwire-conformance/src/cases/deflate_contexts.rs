//! RFC 7692 §7.1: what messages may refer to: how far back, and whether to those before.

use super::deflate_data::{compressed, must};
use crate::case::{Case, Expect, Opening, Step, echo, echo_text, pmd};
use crate::deflate::{Deflate, literal};
use crate::frames::{BINARY, RSV1, frame, text};

/// "H" as it is, and the rest of "Hello" from the message before (RFC 7692 §7.2.3.2).
const REFERENCE: &[u8] = b"\xf2\x00\x11\x00\x00";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = ours();
    cases.extend(theirs());
    cases
}

/// Messages of the suite's that refer to those before.
fn ours() -> Vec<Case> {
    let far: Vec<u8> = (0..32768u32).map(|n| b'a' + (n / 7 % 26) as u8).collect();
    let (again, message) = (far[..258].to_vec(), literal(&far));
    vec![
        must(pmd("7.2.3.2"), "context", "a message may refer to the one before")
            .step(Step::NeedContext)
            .send(vec![compressed(&literal(b"Hello")), compressed(REFERENCE)])
            .step(echo_text(b"Hello"))
            .step(echo_text(b"Hello")),
        must(
            pmd("7.2.3.2"),
            "context-past-plain",
            "the context outlives a message that is not compressed",
        )
        .step(Step::NeedContext)
        .send(vec![compressed(&literal(b"Hello")), text(b"plain"), compressed(REFERENCE)])
        .step(echo_text(b"Hello"))
        .step(echo_text(b"plain"))
        .step(echo_text(b"Hello")),
        must(pmd("7.2.3.2"), "context-past-empty", "the context outlives an empty message")
            .step(Step::NeedContext)
            .send(vec![compressed(&literal(b"Hello")), compressed(b"\0"), compressed(REFERENCE)])
            .step(echo_text(b"Hello"))
            .step(echo_text(b""))
            .step(echo_text(b"Hello")),
        must(pmd("7.1.2"), "context-32-kib", "a reference over the whole window of 32 KiB")
            .step(Step::NeedContext)
            .send(vec![
                frame(BINARY, b"").rsv(RSV1).payload(message),
                frame(BINARY, b"").rsv(RSV1).payload(Deflate::fixed().copy_258(32768, 1).end()),
            ])
            .step(echo(BINARY, far))
            .step(echo(BINARY, again)),
    ]
}

/// Messages of the peer's: the judge knows how far they may reach.
fn theirs() -> Vec<Case> {
    vec![
        must(
            pmd("7.1.1"),
            "keeps-to-context",
            "the peer's own messages keep to the context agreed on",
        )
        .send(vec![text(&[b'r'; 2000]), text(&[b'r'; 2000]), text(&[b'r'; 2000])])
        .step(echo_text(&[b'r'; 2000]))
        .step(echo_text(&[b'r'; 2000]))
        .step(echo_text(&[b'r'; 2000])),
        Case::must(
            pmd("7.1.1.1"),
            "keeps-no-context",
            "without context takeover each message stands alone",
        )
        .open(Opening::Deflate {
            offer: "; server_no_context_takeover",
            answer: "; client_no_context_takeover",
        })
        .send(vec![text(&[b'r'; 2000]), text(&[b'r'; 2000]), text(&[b'r'; 2000])])
        .step(echo_text(&[b'r'; 2000]))
        .step(echo_text(&[b'r'; 2000]))
        .step(echo_text(&[b'r'; 2000])),
        Case::must(pmd("7.1.2"), "keeps-to-window", "a window of 9 bits is kept to")
            .open(Opening::Deflate {
                offer: "; server_max_window_bits=9",
                answer: "; client_max_window_bits=9",
            })
            .send(vec![text(b"").payload(repeating_far()), text(b"").payload(repeating_far())])
            .step(echo_text(repeating_far()))
            .step(echo_text(repeating_far())),
        Case::info(
            pmd("7.1.1"),
            "reset-context",
            "a reference to a context that was given up: fails, or is understood all the same",
        )
        .open(Opening::Deflate {
            offer: "; client_no_context_takeover",
            answer: "; server_no_context_takeover",
        })
        .step(Step::NeedNoContext)
        .send(vec![compressed(&literal(b"Hello")), compressed(REFERENCE)])
        .step(echo_text(b"Hello"))
        .expect(Expect::Failure(&[])),
    ]
}

/// Text that repeats itself at a distance of 1,000: a large window would refer to it.
fn repeating_far() -> Vec<u8> {
    let block: Vec<u8> = (0..1000u32).map(|n| b'a' + (n * n / 3 % 26) as u8).collect();
    block.repeat(4)
}
