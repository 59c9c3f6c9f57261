//! RFC 6455 §5.4: fragments, and control frames between them.

use super::{Failing, echoing};
use crate::case::{Case, Expect, PROBE, echo, echo_text, ws};
use crate::frames::{BINARY, Frame, TEXT, binary, close, continuation, ping, pong, text};

/// Messages in fragments, which come back whole.
static RIGHT: &[(&str, &str, &[Frame], &str)] = &[
    ("two", "two fragments", &[text(b"Hel").more(), continuation(b"lo")], "5.3"),
    ("two-binary", "two fragments, binary", &[binary(b"\0\x01").more(), continuation(b"\xff")], ""),
    (
        "three",
        "three fragments",
        &[text(b"a").more(), continuation(b"b").more(), continuation(b"c")],
        "",
    ),
    ("first-empty", "an empty first fragment", &[text(b"").more(), continuation(b"a")], "6.1.3"),
    ("last-empty", "an empty last fragment", &[text(b"a").more(), continuation(b"")], ""),
    ("both-empty", "two empty fragments", &[text(b"").more(), continuation(b"")], ""),
    (
        "all-empty-binary",
        "three empty fragments, binary",
        &[binary(b"").more(), continuation(b"").more(), continuation(b"")],
        "6.1.2",
    ),
    (
        "middle-empty",
        "an empty fragment in the middle",
        &[text(b"a").more(), continuation(b"").more(), continuation(b"b")],
        "6.1.3",
    ),
    (
        "pong-between",
        "a Pong between two fragments",
        &[text(b"Hel").more(), pong(b"unasked"), continuation(b"lo")],
        "",
    ),
    (
        "pong-between-binary",
        "a Pong between two fragments, binary",
        &[binary(b"\xff").more(), pong(b""), continuation(b"\xfe")],
        "",
    ),
    (
        "pongs-between",
        "three Pongs between two fragments",
        &[text(b"Hel").more(), pong(b"a"), pong(b""), pong(&[7; 125]), continuation(b"lo")],
        "",
    ),
    (
        "sizes",
        "fragments whose lengths are in 7, 16 and 64 bits",
        &[binary(&[1; 125]).more(), continuation(&[2; 126]).more(), continuation(&[3; 65536])],
        "",
    ),
];

/// Orders that are wrong.
static WRONG: &[(&str, &str, &[Frame], &str)] = &[
    ("orphan", "a continuation of nothing", &[continuation(b"Hello")], "5.9"),
    (
        "orphan-fin0",
        "a continuation of nothing, FIN clear",
        &[continuation(b"Hello").more()],
        "5.12",
    ),
    ("orphan-empty", "an empty continuation of nothing", &[continuation(b"")], ""),
    (
        "text-in-text",
        "a text message within a text message",
        &[text(b"a").more(), text(b"b")],
        "5.18",
    ),
    (
        "binary-in-text",
        "a binary message within a text message",
        &[text(b"a").more(), binary(b"b")],
        "",
    ),
    (
        "text-in-binary",
        "a text message within a binary message",
        &[binary(b"a").more(), text(b"b")],
        "",
    ),
    (
        "binary-in-binary",
        "a binary message within a binary message",
        &[binary(b"a").more(), binary(b"b")],
        "",
    ),
    (
        "first-in-message",
        "another first fragment within a message",
        &[text(b"a").more(), text(b"b").more()],
        "",
    ),
    (
        "empty-in-message",
        "an empty text message within a message",
        &[text(b"a").more(), text(b"")],
        "",
    ),
    (
        "new-after-continuation",
        "a new message behind a continuation that is not the last",
        &[text(b"a").more(), continuation(b"b").more(), text(b"c")],
        "",
    ),
    (
        "new-after-ping",
        "a new message behind a Ping within a message",
        &[text(b"a").more(), ping(b""), text(b"c")],
        "",
    ),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for &(name, title, frames, autobahn) in RIGHT {
        let title = format!("{title}: one message");
        cases.push(echoing(ws("5.4"), name, &title, frames.to_vec()).autobahn(autobahn));
    }
    for &(name, title, frames, autobahn) in WRONG {
        let failing = Failing {
            section: ws("5.4"),
            name: name.to_owned(),
            title: format!("{title} fails the connection"),
            frames: frames.to_vec(),
            codes: &[1002],
            autobahn,
            content: false,
        };
        cases.extend(failing.cases());
    }
    cases.push(
        Case::must(ws("5.4"), "orphan-after-message", "a continuation behind a complete message")
            .send(vec![text(b"Hel").more(), continuation(b"lo")])
            .step(echo_text(b"Hello"))
            .send(vec![continuation(b"!"), ping(PROBE), text(PROBE)])
            .expect(Expect::Failure(&[]))
            .autobahn("5.15"),
    );
    cases.extend(many());
    cases.extend(control_between());
    cases
}

fn many() -> Vec<Case> {
    let mut cases = Vec::new();
    for (count, len) in [(100, 1), (1000, 1), (1000, 0), (100, 500)] {
        for (opcode, kind) in [(TEXT, "text"), (BINARY, "binary")] {
            let mut frames = vec![continuation(b"").payload(vec![b'*'; len]).more(); count];
            frames[0].opcode = opcode;
            frames[count - 1].fin = true;
            let name = format!("many-{count}-of-{len}-{kind}");
            let title = format!("{count} fragments of {len} bytes, {kind}: one message");
            cases.push(echoing(ws("5.4"), &name, &title, frames));
        }
    }
    cases
}

fn control_between() -> Vec<Case> {
    let ping_between = |name: &str, title: &str, opcode: u8, payload: &'static [u8]| {
        let mut first = text(b"Hel").more();
        first.opcode = opcode;
        Case::must(ws("5.4"), name, title)
            .send(vec![first, ping(payload)])
            .expect(Expect::Pong(payload.into()))
            .send(vec![continuation(b"lo")])
            .step(echo(opcode, b"Hello"))
    };
    vec![
        ping_between("ping-between", "a Ping within a text message is answered", TEXT, b"now")
            .autobahn("5.7"),
        ping_between("ping-between-binary", "a Ping within a binary message", BINARY, b"now"),
        ping_between("ping-125-between", "a Ping of 125 bytes within a message", TEXT, &[7; 125]),
        Case::must(ws("5.4"), "pings-between", "Pings between all fragments, in one segment")
            .send(vec![
                text(b"a").more(),
                ping(b"1"),
                continuation(b"b").more(),
                ping(b"2"),
                pong(b"3"),
                continuation(b"c"),
            ])
            .step(echo_text(b"abc"))
            .autobahn("5.19"),
        Case::must(ws("5.4"), "close-between", "a Close within a message is answered")
            .send(vec![text(b"Hel").more(), close(b"\x03\xe8")])
            .expect(Expect::Closing(&[])),
        Case::must(
            ws("5.4"),
            "close-between-drops",
            "a message that a Close cuts is not delivered",
        )
        .send(vec![text(b"Hel").more(), close(b"\x03\xe8"), continuation(b"lo")])
        .expect(Expect::Closing(&[])),
        Case::must(
            ws("6.2"),
            "message-only-when-complete",
            "nothing is delivered before the last fragment",
        )
        .send(vec![text(b"Hel").more(), continuation(b"lo").more()])
        .expect(Expect::Silence)
        .send(vec![continuation(b"!")])
        .step(echo_text(b"Hello!")),
        Case::must(ws("5.4"), "two-messages", "two messages in fragments, in one segment")
            .send(vec![
                text(b"a").more(),
                continuation(b"b"),
                binary(b"c").more(),
                continuation(b"d"),
            ])
            .step(echo_text(b"ab"))
            .step(echo(BINARY, b"cd")),
    ]
}
