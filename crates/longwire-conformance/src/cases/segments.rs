//! However TCP cuts the bytes, they say the same: cases of all kinds, in segments of one byte and of
//! a few.

use crate::case::{Case, Expect, PROBE, Step, Wire, echo, echo_text, ws};
use crate::frames::{BINARY, Frame, Length, Mask, binary, close, continuation, ping, text};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for piece in [1, 2, 3, 7, 64] {
        let case = |name: &str, title: &str, frames: Vec<Frame>| {
            let title = format!("{title}, in segments of {piece} bytes");
            Case::must(ws("5.2"), &format!("segments-of-{piece}-{name}"), title)
                .step(Step::Send(frames, Wire::Pieces(piece)))
        };
        cases.push(
            case(
                "messages",
                "three messages",
                vec![text(b"Hello"), binary(&[7; 130]), text("Grüße".as_bytes())],
            )
            .step(echo_text(b"Hello"))
            .step(echo(BINARY, &[7; 130]))
            .step(echo_text("Grüße".as_bytes())),
        );
        cases.push(
            case(
                "fragments",
                "a message in fragments with a Ping",
                vec![
                    text(b"Hel").more(),
                    ping(b"now"),
                    continuation(b"lo, ").more(),
                    continuation(b"world"),
                ],
            )
            .step(echo_text(b"Hello, world")),
        );
        cases.push(
            case("failure", "a reserved bit behind a message", vec![text(b"fine")])
                .step(echo_text(b"fine"))
                .step(Step::Send(vec![text(b"wrong").rsv(2), ping(PROBE)], Wire::Pieces(piece)))
                .expect(Expect::Failure(&[])),
        );
        cases.push(
            case("close", "a Close with a reason", vec![close(b"\x03\xe8bye")])
                .expect(Expect::Closing(&[])),
        );
    }
    let long = |name: &str, len: usize, piece: usize| {
        let title = format!("a message of {len} bytes in segments of {piece}");
        Case::must(ws("5.2"), name, title)
            .step(Step::Send(vec![binary(b"").payload(vec![9; len])], Wire::Pieces(piece)))
            .step(echo(BINARY, vec![9; len]))
    };
    cases.push(long("segments-of-1000-of-65536", 65536, 1000));
    cases.push(long("segments-of-997-of-65535", 65535, 997));
    cases.push(
        Case::must(ws("5.2"), "segment-behind-header", "a header alone, and its payload later")
            .step(Step::Send(
                vec![text(b"").length(Length::Claimed(5)).mask(Mask::Key([0; 4]))],
                Wire::Whole,
            ))
            .expect(Expect::Silence)
            // The rest of the frame, whose key is zero or not there.
            .step(Step::Raw(b"Hello".to_vec()))
            .step(echo_text(b"Hello")),
    );
    cases
}
