//! RFC 6455 §4.1: what a client does with a response that is right, and with each that is not.

use super::response_wrong;
use crate::case::{
    Case, Expect, INFO, Level, MUST, Opening, PROBE, SHOULD, Section, Step, Wire, echo_text, http,
    ws,
};
use crate::frames::{Frame, ping, text};
use crate::handshake::Edit::{self, And, First, Line, With, Without};
use crate::handshake::{Draft, Head};

/// A response that is right, but for what is edited: its level, section, name and title.
pub(super) struct Row(
    pub(super) Level,
    pub(super) Section,
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) &'static [Edit],
);

/// The client goes on.
static RIGHT: &[Row] = &[
    Row(MUST, ws("4.1"), "plain", "a correct response is accepted", &[]),
    Row(
        MUST,
        ws("4.1"),
        "names-any-case",
        "names of headers in any case",
        &[Without("Upgrade"), And("UPGRADE: websocket")],
    ),
    Row(
        MUST,
        ws("4.1"),
        "upgrade-any-case",
        "Upgrade is compared without regard to case",
        &[With("Upgrade", "WebSocket")],
    ),
    Row(
        MUST,
        ws("4.1"),
        "connection-any-case",
        "Connection is compared without regard to case",
        &[With("Connection", "upgrade")],
    ),
    Row(
        SHOULD,
        ws("4.1"),
        "connection-list",
        "Connection may have more than Upgrade",
        &[With("Connection", "keep-alive, Upgrade")],
    ),
    Row(
        MUST,
        ws("4.1"),
        "accept-ows",
        "white space around the accept value is ignored",
        &[With("Sec-WebSocket-Accept", " \t {accept} \t ")],
    ),
    Row(
        MUST,
        http("4"),
        "reason-other",
        "the reason phrase means nothing",
        &[Line("HTTP/1.1 101 WebSocket Protocol Handshake")],
    ),
    Row(
        MUST,
        http("4"),
        "reason-empty",
        "the reason phrase may be empty",
        &[Line("HTTP/1.1 101 ")],
    ),
    Row(
        MUST,
        ws("4.1"),
        "unknown-headers",
        "headers that are not known are ignored",
        &[And("X-Unknown: a"), First("Server: suite"), And("Date: Thu, 01 Jan 1970 00:00:00 GMT")],
    ),
    Row(
        MUST,
        http("5.1"),
        "no-ows",
        "no white space is needed behind the colon",
        &[Without("Upgrade"), And("Upgrade:websocket")],
    ),
    Row(
        SHOULD,
        http("6"),
        "length-0",
        "a 101 with Content-Length: 0, as some servers send",
        &[And("Content-Length: 0")],
    ),
];

/// It is open what the client does.
static OPEN: &[Row] = &[
    Row(
        INFO,
        ws("4.1"),
        "status-302",
        "a redirection elsewhere",
        &[Line("HTTP/1.1 302 Found"), And("Location: /elsewhere"), And("Content-Length: 0")],
    ),
    Row(
        INFO,
        ws("4.1"),
        "status-401",
        "a demand for authentication",
        &[
            Line("HTTP/1.1 401 Unauthorized"),
            And("WWW-Authenticate: Basic realm=\"a\""),
            And("Content-Length: 0"),
        ],
    ),
    Row(
        INFO,
        ws("4.1"),
        "upgrade-list",
        "Upgrade with another protocol too",
        &[With("Upgrade", "websocket, h2c")],
    ),
    Row(INFO, ws("4.1"), "upgrade-repeated", "Upgrade twice", &[And("Upgrade: websocket")]),
    // RFC 9112 §5.2: a client has to read it as one line with the one before. Some refuse it, ours
    // among them, so that a head has one reading: that is stricter than the rule, and no fault of those
    // who follow it.
    Row(INFO, http("5.2"), "obs-fold", "a folded line", &[And("X-Folded: a\r\n b")]),
];

fn always(_: &Head) -> Result<(), String> {
    Ok(())
}

fn opening(response: Draft, wire: Wire) -> Opening {
    Opening::Response { response, wire, applies: always }
}

fn case(row: &Row, behind: Vec<Frame>) -> Case {
    let &Row(level, section, name, title, edits) = row;
    let mut response = Draft::response().edits(edits);
    response.frames = behind;
    Case::new(level, section, &format!("response-{name}"), title)
        .open(opening(response, Wire::Whole))
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for row in RIGHT {
        cases.push(case(row, Vec::new()).send(vec![text(b"Hello")]).step(echo_text(b"Hello")));
    }
    for row in response_wrong::ROWS {
        let case = case(row, vec![text(PROBE), ping(PROBE)]);
        cases.push(case.expect(Expect::Failure(&[])));
    }
    for row in OPEN {
        cases.push(case(row, Vec::new()).expect(Expect::Observed));
    }
    cases.extend(interim());
    cases.extend(cuts());
    cases.extend(sizes());
    cases
}

/// Statuses that announce another response (RFC 9110 §15.2): a client may wait for that one, or fail
/// the connection at once; open it is not.
fn interim() -> [Case; 2] {
    [("100", "100 Continue"), ("102", "102 Processing")].map(|(status, line)| {
        let response = Draft::response().line(format!("HTTP/1.1 {line}"));
        Case::must(
            ws("4.1"),
            &format!("response-status-{status}"),
            format!("{status} is no upgrade"),
        )
        .open(opening(response, Wire::Whole))
        .send(vec![ping(PROBE), text(PROBE)])
        .expect(Expect::NotOpen)
    })
}

/// The response in segments, or with frames behind it.
fn cuts() -> Vec<Case> {
    let mut cases = Vec::new();
    for piece in [1, 2, 50] {
        let title = format!("a response in segments of {piece} bytes");
        cases.push(
            Case::must(ws("4.1"), &format!("response-segments-of-{piece}"), title)
                .open(opening(Draft::response(), Wire::Pieces(piece)))
                .send(vec![text(b"Hello")])
                .step(echo_text(b"Hello")),
        );
    }
    for (name, title, wire) in [
        ("response-frames-behind", "frames in the segment of the response", Wire::Whole),
        ("response-frames-behind-1", "the same in segments of one byte", Wire::Pieces(1)),
        ("response-frames-behind-100", "the same in segments of 100 bytes", Wire::Pieces(100)),
    ] {
        let mut response = Draft::response();
        response.frames = vec![text(b"early"), ping(b"bird"), text(b"worm")];
        cases.push(
            Case::must(ws("4.1"), name, title)
                .open(opening(response, wire))
                .step(echo_text(b"early"))
                .step(echo_text(b"worm")),
        );
    }
    let cut = Case::should(ws("4.1"), "response-cut", "a response that TCP cuts in its midst")
        .open(opening(Draft::response(), Wire::First(40)))
        .step(Step::Shutdown)
        .expect(Expect::End);
    let none = Case::should(ws("4.1"), "response-none", "TCP ends without a response")
        .open(opening(Draft::response(), Wire::First(0)))
        .step(Step::Shutdown)
        .expect(Expect::End);
    cases.extend([cut, none]);
    cases
}

fn sizes() -> Vec<Case> {
    let many = |count: usize| {
        (0..count).fold(Draft::response(), |draft, n| draft.and(format!("X-{n}: {n}")))
    };
    let large = |bytes: usize| Draft::response().and(format!("X-Long: {}", "a".repeat(bytes)));
    let mut cases = Vec::new();
    for (name, title, response) in [
        ("headers-100000", "a response with 100,000 headers", many(100_000)),
        ("header-4-mib", "a response with a header of 4 MiB", large(4 << 20)),
    ] {
        cases.push(
            Case::should(ws("10.4"), &format!("response-{name}"), format!("{title} fails"))
                .open(opening(response, Wire::Whole))
                .send(vec![text(PROBE)])
                .expect(Expect::Failure(&[])),
        );
    }
    for (name, title, response) in [
        ("headers-30", "a response with 30 further headers", many(30)),
        ("header-2-kib", "a response with a header of 2 KiB", large(2048)),
    ] {
        cases.push(
            Case::should(http("5"), &format!("response-{name}"), title)
                .open(opening(response, Wire::Whole))
                .send(vec![text(b"Hello")])
                .step(echo_text(b"Hello")),
        );
    }
    cases
}
