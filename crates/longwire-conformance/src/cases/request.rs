//! RFC 6455 §4.2.1: what a server does with a request that is right, and with each that is not.

use crate::case::{Answer, Case, Level, Opening, Section, Wire, echo_text, http, ws};
use crate::frames::text;
use crate::handshake::Draft;
use crate::handshake::Edit::{self, And, First, Line, With, Without};

const MUST: Level = Level::Must;
const SHOULD: Level = Level::Should;
const INFO: Level = Level::Info;

/// A request that is right, but for what is edited.
struct Row(Level, Section, &'static str, &'static str, &'static [Edit], Answer);

const REFUSED: Answer = Answer::Refused(&[]);

static ROWS: &[Row] = &[
    // Requests that are right.
    Row(MUST, ws("4.2.2"), "plain", "a correct request is accepted", &[], Answer::Upgraded),
    Row(
        MUST,
        ws("4.2.1"),
        "names-any-case",
        "names of headers in any case",
        &[
            Without("Upgrade"),
            And("uPGRADE: websocket"),
            Without("Connection"),
            And("CONNECTION: Upgrade"),
        ],
        Answer::Upgraded,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "upgrade-any-case",
        "Upgrade is compared without regard to case",
        &[With("Upgrade", "WebSocket")],
        Answer::Upgraded,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "connection-any-case",
        "Connection is compared without regard to case",
        &[With("Connection", "uPgRaDe")],
        Answer::Upgraded,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "connection-list",
        "Connection may be a list, as Firefox sends it",
        &[With("Connection", "keep-alive, Upgrade")],
        Answer::Upgraded,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "connection-lines",
        "Connection may be in several lines",
        &[With("Connection", "keep-alive"), And("Connection: Upgrade")],
        Answer::Upgraded,
    ),
    Row(
        SHOULD,
        ws("4.2.1"),
        "upgrade-list",
        "Upgrade may be a list that has websocket",
        &[With("Upgrade", "foo/2, websocket")],
        Answer::Upgraded,
    ),
    Row(
        MUST,
        http("5.1"),
        "ows-around",
        "white space around a value is no part of it",
        &[With("Upgrade", " \t websocket \t "), With("Sec-WebSocket-Version", "  13  ")],
        Answer::Upgraded,
    ),
    Row(
        MUST,
        http("5.1"),
        "no-ows",
        "no white space is needed behind the colon",
        &[Without("Upgrade"), And("Upgrade:websocket")],
        Answer::Upgraded,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "unknown-headers",
        "headers that are not known are ignored",
        &[And("X-Unknown: 1"), And("DNT: 1"), And("X-Empty:")],
        Answer::Upgraded,
    ),
    Row(
        MUST,
        ws("4.1"),
        "pad-bits",
        "the RFC's own sample of a key, whose last bits are not zero (erratum 3150)",
        &[With("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEC==")],
        Answer::Upgraded,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "origin-null",
        "an Origin is no fault",
        &[And("User-Agent: suite"), And("Cookie: a=b")],
        Answer::Upgraded,
    ),
    Row(
        SHOULD,
        ws("4.2.1"),
        "absolute-form",
        "the target may be a whole URI",
        &[Line("GET http://{host}{target} HTTP/1.1")],
        Answer::Upgraded,
    ),
    Row(
        SHOULD,
        ws("4.2.2"),
        "subprotocol-unknown",
        "a subprotocol that the server does not speak is left out",
        &[And("Sec-WebSocket-Protocol: x-no-such-protocol")],
        Answer::UpgradedWithout("Sec-WebSocket-Protocol"),
    ),
    Row(
        MUST,
        ws("9.1"),
        "extension-unknown",
        "an extension that is not known is left out",
        &[And("Sec-WebSocket-Extensions: x-unknown; a=1; b=\"c\"")],
        Answer::UpgradedWithout("Sec-WebSocket-Extensions"),
    ),
    Row(
        MUST,
        ws("9.1"),
        "extensions-lines",
        "extensions in several lines are one list",
        &[And("Sec-WebSocket-Extensions: x-a"), And("Sec-WebSocket-Extensions: x-b; c")],
        Answer::UpgradedWithout("Sec-WebSocket-Extensions"),
    ),
    Row(
        MUST,
        ws("9.1"),
        "extension-proto",
        "an extension may have any name, such as __proto__",
        &[And("Sec-WebSocket-Extensions: __proto__; constructor; toString=1")],
        Answer::UpgradedWithout("Sec-WebSocket-Extensions"),
    ),
    // The request line and Host.
    Row(
        MUST,
        ws("4.2.1"),
        "method-post",
        "POST is refused",
        &[Line("POST {target} HTTP/1.1")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "method-put",
        "PUT is refused",
        &[Line("PUT {target} HTTP/1.1")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "method-head",
        "HEAD opens nothing",
        &[Line("HEAD {target} HTTP/1.1")],
        Answer::NotUpgraded,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "method-options",
        "OPTIONS opens nothing",
        &[Line("OPTIONS {target} HTTP/1.1")],
        Answer::NotUpgraded,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "method-connect",
        "CONNECT is refused",
        &[Line("CONNECT {host} HTTP/1.1")],
        Answer::RefusedOrDropped,
    ),
    Row(
        MUST,
        http("3.1"),
        "method-lower-case",
        "methods have a case: get is refused",
        &[Line("get {target} HTTP/1.1")],
        Answer::RefusedOrDropped,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "http-1-0",
        "HTTP/1.0 is refused",
        &[Line("GET {target} HTTP/1.0")],
        Answer::NotUpgraded,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "http-0-9",
        "HTTP/0.9 is refused",
        &[Line("GET {target} HTTP/0.9")],
        Answer::RefusedOrDropped,
    ),
    Row(
        MUST,
        http("2.3"),
        "http-2-0",
        "HTTP/2.0 in this form is refused",
        &[Line("GET {target} HTTP/2.0")],
        Answer::RefusedOrDropped,
    ),
    Row(
        MUST,
        http("2.3"),
        "http-lower-case",
        "http/1.1 is no version",
        &[Line("GET {target} http/1.1")],
        Answer::RefusedOrDropped,
    ),
    Row(
        MUST,
        http("3.2"),
        "host-absent",
        "a request without Host is refused with 400",
        &[Without("Host")],
        Answer::Refused(&[400]),
    ),
    Row(
        MUST,
        http("3.2"),
        "host-repeated",
        "two Hosts are refused with 400",
        &[And("Host: {host}")],
        Answer::Refused(&[400]),
    ),
    Row(
        MUST,
        http("3.2"),
        "host-repeated-other",
        "two Hosts that differ are refused with 400",
        &[And("Host: other.example")],
        Answer::Refused(&[400]),
    ),
    Row(
        MUST,
        http("3.2"),
        "host-invalid",
        "a Host with a space is refused with 400",
        &[With("Host", "not a host")],
        Answer::Refused(&[400]),
    ),
    Row(
        SHOULD,
        http("3.2"),
        "host-empty",
        "an empty Host is refused, since the URI has a host",
        &[With("Host", "")],
        Answer::Refused(&[400]),
    ),
    Row(
        MUST,
        http("3.2"),
        "host-open-bracket",
        "a Host with a bracket that is not closed",
        &[With("Host", "[::1")],
        Answer::Refused(&[400]),
    ),
    // Upgrade and Connection.
    Row(
        MUST,
        ws("4.2.1"),
        "upgrade-absent",
        "a request without Upgrade opens nothing",
        &[Without("Upgrade")],
        Answer::NotUpgraded,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "upgrade-other",
        "an Upgrade to h2c opens no WebSocket",
        &[With("Upgrade", "h2c")],
        Answer::NotUpgraded,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "upgrade-prefix",
        "websocket2 is not websocket",
        &[With("Upgrade", "websocket2")],
        Answer::NotUpgraded,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "upgrade-empty",
        "an empty Upgrade opens nothing",
        &[With("Upgrade", "")],
        Answer::NotUpgraded,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "connection-absent",
        "a request without Connection opens nothing",
        &[Without("Connection")],
        Answer::NotUpgraded,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "connection-other",
        "Connection: keep-alive opens nothing",
        &[With("Connection", "keep-alive")],
        Answer::NotUpgraded,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "connection-close",
        "Connection: close opens nothing",
        &[With("Connection", "close")],
        Answer::NotUpgraded,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "connection-suffix",
        "upgraded is not upgrade",
        &[With("Connection", "upgraded")],
        Answer::NotUpgraded,
    ),
    // The key.
    Row(
        MUST,
        ws("4.2.1"),
        "key-absent",
        "a request without a key is refused",
        &[Without("Sec-WebSocket-Key")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "key-empty",
        "an empty key is refused",
        &[With("Sec-WebSocket-Key", "")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "key-short",
        "a key of 15 bytes is refused",
        &[With("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4P")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "key-long",
        "a key of 17 bytes is refused",
        &[With("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEBE=")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "key-no-base64",
        "a key that is no base64 is refused",
        &[With("Sec-WebSocket-Key", "!!!!!!!!!!!!!!!!!!!!!!==")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "key-unpadded",
        "a key without its padding is refused",
        &[With("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEA")],
        REFUSED,
    ),
    Row(
        SHOULD,
        ws("4.2.1"),
        "key-url-safe",
        "base64 for URLs is not base64",
        &[With("Sec-WebSocket-Key", "-_IDBAUGBwgJCgsMDQ4PEA==")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("11.3.1"),
        "key-repeated",
        "two keys are refused",
        &[And("Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==")],
        REFUSED,
    ),
    // The version.
    Row(
        MUST,
        ws("4.2.2"),
        "version-absent",
        "a request without a version is refused",
        &[Without("Sec-WebSocket-Version")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("4.2.2"),
        "version-8",
        "version 8 is refused, and the answer says 13",
        &[With("Sec-WebSocket-Version", "8")],
        Answer::RefusedWithVersion,
    ),
    Row(
        MUST,
        ws("4.2.2"),
        "version-7",
        "version 7 is refused, and the answer says 13",
        &[With("Sec-WebSocket-Version", "7")],
        Answer::RefusedWithVersion,
    ),
    Row(
        MUST,
        ws("4.4"),
        "version-14",
        "version 14 is refused, and the answer says 13",
        &[With("Sec-WebSocket-Version", "14")],
        Answer::RefusedWithVersion,
    ),
    Row(
        MUST,
        ws("4.4"),
        "version-255",
        "version 255 is refused, and the answer says 13",
        &[With("Sec-WebSocket-Version", "255")],
        Answer::RefusedWithVersion,
    ),
    Row(
        SHOULD,
        ws("4.2.2"),
        "version-8-426",
        "another version is refused with 426",
        &[With("Sec-WebSocket-Version", "8")],
        Answer::Refused(&[426]),
    ),
    Row(
        SHOULD,
        ws("4.1"),
        "version-leading-zero",
        "013 is no version",
        &[With("Sec-WebSocket-Version", "013")],
        REFUSED,
    ),
    Row(
        SHOULD,
        ws("4.1"),
        "version-plus",
        "+13 is no version",
        &[With("Sec-WebSocket-Version", "+13")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("4.2.1"),
        "version-text",
        "a version that is no number is refused",
        &[With("Sec-WebSocket-Version", "thirteen")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("11.3.5"),
        "version-repeated",
        "two versions are refused",
        &[And("Sec-WebSocket-Version: 8")],
        REFUSED,
    ),
    Row(
        SHOULD,
        ws("11.3.5"),
        "version-repeated-same",
        "13 twice is refused",
        &[And("Sec-WebSocket-Version: 13")],
        REFUSED,
    ),
    Row(
        SHOULD,
        ws("4.1"),
        "version-list",
        "a list of versions is refused",
        &[With("Sec-WebSocket-Version", "13, 8")],
        REFUSED,
    ),
    // Extensions and subprotocols.
    Row(
        MUST,
        ws("9.1"),
        "extensions-empty-param",
        "an extension with an empty parameter",
        &[And("Sec-WebSocket-Extensions: a;")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("9.1"),
        "extensions-empty-value",
        "a parameter with = and no value",
        &[And("Sec-WebSocket-Extensions: a; b=")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("9.1"),
        "extensions-no-name",
        "a parameter without an extension",
        &[And("Sec-WebSocket-Extensions: ; b=1")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("9.1"),
        "extensions-open-quote",
        "a quoted value that does not end",
        &[And("Sec-WebSocket-Extensions: a; b=\"c")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("9.1"),
        "extensions-open-escape",
        "a quoted value that ends in a backslash",
        &[And("Sec-WebSocket-Extensions: a; b=\"\\c\\\"")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("9.1"),
        "extensions-quoted-space",
        "a quoted value that is no token",
        &[And("Sec-WebSocket-Extensions: a; b=\"c d\"")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("9.1"),
        "extensions-two-words",
        "two words without a separator",
        &[And("Sec-WebSocket-Extensions: a b")],
        REFUSED,
    ),
    Row(
        MUST,
        ws("9.1"),
        "extensions-no-token",
        "a name that is no token",
        &[And("Sec-WebSocket-Extensions: a/b")],
        REFUSED,
    ),
    Row(
        SHOULD,
        ws("4.2.1"),
        "subprotocol-no-token",
        "a subprotocol that is no token",
        &[And("Sec-WebSocket-Protocol: a b")],
        REFUSED,
    ),
    Row(
        SHOULD,
        ws("4.1"),
        "subprotocol-twice",
        "a subprotocol twice",
        &[And("Sec-WebSocket-Protocol: a, a")],
        REFUSED,
    ),
    Row(
        INFO,
        ws("4.1"),
        "subprotocol-empty",
        "an empty Sec-WebSocket-Protocol",
        &[And("Sec-WebSocket-Protocol:")],
        Answer::Observed,
    ),
    Row(
        INFO,
        ws("10.2"),
        "origin-foreign",
        "a request from another origin",
        &[And("Origin: http://evil.example")],
        Answer::Observed,
    ),
    Row(
        INFO,
        ws("10.2"),
        "origin-is-null",
        "a request from the origin null",
        &[And("Origin: null")],
        Answer::Observed,
    ),
    Row(
        INFO,
        ws("4.2.1"),
        "body-length-0",
        "a request with Content-Length: 0",
        &[And("Content-Length: 0")],
        Answer::Observed,
    ),
    Row(
        INFO,
        ws("4.2.1"),
        "expect-continue",
        "a request with Expect: 100-continue",
        &[First("Expect: 100-continue")],
        Answer::Observed,
    ),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = ROWS.iter().map(case).collect();
    cases.extend(frames_behind());
    for piece in [1, 2, 50] {
        let opening = Opening::Request {
            request: Draft::request(),
            wire: Wire::Pieces(piece),
            answer: Answer::Upgraded,
        };
        let title = format!("a request in segments of {piece} bytes");
        cases.push(
            Case::must(ws("4.2.1"), &format!("segments-of-{piece}"), title)
                .open(opening)
                .send(vec![text(b"Hello")])
                .step(echo_text(b"Hello")),
        );
    }
    cases
}

/// Where the request is right, the connection is used too.
fn case(row: &Row) -> Case {
    let &Row(level, section, name, title, edits, answer) = row;
    let request = Draft::request().edits(edits);
    let case = Case::new(level, section, name, title);
    let case = case.open(Opening::Request { request, wire: Wire::Whole, answer });
    match answer {
        Answer::Upgraded | Answer::UpgradedWithout(_) => {
            case.send(vec![text(b"Hello")]).step(echo_text(b"Hello"))
        }
        _ => case,
    }
}

/// Bytes behind the head are the first frames, though no client should send them so soon.
fn frames_behind() -> Vec<Case> {
    let behind = |name: &str, title: &str, wire: Wire| {
        let mut request = Draft::request();
        request.frames = vec![text(b"early"), text(b"bird")];
        Case::should(ws("4.2.2"), name, title)
            .open(Opening::Request { request, wire, answer: Answer::Upgraded })
            .step(echo_text(b"early"))
            .step(echo_text(b"bird"))
    };
    vec![
        behind("frames-behind", "frames in the segment of the request are received", Wire::Whole),
        behind("frames-behind-pieces", "the same in segments of 100 bytes", Wire::Pieces(100)),
    ]
}
