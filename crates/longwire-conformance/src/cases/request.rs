//! RFC 6455 §4.2.1: what a server does with a request that is right, and with each that is not.

use super::{request_fields, request_line, request_right};
use crate::case::{Answer, Case, Level, Opening, Section, Wire, echo_text, ws};
use crate::frames::text;
use crate::handshake::{Draft, Edit};

pub(super) const REFUSED: Answer = Answer::Refused(&[]);

/// A request that is right, but for what is edited: its level, section, name and title.
pub(super) struct Row(
    pub(super) Level,
    pub(super) Section,
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) &'static [Edit],
    pub(super) Answer,
);

pub(super) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = [request_right::ROWS, request_line::ROWS, request_fields::ROWS]
        .into_iter()
        .flatten()
        .map(case)
        .collect();
    cases.extend(frames_behind());
    for piece in [1, 2, 50] {
        let opening = Opening::Request {
            request: Draft::request(),
            wire: Wire::Pieces(piece),
            answer: Answer::Upgraded,
        };
        let title = format!("a request in segments of {piece} bytes");
        cases.push(
            Case::must(ws("4.2.1"), &format!("segments-of-{piece}"), title)
                .open(opening)
                .send(vec![text(b"Hello")])
                .step(echo_text(b"Hello")),
        );
    }
    cases
}

/// Where the request is right, the connection is used too.
fn case(row: &Row) -> Case {
    let &Row(level, section, name, title, edits, answer) = row;
    let request = Draft::request().edits(edits);
    let case = Case::new(level, section, name, title);
    let case = case.open(Opening::Request { request, wire: Wire::Whole, answer });
    match answer {
        Answer::Upgraded | Answer::UpgradedWithout(_) => {
            case.send(vec![text(b"Hello")]).step(echo_text(b"Hello"))
        }
        _ => case,
    }
}

/// Bytes behind the head are the first frames, though no client should send them so soon.
fn frames_behind() -> Vec<Case> {
    let behind = |name: &str, title: &str, wire: Wire| {
        let mut request = Draft::request();
        request.frames = vec![text(b"early"), text(b"bird")];
        Case::should(ws("4.2.2"), name, title)
            .open(Opening::Request { request, wire, answer: Answer::Upgraded })
            .step(echo_text(b"early"))
            .step(echo_text(b"bird"))
    };
    vec![
        behind("frames-behind", "frames in the segment of the request are received", Wire::Whole),
        behind("frames-behind-pieces", "the same in segments of 100 bytes", Wire::Pieces(100)),
    ]
}
