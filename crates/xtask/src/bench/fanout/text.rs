//! The tables of `cargo xtask bench fanout`, as Markdown for the page and for the terminal.

use std::fmt::Write as _;

use super::super::markdown::{Table, wrapped};
use super::super::sections::{count, grouped, micros, shorter};
use super::super::spread::Spread;
use super::crowd::in_a_slice;
use super::longwire::{CONNECTION_KIB, QUEUED_KIB};
use super::results::{LatencyRun, Paced, Pair, Results, StalledPolicy, StalledRun, Workload};
use super::servers::LONGWIRE;

/// What stands where there is no figure.
const NONE: &str = "–";

/// The whole section.
pub(super) fn section(results: &Results) -> String {
    let place = if results.pinned {
        "all servers on one processor, the load on another"
    } else {
        "servers and load were **not** given a processor each"
    };
    let mut text = format!(
        "`cargo xtask bench fanout`, {}. One publisher, and all others subscribe to one channel; each \
         server is one process with one thread for its connections and is spoken to as it wants to be; none keeps \
         publications or who is there, and none has heartbeats within that time. \
         {} rounds: in each, every server has the load for a quarter of a second, {place}. A publication \
         is text and done when all subscribers have it, and the next takes its place; all of each is \
         compared, and its order. CPU time is user and system time of the server. Figures are medians of \
         the rounds, with the 25th to the 75th percentile.\n",
        results.machine, results.rounds
    );
    throughput(&mut text, results);
    if let Some(run) = &results.latency {
        latency(&mut text, results, run);
    }
    if let Some(run) = results.stalled.as_ref().filter(|run| !run.policies.is_empty()) {
        stalled(&mut text, run);
    }
    memory(&mut text, results);
    text.push_str("\nWhat was measured:\n\n");
    for server in &results.servers {
        let _ = writeln!(text, "- {} {}: {}.", server.name, server.version, server.about);
    }
    for (name, reason) in &results.missing {
        let _ = writeln!(text, "- {name} is missing: {reason}");
    }
    wrapped(&text)
}

/// The names of the servers, or of all but ours.
fn names(results: &Results, with_own: bool) -> Vec<&str> {
    let names = results.servers.iter().map(|server| server.name.as_str());
    names.filter(|name| with_own || *name != LONGWIRE).collect()
}

/// `1,000 × 128 B, 16 in flight`
pub(super) fn shape(workload: &Workload) -> String {
    let Workload { subscribers, size_bytes, in_flight } = workload;
    let size = match size_bytes {
        kib if kib % 1024 == 0 => format!("{} KiB", kib / 1024),
        bytes => format!("{bytes} B"),
    };
    format!("{} × {size}, {in_flight} in flight", grouped(*subscribers as f64))
}

fn throughput(text: &mut String, results: &Results) {
    if results.throughput.is_empty() {
        return;
    }
    let all = names(results, true);
    let headings = ["subscribers × length"].into_iter().chain(all.iter().copied());
    let mut rates = Table::new(headings.chain(["of its processor the load used"]));
    let peers = names(results, false);
    let headings = peers.iter().map(|peer| format!("longwire / {peer}"));
    let mut ratios = Table::new(["subscribers × length".to_owned()].into_iter().chain(headings));
    for run in &results.throughput {
        let shown = |spread: Option<Spread>| {
            let shown = |Spread { p25, median, p75 }: Spread| {
                format!("{} ({}–{})", count(median), count(p25), count(p75))
            };
            spread.map_or(NONE.to_owned(), shown)
        };
        let share = |name: &&str| {
            let share = run.load_share(name);
            share.map_or(NONE.to_owned(), |share| format!("{:.2}", share.median))
        };
        let shares = all.iter().map(share).collect::<Vec<_>>().join(" / ");
        let cells = all.iter().map(|name| shown(run.rate(name)));
        rates.row([shape(&run.workload)].into_iter().chain(cells).chain([shares]));
        let cells = peers.iter().map(|peer| {
            let ratio = run.ratio(LONGWIRE, peer);
            ratio.map_or(NONE.to_owned(), |ratio| format!("{ratio} {}", ratio.word()))
        });
        ratios.row([shape(&run.workload)].into_iter().chain(cells));
    }
    let _ = write!(
        text,
        "\nDeliveries for each second of the server's CPU time. In the last column, how much of its processor \
         the load used, with each server in the same order: near 1 it is the load that sets the pace, and \
         the server has time left, which does not count.\n\n\
         ![bars: deliveries a CPU second of each server in each workload](performance-fanout.svg)\n\n\
         {rates}"
    );
    if all.contains(&LONGWIRE) {
        let _ = write!(
            text,
            "\nLongwire beside each peer, divided round by round. It is *ahead* where at least three quarters \
             of the rounds say so, *behind* where at least three quarters say that, else *level*:\n\n{ratios}"
        );
    }
}

fn latency(text: &mut String, results: &Results, run: &LatencyRun) {
    // A slice may have nothing left.
    let spread = |slices: &[Paced], of: fn(&Paced) -> f64| {
        Spread::of(slices.iter().filter(|slice| !slice.latencies_us.0.is_empty()).map(of))
    };
    let own = run.servers.iter().find(|(name, _)| name == LONGWIRE);
    let own = own.and_then(|(_, slices)| spread(slices, |of| of.p99_us));
    let mut table =
        Table::new(["server", "p50", "p99", "the longest", "left out", "Longwire's p99 is"]);
    for (name, slices) in &run.servers {
        let p99 = spread(slices, |of| of.p99_us);
        let word = own.zip(p99).filter(|_| name != LONGWIRE);
        table.row([
            name.clone(),
            shown_micros(spread(slices, |of| of.p50_us)),
            shown_micros(p99),
            slices.iter().map(|of| of.max_us).reduce(f64::max).map_or(NONE.to_owned(), micros),
            left_out(slices.iter(), run.each_second),
            word.map_or(NONE, |(own, other)| shorter(own, other)).to_owned(),
        ]);
    }
    let _ = write!(
        text,
        "\n### Latency of a delivery\n\n{} subscribers, {} publications of {} bytes a second, published when \
         they are due and not when the last has arrived; from when a publication was due until a subscriber \
         had read it. Microseconds; percentiles of slices of one second each, {} a server. The load reads its \
         subscribers one after the other, which takes its part of each figure. {LEFT_OUT} Where the \
         quartiles of two servers' overlap, they are level.\n\n{table}",
        grouped(run.subscribers as f64),
        run.each_second,
        run.size_bytes,
        results.rounds,
    );
}

/// Which publications do not count.
const LEFT_OUT: &str = "Left out are the publications that were under way, or next, when the machine's host had one of \
    its processors do something else (stolen time, as /proc/stat has it): how many of all.";

/// `12 of 800`
fn left_out<'a>(slices: impl Iterator<Item = &'a Paced>, each_second: u32) -> String {
    let published = u64::from(in_a_slice(each_second));
    let (left_out, all) =
        slices.fold((0, 0), |(left_out, all), slice| (left_out + slice.left_out, all + published));
    format!("{left_out} of {all}")
}

/// `800 (790–812)`
fn shown_micros(spread: Option<Spread>) -> String {
    let shown = |Spread { p25, median, p75 }: Spread| {
        format!("{} ({}–{})", micros(median), micros(p25), micros(p75))
    };
    spread.map_or(NONE.to_owned(), shown)
}

fn stalled(text: &mut String, run: &StalledRun) {
    let headings = ["`slow_consumer`", "p50 without", "p50 with", "p99 without", "p99 with"];
    let ratios = ["p50: with / without", "p99: with / without", "server's CPU: with / without"];
    let out = ["left out without", "left out with"];
    let mut latency = Table::new(headings.into_iter().chain(ratios).chain(out));
    let headings = ["`slow_consumer`", "pairs", "published", "it got", "it was told"];
    let mut fates = Table::new(headings.into_iter().chain(["memory grew by, KiB"]));
    for policy in &run.policies {
        let shown = |of: Option<f64>| of.map_or(NONE.to_owned(), micros);
        let ratio = |of: Option<Spread>| of.map_or(NONE.to_owned(), |ratio| ratio.to_string());
        let cpu = |pair: &Pair| pair.with.server_cpu_seconds / pair.without.server_cpu_seconds;
        let (p50, p99) = (policy.quantiles(0.5), policy.quantiles(0.99));
        latency.row([
            policy.name.clone(),
            shown(p50.map(|it| it.0)),
            shown(p50.map(|it| it.1)),
            shown(p99.map(|it| it.0)),
            shown(p99.map(|it| it.1)),
            ratio(policy.ratio(0.5)),
            ratio(policy.ratio(0.99)),
            ratio(policy.spread(cpu)),
            left_out(policy.pairs.iter().map(|pair| &pair.without), run.each_second),
            left_out(policy.pairs.iter().map(|pair| &pair.with), run.each_second),
        ]);
        fates.row(fate(policy));
    }
    let _ = write!(
        text,
        "\n### One subscriber that does not read\n\n{} subscribers of `longwire serve`, {} publications of {} \
         bytes a second as above, and one subscriber more that stops reading as soon as it has joined: each \
         policy in turn, in pairs of slices of one second with that one and without it, of which now the one \
         and now the other comes first. Its connection has packets of 1,460 bytes and a receive buffer of 8 \
         KiB. What it does not take waits: up to {CONNECTION_KIB} KiB and one publication at the connection \
         and {} KiB in the session, as where a configuration does not say. Before each slice publications \
         fill that, on a channel that the one has for itself and then on that of all, so that it is over its \
         limits in all of the slice. Where that parts the server from it (`disconnect`, `gap`), they stop short \
         of it: it comes in the middle of the slice, and the one comes back for the next. A pair in which \
         that was not so is not counted. Microseconds, of the others' deliveries alone, of which none may be \
         missing; percentiles of all slices together, since a slice's 99th is that of its slowest \
         publication. Beside a ratio of these stand the quartiles of what it is for as many pairs drawn \
         from these, some twice and some not at all. {LEFT_OUT} The server's CPU time is divided pair by pair:\n\n{latency}\n\
         What became of the one, medians of the pairs: the publications on the channel of all until it read \
         again, how many of them it got then, and the code with which it was told that its session or subscription had ended. The \
         server's memory is RssAnon, at the end of that slice in which it was most, beyond what it was before \
         the one came:\n\n{fates}",
        grouped(run.subscribers as f64),
        run.each_second,
        grouped(run.size_bytes.into()),
        grouped(QUEUED_KIB.into()),
    );
}

/// What became of the one under a policy.
fn fate(policy: &StalledPolicy) -> [String; 6] {
    let counted = policy.pairs.len();
    let all = counted + policy.missed as usize;
    let median =
        |of: fn(&Pair) -> f64| policy.spread(of).map_or(NONE.to_owned(), |of| grouped(of.median));
    let end = policy.pairs.first().and_then(|pair| pair.fate.end);
    [
        policy.name.clone(),
        format!("{counted} of {all}"),
        median(|pair| pair.fate.published as f64),
        median(|pair| pair.fate.received as f64),
        end.map_or(NONE.to_owned(), |code| code.to_string()),
        policy.grown_bytes().map_or(NONE.to_owned(), |bytes| grouped(bytes / 1024.0)),
    ]
}

fn memory(text: &mut String, results: &Results) {
    if results.memory.is_empty() {
        return;
    }
    let mut table = Table::new(["subscribers", "server", "subscribed", "after 16 publications"]);
    for memory in &results.memory {
        table.row([
            grouped(memory.subscribers as f64),
            memory.server.clone(),
            grouped(memory.bytes.subscribed_bytes),
            grouped(memory.bytes.after_publications_bytes),
        ]);
    }
    let _ = write!(
        text,
        "\n### Memory of a subscriber\n\nBytes of resident anonymous memory (RssAnon) that the server's process \
         has grown by for each subscriber, beyond the first 64: when all had subscribed, and when each had got \
         16 publications of 128 bytes, one at a time. It comes in pages of 4 KiB, and tables double when they \
         are full; a subscriber of a collected language costs what its collector has not given back yet. What \
         nchan keeps in memory that nginx's processes share is not in it.\n\n{table}"
    );
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::results;
    use super::*;

    #[test]
    fn the_section_has_its_figures() {
        let text = section(&results());
        let wanted = [
            "| 1,000 × 128 B, 16 in flight | 2.00 M (2.00 M–2.00 M) | 1.00 M (1.00 M–1.00 M) |",
            "0.80 / 0.80 / 0.80 |",
            " longwire / nchan |",
            "| 2.00 (2.00–2.00) ahead | 1.25 (0.88–1.62) level |",
            "| nchan    | 800 (800–800) | 9,000 (9,000–9,000) |      18,000 |  6 of 40 |           shorter |",
            "| bun      | 800 (800–800) | 4,000 (4,000–4,000) |       8,000 |  6 of 40 |             level |",
            "| 1,000       | longwire |        900 |                 1,000 |",
            "| latest          |         800 |      800 |       4,000 |    5,000 |    1.00 (1.00–1.00) |    1.25 (1.25–1.50) |",
            "| latest          | 2 of 3 |       700 |    100 |           – |               2,000 |",
            "- nchan 1.2: as it is.",
            "- socket.io is missing: install it",
        ];
        for wanted in wanted {
            assert!(text.contains(wanted), "no {wanted:?} in\n{text}");
        }
    }

    #[test]
    fn without_ours_nothing_is_beside_it() {
        let mut results = results();
        results.servers.remove(0);
        for run in &mut results.throughput {
            run.servers.remove(0);
        }
        results.latency = None;
        results.stalled = None;
        results.memory.clear();
        let text = section(&results);
        assert!(!text.contains("longwire /") && !text.contains("###"), "{text}");
    }

    #[test]
    fn a_workload_in_words() {
        let workload = Workload { subscribers: 5_000, size_bytes: 2_048, in_flight: 1 };
        assert_eq!(shape(&workload), "5,000 × 2 KiB, 1 in flight");
    }
}
