//! RFC 9112: the HTTP/1.1 that a handshake stands on, for servers.

use crate::case::{
    Answer, Case, INFO, Level, MUST, Opening, SHOULD, Section, Wire, echo_text, http, ws,
};
use crate::frames::text;
use crate::handshake::Draft;
use crate::handshake::Edit::{self, And, Behind, First, Line, With, Without};

struct Row(Level, Section, &'static str, &'static str, &'static [Edit], Answer);

const REFUSED: Answer = Answer::RefusedOrDropped;
/// A second request, to be found or not.
const ANOTHER: Edit = Behind("GET /another HTTP/1.1\r\nHost: {host}\r\n\r\n");

static ROWS: &[Row] = &[
    Row(
        MUST,
        http("5.1"),
        "space-before-colon",
        "white space between name and colon is refused with 400",
        &[Without("Upgrade"), And("Upgrade : websocket")],
        Answer::Refused(&[400]),
    ),
    Row(
        MUST,
        http("5.1"),
        "tab-before-colon",
        "a tab between name and colon is refused with 400",
        &[And("X-Other\t: a")],
        Answer::Refused(&[400]),
    ),
    // RFC 9112 §5.2: a server refuses a folded line, or reads it as one with spaces; §2.2 leaves the
    // same choice for a CR alone. To refuse is the safer one, and no more than that.
    Row(
        INFO,
        http("5.2"),
        "obs-fold",
        "a folded line is refused",
        &[And("X-Folded: a\r\n b")],
        REFUSED,
    ),
    Row(
        INFO,
        http("5.2"),
        "obs-fold-upgrade",
        "a folded Upgrade is refused",
        &[With("Upgrade", "\r\n websocket")],
        REFUSED,
    ),
    Row(
        SHOULD,
        http("2.2"),
        "space-first",
        "white space in front of the first header",
        &[First(" X-First: a")],
        REFUSED,
    ),
    Row(INFO, http("2.2"), "bare-cr", "a CR alone in a value", &[And("X-Cr: a\rb")], REFUSED),
    Row(
        INFO,
        http("2.2"),
        "bare-cr-line",
        "a CR alone at the end of a line",
        &[And("X-Cr: a\rX-Other: b")],
        REFUSED,
    ),
    // RFC 9110 §5.5: such a value is refused, or a space put in its place; which cannot be told
    // apart from here.
    Row(
        INFO,
        http("5"),
        "nul-value",
        "a NUL in a value (RFC 9110 §5.5)",
        &[And("X-Nul: a\0b")],
        REFUSED,
    ),
    Row(
        SHOULD,
        http("5"),
        "control-value",
        "a control character in a value",
        &[And("X-Control: a\u{1}b")],
        REFUSED,
    ),
    Row(SHOULD, http("5"), "nul-name", "a NUL in a name", &[And("X-N\0: a")], REFUSED),
    // RFC 9112 §2.2: what is off the grammar of HTTP should be answered with 400.
    Row(SHOULD, http("5"), "name-empty", "a header without a name", &[And(": a")], REFUSED),
    Row(
        SHOULD,
        http("5"),
        "name-space",
        "a name with a space in it",
        &[And("X Space: a")],
        REFUSED,
    ),
    Row(SHOULD, http("5"), "name-no-token", "a name that is no token", &[And("X(y): a")], REFUSED),
    Row(SHOULD, http("5"), "no-colon", "a line without a colon", &[And("XNoColon")], REFUSED),
    Row(
        INFO,
        http("5"),
        "high-byte-value",
        "a byte above 127 in a value",
        &[And("X-High: \u{e9}")],
        Answer::Observed,
    ),
    Row(
        SHOULD,
        http("3"),
        "target-space",
        "a target with a space",
        &[Line("GET {target} x HTTP/1.1")],
        REFUSED,
    ),
    Row(
        SHOULD,
        http("3"),
        "target-control",
        "a target with a control character",
        &[Line("GET {target}\u{1} HTTP/1.1")],
        REFUSED,
    ),
    Row(
        SHOULD,
        http("3"),
        "target-high-byte",
        "a target with a byte above 127",
        &[Line("GET {target}\u{e9} HTTP/1.1")],
        REFUSED,
    ),
    Row(
        SHOULD,
        http("3"),
        "target-fragment",
        "a target with a fragment",
        &[Line("GET {target}#a HTTP/1.1")],
        REFUSED,
    ),
    Row(
        SHOULD,
        http("3.2"),
        "target-relative",
        "a target that does not begin with a slash",
        &[Line("GET echo HTTP/1.1")],
        REFUSED,
    ),
    Row(
        MUST,
        http("3"),
        "no-version",
        "a request line without a version",
        &[Line("GET {target}")],
        REFUSED,
    ),
    Row(
        MUST,
        http("3"),
        "version-garbage",
        "a version that is none",
        &[Line("GET {target} HTTP/1.x")],
        REFUSED,
    ),
    Row(
        SHOULD,
        http("3"),
        "version-two-digits",
        "the version HTTP/1.10",
        &[Line("GET {target} HTTP/1.10")],
        REFUSED,
    ),
    Row(
        INFO,
        http("3"),
        "two-spaces",
        "two spaces in the request line",
        &[Line("GET  {target} HTTP/1.1")],
        Answer::Observed,
    ),
    Row(
        INFO,
        http("2.2"),
        "empty-line-first",
        "an empty line in front of the request",
        &[Line("\r\nGET {target} HTTP/1.1")],
        Answer::Observed,
    ),
    // Bodies: a request with one is not a handshake, and where its end is unclear it is an attack.
    Row(
        MUST,
        http("6.3"),
        "lengths-differ",
        "two Content-Lengths that differ",
        &[And("Content-Length: 0"), And("Content-Length: 5")],
        REFUSED,
    ),
    Row(
        MUST,
        http("6.3"),
        "length-no-number",
        "a Content-Length that is no number",
        &[And("Content-Length: five")],
        REFUSED,
    ),
    Row(
        MUST,
        http("6.3"),
        "length-plus",
        "Content-Length: +5",
        &[And("Content-Length: +5"), Behind("Hello")],
        REFUSED,
    ),
    Row(
        MUST,
        http("6.3"),
        "length-negative",
        "Content-Length: -1",
        &[And("Content-Length: -1")],
        REFUSED,
    ),
    Row(
        MUST,
        http("6.3"),
        "transfer-not-chunked",
        "a Transfer-Encoding whose last is not chunked",
        &[And("Transfer-Encoding: gzip")],
        REFUSED,
    ),
    Row(
        SHOULD,
        http("6.3"),
        "transfer-xchunked",
        "Transfer-Encoding: xchunked",
        &[And("Transfer-Encoding: xchunked")],
        REFUSED,
    ),
    Row(
        SHOULD,
        http("6.1"),
        "transfer-and-length",
        "Transfer-Encoding with Content-Length",
        &[And("Transfer-Encoding: chunked"), And("Content-Length: 5"), Behind("0\r\n\r\n")],
        REFUSED,
    ),
    Row(
        SHOULD,
        http("6"),
        "body",
        "a request with a body: it would be taken for frames",
        &[And("Content-Length: 5"), Behind("Hello")],
        REFUSED,
    ),
    Row(
        SHOULD,
        http("6"),
        "body-chunked",
        "a request with a chunked body",
        &[And("Transfer-Encoding: chunked"), Behind("0\r\n\r\n")],
        REFUSED,
    ),
    // After a refusal.
    Row(
        SHOULD,
        http("9.6"),
        "close-after-400",
        "a refusal of what is malformed says Connection: close, and TCP ends",
        &[And("XNoColon")],
        Answer::RefusedWithClose,
    ),
    Row(
        SHOULD,
        http("9.6"),
        "close-after-426",
        "a refusal of the version says Connection: close, and TCP ends",
        &[With("Sec-WebSocket-Version", "14")],
        Answer::RefusedWithClose,
    ),
    Row(
        SHOULD,
        http("9.6"),
        "close-after-no-key",
        "a refusal for want of a key says Connection: close, and TCP ends",
        &[Without("Sec-WebSocket-Key")],
        Answer::RefusedWithClose,
    ),
    Row(
        SHOULD,
        http("9.3"),
        "one-response-400",
        "what follows a malformed request is not read as a request",
        &[And("X Y: Z"), ANOTHER],
        Answer::RefusedThenEnd,
    ),
    Row(
        SHOULD,
        http("9.3"),
        "one-response-version",
        "what follows a refused version is not read as a request",
        &[With("Sec-WebSocket-Version", "14"), ANOTHER],
        Answer::RefusedThenEnd,
    ),
    Row(
        SHOULD,
        http("9.3"),
        "one-response-key",
        "what follows a refused key is not read as a request",
        &[With("Sec-WebSocket-Key", "short"), ANOTHER],
        Answer::RefusedThenEnd,
    ),
];

pub(super) fn cases() -> Vec<Case> {
    let opened = |request: Draft, answer| Opening::Request { request, wire: Wire::Whole, answer };
    let mut cases: Vec<Case> = ROWS
        .iter()
        .map(|&Row(level, section, name, title, edits, answer)| {
            Case::new(level, section, name, title)
                .open(opened(Draft::request().edits(edits), answer))
        })
        .collect();
    cases.push(
        Case::info(ws("4.2.2"), "no-http-behind", "behind a 101 there are frames, never requests")
            .open(opened(Draft::request().edit(ANOTHER), Answer::Upgraded))
            .expect(crate::case::Expect::Failure(&[])),
    );
    cases.extend(sizes());
    cases
}

/// Heads that are too long, which nobody has to take; and some that are long and fine.
fn sizes() -> Vec<Case> {
    let mut cases = Vec::new();
    let many = |count: usize| {
        (0..count).fold(Draft::request(), |draft, n| draft.and(format!("X-{n}: {n}")))
    };
    let large = |bytes: usize| Draft::request().and(format!("X-Long: {}", "a".repeat(bytes)));
    let long_line = |bytes: usize| {
        Draft::request().line(format!("GET {{target}}?{} HTTP/1.1", "a".repeat(bytes)))
    };
    let refused = [
        ("headers-100000", "100,000 headers are refused", many(100_000)),
        ("header-1-mib", "a header of 1 MiB is refused", large(1 << 20)),
        ("target-1-mib", "a target of 1 MiB is refused", long_line(1 << 20)),
    ];
    for (name, title, request) in refused {
        let opening = Opening::Request { request, wire: Wire::Whole, answer: REFUSED };
        cases.push(Case::should(ws("10.4"), name, title).open(opening));
    }
    for (name, title, request) in [
        ("header-2-kib", "a header of 2 KiB, such as cookies", large(2048)),
        ("headers-30", "30 further headers", many(30)),
        ("target-1-kib", "a target of 1 KiB", long_line(1024)),
    ] {
        let opening = Opening::Request { request, wire: Wire::Whole, answer: Answer::Upgraded };
        cases.push(
            Case::should(http("3"), name, title)
                .open(opening)
                .send(vec![text(b"Hello")])
                .step(echo_text(b"Hello")),
        );
    }
    for (name, title, request) in [
        ("headers-101", "101 further headers", many(101)),
        ("headers-2001", "2,001 further headers", many(2001)),
        ("header-9-kib", "a header of 9 KiB", large(9 << 10)),
        ("header-20-kib", "a header of 20 KiB", large(20 << 10)),
        ("target-9-kib", "a target of 9 KiB", long_line(9 << 10)),
    ] {
        let opening = Opening::Request { request, wire: Wire::Whole, answer: Answer::Observed };
        cases.push(Case::info(ws("10.4"), name, title).open(opening));
    }
    cases
}
