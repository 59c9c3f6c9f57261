//! RFC 6455 §5.1 and §5.3: who masks, and with what keys.

use longwire::Role;

use super::{Failing, echoing};
use crate::case::{Case, Expect, echo_text, ws};
use crate::frames::{Frame, Mask, binary, close, continuation, ping, pong, text};

/// A frame that is masked where it must not be, or the other way round, alone or behind others.
static WRONG: &[(&str, &str, &[Frame])] = &[
    ("text", "a text message", &[text(b"Hello").mask(Mask::Wrong)]),
    ("text-empty", "an empty text message", &[text(b"").mask(Mask::Wrong)]),
    ("binary", "a binary message", &[binary(b"\0\xff").mask(Mask::Wrong)]),
    ("binary-200", "a binary message of 200 bytes", &[binary(&[7; 200]).mask(Mask::Wrong)]),
    ("binary-70000", "a binary message of 70,000 bytes", &[binary(&[7; 70000]).mask(Mask::Wrong)]),
    ("first-fragment", "a first fragment", &[text(b"Hel").more().mask(Mask::Wrong)]),
    (
        "last-fragment",
        "a last fragment behind a correct first one",
        &[text(b"Hel").more(), continuation(b"lo").mask(Mask::Wrong)],
    ),
    ("ping", "a Ping", &[ping(b"Hello").mask(Mask::Wrong)]),
    ("ping-empty", "an empty Ping", &[ping(b"").mask(Mask::Wrong)]),
    ("pong", "a Pong", &[pong(b"Hello").mask(Mask::Wrong)]),
    ("close", "a Close", &[close(b"\x03\xe8").mask(Mask::Wrong)]),
    ("close-empty", "a Close without a body", &[close(b"").mask(Mask::Wrong)]),
    (
        "ping-in-message",
        "a Ping between the fragments of a message",
        &[text(b"Hel").more(), ping(b"").mask(Mask::Wrong), continuation(b"lo")],
    ),
];

/// Keys that are allowed, however weak.
static KEYS: &[(&str, [u8; 4])] = &[
    ("key-zero", [0; 4]),
    ("key-ones", [0xff; 4]),
    ("key-like-payload", *b"Hell"),
    ("key-one-byte", [0, 0, 0, 1]),
];

pub(super) fn cases(peer: Role) -> Vec<Case> {
    let mut cases = Vec::new();
    for &(name, what, frames) in WRONG {
        let (name, rule) = match peer {
            Role::Server => (format!("unmasked-{name}"), "is not masked: a server fails"),
            Role::Client => (format!("masked-{name}"), "is masked: a client fails"),
        };
        let failing = Failing {
            section: ws("5.1"),
            name,
            title: format!("{what} {rule} the connection"),
            frames: frames.to_vec(),
            codes: &[1002],
            autobahn: "",
            content: false,
        };
        cases.extend(failing.cases());
    }
    match peer {
        Role::Server => cases.extend(for_servers()),
        Role::Client => cases.extend(for_clients()),
    }
    cases
}

fn for_servers() -> Vec<Case> {
    let mut cases = Vec::new();
    for &(name, key) in KEYS {
        let frames = vec![text(b"Hello, Hello").mask(Mask::Key(key))];
        let title = format!("the masking key {:08x} is as good as any", u32::from_be_bytes(key));
        cases.push(echoing(ws("5.3"), name, &title, frames));
    }
    let frames = vec![
        text(b"Hello").more().mask(Mask::Key([1, 2, 3, 4])),
        continuation(b", wor").more().mask(Mask::Key([0; 4])),
        continuation(b"ld").mask(Mask::Key([5, 6, 7, 8])),
    ];
    let title = "each fragment is unmasked with its own key, from its first byte";
    cases.push(echoing(ws("5.3"), "key-for-each-fragment", title, frames));
    let title = "a frame without payload has a masking key all the same";
    cases.push(echoing(ws("5.3"), "key-of-empty-frame", title, vec![text(b"")]));
    cases
}

fn for_clients() -> Vec<Case> {
    let mut fresh = Case::must(
        ws("5.3"),
        "fresh-keys",
        "each frame has a masking key of its own, which those before do not tell",
    );
    let mut masked = Case::must(ws("5.1"), "masks-all", "text, binary, Pong and Close are masked");
    for _ in 0..16 {
        fresh = fresh.send(vec![text(b"Hello")]).step(echo_text(b"Hello"));
    }
    masked = masked
        .send(vec![text(b"")])
        .step(echo_text(b""))
        .send(vec![binary(b"\0")])
        .step(crate::case::echo(2, b"\0"))
        .send(vec![ping(b"a")])
        .expect(Expect::Pong(b"a".into()))
        .send(vec![close(b"\x03\xe8")])
        .expect(Expect::Closing(&[]));
    vec![fresh.expect(Expect::FreshKeys(16)), masked]
}
