//! The earliest byte: a peer that knows that a frame is wrong need not wait for its payload, which
//! may never come. RFC 6455 says that the connection fails, not when; so these are SHOULDs.

use crate::case::{Case, Expect, Section, Step, Wire, ws};
use crate::frames::{Frame, Length, Mask, binary, close, continuation, frame, ping, pong, text};

/// The section that is broken, what is sent, and how many bytes of the last frame.
struct Row(Section, &'static str, &'static str, &'static [Frame], usize);

static ROWS: &[Row] = &[
    Row(ws("5.2"), "rsv1", "RSV1, two bytes", &[text(b"Hello").rsv(4)], 2),
    Row(ws("5.2"), "rsv1-byte", "RSV1, a header and a byte", &[text(&[b'a'; 100]).rsv(4)], 7),
    Row(ws("5.2"), "rsv2", "RSV2, two bytes", &[text(b"Hello").rsv(2)], 2),
    Row(ws("5.2"), "rsv3-ping", "RSV3 on a Ping, two bytes", &[ping(b"Hello").rsv(1)], 2),
    Row(ws("5.2"), "rsv1-claims", "RSV1, all of a long header", &[binary(&[7; 300]).rsv(4)], 4),
    Row(ws("5.2"), "opcode3", "opcode 3, two bytes", &[frame(3, b"Hello")], 2),
    Row(ws("5.2"), "opcode11", "opcode 11, two bytes", &[frame(11, b"Hello")], 2),
    Row(
        ws("5.2"),
        "length-top-bit",
        "a length of 64 bits with its top bit set, without payload",
        &[binary(b"").length(Length::Claimed(1 << 63))],
        10,
    ),
    Row(
        ws("5.2"),
        "not-minimal-2",
        "a length that is not minimal, without payload",
        &[binary(&[7; 125]).length(Length::In2Bytes)],
        4,
    ),
    Row(
        ws("5.2"),
        "not-minimal-8",
        "a length that is not minimal, without payload",
        &[binary(&[7; 300]).length(Length::In8Bytes)],
        10,
    ),
    Row(ws("5.1"), "mask", "the wrong mask bit, two bytes", &[text(b"Hello").mask(Mask::Wrong)], 2),
    Row(
        ws("5.1"),
        "mask-ping",
        "the wrong mask bit on a Ping",
        &[ping(b"Hi").mask(Mask::Wrong)],
        2,
    ),
    Row(ws("5.5"), "ping-126", "a Ping of 126 bytes, two bytes", &[ping(&[7; 126])], 2),
    Row(ws("5.5"), "pong-126", "a Pong of 126 bytes, two bytes", &[pong(&[7; 126])], 2),
    Row(ws("5.5"), "close-126", "a Close of 126 bytes, two bytes", &[close(&[3; 126])], 2),
    Row(ws("5.5"), "ping-fin0", "a Ping with FIN clear, two bytes", &[ping(b"Hello").more()], 2),
    Row(
        ws("5.5"),
        "close-fin0",
        "a Close with FIN clear, two bytes",
        &[close(b"\x03\xe8").more()],
        2,
    ),
    Row(ws("5.5.1"), "close-1", "a Close of one byte, two bytes", &[close(b"\x03")], 2),
    Row(ws("5.4"), "continuation", "a continuation of nothing", &[continuation(b"Hello")], 2),
];

/// The same behind a first fragment.
static BEHIND: &[Row] = &[
    Row(ws("5.4"), "new-text", "a new text message within a message", &[text(b"Hello")], 2),
    Row(ws("5.4"), "new-binary", "a new binary message within a message", &[binary(b"Hello")], 2),
    Row(
        ws("5.2"),
        "continuation-rsv1",
        "RSV1 on a continuation, two bytes",
        &[continuation(b"Hello").rsv(4)],
        2,
    ),
];

pub(super) fn cases() -> Vec<Case> {
    let case = |row: &Row| {
        let &Row(section, name, title, _, _) = row;
        Case::should(section, &format!("early-{name}"), format!("{title}: fails at once"))
    };
    let cut = |row: &Row| Step::Send(row.3.to_vec(), Wire::First(row.4));
    let alone = ROWS.iter().map(|row| case(row).step(cut(row)));
    let behind = BEHIND.iter().map(|row| case(row).send(vec![text(b"Hel").more()]).step(cut(row)));
    alone.chain(behind).map(|case| case.expect(Expect::Failure(&[]))).collect()
}
