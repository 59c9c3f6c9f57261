//! tests/divergences.md, held against the table in `divergences.rs` and against the libraries.
//!
//! Of the document this reads the headings `### D05 title` and, under each, the rows of a table:
//! the library and its version, how it is set up, the bytes, what Longwire makes of them, and what
//! the library does.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};

use crate::divergences::{DIVERGENCES, Divergence};
use crate::explain::explain;
use crate::outcome::Outcome;
use crate::peers::{self, Peer};
use crate::stream::Stream;

/// What is wrong with the document, in words.
pub(crate) fn check(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut told = BTreeSet::new();
    let mut current: Option<&Divergence> = None;
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            let (id, title) = heading.split_once(' ').unwrap_or((heading, ""));
            current = DIVERGENCES.iter().find(|divergence| divergence.id == id);
            match current {
                None => faults.push(format!("{id} is not in the table")),
                Some(known) if known.title == title => {}
                Some(known) => faults.push(format!("{id} is {:?} in the table", known.title)),
            }
        } else if let (Some(divergence), Some(cells)) = (current, cells(line)) {
            match row(divergence, &cells) {
                Ok(peer) => drop(told.insert((divergence.id, peer))),
                Err(fault) => faults.push(format!("{}: {fault:#}: {line}", divergence.id)),
            }
        }
    }
    for divergence in DIVERGENCES {
        for (peer, _) in divergence.peers {
            if !told.contains(&(divergence.id, *peer)) {
                faults.push(format!("{} has no row for {peer}", divergence.id));
            }
        }
    }
    faults
}

/// The cells of a row that has bytes in it.
fn cells(line: &str) -> Option<Vec<&str>> {
    let row = line.strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    cells.get(2)?.starts_with('`').then_some(cells)
}

/// Whether everything is as the row says; whose row it is.
fn row(divergence: &Divergence, cells: &[&str]) -> Result<Peer> {
    let &[release, set_up, bytes, ours, theirs] = cells else {
        anyhow::bail!("five cells are wanted");
    };
    let whose = |peer: &&Peer| {
        let (name, version) = peer.release();
        format!("{name} {version}") == release
    };
    let peer = *Peer::ALL.iter().find(whose).context("no such library in this version")?;
    let stream: Stream = format!("{set_up}: {}", bytes.trim_matches('`')).parse()?;
    let (our_outcome, their_outcome) = (peers::longwire(&stream), peer.run(&stream));
    is_told("Longwire", &our_outcome, ours)?;
    is_told(release, &their_outcome, theirs)?;
    anyhow::ensure!(!our_outcome.agrees_with(&their_outcome), "they agree");
    let reasons = explain(peer, &stream, &their_outcome).context("unexplained")?;
    let ids: Vec<&str> = reasons.iter().map(|reason| reason.id).collect();
    // Each of these is needed for it; where a library differs in two ways at once, it takes both.
    anyhow::ensure!(ids.contains(&divergence.id), "the reasons are {ids:?}");
    Ok(peer)
}

fn is_told(who: &str, outcome: &Outcome, told: &str) -> Result<()> {
    anyhow::ensure!(outcome.to_string() == told, "{who} makes of it: {outcome}");
    Ok(())
}

/// The row of an example.
pub(crate) fn example_row(peer: Peer, stream: &Stream, ours: &Outcome, theirs: &Outcome) -> String {
    let (name, version) = peer.release();
    let bytes = crate::notation::hex(&stream.bytes);
    format!("| {name} {version} | {} | `{bytes}` | {ours} | {theirs} |", stream.set_up())
}

#[cfg(test)]
mod tests {
    use super::{check, row};
    use crate::divergences::DIVERGENCES;

    #[test]
    fn the_document_agrees_with_the_table_and_the_libraries() {
        let document = include_str!("../../divergences.md");
        let faults = check(document);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn what_the_document_says_otherwise_is_a_fault() {
        let entry = DIVERGENCES.iter().find(|entry| entry.id == "D05").unwrap();
        let good =
            ["tungstenite 0.30.0", "client", "`81 7e 00 01 61`", "failed 1002", "text \"a\": lost"];
        assert!(row(entry, &good).is_ok());
        let wrong = [
            (0, "tungstenite 0.29.0"),
            (1, "server"),
            (2, "`81 01 61`"),
            (3, "failed 1007"),
            (4, "text \"b\": lost"),
        ];
        for (cell, text) in wrong {
            let mut cells = good;
            cells[cell] = text;
            assert!(row(entry, &cells).is_err(), "{text}");
        }
        let other = DIVERGENCES.iter().find(|entry| entry.id == "D06").unwrap();
        assert!(row(other, &good).is_err());
        assert!(check("### D99 something else\n").iter().any(|fault| fault.contains("D99")));
        assert!(check("").iter().any(|fault| fault == "D05 has no row for tungstenite"));
    }
}
