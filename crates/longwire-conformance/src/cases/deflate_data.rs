//! RFC 7692 §6 and §7.2: compressed messages.

use super::Failing;
use crate::case::{
    Case, Codes, Expect, Level, Opening, PROBE, Section, Step, Wire, echo, echo_text, pmd, ws,
};
use crate::deflate::{Deflate, literal};
use crate::frames::{
    BINARY, Frame, PING, PONG, RSV1, TEXT, close, continuation, frame, ping, pong, text,
};

/// "Hello", compressed in all ways of RFC 7692 §7.2.3.
static HELLO: &[(&str, &str, &[u8], Section)] = &[
    ("fixed", "a block with fixed codes", b"\xf2\x48\xcd\xc9\xc9\x07\x00", pmd("7.2.3.1")),
    (
        "stored",
        "a block without compression",
        b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
        pmd("7.2.3.3"),
    ),
    ("bfinal", "a block with BFINAL", b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", pmd("7.2.3.4")),
    (
        "two-blocks",
        "two blocks",
        b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
        pmd("7.2.3.5"),
    ),
    (
        "two-bfinal",
        "two blocks, both with BFINAL",
        b"\xf3\x48\x05\x00\xcb\xc9\xc9\x07\x00\x00",
        pmd("7.2.2"),
    ),
    (
        "stored-empty-first",
        "an empty block in front",
        b"\x00\x00\x00\xff\xff\xf2\x48\xcd\xc9\xc9\x07\x00",
        pmd("7.2.2"),
    ),
    (
        "stored-twice",
        "an empty block behind",
        b"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff\x00",
        pmd("7.2.2"),
    ),
];

/// What is no DEFLATE.
static BAD: &[(&str, &str, &[u8])] = &[
    ("block-type-3", "a block of the reserved type", b"\x06"),
    (
        "stored-lengths",
        "a stored block whose lengths do not match",
        b"\x00\x05\x00\xfb\xffHello\x00",
    ),
    ("back-too-far", "a reference to before the beginning", b"\xf2\x00\x11\x00\x00"),
    ("length-286", "the length code 286, which is reserved", b"\x1a\x03\x00"),
    ("garbage", "bytes that mean nothing", b"\xff\xff\xff\xff\xff\xff"),
    (
        "too-many-codes",
        "a dynamic block with too many codes",
        b"\xfc\xff\xff\xff\xff\xff\xff\xff\xff",
    ),
];

fn negotiated(case: Case) -> Case {
    case.open(Opening::Deflate { offer: "", answer: "" })
}

pub(super) fn compressed(payload: &[u8]) -> Frame {
    text(b"").rsv(RSV1).payload(payload.to_vec())
}

pub(super) fn must(section: Section, name: &str, title: &str) -> Case {
    negotiated(Case::must(section, name, title))
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for &(name, title, payload, section) in HELLO {
        let title = format!("{title}: \"Hello\"");
        cases.push(
            must(section, &format!("hello-{name}"), &title)
                .send(vec![compressed(payload)])
                .step(echo_text(b"Hello")),
        );
    }
    cases.extend(messages());
    cases.extend(fragments());
    cases.extend(bad());
    cases.extend(bits());
    cases.extend(bombs());
    cases
}

fn messages() -> Vec<Case> {
    let all: Vec<u8> = (0..=255).collect();
    vec![
        must(pmd("7.2.3.6"), "empty", "an empty message is one byte of zero")
            .send(vec![compressed(b"\0")])
            .step(echo_text(b"")),
        must(pmd("7.2.2"), "empty-bfinal", "an empty message as an empty last block")
            .send(vec![compressed(b"\x03\x00\x00")])
            .step(echo_text(b"")),
        must(pmd("6"), "uncompressed", "a message that is not compressed may come any time")
            .send(vec![text(b"plain")])
            .step(echo_text(b"plain")),
        must(pmd("6"), "mixed", "compressed and not, in turn")
            .send(vec![compressed(&literal(b"one")), text(b"two"), compressed(&literal(b"three"))])
            .step(echo_text(b"one"))
            .step(echo_text(b"two"))
            .step(echo_text(b"three")),
        must(pmd("6"), "binary", "all bytes, compressed")
            .send(vec![frame(BINARY, b"").rsv(RSV1).payload(literal(&all))])
            .step(echo(BINARY, all)),
        must(pmd("7.2.2"), "64-kib", "64 KiB from a few bytes")
            .send(vec![compressed(&Deflate::fixed().literal(b"a").copy_258(1, 254).end())])
            .step(echo_text(vec![b'a'; 1 + 254 * 258])),
        must(pmd("7.2.2"), "segments-of-1", "a compressed message in segments of one byte")
            .step(Step::Send(vec![compressed(&literal(b"Hello, world"))], Wire::Pieces(1)))
            .step(echo_text(b"Hello, world")),
        must(pmd("6"), "ping-not-compressed", "a Ping is never compressed, nor is its answer")
            .send(vec![ping(&[b'a'; 100])])
            .expect(Expect::Pong((&[b'a'; 100]).into())),
        must(pmd("6"), "close-not-compressed", "nor is a Close")
            .send(vec![close(b"\x03\xe8aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")])
            .expect(Expect::Closing(&[])),
        must(pmd("7.2.1"), "echo-large", "what is sent back compressed inflates to the same")
            .send(vec![text(&[b'x'; 60000])])
            .step(echo_text(&[b'x'; 60000])),
    ]
}

/// Cut at every byte, by fragments.
fn fragments() -> Vec<Case> {
    let payload = literal(b"Hello");
    let mut cases = Vec::new();
    for cut in 0..=payload.len() {
        let frames = vec![
            compressed(&payload[..cut]).more(),
            continuation(b"").payload(payload[cut..].to_vec()),
        ];
        let title = format!("a compressed message, cut behind {cut} bytes");
        cases.push(
            must(pmd("6.1"), &format!("fragments-cut-{cut}"), &title)
                .send(frames)
                .step(echo_text(b"Hello")),
        );
    }
    let mut frames: Vec<Frame> =
        payload.iter().map(|&byte| continuation(b"").payload(vec![byte]).more()).collect();
    (frames[0].opcode, frames[0].rsv) = (TEXT, RSV1);
    frames.push(continuation(b""));
    cases.push(
        must(pmd("6.1"), "fragments-of-1", "a compressed message in fragments of one byte")
            .send(frames)
            .step(echo_text(b"Hello")),
    );
    cases.push(
        must(pmd("6.1"), "ping-between", "a Ping between compressed fragments is answered")
            .send(vec![compressed(&payload[..3]).more(), ping(b"now")])
            .expect(Expect::Pong(b"now".into()))
            .send(vec![pong(b"x"), continuation(b"").payload(payload[3..].to_vec())])
            .step(echo_text(b"Hello")),
    );
    cases
}

fn bad() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut fails = |section, name: &str, title: String, frames: Vec<Frame>, codes: Codes| {
        let failing = Failing {
            section,
            name: name.to_owned(),
            title,
            frames,
            codes,
            autobahn: "",
            content: true,
        };
        for case in failing.cases() {
            cases.push(negotiated(case));
        }
    };
    for &(name, title, payload) in BAD {
        let title = format!("{title} fails the connection");
        fails(
            pmd("7.2.2"),
            &format!("bad-{name}"),
            title,
            vec![compressed(payload)],
            &[1007, 1002],
        );
    }
    let block = [&literal(b"Hello"), &b"\0\0\xff\xff"[..]].concat();
    let cut = [compressed(&block).more(), continuation(b"\x06")];
    let title = "what is no DEFLATE in a second fragment fails the connection".to_owned();
    fails(pmd("7.2.2"), "bad-second-fragment", title, cut.to_vec(), &[1007, 1002]);
    let title = "text that is no UTF-8 once inflated fails the connection".to_owned();
    fails(ws("8.1"), "deflate-invalid", title, vec![compressed(&literal(b"Hello \xff"))], &[1007]);
    let title = "text that inflates to a cut character fails the connection".to_owned();
    fails(ws("8.1"), "deflate-cut", title, vec![compressed(&literal(b"\xe2\x82"))], &[1007]);
    let title = "text that inflates to a surrogate fails the connection".to_owned();
    fails(
        ws("8.1"),
        "deflate-surrogate",
        title,
        vec![compressed(&literal(b"\xed\xa0\x80"))],
        &[1007],
    );
    cases.push(
        must(ws("8.1"), "deflate-character-cut", "a character over two compressed fragments")
            .send({
                let payload = literal("é€".as_bytes());
                let (a, b) = payload.split_at(2);
                vec![compressed(a).more(), continuation(b"").payload(b.to_vec())]
            })
            .step(echo_text("é€".as_bytes())),
    );
    cases.push(negotiated(
        Case::should(pmd("7.2.2"), "bad-truncated", "DEFLATE that ends within a block fails")
            .send(vec![compressed(b"\xf2\x48\x06"), text(PROBE)])
            .expect(Expect::Failure(&[])),
    ));
    cases
}

/// The reserved bits where permessage-deflate was agreed on: RSV1 has a meaning on the first frame of
/// a data message, and nowhere else.
fn bits() -> Vec<Case> {
    let rows: [(&str, &str, Section, Vec<Frame>); 8] = [
        ("rsv2", "RSV2", ws("5.2"), vec![text(b"a").rsv(2)]),
        ("rsv3", "RSV3", ws("5.2"), vec![text(b"a").rsv(1)]),
        ("rsv1-and-rsv2", "RSV2 beside RSV1", ws("5.2"), vec![compressed(&literal(b"a")).rsv(6)]),
        (
            "rsv1-continuation",
            "RSV1 on a continuation",
            pmd("6.1"),
            vec![text(b"a").more(), continuation(b"b").rsv(RSV1)],
        ),
        (
            "rsv1-continuation-of-compressed",
            "RSV1 on a continuation too",
            pmd("6.1"),
            vec![
                compressed(&literal(b"Hello")[..3]).more(),
                continuation(b"").payload(literal(b"Hello")[3..].to_vec()).rsv(RSV1),
            ],
        ),
        ("rsv1-ping", "RSV1 on a Ping", pmd("6.1"), vec![frame(PING, b"\0").rsv(RSV1)]),
        ("rsv1-pong", "RSV1 on a Pong", pmd("6.1"), vec![frame(PONG, b"\0").rsv(RSV1)]),
        ("rsv1-close", "RSV1 on a Close", pmd("6.1"), vec![close(b"\x03\xe8").rsv(RSV1)]),
    ];
    let mut cases = Vec::new();
    for (name, what, section, frames) in rows {
        let failing = Failing {
            section,
            name: format!("deflate-{name}"),
            title: format!("{what}, with permessage-deflate, fails the connection"),
            frames,
            codes: &[1002],
            autobahn: "",
            content: false,
        };
        for case in failing.cases() {
            cases.push(negotiated(case));
        }
    }
    cases
}

/// A few bytes that become very many.
fn bombs() -> Vec<Case> {
    let bomb = |times: usize| compressed(&Deflate::fixed().literal(b"a").copy_258(1, times).end());
    let sized = |name: &str, title: &str, level: Level, times: usize, expect: Expect| {
        negotiated(Case::new(level, pmd("8"), name, title)).send(vec![bomb(times)]).expect(expect)
    };
    vec![
        sized("bomb-10-mib", "10 MiB from 66 KiB", Level::Info, 40_643, Expect::Observed),
        sized(
            "bomb-128-mib",
            "128 MiB from 0.8 MiB are refused",
            Level::Should,
            520_224,
            Expect::Failure(&[]),
        ),
        negotiated(Case::must(
            pmd("8"),
            "alive-after-bomb",
            "behind a bomb the peer still answers others",
        ))
        .send(vec![text(PROBE)])
        .step(echo_text(PROBE)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inflate::Inflater;

    #[test]
    fn what_is_right_inflates_and_what_is_bad_does_not() {
        for (name, _, payload, _) in HELLO {
            let message = Inflater::new(15).message(payload, 100);
            assert_eq!(message.as_deref(), Ok(&b"Hello"[..]), "{name}");
        }
        for (name, _, payload) in BAD {
            assert!(Inflater::new(15).message(payload, 100).is_err(), "{name}");
        }
    }
}
