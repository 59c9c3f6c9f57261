//! RFC 6455 §5.5: control frames, Ping and Pong.

use super::Failing;
use crate::case::{Case, Expect, Step, Wire, echo_text, ws};
use crate::frames::{Frame, close, continuation, ping, pong, text};

static WRONG: &[(&str, &str, &[Frame], &str)] = &[
    ("ping-126", "a Ping of 126 bytes", &[ping(&[7; 126])], "2.5"),
    ("ping-65536", "a Ping of 65,536 bytes", &[ping(&[7; 65536])], ""),
    ("pong-126", "a Pong of 126 bytes", &[pong(&[7; 126])], ""),
    ("pong-65536", "a Pong of 65,536 bytes", &[pong(&[7; 65536])], ""),
    ("close-126", "a Close of 126 bytes", &[close(&[3; 126])], "7.3.6"),
    ("ping-fin0", "a Ping with FIN clear", &[ping(b"a").more()], "5.1"),
    ("ping-fin0-empty", "an empty Ping with FIN clear", &[ping(b"").more()], ""),
    ("pong-fin0", "a Pong with FIN clear", &[pong(b"a").more()], "5.2"),
    ("close-fin0", "a Close with FIN clear", &[close(b"\x03\xe8").more()], ""),
    ("ping-continued", "a Ping in two fragments", &[ping(b"a").more(), continuation(b"b")], "5.1"),
    (
        "ping-fin0-in-message",
        "a Ping with FIN clear within a message",
        &[text(b"a").more(), ping(b"a").more(), continuation(b"b")],
        "",
    ),
    (
        "pong-126-in-message",
        "a Pong of 126 bytes within a message",
        &[text(b"a").more(), pong(&[7; 126]), continuation(b"b")],
        "",
    ),
];

/// Payloads of Pings.
static PINGS: &[(&str, &str, &[u8], &str)] = &[
    ("empty", "an empty Ping", b"", "2.1"),
    ("text", "a Ping with text", b"Hello", "2.2"),
    ("binary", "a Ping with what is no UTF-8", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", "2.3"),
    ("124", "a Ping of 124 bytes", &[7; 124], ""),
    ("125", "a Ping of 125 bytes", &[0xfe; 125], "2.4"),
    ("nul", "a Ping with NUL", b"\0", ""),
    ("like-frame", "a Ping whose payload looks like a frame", b"\x81\x85\0\0\0\0Hello", ""),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for &(name, title, frames, autobahn) in WRONG {
        let failing = Failing {
            section: ws("5.5"),
            name: name.to_owned(),
            title: format!("{title} fails the connection"),
            frames: frames.to_vec(),
            codes: &[1002],
            autobahn,
            content: false,
        };
        cases.extend(failing.cases());
    }
    for &(name, title, payload, autobahn) in PINGS {
        let title = format!("{title} is answered with the same payload");
        cases.push(
            Case::must(ws("5.5.3"), &format!("pong-{name}"), title)
                .send(vec![ping(payload)])
                .expect(Expect::Pong(payload.into()))
                .autobahn(autobahn),
        );
    }
    cases.extend(pings());
    cases.extend(pongs());
    cases
}

fn pings() -> Vec<Case> {
    let numbered = |count: usize| -> Vec<Frame> {
        (1..=count).map(|n| ping(b"").payload(n.to_string().into_bytes())).collect()
    };
    let all = |mut case: Case, count: usize| {
        for n in 1..=count {
            case = case.expect(Expect::Pong(n.to_string().into_bytes().into()));
        }
        case
    };
    let ten = Case::info(ws("5.5.3"), "pings-all-answered", "ten Pings are answered one by one");
    vec![
        Case::must(ws("5.5.2"), "ping-soon", "a Ping is answered before another message comes")
            .send(vec![ping(b"first")])
            .expect(Expect::Pong(b"first".into()))
            .send(vec![text(b"then")])
            .step(echo_text(b"then")),
        Case::must(ws("5.5.3"), "pings-last", "of ten Pings in one segment the last is answered")
            .send(numbered(10))
            .expect(Expect::Pong(b"10".into()))
            .autobahn("2.10"),
        Case::info(ws("5.5.3"), "pings-1000", "of a thousand Pings the last is answered")
            .send(numbered(1000))
            .expect(Expect::Pong(b"1000".into())),
        all(ten.send(numbered(10)), 10).autobahn("2.10"),
        Case::must(ws("5.5.2"), "ping-bytewise", "a Ping that comes in segments of one byte")
            .step(Step::Send(vec![ping(b"slowly")], Wire::Pieces(1)))
            .expect(Expect::Pong(b"slowly".into()))
            .autobahn("2.6"),
        Case::must(ws("5.5.2"), "ping-after-message", "a Ping right behind a message")
            .send(vec![text(b"a"), ping(b"b")])
            .step(echo_text(b"a")),
    ]
}

fn pongs() -> Vec<Case> {
    let ignored = |name: &str, title: &str, frames: Vec<Frame>, autobahn: &'static str| {
        Case::must(ws("5.5.3"), name, title)
            .send(frames)
            .expect(Expect::Silence)
            .send(vec![text(b"on")])
            .step(echo_text(b"on"))
            .autobahn(autobahn)
    };
    vec![
        ignored("unasked", "an unasked Pong has no answer", vec![pong(b"unasked")], "2.8"),
        ignored("unasked-empty", "an unasked, empty Pong has no answer", vec![pong(b"")], "2.7"),
        ignored("unasked-125", "an unasked Pong of 125 bytes", vec![pong(&[0xff; 125])], ""),
        ignored("unasked-100", "a hundred unasked Pongs", vec![pong(b"x"); 100], ""),
    ]
}
