//! RFC 6455 §5.2: the reserved bits, the opcodes, the length.

use super::{Failing, echoing};
use crate::case::{Case, Expect, PROBE, send, ws};
use crate::frames::{
    BINARY, CLOSE, CONTINUATION, Frame, Length, PING, PONG, TEXT, binary, close, continuation,
    frame, ping, pong, text,
};

const KINDS: &[(u8, &str)] = &[
    (TEXT, "text"),
    (BINARY, "binary"),
    (CONTINUATION, "continuation"),
    (CLOSE, "close"),
    (PING, "ping"),
    (PONG, "pong"),
];

/// Autobahn's cases for the values of the reserved bits, on text.
const AUTOBAHN_RSV: [&str; 8] = ["", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7"];

/// Lengths that are not in the fewest bytes possible.
static NOT_MINIMAL: &[(&str, Frame)] = &[
    ("text-0-in-2", text(b"").length(Length::In2Bytes)),
    ("text-1-in-2", text(b"a").length(Length::In2Bytes)),
    ("text-125-in-2", text(&[b'a'; 125]).length(Length::In2Bytes)),
    ("binary-125-in-2", binary(&[7; 125]).length(Length::In2Bytes)),
    ("text-0-in-8", text(b"").length(Length::In8Bytes)),
    ("text-1-in-8", text(b"a").length(Length::In8Bytes)),
    ("text-125-in-8", text(&[b'a'; 125]).length(Length::In8Bytes)),
    ("text-126-in-8", text(&[b'a'; 126]).length(Length::In8Bytes)),
    ("binary-126-in-8", binary(&[7; 126]).length(Length::In8Bytes)),
    ("binary-65535-in-8", binary(&[7; 65535]).length(Length::In8Bytes)),
    ("fragment-in-2", text(b"a").more().length(Length::In2Bytes)),
];

/// Control frames whose length is not in seven bits, where there is always room for it.
static CONTROL_LENGTHS: &[(&str, Frame)] = &[
    ("ping-0-in-2", ping(b"").length(Length::In2Bytes)),
    ("ping-5-in-2", ping(b"Hello").length(Length::In2Bytes)),
    ("ping-5-in-8", ping(b"Hello").length(Length::In8Bytes)),
    ("pong-5-in-2", pong(b"Hello").length(Length::In2Bytes)),
    ("pong-5-in-8", pong(b"Hello").length(Length::In8Bytes)),
    ("close-2-in-2", close(b"\x03\xe8").length(Length::In2Bytes)),
    ("close-2-in-8", close(b"\x03\xe8").length(Length::In8Bytes)),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = reserved_bits();
    cases.extend(reserved_opcodes());
    cases.extend(lengths());
    cases
}

fn reserved_bits() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut fails = |name: String, what: &str, frames: Vec<Frame>, autobahn, with_code| {
        let failing = Failing {
            section: ws("5.2"),
            name,
            title: format!("{what} fails the connection, since no extension gives it a meaning"),
            frames,
            codes: &[1002],
            autobahn,
            content: false,
        };
        cases.push(failing.case());
        if with_code {
            cases.push(failing.code_case());
        }
    };
    for &(opcode, kind) in KINDS {
        for (bits, autobahn) in (0u8..).zip(AUTOBAHN_RSV).skip(1) {
            let mut frames = vec![frame(opcode, b"\x03\xe8").rsv(bits)];
            if opcode == TEXT {
                frames[0].payload = b"Hello".into();
            }
            if opcode == CONTINUATION {
                frames.insert(0, text(b"Hel").more());
                frames[1].payload = b"lo".into();
            }
            let what = format!("RSV1 to RSV3 being {bits:03b} in a {kind} frame");
            let autobahn = if opcode == TEXT { autobahn } else { "" };
            fails(format!("rsv{bits:03b}-{kind}"), &what, frames, autobahn, bits.is_power_of_two());
        }
    }
    for (len, bits) in [(0, 4), (0, 2), (0, 1), (200, 4), (200, 1), (65536, 4), (65536, 2)] {
        let frames = vec![binary(b"").payload(vec![7; len]).rsv(bits)];
        let what = format!("RSV1 to RSV3 being {bits:03b} in a binary frame of {len} bytes");
        fails(format!("rsv{bits:03b}-binary-{len}"), &what, frames, "", false);
    }
    let frames = vec![text(b"Hel").more().rsv(4), continuation(b"lo")];
    fails("rsv100-first-fragment".into(), "RSV1 in a first fragment", frames, "", false);
    let after = Case::must(ws("5.2"), "rsv-after-message", "RSV1 fails a connection in use")
        .send(vec![text(b"before")])
        .step(crate::case::echo_text(b"before"))
        .send(vec![text(b"a").rsv(4), ping(PROBE), text(PROBE)])
        .expect(Expect::Failure(&[]))
        .autobahn("3.2");
    cases.push(after);
    cases
}

fn reserved_opcodes() -> Vec<Case> {
    let mut cases = Vec::new();
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        let variants = [
            ("", "", vec![frame(opcode, b"")], "4.1.1 - 4.2.5"),
            ("-payload", " with a payload", vec![frame(opcode, b"Hello")], "4.1.1 - 4.2.5"),
            ("-fin0", " with FIN clear", vec![frame(opcode, b"Hello").more()], ""),
            (
                "-in-message",
                " within a message in fragments",
                vec![text(b"Hel").more(), frame(opcode, b""), continuation(b"lo")],
                "",
            ),
            ("-200", " with 200 bytes", vec![frame(opcode, &[7; 200])], ""),
            ("-65536", " with 65,536 bytes", vec![frame(opcode, &[7; 65536])], ""),
        ];
        for (variant, what, frames, autobahn) in variants {
            let failing = Failing {
                section: ws("5.2"),
                name: format!("opcode{opcode}{variant}"),
                title: format!("the reserved opcode {opcode}{what} fails the connection"),
                frames,
                codes: &[1002],
                autobahn,
                content: false,
            };
            cases.push(failing.case());
            if variant.is_empty() {
                cases.push(failing.code_case());
            }
        }
    }
    cases
}

fn lengths() -> Vec<Case> {
    let mut cases = Vec::new();
    for len in [0, 1, 124, 125, 126, 127, 128, 255, 256, 32767, 32768, 65534, 65535, 65536, 65537] {
        for (opcode, kind, autobahn) in
            [(TEXT, "text", "1.1.1 - 1.1.7"), (BINARY, "binary", "1.2.1 - 1.2.7")]
        {
            let frames = vec![frame(opcode, b"").payload(vec![b'*'; len])];
            let title = format!("a {kind} message of {len} bytes is received");
            let has = matches!(len, 0 | 125..=128 | 65535 | 65536);
            let name = format!("length-{len}-{kind}");
            let autobahn = if has { autobahn } else { "" };
            cases.push(echoing(ws("5.2"), &name, &title, frames).autobahn(autobahn));
        }
    }
    for (name, first) in NOT_MINIMAL.iter().chain(CONTROL_LENGTHS) {
        let title = "a length that is not in the fewest bytes possible fails the connection";
        let case = Case::should(ws("5.2"), &format!("not-minimal-{name}"), title)
            .send(vec![first.clone(), ping(PROBE), text(PROBE)])
            .expect(Expect::Failure(&[]));
        cases.push(case);
    }
    for claim in [1 << 63, u64::MAX, 1 << 63 | 5] {
        for (opcode, kind) in [(TEXT, "text"), (BINARY, "binary")] {
            let title = "a length of 64 bits whose top bit is set fails the connection";
            let frames = vec![frame(opcode, b"Hello").length(Length::Claimed(claim))];
            let name = format!("length-{claim:x}-{kind}");
            cases.push(
                Case::must(ws("5.2"), &name, title)
                    .step(send(frames.clone()))
                    .expect(Expect::Failure(&[])),
            );
            let name = format!("code-after-5.2-{name}");
            let title = format!("{title}: the Close says why");
            cases.push(
                Case::should(ws("7.1.7"), &name, title)
                    .step(send(frames))
                    .expect(Expect::Failure(&[1002, 1009])),
            );
        }
    }
    cases
}
