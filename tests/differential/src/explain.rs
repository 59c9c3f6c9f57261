//! Why a library made something else of a stream: the divergences without which the model does not
//! come to the same.

use crate::divergences::{DIVERGENCES, Divergence};
use crate::model;
use crate::outcome::{Event, Outcome};
use crate::peers::Peer;
use crate::rules::Rules;
use crate::stream::{Deflate, Stream};

/// The fewest divergences of `peer` that lead the model to `theirs`: none where the standard's rules
/// do, and `None` where all of them together do not.
pub(crate) fn explain(
    peer: Peer,
    stream: &Stream,
    theirs: &Outcome,
) -> Option<Vec<&'static Divergence>> {
    let mut reasons: Vec<&Divergence> =
        DIVERGENCES.iter().filter(|divergence| divergence.change_of(peer).is_some()).collect();
    if !lead_to(peer, stream, &reasons, theirs) {
        return None;
    }
    if lead_to(peer, stream, &[], theirs) {
        return Some(Vec::new());
    }
    let mut index = 0;
    while index < reasons.len() {
        let mut fewer = reasons.clone();
        fewer.remove(index);
        if lead_to(peer, stream, &fewer, theirs) {
            reasons = fewer;
        } else {
            index += 1;
        }
    }
    Some(reasons)
}

/// What the library makes of the stream, as far as it is known.
pub(crate) fn expected(peer: Peer, stream: &Stream) -> Outcome {
    let reasons: Vec<&Divergence> = DIVERGENCES.iter().collect();
    model::run(stream, &rules(peer, stream, &reasons))
}

fn rules(peer: Peer, stream: &Stream, reasons: &[&Divergence]) -> Rules {
    let mut rules = Rules::STANDARD;
    for change in reasons.iter().filter_map(|divergence| divergence.change_of(peer)) {
        change(&mut rules, stream);
    }
    rules
}

fn lead_to(peer: Peer, stream: &Stream, reasons: &[&Divergence], theirs: &Outcome) -> bool {
    let rules = rules(peer, stream, reasons);
    let predicted = model::run(stream, &rules);
    predicted.agrees_with(theirs)
        || rules.inflated_end_may_be_missing
            && stream.deflate != Deflate::No
            && is_missing_an_end(&predicted, theirs)
}

/// What waits for room in the output is the rest of one copy, at most (RFC 1951 §3.2.5).
const MAX_MISSING_BYTES: usize = 258;

/// Whether one message, and nothing else, ends a little earlier than predicted. What is missing may
/// come out at the front of a later one, where the context lasts.
fn is_missing_an_end(predicted: &Outcome, theirs: &Outcome) -> bool {
    let verdicts = Outcome { events: predicted.events.clone(), verdict: theirs.verdict };
    if !verdicts.agrees_with(predicted) || predicted.events.len() != theirs.events.len() {
        return false;
    }
    let different = |(one, other): &(&Event, &Event)| one != other;
    let mut pairs = predicted.events.iter().zip(&theirs.events).filter(different);
    let (Some(cut), later, None) = (pairs.next(), pairs.next(), pairs.next()) else {
        return false;
    };
    let Some(missing) = message(cut.0).strip_prefix(message(cut.1)) else { return false };
    let moved = later.is_none_or(|(predicted, theirs)| {
        same_kind(predicted, theirs)
            && message(theirs).strip_prefix(missing) == Some(message(predicted))
    });
    let little = (1..=MAX_MISSING_BYTES).contains(&missing.len());
    moved && little && same_kind(cut.0, cut.1) && !message(cut.1).is_empty()
}

fn same_kind(one: &Event, other: &Event) -> bool {
    matches!((one, other), (Event::Text(_), Event::Text(_)) | (Event::Binary(_), Event::Binary(_)))
}

fn message(event: &Event) -> &[u8] {
    match event {
        Event::Text(payload) | Event::Binary(payload) => payload,
        Event::Ping(_) | Event::Pong(_) | Event::Close(..) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::{explain, is_missing_an_end};
    use crate::outcome::{Event, Outcome, Verdict};
    use crate::peers::Peer;
    use crate::stream::Stream;

    /// What is not just what the model says is not explained, however alike it looks.
    #[test]
    fn nothing_is_explained_by_being_similar() {
        let stream: Stream = "client: 81 7e 00 02 48 69".parse().unwrap();
        let text = |text: &[u8]| vec![Event::Text(text.to_vec())];
        let table = [
            (text(b"Hi"), Verdict::Lost, Some(vec!["D05"])),
            (Vec::new(), Verdict::Failed(Some(1002)), None),
            (text(b"Hi"), Verdict::Closed, None),
            (text(b"H"), Verdict::Lost, None),
            (text(b"Ho"), Verdict::Lost, None),
        ];
        for (events, verdict, expected) in table {
            let theirs = Outcome { events, verdict };
            let reasons = explain(Peer::Tungstenite, &stream, &theirs);
            let ids = reasons.map(|reasons| reasons.iter().map(|reason| reason.id).collect());
            assert_eq!(ids, expected, "{theirs}");
        }
    }

    #[test]
    fn the_end_of_one_message_may_be_missing_or_move() {
        let text = |text: &[u8]| Event::Text(text.to_vec());
        let outcome = |events: &[Event], verdict| Outcome { events: events.to_vec(), verdict };
        let predicted = outcome(&[text(b"Hello"), text(b"!")], Verdict::Lost);
        let table = [
            (vec![text(b"Hell"), text(b"!")], Verdict::Lost, true),
            (vec![text(b"Hell"), text(b"o!")], Verdict::Lost, true),
            (vec![text(b"Hell"), text(b"!")], Verdict::Closed, false),
            (vec![text(b"Hell"), text(b"?!")], Verdict::Lost, false),
            (vec![text(b"Help"), text(b"!")], Verdict::Lost, false),
            (vec![text(b""), text(b"!")], Verdict::Lost, false),
            (vec![Event::Binary(b"Hell".to_vec()), text(b"!")], Verdict::Lost, false),
            (vec![text(b"Hello"), text(b"!")], Verdict::Lost, false),
            (vec![text(b"Hell")], Verdict::Lost, false),
        ];
        for (events, verdict, expected) in table {
            let theirs = outcome(&events, verdict);
            assert_eq!(is_missing_an_end(&predicted, &theirs), expected, "{theirs}");
        }
        let long = outcome(&[text(&[b'a'; 300])], Verdict::Lost);
        assert!(!is_missing_an_end(&long, &outcome(&[text(b"a")], Verdict::Lost)));
    }
}
