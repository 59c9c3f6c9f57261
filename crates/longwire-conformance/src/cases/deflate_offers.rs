//! RFC 7692 §5 and §7.1: what a server does with an offer of permessage-deflate.

use super::deflate_declined;
use crate::case::{Answer, Case, Level, MUST, Opening, SHOULD, Section, Wire, echo_text, pmd};
use crate::extension::{self, Agreed};
use crate::frames::text;
use crate::handshake::Draft;

/// Its level, section, name and title; the offer, and the answer to it.
pub(super) struct Row(
    pub(super) Level,
    pub(super) Section,
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) Answer,
);

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
];

/// Whatever becomes of the offer, the connection works.
pub(super) fn cases() -> Vec<Case> {
    let case = |row: &Row| {
        let &Row(level, section, name, title, offer, answer) = row;
        let request = Draft::request().and(format!("{}: {offer}", extension::HEADER));
        let title = if matches!(answer, Answer::DeclinedOrRefused) {
            format!("{title}: the offer is declined")
        } else {
            title.to_owned()
        };
        let case = Case::new(level, section, &format!("offer-{name}"), title);
        let case = case.open(Opening::Request { request, wire: Wire::Whole, answer });
        match answer {
            Answer::Observed => case,
            _ => case
                .send(vec![text(b"Hello, Hello, Hello")])
                .step(echo_text(b"Hello, Hello, Hello")),
        }
    };
    ROWS.iter().chain(deflate_declined::ROWS).map(case).collect()
}
