//! RFC 7692 §5 and §7.1: what a server does with an offer of permessage-deflate.

use crate::case::{Answer, Case, Level, Opening, Section, Wire, echo_text, pmd};
use crate::extension::{self, Agreed};
use crate::frames::text;
use crate::handshake::Draft;

const MUST: Level = Level::Must;
const SHOULD: Level = Level::Should;
const INFO: Level = Level::Info;

struct Row(Level, Section, &'static str, &'static str, &'static str, Answer);

/// Whatever it agrees to has been checked against the offer.
fn any(_: &Agreed) -> Result<(), String> {
    Ok(())
}

fn server_forgets(agreed: &Agreed) -> Result<(), String> {
    if agreed.server.context_takeover { Err("the server keeps its context".into()) } else { Ok(()) }
}

fn server_window_9(agreed: &Agreed) -> Result<(), String> {
    let bits = agreed.server.window_bits;
    if bits > 9 { Err(format!("the server's window is of {bits} bits")) } else { Ok(()) }
}

const DECLINED: Answer = Answer::DeflateDeclined;

static ROWS: &[Row] = &[
    Row(
        MUST,
        pmd("7.1"),
        "plain",
        "an offer without parameters",
        "permessage-deflate",
        Answer::Deflate(any),
    ),
    Row(
        SHOULD,
        pmd("7.1"),
        "plain-agreed",
        "the offer that browsers make is agreed to",
        "permessage-deflate; client_max_window_bits",
        Answer::DeflateAgreed,
    ),
    Row(
        MUST,
        pmd("7.1.1.1"),
        "server-no-takeover",
        "server_no_context_takeover is in the answer too",
        "permessage-deflate; server_no_context_takeover",
        Answer::Deflate(server_forgets),
    ),
    Row(
        MUST,
        pmd("7.1.1.2"),
        "client-no-takeover",
        "client_no_context_takeover is a hint",
        "permessage-deflate; client_no_context_takeover",
        Answer::Deflate(any),
    ),
    Row(
        MUST,
        pmd("7.1.1"),
        "both-no-takeover",
        "both no_context_takeover",
        "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
        Answer::Deflate(server_forgets),
    ),
    Row(
        MUST,
        pmd("7.1.2.1"),
        "server-bits-9",
        "server_max_window_bits=9 is kept to",
        "permessage-deflate; server_max_window_bits=9",
        Answer::Deflate(server_window_9),
    ),
    Row(
        MUST,
        pmd("7.1.2.1"),
        "server-bits-10",
        "server_max_window_bits=10 is kept to",
        "permessage-deflate; server_max_window_bits=10",
        Answer::Deflate(any),
    ),
    Row(
        MUST,
        pmd("7.1.2.1"),
        "server-bits-15",
        "server_max_window_bits=15 is kept to",
        "permessage-deflate; server_max_window_bits=15",
        Answer::Deflate(any),
    ),
    Row(
        MUST,
        pmd("7.1.2.1"),
        "server-bits-8",
        "server_max_window_bits=8 is kept to or declined",
        "permessage-deflate; server_max_window_bits=8",
        Answer::Deflate(any),
    ),
    Row(
        MUST,
        pmd("7.1.2.2"),
        "client-bits",
        "client_max_window_bits without a value",
        "permessage-deflate; client_max_window_bits",
        Answer::Deflate(any),
    ),
    Row(
        MUST,
        pmd("7.1.2.2"),
        "client-bits-8",
        "client_max_window_bits=8",
        "permessage-deflate; client_max_window_bits=8",
        Answer::Deflate(any),
    ),
    Row(
        MUST,
        pmd("7.1.2.2"),
        "client-bits-10",
        "client_max_window_bits=10",
        "permessage-deflate; client_max_window_bits=10",
        Answer::Deflate(any),
    ),
    Row(
        MUST,
        pmd("7.1.2.2"),
        "client-bits-15",
        "client_max_window_bits=15",
        "permessage-deflate; client_max_window_bits=15",
        Answer::Deflate(any),
    ),
    Row(
        MUST,
        pmd("7.1"),
        "everything",
        "an offer with all four parameters",
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; client_max_window_bits=12",
        Answer::Deflate(server_forgets),
    ),
    Row(
        MUST,
        pmd("7.1.2.1"),
        "quoted-bits",
        "a quoted value is the same as a token",
        "permessage-deflate; server_max_window_bits=\"10\"",
        Answer::Deflate(any),
    ),
    Row(
        MUST,
        pmd("5.1"),
        "behind-unknown",
        "an offer behind an extension that is not known",
        "x-unknown, permessage-deflate",
        Answer::Deflate(any),
    ),
    Row(
        SHOULD,
        pmd("5.1"),
        "behind-unknown-agreed",
        "the offer is found behind what is not known",
        "x-unknown; a=b, permessage-deflate",
        Answer::DeflateAgreed,
    ),
    Row(
        MUST,
        pmd("5.1"),
        "two-offers",
        "of two offers at most one is agreed to",
        "permessage-deflate; server_max_window_bits=10, permessage-deflate",
        Answer::Deflate(any),
    ),
    Row(
        SHOULD,
        pmd("5.1"),
        "second-offer",
        "a bad offer is declined, and a good one behind it agreed to",
        "permessage-deflate; unknown_parameter, permessage-deflate",
        Answer::DeflateAgreed,
    ),
    // What has to be declined.
    Row(
        MUST,
        pmd("7"),
        "unknown-param",
        "an unknown parameter",
        "permessage-deflate; unknown_parameter",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7"),
        "unknown-param-value",
        "an unknown parameter with a value",
        "permessage-deflate; unknown_parameter=1",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7"),
        "proto-param",
        "a parameter named __proto__",
        "permessage-deflate; __proto__",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7"),
        "duplicate-takeover",
        "server_no_context_takeover twice",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7"),
        "duplicate-bits",
        "server_max_window_bits twice",
        "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7"),
        "duplicate-client-bits",
        "client_max_window_bits twice",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.1.1"),
        "takeover-value",
        "server_no_context_takeover with a value",
        "permessage-deflate; server_no_context_takeover=1",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.1.2"),
        "client-takeover-value",
        "client_no_context_takeover with a value",
        "permessage-deflate; client_no_context_takeover=true",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.2.1"),
        "bits-absent",
        "server_max_window_bits without a value",
        "permessage-deflate; server_max_window_bits",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.2.1"),
        "bits-7",
        "server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=7",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.2.1"),
        "bits-16",
        "server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=16",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.2.1"),
        "bits-0",
        "server_max_window_bits=0",
        "permessage-deflate; server_max_window_bits=0",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.2.1"),
        "bits-08",
        "server_max_window_bits=08",
        "permessage-deflate; server_max_window_bits=08",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.2.1"),
        "bits-010",
        "server_max_window_bits=010",
        "permessage-deflate; server_max_window_bits=010",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.2.1"),
        "bits-plus",
        "server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=+9",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.2.1"),
        "bits-text",
        "server_max_window_bits=abc",
        "permessage-deflate; server_max_window_bits=abc",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.2.1"),
        "bits-hex",
        "server_max_window_bits=0xa",
        "permessage-deflate; server_max_window_bits=0xa",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.2.1"),
        "bits-exponent",
        "server_max_window_bits=1e1",
        "permessage-deflate; server_max_window_bits=1e1",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.2.1"),
        "bits-huge",
        "server_max_window_bits=4294967306",
        "permessage-deflate; server_max_window_bits=4294967306",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.2.2"),
        "client-bits-7",
        "client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=7",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.2.2"),
        "client-bits-16",
        "client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=16",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.2.2"),
        "client-bits-08",
        "client_max_window_bits=08",
        "permessage-deflate; client_max_window_bits=08",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7.1.2.2"),
        "client-bits-text",
        "client_max_window_bits=abc",
        "permessage-deflate; client_max_window_bits=abc",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("5"),
        "empty-quoted",
        "an empty quoted value, which breaks the grammar",
        "permessage-deflate; server_max_window_bits=\"\"",
        Answer::DeclinedOrRefused,
    ),
    Row(
        MUST,
        pmd("5"),
        "quoted-space",
        "a quoted value with a space, which breaks the grammar",
        "permessage-deflate; server_max_window_bits=\"9 \"",
        Answer::DeclinedOrRefused,
    ),
    Row(INFO, pmd("7"), "name-case", "PerMessage-Deflate", "PerMessage-Deflate", Answer::Observed),
    Row(
        MUST,
        pmd("7"),
        "not-the-draft",
        "x-webkit-deflate-frame is not permessage-deflate",
        "x-webkit-deflate-frame",
        DECLINED,
    ),
    Row(
        MUST,
        pmd("7"),
        "bzip2",
        "permessage-bzip2 is not permessage-deflate",
        "permessage-bzip2",
        DECLINED,
    ),
];

/// Whatever becomes of the offer, the connection works.
pub(super) fn cases() -> Vec<Case> {
    let case = |row: &Row| {
        let &Row(level, section, name, title, offer, answer) = row;
        let request = Draft::request().and(format!("{}: {offer}", extension::HEADER));
        let title = if matches!(answer, Answer::DeflateDeclined) {
            format!("{title}: the offer is declined")
        } else {
            title.to_owned()
        };
        let case = Case::new(level, section, &format!("offer-{name}"), title);
        let case = case.open(Opening::Request { request, wire: Wire::Whole, answer });
        match answer {
            Answer::Observed | Answer::DeclinedOrRefused => case,
            _ => case
                .send(vec![text(b"Hello, Hello, Hello")])
                .step(echo_text(b"Hello, Hello, Hello")),
        }
    };
    ROWS.iter().map(case).collect()
}
