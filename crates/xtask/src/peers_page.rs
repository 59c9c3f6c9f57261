//! `docs/conformance.md`, out of the results of `cargo xtask conform-peers`.

use std::fmt::{self, Write as _};
use std::process::Command;

use anyhow::Result;

use crate::peers_list::{self, Peer, Programs};
use crate::peers_run::{Failure, Ratio, Results, Run};
use crate::process::answer;

/// A list of failures that is longer than this is folded.
const FOLD_FROM: usize = 12;

/// What came of one run: the results, or why there are none.
pub(crate) type Outcome = (Run, Result<Results, String>);

/// The whole page.
pub(crate) fn page(outcomes: &[Outcome], programs: &Programs) -> Result<String> {
    let mut page = String::new();
    introduction(&mut page);
    for (client, title) in [(false, "Servers"), (true, "Clients")] {
        writeln!(page, "\n## {title}\n")?;
        table(&mut page, outcomes, programs, client)?;
        widespread(&mut page, outcomes, client)?;
    }
    writeln!(page, "\n## The peers, and the MUSTs that they fail")?;
    let mut peers: Vec<&Peer> = outcomes.iter().map(|(run, _)| run.peer).collect();
    peers.dedup_by_key(|peer| peer.name);
    for peer in peers {
        section(&mut page, peer, outcomes, programs)?;
    }
    Ok(page)
}

fn introduction(page: &mut String) {
    let said = |program: &str, arguments: &[&str]| {
        answer(Command::new(program).args(arguments)).unwrap_or_else(|| "unknown".to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    page.push_str(include_str!("peers_page.md"));
    page.push_str(&format!(
        "\nRun on {}, with {}, Node {} and {cores} processors, on {}.\n",
        said("date", &["-u", "+%Y-%m-%d"]),
        said("rustc", &["--version"]),
        said("node", &["--version"]),
        said("uname", &["-sm"]),
    ));
}

/// A line for each peer: without permessage-deflate in most cases, and with it in all.
fn table(
    page: &mut String,
    outcomes: &[Outcome],
    programs: &Programs,
    client: bool,
) -> fmt::Result {
    writeln!(page, "| | version | MUST | SHOULD | skipped | MUST, deflate | SHOULD, deflate |")?;
    writeln!(page, "|---|---|--:|--:|--:|--:|--:|")?;
    let rows = outcomes.iter().filter(|(run, _)| run.client == client && !run.deflate);
    for (run, plain) in rows {
        let version = programs.version(run.peer).unwrap_or_default();
        let name = run.peer.name;
        write!(page, "| [{name}](#{name}) | {version} | ")?;
        match plain {
            Ok(results) => {
                let gone = if results.gone { " (gone)" } else { "" };
                let (must, should) = (results.must, results.should);
                write!(page, "{must}{gone} | {should} | {} | ", results.skipped)?;
            }
            Err(_) => write!(page, "no result | | | ")?,
        }
        match results(outcomes, run.peer, client, true) {
            Some(deflate) => writeln!(page, "{} | {} |", deflate.must, deflate.should)?,
            None => writeln!(page, "– | – |")?,
        }
    }
    Ok(())
}

/// The cases that at least half of the others fail.
fn widespread(page: &mut String, outcomes: &[Outcome], client: bool) -> fmt::Result {
    let others: Vec<&Results> = outcomes
        .iter()
        .filter(|(run, _)| run.client == client && !run.deflate && run.peer.name != "longwire")
        .filter_map(|(_, results)| results.as_ref().ok())
        .collect();
    let mut counted: Vec<(&Failure, usize)> = Vec::new();
    for failure in others.iter().flat_map(|results| &results.failures) {
        match counted.iter_mut().find(|(of, _)| of.id == failure.id) {
            Some((_, count)) => *count += 1,
            None => counted.push((failure, 1)),
        }
    }
    counted.retain(|(_, count)| count * 2 >= others.len() && *count > 1);
    counted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.id.cmp(&b.0.id)));
    if counted.is_empty() {
        return Ok(());
    }
    writeln!(page, "\nWhat at least half of these {} others fail:\n", others.len())?;
    for (failure, count) in counted {
        let (id, title) = (&failure.id, Escaped(&failure.title));
        writeln!(page, "- {count}: `{id}` ({}): {title}", failure.section)?;
    }
    Ok(())
}

/// One peer: how it is set up, how its runs are repeated, and what failed.
fn section(
    page: &mut String,
    peer: &Peer,
    outcomes: &[Outcome],
    programs: &Programs,
) -> fmt::Result {
    let version = programs.version(peer).unwrap_or_default();
    writeln!(page, "\n### {}\n\n{} {version}. {}\n", peer.name, origin(peer), peer.notes)?;
    writeln!(page, "```sh\ncargo xtask conform-peers --only {}\n", peer.name)?;
    if peer.server {
        writeln!(page, "{}    # prints its port", peers_list::by_hand(peer, false))?;
        writeln!(page, "longwire conform server ws://127.0.0.1:PORT/")?;
    }
    if peer.client {
        writeln!(page, "longwire conform client --accept-timeout 30    # and beside it:")?;
        writeln!(page, "{}", peers_list::by_hand(peer, true))?;
    }
    writeln!(page, "```")?;
    for (client, role) in [(false, "server"), (true, "client")] {
        let plain = outcomes
            .iter()
            .find(|(run, _)| run.peer.name == peer.name && run.client == client && !run.deflate);
        let Some((_, plain)) = plain else { continue };
        match plain {
            Ok(plain) => {
                let deflate = results(outcomes, peer, client, true);
                failures(page, role, plain, deflate)?;
            }
            Err(error) => writeln!(page, "\nAs a {role}: no result: {}.", Escaped(error))?,
        }
    }
    Ok(())
}

fn origin(peer: &Peer) -> &'static str {
    match peer.kind {
        peers_list::Kind::Longwire => "This repository,",
        peers_list::Kind::Rust => "Rust crate,",
        peers_list::Kind::Python(_) => "Python package,",
        peers_list::Kind::JavaScript(_) => "npm package,",
    }
}

/// The failed MUSTs of one role, by section; those that fail only with permessage-deflate last.
fn failures(
    page: &mut String,
    role: &str,
    plain: &Results,
    deflate: Option<&Results>,
) -> fmt::Result {
    let only_deflate: Vec<&Failure> = deflate
        .iter()
        .flat_map(|results| &results.failures)
        .filter(|failure| plain.failures.iter().all(|of| of.id != failure.id))
        .collect();
    let count = plain.failures.len() + only_deflate.len();
    if count == 0 {
        return writeln!(page, "\nAs a {role}: every MUST that was tested holds.");
    }
    let summary = format!("As a {role}: {count} failed");
    if count < FOLD_FROM {
        writeln!(page, "\n{summary}")?;
    } else {
        writeln!(page, "\n<details><summary>{summary}</summary>")?;
    }
    by_section(page, &plain.failures.iter().collect::<Vec<_>>(), "")?;
    by_section(page, &only_deflate, ", with permessage-deflate agreed on")?;
    if count >= FOLD_FROM {
        writeln!(page, "\n</details>")?;
    }
    Ok(())
}

fn by_section(page: &mut String, failures: &[&Failure], how: &str) -> fmt::Result {
    for of_section in failures.chunk_by(|a, b| a.section == b.section) {
        let section = of_section.first().map_or("", |failure| failure.section.as_str());
        writeln!(page, "\n{section}{how}\n")?;
        for Failure { id, title, expected, came, .. } in of_section {
            let (title, expected, came) = (Escaped(title), Escaped(expected), Escaped(came));
            writeln!(page, "- `{id}`: {title}. Expected: {expected}. Came: {came}")?;
        }
    }
    Ok(())
}

fn results<'a>(
    outcomes: &'a [Outcome],
    peer: &Peer,
    client: bool,
    deflate: bool,
) -> Option<&'a Results> {
    let of =
        |run: &Run| run.peer.name == peer.name && run.client == client && run.deflate == deflate;
    outcomes.iter().find(|(run, _)| of(run))?.1.as_ref().ok()
}

impl fmt::Display for Ratio {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.passed, self.total)
    }
}

/// Text that means no markup.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            match char {
                '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' => write!(out, "\\{char}")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '&' => out.write_str("&amp;")?,
                char if char.is_control() => out.write_char('\u{fffd}')?,
                char => out.write_char(char)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(id: &str, section: &str) -> Failure {
        let text = |text: &str| text.to_owned();
        Failure {
            id: text(id),
            section: text(section),
            title: text("a_b <c>"),
            expected: text("e"),
            came: text("nothing\n*"),
        }
    }

    fn results(failures: Vec<Failure>) -> Results {
        let ratio = Ratio { passed: 1, total: 2 };
        Results { must: ratio, should: ratio, skipped: 0, gone: false, failures }
    }

    #[test]
    fn failures_are_a_line_each_by_section_and_those_with_deflate_once() {
        let mut page = String::new();
        let plain = results(vec![failure("1/a", "§1"), failure("1/b", "§1"), failure("2/a", "§2")]);
        let deflate = results(vec![failure("1/a", "§1"), failure("2/b", "§2")]);
        failures(&mut page, "server", &plain, Some(&deflate)).unwrap();
        let line = |id: &str| {
            format!("- `{id}`: a\\_b &lt;c&gt;. Expected: e. Came: nothing\u{fffd}\\*\n")
        };
        let right = format!(
            "\nAs a server: 4 failed\n\n§1\n\n{}{}\n§2\n\n{}\n§2, with permessage-deflate agreed \
             on\n\n{}",
            line("1/a"),
            line("1/b"),
            line("2/a"),
            line("2/b"),
        );
        assert_eq!(page, right);
    }

    #[test]
    fn many_failures_are_folded() {
        for (count, folded) in [(FOLD_FROM - 1, false), (FOLD_FROM, true)] {
            let mut page = String::new();
            let failed = (0..count).map(|n| failure(&n.to_string(), "§1")).collect();
            failures(&mut page, "client", &results(failed), None).unwrap();
            assert_eq!(page.contains("<details>"), folded, "{count}");
            assert_eq!(page.contains("</details>"), folded, "{count}");
        }
    }

    #[test]
    fn a_conforming_peer_is_said_to_be_one() {
        let mut page = String::new();
        failures(&mut page, "server", &results(Vec::new()), None).unwrap();
        assert_eq!(page, "\nAs a server: every MUST that was tested holds.\n");
    }
}
