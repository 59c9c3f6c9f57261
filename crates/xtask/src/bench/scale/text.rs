//! The tables of `cargo xtask bench scale`, as Markdown for the page and for the terminal.

use std::fmt::Write as _;

use super::super::load::{Slice, rate, ratio};
use super::super::markdown::{Table, wrapped};
use super::super::sections::grouped;
use super::super::spread::Spread;
use super::OTHER_DESCRIPTORS;
use super::bed::SIZE_BYTES;
use super::connections::FEW;
use super::results::{Beside, Growth, Results, Workers};

/// What stands where there is no figure.
const NONE: &str = "–";

/// The whole section.
pub(super) fn section(results: &Results) -> String {
    let mut text = format!(
        "`cargo xtask bench scale`, {}. {} rounds: in each, every server of a table has the load for a \
         quarter of a second. Figures are medians of the rounds, with the 25th to the 75th percentile. \
         Messages are binary, of {SIZE_BYTES} bytes. CPU time is user and system time of the server's \
         threads; what the kernel does for the server while the load makes a call is not in it.\n\n",
        results.machine, results.rounds
    );
    workers(&mut text, results);
    growth(&mut text, results);
    wrapped(&text)
}

fn workers(text: &mut String, results: &Results) {
    let processors = results.machine.processors();
    let _ = writeln!(
        text,
        "### Workers\n\nOne process, `longwire echo --threads` 1 and more. **The load comes from this \
         machine too**, from one thread that shares its {processors} processors with the workers: where \
         there are {processors} workers or more, one of them has to wait. So messages for each second of \
         the server's CPU time is the figure that holds. Messages a second is not: it is what fits beside \
         the load, and the load is what ends it where it uses a processor's time."
    );
    for load in &results.workers {
        let Workers { connections, in_flight, servers } = load;
        let mut table = Table::new([
            "workers",
            "messages a CPU second",
            "beside one worker",
            "processors used",
            "by the load",
            "messages a second",
        ]);
        let Some(first) = servers.first() else { continue };
        for server in servers {
            let slices = server.slices.iter();
            let processors =
                slices.clone().filter_map(|of| Some(of.server_cpu_seconds? / of.seconds));
            let each_second = slices.map(|of| of.messages as f64 / of.seconds);
            table.row([
                server.workers.to_string(),
                counted(rate(&server.slices)),
                shown(ratio(&server.slices, &first.slices)),
                shown(Spread::of(processors)),
                format!("{:.2}", server.load_cpu_share),
                counted(Spread::of(each_second)),
            ]);
        }
        let _ =
            write!(text, "\n{connections} connections, {in_flight} in flight on each:\n\n{table}");
    }
}

fn growth(text: &mut String, results: &Results) {
    let place = if results.pinned {
        "servers on one processor, load on another"
    } else {
        "servers and load were **not** given a processor each"
    };
    let reached = results.growth.connections.last().copied().unwrap_or_default();
    let limit = match results.descriptors {
        Some(limit) if reached.saturating_add(OTHER_DESCRIPTORS) >= limit => format!(
            "A process may have {} descriptors here (RLIMIT_NOFILE), one for each connection: that, and \
             nothing else, is why the tables end where they do",
            grouped(limit as f64)
        ),
        _ => "More connections were not tried, though there are descriptors for them".to_owned(),
    };
    let growth = &results.growth;
    let _ = write!(
        text,
        "\n### Connections\n\nServers with one worker, without heartbeats, one for each line; {place}. \
         {limit}. Beside them a raw TCP echo on mio: what more sockets cost the system, whoever serves \
         them. *Growth* is the CPU time of a message, divided by that in the first line in the same \
         round.\n\n![Microseconds a message and bytes a connection](performance-scale.svg)\n\n\
         One message in flight on {FEW} connections, and beside them so many idle ones:\n\n{}\n\
         One message in flight on each connection: the more there are, the longer has each been out of the \
         processor's caches when it is its turn:\n\n{}\n\
         Memory: bytes of resident anonymous memory (RssAnon) that the server has grown by for each \
         connection, in one run; idle, and idle again after an echo. It comes in pages of 4 KiB, and tables \
         double when they are full: with few connections that shows.\n\n{}",
        costs(growth, &growth.few, "messages"),
        costs(growth, &growth.all, "messages"),
        memory(growth),
    );
    let _ = write!(
        text,
        "\n### New connections\n\nEach is opened, shakes hands, is closed with a Close and its reply, \
         and then by the server; 64 at a time from one client, and beside them so many idle connections \
         as before. The raw echo is sent as many bytes instead, and the client ends the connection. \
         Without TLS, which there is not yet.\n\n{}",
        costs(growth, &growth.arrivals, "connections"),
    );
}

/// What something costs with some connections and more.
fn costs(growth: &Growth, figures: &Beside<Vec<Slice>>, of: &str) -> Table {
    let mut table = Table::new([
        "connections".to_owned(),
        format!("longwire: {of} a CPU second"),
        "growth".to_owned(),
        format!("raw TCP: {of} a CPU second"),
        "growth".to_owned(),
        "longwire / raw TCP".to_owned(),
    ]);
    let rows = growth.connections.iter().zip(&figures.longwire).zip(&figures.raw);
    for ((connections, longwire), raw) in rows {
        // The first's rate over its own is its own cost over the first's.
        let growth =
            |all: &[Vec<Slice>], own| shown(all.first().and_then(|first| ratio(first, own)));
        table.row([
            grouped(*connections as f64),
            counted(rate(longwire)),
            growth(&figures.longwire, longwire),
            counted(rate(raw)),
            growth(&figures.raw, raw),
            shown(ratio(longwire, raw)),
        ]);
    }
    table
}

fn memory(growth: &Growth) -> Table {
    let mut table = Table::new([
        "connections",
        "longwire: idle",
        "after an echo",
        "raw TCP: idle",
        "after an echo",
        "more than raw TCP",
    ]);
    let rows = growth.connections.iter().zip(&growth.memory.longwire).zip(&growth.memory.raw);
    for ((connections, longwire), raw) in rows {
        let bytes = [longwire.idle, longwire.after_an_echo, raw.idle, raw.after_an_echo];
        let more = longwire.after_an_echo - raw.after_an_echo;
        let cells = [*connections as f64].into_iter().chain(bytes).chain([more]);
        table.row(cells.map(grouped));
    }
    table
}

fn shown(spread: Option<Spread>) -> String {
    spread.map_or(NONE.to_owned(), |spread| spread.to_string())
}

fn counted(spread: Option<Spread>) -> String {
    spread.map_or(NONE.to_owned(), |Spread { p25, median, p75 }| {
        let [median, p25, p75] = [median, p25, p75].map(in_thousands);
        format!("{median} ({p25}–{p75})")
    })
}

/// With three digits that count: `9.87 k`, `98.7 k`, `987 k`, `1,234 k`.
fn in_thousands(number: f64) -> String {
    match number / 1e3 {
        few if few < 9.995 => format!("{few:.2} k"),
        some if some < 99.95 => format!("{some:.1} k"),
        many => format!("{} k", grouped(many)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::results;
    use super::*;

    #[test]
    fn every_table_has_its_figures() {
        let text = section(&results());
        let table = [
            "shares its 2 processors with the workers",
            // Both did as much for each second of CPU time, at 0.1 s of it in a quarter of a second.
            "| 2       | 10.0 k (9.50 k–10.5 k) |  1.00 (0.95–1.05) | 0.40 (0.40–0.40) |        0.50 |",
            "may have 20,000 descriptors here",
            "| 19,000      |            180 |           181 |            39 |            40 |               141 |",
            "| 19,000      |             5.00 k (5.00 k–5.00 k) | 2.00 (2.00–2.00) |",
        ];
        for wanted in table {
            assert!(text.contains(wanted), "no {wanted:?} in\n{text}");
        }
    }

    #[test]
    fn the_limit_is_named_where_it_is_reached() {
        let mut results = results();
        for limit in [Some(20_001), None] {
            results.descriptors = limit;
            let text = section(&results);
            assert!(text.contains("More connections were not tried"), "{limit:?}: {text}");
        }
    }

    #[test]
    fn numbers_have_three_digits() {
        let table = [
            (987.0, "0.99 k"),
            (9_994.0, "9.99 k"),
            (9_996.0, "10.0 k"),
            (99_940.0, "99.9 k"),
            (99_960.0, "100 k"),
            (1_234_400.0, "1,234 k"),
        ];
        for (number, wanted) in table {
            assert_eq!(in_thousands(number), wanted, "{number}");
        }
    }
}
