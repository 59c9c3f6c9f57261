//! RFC 6455 §10.4: how much a peer takes. The standard wants limits and names none, so nearly all of
//! these only find out.

use super::echoing;
use crate::case::{Case, Expect, Step, Wire, ws};
use crate::frames::{Length, binary, continuation, text};

/// Lengths to claim, without a payload.
const CLAIMS: &[(&str, u64)] = &[
    ("64-kib", 64 << 10),
    ("1-mib", 1 << 20),
    ("1-mib-plus-1", (1 << 20) + 1),
    ("16-mib-plus-1", (16 << 20) + 1),
    ("64-mib-plus-1", (64 << 20) + 1),
    ("100-mib-plus-1", (100 << 20) + 1),
    ("1-gib", 1 << 30),
    ("2-31", 1 << 31),
    ("2-32", 1 << 32),
    ("2-53", 1 << 53),
    ("2-63-minus-1", i64::MAX as u64),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for &(name, claim) in CLAIMS {
        let frame = binary(b"").length(Length::Claimed(claim));
        let title = format!("what follows a header that claims {claim} bytes");
        cases.push(
            Case::info(ws("10.4"), &format!("claims-{name}"), title)
                .send(vec![frame])
                .expect(Expect::Observed),
        );
    }
    for (len, name) in [(1 << 20, "1-mib"), (4 << 20, "4-mib"), (16 << 20, "16-mib")] {
        let title = format!("a message of {len} bytes comes back");
        let mut case = echoing(
            ws("10.4"),
            &format!("message-{name}"),
            &title,
            vec![binary(b"").payload(vec![7; len])],
        );
        case.level = crate::case::Level::Info;
        cases.push(case);
    }
    let huge = binary(b"").length(Length::Claimed(i64::MAX as u64));
    cases.push(
        Case::should(
            ws("10.4"),
            "claims-too-much",
            "a frame of 2^63 - 1 bytes is refused by its header",
        )
        .send(vec![huge.clone()])
        .expect(Expect::Failure(&[])),
    );
    cases.push(
        Case::should(ws("7.4.1"), "claims-too-much-1009", "what is too big is refused with 1009")
            .send(vec![huge])
            .expect(Expect::Failure(&[1009])),
    );
    let behind = continuation(b"").length(Length::Claimed(i64::MAX as u64));
    cases.push(
        Case::should(ws("10.4"), "claims-too-much-behind", "the same as a second fragment")
            .send(vec![text(b"Hel").more(), behind])
            .expect(Expect::Failure(&[])),
    );
    let mut endless = vec![continuation(b"").more(); 100_000];
    endless[0].opcode = 1;
    cases.push(
        Case::info(
            ws("10.4"),
            "fragments-100000-empty",
            "100,000 empty fragments, and no last one",
        )
        .step(Step::Send(endless, Wire::Whole))
        .expect(Expect::Observed),
    );
    cases
}
