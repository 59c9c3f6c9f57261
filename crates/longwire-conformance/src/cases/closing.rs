//! RFC 6455 §5.5.1 and §7: the closing handshake, its codes, and who closes TCP.

use super::Failing;
use crate::case::{Case, Expect, PROBE, Step, Wire, echo, echo_text, ws};
use crate::frames::{BINARY, Frame, binary, close, continuation, ping, text};

/// Codes that an endpoint may send (§7.4.1, IANA's registry, §7.4.2).
const VALID: &[u16] = &[
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
];
/// Those that Autobahn sends (7.7.1 to 7.7.13).
const VALID_IN_AUTOBAHN: &[u16] =
    &[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
/// Codes that must not be in a frame (§7.4.1), and those below 1000, which are not used (§7.4.2).
const INVALID: &[u16] = &[0, 1, 999, 1005, 1006, 1015];
/// Codes that are reserved: without a meaning, or for later versions of the protocol.
const UNDEFINED: &[u16] = &[1004, 1016, 1017, 1999, 2000, 2001, 2998, 2999];
/// Those that Autobahn wants to see refused (7.9.1 to 7.9.9).
const INVALID_IN_AUTOBAHN: &[u16] = &[0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];

/// Reasons that are no UTF-8.
static BAD_REASONS: &[(&str, &[u8], &str)] = &[
    ("reason-ff", b"\x03\xe8\xff", ""),
    ("reason-cut", b"\x03\xe8ok \xe2\x82", ""),
    ("reason-surrogate", b"\x03\xe8\xed\xa0\x80", "7.5.1"),
    ("reason-overlong", b"\x03\xe8\xc0\xaf", ""),
    ("reason-late", b"\x0f\xa0fine until here\x80", ""),
];

/// Reasons that are right.
static GOOD_REASONS: &[(&str, &[u8], &str)] = &[
    ("reason-ascii", b"\x03\xe8bye", "7.3.4"),
    ("reason-greek", b"\x03\xe8\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", ""),
    ("reason-multibyte", b"\x03\xe8\xe2\x82\xac\xf0\x9f\x98\x80", ""),
    (
        "reason-123",
        &{
            let mut body = [b'*'; 125];
            (body[0], body[1]) = (0x03, 0xe8);
            body
        },
        "7.3.5",
    ),
    ("reason-nul", b"\x03\xe8\0", ""),
];

fn closing(code: u16) -> Frame {
    close(b"").payload(code.to_be_bytes().to_vec())
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = codes();
    cases.extend(bodies());
    cases.extend(behind_the_close());
    cases.extend(ends_of_tcp());
    cases
}

fn codes() -> Vec<Case> {
    let mut cases = Vec::new();
    for &code in VALID {
        let autobahn = if VALID_IN_AUTOBAHN.contains(&code) { "7.7.1 - 7.7.13" } else { "" };
        cases.push(
            Case::must(
                ws("7.4"),
                &format!("code-{code}"),
                format!("a Close with {code} is answered"),
            )
            .send(vec![closing(code)])
            .expect(Expect::Closing(&[]))
            .autobahn(autobahn),
        );
    }
    for (code, only) in
        [(1000, &[1000][..]), (1001, &[1001]), (1013, &[1013]), (3000, &[3000]), (4999, &[4999])]
    {
        let title = format!("the answer to a Close with {code} has the same code");
        cases.push(
            Case::should(ws("5.5.1"), &format!("echoes-{code}"), title)
                .send(vec![closing(code)])
                .expect(Expect::Closing(only)),
        );
    }
    for &code in INVALID {
        let autobahn = if INVALID_IN_AUTOBAHN.contains(&code) { "7.9.1 - 7.9.9" } else { "" };
        let failing = Failing {
            section: ws("7.4.1"),
            name: format!("code-{code}"),
            title: format!("a Close with {code}, which must not be sent, fails the connection"),
            frames: vec![closing(code)],
            codes: &[1002],
            autobahn,
            content: false,
        };
        cases.extend(failing.cases());
    }
    for &code in UNDEFINED {
        let autobahn = if INVALID_IN_AUTOBAHN.contains(&code) { "7.9.1 - 7.9.9" } else { "" };
        let title = format!("a Close with {code}, which is reserved, fails the connection");
        cases.push(
            Case::should(ws("7.4.2"), &format!("code-{code}"), title)
                .send(vec![closing(code)])
                .expect(Expect::Failure(&[1002]))
                .autobahn(autobahn),
        );
    }
    for code in [5000, 5001, 65535] {
        let title = format!("a Close with {code}, of a range that the standard does not mention");
        cases.push(
            Case::info(ws("7.4.2"), &format!("code-{code}"), title)
                .send(vec![closing(code)])
                .expect(Expect::Observed)
                .autobahn(if code == 5001 { "" } else { "7.13.1, 7.13.2" }),
        );
    }
    cases
}

fn bodies() -> Vec<Case> {
    let mut cases = vec![
        Case::must(ws("5.5.1"), "empty", "a Close without a code is answered")
            .send(vec![close(b"")])
            .expect(Expect::Closing(&[]))
            .autobahn("7.3.1"),
        Case::should(ws("5.5.1"), "empty-echoed", "the answer to a Close without a code has none")
            .send(vec![close(b"")])
            .expect(Expect::Closing(&[1005, 1000])),
        Case::info(ws("5.5.1"), "empty-answer", "which code the answer to a Close without one has")
            .send(vec![close(b"")])
            .expect(Expect::Observed),
    ];
    let one_byte = Failing {
        section: ws("5.5.1"),
        name: "one-byte".to_owned(),
        title: "a Close whose body is one byte fails the connection".to_owned(),
        frames: vec![close(b"\x03")],
        codes: &[1002],
        autobahn: "7.3.2",
        content: false,
    };
    cases.extend(one_byte.cases());
    for &(name, body, autobahn) in BAD_REASONS {
        let failing = Failing {
            section: ws("5.5.1"),
            name: name.to_owned(),
            title: "a Close whose reason is no UTF-8 fails the connection".to_owned(),
            frames: vec![close(body)],
            codes: &[1007, 1002],
            autobahn,
            content: false,
        };
        cases.extend(failing.cases());
    }
    for &(name, body, autobahn) in GOOD_REASONS {
        cases.push(
            Case::must(ws("5.5.1"), name, "a Close with a reason is answered")
                .send(vec![close(body)])
                .expect(Expect::Closing(&[]))
                .autobahn(autobahn),
        );
    }
    cases
}

fn behind_the_close() -> Vec<Case> {
    let ignored = |name: &str, title: &str, behind: Vec<Frame>, autobahn: &'static str| {
        let mut frames = vec![close(b"\x03\xe8")];
        frames.extend(behind);
        Case::must(ws("5.5.1"), name, title)
            .send(frames)
            .expect(Expect::Closing(&[]))
            .autobahn(autobahn)
    };
    vec![
        ignored("text-behind", "a message behind a Close is ignored", vec![text(PROBE)], "7.1.4"),
        ignored(
            "binary-behind",
            "a binary message behind a Close is ignored",
            vec![binary(b"\0")],
            "",
        ),
        ignored(
            "fragments-behind",
            "fragments behind a Close are ignored",
            vec![text(b"a").more(), continuation(b"b")],
            "",
        ),
        ignored("close-behind", "a second Close is ignored", vec![close(b"\x03\xe9")], "7.1.2"),
        Case::should(ws("5.5.1"), "wrong-behind", "what is wrong behind a Close is ignored")
            .send(vec![close(b"\x03\xe8"), text(b"a").rsv(7)])
            .expect(Expect::Closing(&[1000])),
        Case::should(ws("5.5.2"), "ping-behind", "a Ping behind a Close is not answered")
            .send(vec![close(b"\x03\xe8"), ping(PROBE)])
            .expect(Expect::Closing(&[]))
            .autobahn("7.1.3"),
        Case::should(
            ws("5.5.1"),
            "message-before",
            "a message in front of a Close is delivered first",
        )
        .send(vec![text(b"last words"), close(b"\x03\xe8")])
        .step(echo_text(b"last words"))
        .expect(Expect::Closing(&[])),
        Case::must(ws("7.1.7"), "close-after-failure", "a Close behind a failure changes nothing")
            .send(vec![text(b"a").rsv(4), close(b"\x03\xe8"), text(PROBE)])
            .expect(Expect::Failure(&[])),
        Case::should(ws("7.1.7"), "failure-is-not-1000", "a failure is not a normal closure")
            .send(vec![text(b"a").rsv(4), close(b"\x03\xe8")])
            .expect(Expect::Failure(&[1002])),
        Case::should(
            ws("7.1.7"),
            "echo-before-failure",
            "a message before the failure still comes back",
        )
        .send(vec![text(b"before"), text(b"a").rsv(2)])
        .step(echo_text(b"before"))
        .expect(Expect::Failure(&[]))
        .autobahn("3.2"),
    ]
}

fn ends_of_tcp() -> Vec<Case> {
    vec![
        Case::must(
            ws("7.1.1"),
            "closes-tcp",
            "behind both Closes TCP ends, first on the server's side",
        )
        .send(vec![text(b"Hello")])
        .step(echo_text(b"Hello"))
        .send(vec![close(b"\x03\xe8")])
        .expect(Expect::Closing(&[])),
        Case::must(ws("7.1.1"), "closes-tcp-at-once", "the same without a message before")
            .send(vec![close(b"\x03\xe8")])
            .expect(Expect::Closing(&[]))
            .autobahn("7.1.1"),
        Case::should(ws("7.1.1"), "closes-tcp-cleanly", "TCP ends with FIN, not with RST")
            .send(vec![text(b"Hello")])
            .step(echo_text(b"Hello"))
            .send(vec![close(b"\x03\xe8")])
            .expect(Expect::ClosingWithFin),
        Case::must(ws("5.5.1"), "close-bytewise", "a Close that comes in segments of one byte")
            .step(Step::Send(vec![close(b"\x03\xe8slowly")], Wire::Pieces(1)))
            .expect(Expect::Closing(&[])),
        Case::should(
            ws("7.1.4"),
            "half-close",
            "TCP ends where the peer's half ends without a Close",
        )
        .send(vec![text(b"Hello")])
        .step(echo_text(b"Hello"))
        .step(Step::Shutdown)
        .expect(Expect::End),
        Case::should(
            ws("7.1.4"),
            "half-close-in-frame",
            "TCP ends where a half ends within a frame",
        )
        .step(Step::Send(vec![text(b"Hello")], Wire::First(4)))
        .step(Step::Shutdown)
        .expect(Expect::End),
        Case::should(
            ws("7.1.4"),
            "half-close-in-message",
            "TCP ends where a half ends within a message",
        )
        .send(vec![binary(b"Hel").more()])
        .step(Step::Shutdown)
        .expect(Expect::End),
        Case::should(ws("7.1.1"), "half-close-behind-close", "a Close and the end of our half")
            .send(vec![close(b"\x03\xe8")])
            .step(Step::Shutdown)
            .expect(Expect::Closing(&[])),
        Case::should(
            ws("5.5.1"),
            "large-echo-before",
            "64 KiB in front of a Close come back before it",
        )
        .send(vec![binary(b"").payload(vec![7; 65536]), close(b"\x03\xe8")])
        .step(echo(BINARY, vec![7; 65536]))
        .expect(Expect::Closing(&[])),
    ]
}
