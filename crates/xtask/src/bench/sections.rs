//! The tables of `cargo xtask bench echo`, as Markdown for the page and for the terminal.

use std::fmt::Write as _;

use super::load::Figures;
use super::markdown::{Table, wrapped};
use super::results::{Results, Run};
use super::servers::{LONGWIRE, RAW};
use super::spread::{Spread, Word};

/// What stands where a server has no figure.
const NONE: &str = "–";

/// All sections that there are figures for, by their names.
pub(crate) fn all(results: &Results) -> Vec<(&'static str, String)> {
    let mut sections = Vec::new();
    if !results.echo.is_empty() {
        sections.push(("echo", echo(results)));
    }
    if !results.idle.is_empty() {
        sections.push(("idle", idle(results)));
    }
    if let Some(run) = &results.latency {
        sections.push(("latency", latency(results, run)));
    }
    if !results.deflate.is_empty() {
        sections.push(("deflate", deflate(results)));
    }
    sections.into_iter().map(|(name, text)| (name, wrapped(&text))).collect()
}

/// How the figures of a section came about; every section is to be understood alone.
fn how(results: &Results, rounds: bool) -> String {
    let mut text = format!("`cargo xtask bench echo`, {}.", results.machine);
    if rounds {
        let place = if results.pinned {
            "all servers on one processor, the load on another"
        } else {
            "servers and load were **not** given a processor each"
        };
        let _ = write!(
            text,
            " {} rounds: in each, every server has the load for a quarter of a second; {place}. \
             Figures are medians of the rounds, with the 25th to the 75th percentile.",
            results.rounds
        );
    }
    text
}

fn echo(results: &Results) -> String {
    let mut text = how(results, true);
    text.push_str(
        " A workload is connections × messages in flight on each × length of a message; binary \
         messages, text where the name ends in t.\n\n\
         Messages for each second of the server's CPU time (user and system), divided by those of \
         the raw TCP echo in the same round:\n",
    );
    text.push_str(
        "\n![bars: Longwire and its peers in each workload, beside raw TCP](performance-echo.svg)\n",
    );
    let is_text = |run: &&Run| run.name.ends_with('t');
    let (texts, binaries): (Vec<&Run>, Vec<&Run>) = results.echo.iter().partition(is_text);
    for runs in [binaries, texts] {
        if !runs.is_empty() {
            let _ = write!(text, "\n{}", ratios(results, &runs));
        }
    }
    let _ = write!(
        text,
        "\nLongwire beside the peer that is fastest in that workload, divided round by round. It is \
         *ahead* where at least three quarters of the rounds say so (the 25th percentile is above 1), \
         *behind* where at least three quarters say that (the 75th is below 1), else *level*:\n\n{}",
        against_the_best(results)
    );
    text.push_str("\nWhat was measured:\n\n");
    for server in &results.servers {
        let version = if server.version == NONE { "" } else { &server.version };
        let name = [&server.name, version].join(" ");
        let _ = writeln!(text, "- {}: {}.", name.trim_end(), server.about);
    }
    for (name, reason) in &results.missing {
        let _ = writeln!(text, "- {name} is missing: {reason}");
    }
    let warnings = results.echo.iter().flat_map(|run| &run.report.warnings).count();
    if warnings > 0 {
        let _ = writeln!(
            text,
            "\nIn {warnings} of the cells the load generator, not the server, was at its limit; CPU \
             time is a fair measure there too, but batches are smaller than they could be."
        );
    }
    text
}

/// Ratios to the reference: a row for each server, a column for each workload.
fn ratios(results: &Results, runs: &[&Run]) -> Table {
    let headings = runs.iter().map(|run| format!("{}: {}", run.name, run.shape));
    let mut table = Table::new(["server".to_owned()].into_iter().chain(headings));
    for server in &results.servers {
        let cells = runs.iter().map(|run| {
            if server.name == RAW {
                let rate = run.figures(RAW).and_then(Figures::rate);
                return rate.map_or(NONE.to_owned(), |rate| {
                    format!("1 = {} a second", count(rate.median))
                });
            }
            run.to_raw(&server.name).map_or(NONE.to_owned(), |ratio| ratio.to_string())
        });
        table.row([server.name.clone()].into_iter().chain(cells));
    }
    table
}

/// `203 k`, `3.12 M`.
pub(crate) fn count(number: f64) -> String {
    match number {
        millions if millions >= 999_500.0 => format!("{:.2} M", millions / 1e6),
        thousands if thousands >= 9_995.0 => format!("{:.0} k", thousands / 1e3),
        thousands if thousands >= 999.5 => format!("{:.1} k", thousands / 1e3),
        few => format!("{few:.0}"),
    }
}

fn against_the_best(results: &Results) -> Table {
    let mut table = Table::new([
        "workload",
        "fastest peer",
        "Longwire / peer",
        "so it is",
        "Longwire / raw TCP",
    ]);
    for run in &results.echo {
        let (Some(own), Some((name, peer))) = (run.figures(LONGWIRE), run.fastest(run.peers()))
        else {
            continue;
        };
        let ratio = own.ratio_to(peer);
        let shown =
            |ratio: Option<Spread>| ratio.map_or(NONE.to_owned(), |ratio| ratio.to_string());
        table.row([
            run.name.clone(),
            name.to_owned(),
            shown(ratio),
            ratio.map_or(NONE.to_owned(), |ratio| ratio.word().to_string()),
            shown(run.to_raw(LONGWIRE)),
        ]);
    }
    table
}

fn idle(results: &Results) -> String {
    let mut table = Table::new([
        "server",
        "idle",
        "after an echo",
        "deflate: idle",
        "deflate: after an echo",
        "the most, beyond raw TCP",
    ]);
    let raw = results.idle.iter().find(|idle| idle.server == RAW);
    for idle in &results.idle {
        let plain = [idle.plain.idle, idle.plain.after_an_echo];
        let deflate = idle.deflate.map(|bytes| [bytes.idle, bytes.after_an_echo]);
        let mut cells = vec![idle.server.clone()];
        cells.extend(plain.map(grouped));
        cells.extend(deflate.map_or([NONE.to_owned(), NONE.to_owned()], |both| both.map(grouped)));
        let all = plain.into_iter().chain(deflate.into_iter().flatten());
        let most = all.fold(f64::MIN, f64::max);
        cells.push(raw.filter(|_| idle.server != RAW).map_or(NONE.to_owned(), |raw| {
            grouped(most - raw.plain.idle.max(raw.plain.after_an_echo))
        }));
        table.row(cells);
    }
    format!(
        "{} {} connections to one server after the other; bytes of resident anonymous memory \
         (RssAnon) that the server's process has grown by, for each connection. First nothing was sent \
         on them, then each echoed one message of 128 bytes, compressed where permessage-deflate was \
         agreed to. It is offered as browsers do; each server answers as it does by default, and those \
         that keep their context from one message to the next keep it in memory. A connection of a \
         collected language costs what its collector has not given back yet.\n\n{table}",
        how(results, false),
        grouped(results.idle_connections as f64),
    )
}

/// `131,661`
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if number <= -0.5 { format!("−{text}") } else { text }
}

fn latency(results: &Results, run: &Run) -> String {
    let mut table =
        Table::new(["server", "p50", "p99", "p99.9", "max", "p99 of a slice", "Longwire's is"]);
    let own = run.figures(LONGWIRE).and_then(|figures| figures.latency_us.p99_slices);
    for (name, figures) in run.servers.iter().zip(&run.report.servers) {
        let latency = &figures.latency_us;
        let all = [latency.p50, latency.p99, latency.p999, latency.max].map(micros);
        let slices = latency.p99_slices;
        let shown = slices.map_or(NONE.to_owned(), |Spread { p25, median, p75 }| {
            format!("{} ({}–{})", micros(median), micros(p25), micros(p75))
        });
        let word = own.zip(slices).filter(|_| name != LONGWIRE);
        let word = word.map_or(NONE, |(own, other)| shorter(own, other));
        table.row([name.clone()].into_iter().chain(all).chain([shown, word.to_owned()]));
    }
    format!(
        "{} {} connections, 10,000 binary messages of {} bytes a second over all of them, sent when they \
         are due and not when the last reply has come; a latency counts from when its message was due. \
         Microseconds. p50 to max are of all messages, and what else the machine did is in them; the \
         99th percentile of each slice for itself is less at the mercy of that. Where the quartiles of \
         two servers' overlap, they are level.\n\n{table}",
        how(results, true),
        run.report.connections,
        run.report.size_bytes,
    )
}

/// How one row of latencies is beside another.
pub(crate) fn shorter(own: Spread, other: Spread) -> &'static str {
    if own.p75 < other.p25 {
        "shorter"
    } else if own.p25 > other.p75 {
        "longer"
    } else {
        "level"
    }
}

/// `64.9`, `1,443`
pub(crate) fn micros(micros: f64) -> String {
    if micros < 100.0 { format!("{micros:.1}") } else { grouped(micros) }
}

fn deflate(results: &Results) -> String {
    let mut text = how(results, true);
    text.push_str(
        " Text messages (JSON) with permessage-deflate, neither side keeping its context from one \
         message to the next; those servers that have it. The CPU time of a message is divided by \
         that of the server which is fastest in that workload, round by round: less is better. The \
         ratio is the length of the messages over the bytes that the server sent for them, headers \
         included.\n",
    );
    for run in &results.deflate {
        let all = run.servers.iter().map(String::as_str).zip(&run.report.servers);
        let Some((_, fastest)) = run.fastest(all) else { continue };
        let _ = write!(text, "\n{}: {}\n\n", run.name, run.shape);
        let mut table = Table::new([
            "server",
            "messages a CPU second",
            "CPU time a message, fastest = 1",
            "ratio",
            "Longwire is",
        ]);
        for (name, figures) in run.servers.iter().zip(&run.report.servers) {
            let rate = figures.rate().map_or(NONE.to_owned(), |rate| count(rate.median));
            let cost = fastest.ratio_to(figures).map_or(NONE.to_owned(), |cost| cost.to_string());
            let payload = figures.messages as f64 * run.report.size_bytes as f64;
            let ratio = payload / figures.received_bytes as f64;
            let word = run.figures(LONGWIRE).filter(|_| name != LONGWIRE);
            let word = word.and_then(|own| own.ratio_to(figures)).map(|ratio| ratio.word());
            let word = word.as_ref().map_or(NONE.to_owned(), Word::to_string);
            table.row([name.clone(), rate, cost, format!("{ratio:.2}"), word]);
        }
        let _ = write!(text, "{table}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::results;
    use super::*;

    #[test]
    fn every_section_has_its_figures() {
        let sections = all(&results());
        let names: Vec<_> = sections.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["echo", "idle", "latency", "deflate"]);
        let table = [
            (0, "| raw TCP  | 1 = 2.0 k a second |"),
            (0, "| longwire |   0.97 (0.93–0.98) |"),
            (0, "| fast     |   0.50 (0.50–0.50) |"),
            (0, "| E1t      |         fast | 1.93 (1.87–1.97) |    ahead |   0.97 (0.93–0.98) |"),
            (0, "- slow 1.2.3: as it is.\n"),
            (0, "- absent is missing: install it\n"),
            (1, "| longwire |     300 |           301 |           310 |                    311 |"),
            (1, "| slow     | 131,072 |       131,073 |             0 |                      1 |"),
            (2, "| longwire | 20.0 | 1,234 | 20,000 | 1,000,000 |    5,000 (4,224–8,056) |"),
            (3, "| slow     |                   200 |"),
        ];
        for (section, wanted) in table {
            let text = &sections[section].1;
            assert!(text.contains(wanted), "no {wanted:?} in\n{text}");
        }
        for (name, text) in &sections {
            let how =
                "`cargo xtask bench echo`, 2026-01-02, a processor, 2 processors, Linux 6.1, ";
            assert!(text.replace('\n', " ").starts_with(how), "{name}: {text}");
        }
    }

    #[test]
    fn what_was_not_measured_has_no_section() {
        let mut results = results();
        results.idle.clear();
        results.latency = None;
        results.deflate.clear();
        let names: Vec<_> = all(&results).iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["echo"]);
    }

    #[test]
    fn numbers_are_short_and_keep_their_sign() {
        let table = [
            (0.0, "0", "0"),
            (-0.4, "0", "0"),
            (-1234.0, "-1234", "−1,234"),
            (999.4, "999", "999"),
            (1_000.0, "1.0 k", "1,000"),
            (9_996.0, "10 k", "9,996"),
            (203_400.0, "203 k", "203,400"),
            (3_120_000.0, "3.12 M", "3,120,000"),
        ];
        for (number, as_count, as_grouped) in table {
            assert_eq!(grouped(number), as_grouped);
            if number >= 0.0 {
                assert_eq!(count(number), as_count);
            }
        }
    }

    #[test]
    fn latencies_that_overlap_are_level() {
        let spread = |p25, median, p75| Spread { p25, median, p75 };
        let own = spread(10.0, 11.0, 12.0);
        let table = [
            (spread(12.1, 13.0, 14.0), "shorter"),
            (spread(12.0, 13.0, 14.0), "level"),
            (spread(5.0, 11.0, 20.0), "level"),
            (spread(5.0, 6.0, 9.9), "longer"),
        ];
        for (other, wanted) in table {
            assert_eq!(shorter(own, other), wanted, "{other:?}");
        }
    }
}
