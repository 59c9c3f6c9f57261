//! RFC 7692 §7.1: what a client does with an answer to its offer that cannot be one.

use crate::case::{
    Case, Expect, Level, MUST, Opening, PROBE, SHOULD, Section, Wire, echo_text, pmd,
};
use crate::extension;
use crate::frames::{ping, text};
use crate::handshake::{Draft, Head};

struct Row(Level, Section, &'static str, &'static str);

static WRONG: &[Row] = &[
    Row(MUST, pmd("7"), "unknown-param", "; unknown_parameter"),
    Row(MUST, pmd("7"), "unknown-param-value", "; unknown_parameter=1"),
    Row(
        MUST,
        pmd("7"),
        "duplicate-takeover",
        "; server_no_context_takeover; server_no_context_takeover",
    ),
    Row(MUST, pmd("7"), "duplicate-bits", "; server_max_window_bits=10; server_max_window_bits=10"),
    Row(MUST, pmd("7.1.1.1"), "takeover-value", "; server_no_context_takeover=1"),
    Row(MUST, pmd("7.1.1.2"), "client-takeover-value", "; client_no_context_takeover=1"),
    Row(MUST, pmd("7.1.2.1"), "bits-absent", "; server_max_window_bits"),
    Row(MUST, pmd("7.1.2.1"), "bits-7", "; server_max_window_bits=7"),
    Row(MUST, pmd("7.1.2.1"), "bits-16", "; server_max_window_bits=16"),
    Row(MUST, pmd("7.1.2.1"), "bits-08", "; server_max_window_bits=08"),
    Row(MUST, pmd("7.1.2.1"), "bits-plus", "; server_max_window_bits=+9"),
    Row(MUST, pmd("7.1.2.1"), "bits-text", "; server_max_window_bits=abc"),
    Row(MUST, pmd("7.1.2.2"), "client-bits-absent", "; client_max_window_bits"),
    Row(MUST, pmd("7.1.2.2"), "client-bits-7", "; client_max_window_bits=7"),
    Row(MUST, pmd("7.1.2.2"), "client-bits-16", "; client_max_window_bits=16"),
    Row(MUST, pmd("7.1.2.2"), "client-bits-text", "; client_max_window_bits=abc"),
    Row(SHOULD, pmd("5"), "twice", ", permessage-deflate"),
    Row(MUST, pmd("5"), "and-another", ", x-unrequested"),
    Row(MUST, pmd("5"), "malformed", ";"),
];

static RIGHT: &[(&str, &str)] = &[
    ("plain", ""),
    ("server-no-takeover", "; server_no_context_takeover"),
    ("client-no-takeover", "; client_no_context_takeover"),
    ("both-no-takeover", "; server_no_context_takeover; client_no_context_takeover"),
    ("server-bits-15", "; server_max_window_bits=15"),
    ("server-bits-9", "; server_max_window_bits=9"),
    ("client-bits-15", "; client_max_window_bits=15"),
    ("client-bits-9", "; client_max_window_bits=9"),
    ("client-bits-8", "; client_max_window_bits=8"),
];

fn offers(head: &Head) -> Result<(), String> {
    let offers = extension::extensions(head)?;
    let offered = offers.iter().any(|offer| offer.name == extension::DEFLATE);
    if offered { Ok(()) } else { Err("the client does not offer permessage-deflate".into()) }
}

fn does_not_offer(head: &Head) -> Result<(), String> {
    if offers(head).is_ok() { Err("the client offers permessage-deflate".into()) } else { Ok(()) }
}

fn does_not_offer_client_bits(head: &Head) -> Result<(), String> {
    offers(head)?;
    let offers = extension::extensions(head)?;
    let has = |(name, _): &(String, Option<String>)| name == "client_max_window_bits";
    if offers.iter().any(|offer| offer.params.iter().any(has)) {
        return Err("the client offers client_max_window_bits".into());
    }
    Ok(())
}

type Applies = fn(&Head) -> Result<(), String>;

fn answering(case: Case, answer: &str, applies: Applies) -> Case {
    let line = format!("{}: {}{answer}", extension::HEADER, extension::DEFLATE);
    let mut response = Draft::response().and(line);
    response.frames = vec![text(PROBE), ping(PROBE)];
    case.open(Opening::Response { response, wire: Wire::Whole, applies })
        .expect(Expect::Failure(&[]))
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for &Row(level, section, name, answer) in WRONG {
        let title = format!("the answer \"permessage-deflate{answer}\" fails the connection");
        let case = Case::new(level, section, &format!("answer-{name}"), title);
        cases.push(answering(case, answer, offers));
    }
    let case = Case::must(
        pmd("7.1.2.2"),
        "answer-client-bits-not-offered",
        "client_max_window_bits in the answer that was not in the offer",
    );
    cases.push(answering(case, "; client_max_window_bits=10", does_not_offer_client_bits));
    let case = Case::must(pmd("5"), "answer-not-offered", "an answer to an offer never made");
    cases.push(answering(case, "", does_not_offer));
    for &(name, answer) in RIGHT {
        let title = format!("the answer \"permessage-deflate{answer}\" is right");
        // DEFLATE libraries often cannot write with a window of 8 bits: to refuse it is honest.
        let level = if name == "client-bits-8" { Level::Info } else { MUST };
        cases.push(
            Case::new(level, pmd("7.1"), &format!("agreed-{name}"), title)
                .open(Opening::Deflate { offer: "", answer })
                .send(vec![text(b"Hello, Hello, Hello")])
                .step(echo_text(b"Hello, Hello, Hello")),
        );
    }
    cases
}
