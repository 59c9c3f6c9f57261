//! One stream through Longwire, the model and all libraries, and the sums over many.

use std::collections::BTreeMap;

use crate::divergences::Divergence;
use crate::explain::{expected, explain};
use crate::model;
use crate::outcome::Outcome;
use crate::peers::{self, Peer};
use crate::reduce::reduce;
use crate::rules::Rules;
use crate::stream::Stream;

/// What became of the streams for one library.
#[derive(Default)]
pub(crate) struct Count {
    pub(crate) streams: u64,
    pub(crate) agreed: u64,
    pub(crate) explained: u64,
    pub(crate) unexplained: u64,
    /// How often each divergence was a reason.
    pub(crate) by_id: BTreeMap<&'static str, u64>,
}

/// The sums, and what nobody can explain.
#[derive(Default)]
pub(crate) struct Sums {
    pub(crate) streams: u64,
    pub(crate) counts: BTreeMap<Peer, Count>,
    /// Streams of which Longwire does not make what the standard's rules ask for.
    pub(crate) wrong: u64,
    /// Findings in words, the first few of each kind.
    pub(crate) findings: Vec<String>,
}

const MAX_FINDINGS: usize = 10;

impl Sums {
    /// Takes one stream.
    pub(crate) fn add(&mut self, stream: &Stream) {
        self.streams += 1;
        let ours = peers::longwire(stream);
        if !is_right(stream) {
            self.wrong += 1;
            self.found(|| {
                let stream = reduce(stream, |stream| !is_right(stream));
                let model = model::run(&stream, &Rules::STANDARD);
                let ours = peers::longwire(&stream);
                format!("{stream}\n    Longwire: {ours}\n    the model: {model}")
            });
        }
        for peer in Peer::ALL.into_iter().filter(|peer| peer.takes(stream.deflate)) {
            let theirs = peer.run(stream);
            let reasons = explain(peer, stream, &theirs);
            let count = self.counts.entry(peer).or_default();
            count.streams += 1;
            match reasons {
                None => {
                    count.unexplained += 1;
                    self.found(|| unexplained(peer, stream));
                }
                Some(_) if ours.agrees_with(&theirs) => count.agreed += 1,
                Some(reasons) => {
                    count.explained += 1;
                    for reason in reasons {
                        *count.by_id.entry(reason.id).or_default() += 1;
                    }
                }
            }
        }
    }

    /// Whether nothing is unexplained, and Longwire is right.
    pub(crate) fn is_clean(&self) -> bool {
        self.wrong == 0 && self.counts.values().all(|count| count.unexplained == 0)
    }

    fn found(&mut self, finding: impl Fn() -> String) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding());
        }
    }
}

/// Whether Longwire makes of the stream what the model does, code included.
fn is_right(stream: &Stream) -> bool {
    peers::longwire(stream) == model::run(stream, &Rules::STANDARD)
}

fn unexplained(peer: Peer, stream: &Stream) -> String {
    let stream = reduce(stream, |stream| explain(peer, stream, &peer.run(stream)).is_none());
    let (ours, theirs, model) =
        (peers::longwire(&stream), peer.run(&stream), expected(peer, &stream));
    format!("{stream}\n    Longwire: {ours}\n    {peer}: {theirs}\n    expected of it: {model}")
}

/// A short stream that shows this divergence alone: from `stream`, if that shows it alone.
pub(crate) fn example(
    divergence: &Divergence,
    peer: Peer,
    stream: &Stream,
) -> Option<(Stream, Outcome, Outcome)> {
    let shows = |stream: &Stream| {
        let theirs = peer.run(stream);
        !peers::longwire(stream).agrees_with(&theirs)
            && explain(peer, stream, &theirs)
                .is_some_and(|reasons| matches!(&reasons[..], [one] if one.id == divergence.id))
    };
    if !peer.takes(stream.deflate) || !shows(stream) {
        return None;
    }
    let stream = reduce(stream, shows);
    let (ours, theirs) = (peers::longwire(&stream), peer.run(&stream));
    Some((stream, ours, theirs))
}
