//! RFC 6455 §5.6 and §8.1: text is UTF-8, over the whole message.

use super::{Failing, echoing};
use crate::case::{Case, Expect, Step, Wire, echo_text, ws};
use crate::frames::{Frame, binary, continuation, text};

/// What is UTF-8.
static VALID: &[(&str, &[u8], &str)] = &[
    ("nul", b"\0", ""),
    ("ascii-last", b"\x7f", "6.22.1"),
    ("two-first", b"\xc2\x80", ""),
    ("two-last", b"\xdf\xbf", ""),
    ("three-first", b"\xe0\xa0\x80", ""),
    ("before-surrogates", b"\xed\x9f\xbf", "6.11.1"),
    ("behind-surrogates", b"\xee\x80\x80", "6.11.2"),
    ("three-last", b"\xef\xbf\xbf", "6.6.9"),
    ("bom", b"\xef\xbb\xbf", ""),
    ("bom-then-text", b"\xef\xbb\xbfHello", ""),
    ("noncharacter-fffe", b"\xef\xbf\xbe", "6.22.2"),
    ("noncharacter-fdd0", b"\xef\xb7\x90", ""),
    ("four-first", b"\xf0\x90\x80\x80", "6.9.1"),
    ("four-last", b"\xf4\x8f\xbf\xbf", "6.9.4"),
    ("noncharacter-1fffe", b"\xf0\x9f\xbf\xbe", ""),
    ("emoji", "👩‍👩‍👧‍👦 fine".as_bytes(), ""),
    ("greek", "κόσμε".as_bytes(), "6.2.1"),
    ("controls", b"\x01\x02\x1b\r\n\t", ""),
];

/// What is not.
static INVALID: &[(&str, &[u8], &str)] = &[
    ("ff", b"\xff", ""),
    ("fe", b"\xfe", ""),
    ("lone-80", b"\x80", "6.14.1"),
    ("lone-bf", b"\xbf", "6.14.2"),
    ("lone-behind-text", b"Hello\x80", ""),
    ("two-cut", b"\xc3", "6.16.1"),
    ("two-then-ascii", b"\xc3a", ""),
    ("two-then-lead", b"\xc3\xc3\x80", ""),
    ("three-cut-1", b"\xe2", ""),
    ("three-cut-2", b"\xe2\x82", "6.16.2"),
    ("three-then-ascii", b"\xe2\x82a", ""),
    ("four-cut-1", b"\xf0", ""),
    ("four-cut-2", b"\xf0\x9f", ""),
    ("four-cut-3", b"\xf0\x9f\x98", ""),
    ("four-then-ascii", b"\xf0\x9f\x98a", ""),
    ("overlong-c0", b"\xc0\x80", "6.19.1"),
    ("overlong-c1", b"\xc1\xbf", "6.18.1"),
    ("overlong-slash-2", b"\xc0\xaf", "6.17.1"),
    ("overlong-slash-3", b"\xe0\x80\xaf", "6.17.2"),
    ("overlong-slash-4", b"\xf0\x80\x80\xaf", "6.17.3"),
    ("overlong-3-last", b"\xe0\x9f\xbf", "6.18.2"),
    ("overlong-4-last", b"\xf0\x8f\xbf\xbf", "6.18.3"),
    ("surrogate-first", b"\xed\xa0\x80", "6.20.1"),
    ("surrogate-last", b"\xed\xbf\xbf", "6.20.7"),
    ("surrogate-pair", b"\xed\xa0\xbd\xed\xb8\x80", "6.21.1"),
    ("above-10ffff", b"\xf4\x90\x80\x80", "6.4.1"),
    ("f5", b"\xf5\x80\x80\x80", ""),
    ("five-bytes", b"\xf8\x88\x80\x80\x80", "6.13.1"),
    ("six-bytes", b"\xfc\x84\x80\x80\x80\x80", "6.13.3"),
    ("latin1", b"caf\xe9", ""),
    ("late", b"all of this is fine, and all of this too, until here: \xc0", ""),
];

/// Text that is cut everywhere: characters of one to four bytes.
const MIXED: &[u8] = "aé€😀z".as_bytes();

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for &(name, payload, autobahn) in VALID {
        let title = "a text message that is UTF-8 is received";
        let name = format!("valid-{name}");
        cases.push(echoing(ws("8.1"), &name, title, vec![text(payload)]).autobahn(autobahn));
    }
    for &(name, payload, autobahn) in INVALID {
        let failing = Failing {
            section: ws("8.1"),
            name: format!("invalid-{name}"),
            title: "a text message that is no UTF-8 fails the connection".to_owned(),
            frames: vec![text(payload)],
            codes: &[1007],
            autobahn,
            content: true,
        };
        cases.extend(failing.cases());
    }
    cases.extend(cuts());
    cases.extend(invalid_in_fragments());
    cases.extend(early());
    let title = "a binary message need not be UTF-8";
    cases.push(echoing(ws("5.6"), "binary-any", title, vec![binary(b"\xff\x80\xc0\xed\xa0\x80")]));
    cases
}

/// A message cut anywhere, within characters too, by fragments or by segments.
fn cuts() -> Vec<Case> {
    let mut cases = Vec::new();
    for cut in 1..MIXED.len() {
        let title = "text is UTF-8 as a whole: a fragment may end within a character";
        let frames = vec![text(&MIXED[..cut]).more(), continuation(&MIXED[cut..])];
        cases.push(echoing(ws("8.1"), &format!("fragment-cut-{cut}"), title, frames));
    }
    let mut frames: Vec<Frame> =
        MIXED.iter().map(|&byte| continuation(b"").payload(vec![byte]).more()).collect();
    frames.push(continuation(b""));
    frames[0].opcode = 1;
    let title = "text in fragments of one byte";
    cases.push(echoing(ws("8.1"), "fragments-of-1", title, frames).autobahn("6.2.3"));
    cases.push(
        Case::must(ws("8.1"), "segments-of-1", "text in TCP segments of one byte")
            .step(Step::Send(vec![text(MIXED)], Wire::Pieces(1)))
            .step(echo_text(MIXED)),
    );
    cases
}

fn invalid_in_fragments() -> Vec<Case> {
    let rows: &[(&str, &str, &[Frame])] = &[
        (
            "cut-at-end",
            "a character cut by the end",
            &[text(b"a\xe2").more(), continuation(b"\x82")],
        ),
        (
            "cut-then-empty",
            "a character cut by the end",
            &[text(b"\xe2\x82").more(), continuation(b"")],
        ),
        (
            "cut-then-ascii",
            "a cut character, ASCII behind",
            &[text(b"\xe2").more(), continuation(b"a")],
        ),
        (
            "surrogate-cut",
            "a surrogate over two fragments",
            &[text(b"\xed").more(), continuation(b"\xa0\x80")],
        ),
        (
            "overlong-cut",
            "an overlong form over two fragments",
            &[text(b"\xf0").more(), continuation(b"\x80\x80\xaf")],
        ),
        (
            "last-of-three",
            "the last of three fragments",
            &[text(b"a").more(), continuation(b"b").more(), continuation(b"\xff")],
        ),
    ];
    let mut cases = Vec::new();
    for (name, what, frames) in rows {
        let failing = Failing {
            section: ws("8.1"),
            name: format!("fragments-{name}"),
            title: format!("{what}: no UTF-8, fails the connection"),
            frames: frames.to_vec(),
            codes: &[1007],
            autobahn: "",
            content: true,
        };
        cases.extend(failing.cases());
    }
    cases
}

/// The first byte that cannot be mended is enough, though the message goes on.
fn early() -> Vec<Case> {
    let long = |start: &[u8]| [start, &[b'*'; 1015]].concat();
    let early = |name: &str, title: &str, frames: Vec<Frame>, wire: Wire| {
        Case::should(ws("8.1"), &format!("early-{name}"), format!("{title}: fails at once"))
            .step(Step::Send(frames, wire))
            .expect(Expect::Failure(&[]))
    };
    // A header is of 4 bytes, or of 8 where it is masked: within 64 the fault is there.
    vec![
        early(
            "byte-1-of-1016",
            "a byte that is no UTF-8 at the start of a long frame",
            vec![text(b"").payload(long(b"\xff"))],
            Wire::First(64),
        ),
        early(
            "overlong",
            "an overlong form at the start of a long frame",
            vec![text(b"").payload(long(b"\xc0\x80"))],
            Wire::First(64),
        ),
        early(
            "first-fragment",
            "a first fragment that is no UTF-8",
            vec![text(b"Hello \xff").more()],
            Wire::Whole,
        )
        .autobahn("6.3.2"),
        early(
            "surrogate-half",
            "the two bytes that begin a surrogate, at the end of a fragment",
            vec![text(b"\xed\xa0").more()],
            Wire::Whole,
        ),
        early(
            "above-10ffff",
            "the two bytes that begin what is above U+10FFFF",
            vec![text(b"ok \xf4\x90").more()],
            Wire::Whole,
        )
        .autobahn("6.4.2"),
        early(
            "second-fragment",
            "a fragment that breaks a character off",
            vec![text(b"\xe2\x82").more(), continuation(b"a").more()],
            Wire::Whole,
        ),
    ]
}
