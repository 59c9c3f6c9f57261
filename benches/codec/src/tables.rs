//! The tables: for a terminal every figure of every implementation, for a page one table a task
//! with the implementations side by side.

use std::fmt::Write as _;

use crate::measure::Plan;
use crate::peers::VERSIONS;
use crate::report::{Cell, Line};
use crate::statistics::Summary;

/// What a cell of a page says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Nanoseconds,
    GigabytesPerSecond,
    MegabytesPerSecond,
}

/// How a table of the page begins.
struct Heading {
    table: &'static str,
    title: &'static str,
    about: &'static str,
    unit: Unit,
}

const HEADINGS: [Heading; 10] = [
    Heading {
        table: "receive-server",
        title: "Receiving as a server",
        about: "Masked messages, one frame each, every check on. A read brings as much as each library \
                asks for, at most 64 KiB. The program with Longwire reads 8 KiB, or what a long frame \
                lacks, and holds frames of up to 128 KiB until they are whole (Input::holding). Longwire \
                hands out borrowed messages, the others owned ones. Nanoseconds a message.",
        unit: Unit::Nanoseconds,
    },
    Heading {
        table: "receive-client",
        title: "Receiving as a client",
        about: "The same, not masked. Nanoseconds a message.",
        unit: Unit::Nanoseconds,
    },
    Heading {
        table: "send-server",
        title: "Sending as a server",
        about: "Encoded and written, some 64 KiB a write. Nanoseconds a message.",
        unit: Unit::Nanoseconds,
    },
    Heading {
        table: "send-client",
        title: "Sending as a client",
        about: "The same, masked, with a fresh key for each frame. tungstenite, fastwebsockets and yawc take \
                it from `rand`'s cryptographic generator, tokio-websockets and sockudo-ws, as they are built \
                here, from `fastrand`; Longwire takes it from the program, here from either. Nanoseconds a \
                message.",
        unit: Unit::Nanoseconds,
    },
    Heading {
        table: "handshake",
        title: "The opening handshake",
        about: "From a browser's request to the bytes of the answer. tokio-websockets makes a connection as \
                well. Nanoseconds a handshake.",
        unit: Unit::Nanoseconds,
    },
    Heading {
        table: "prepared",
        title: "One message to a thousand receivers",
        about: "Encoded once and shared, the encoding included, and encoded for each. Nanoseconds a \
                receiver.",
        unit: Unit::Nanoseconds,
    },
    Heading {
        table: "masking",
        title: "Masking",
        about: "In place, six bytes behind a boundary of 64. GB/s.",
        unit: Unit::GigabytesPerSecond,
    },
    Heading {
        table: "utf8",
        title: "Validating UTF-8",
        about: "GB/s.",
        unit: Unit::GigabytesPerSecond,
    },
    Heading {
        table: "compress",
        title: "Compressing",
        about: "Messages like JSON, as a server. MB/s of payload, and the bytes on the wire in percent of \
                it; `zlib-rs` alone writes no frames.",
        unit: Unit::MegabytesPerSecond,
    },
    Heading {
        table: "inflate",
        title: "Inflating",
        about: "The same messages, masked, as a server receives them. MB/s of payload.",
        unit: Unit::MegabytesPerSecond,
    },
];

/// All figures, for a terminal.
pub(crate) fn text(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(
            text,
            "{:42} {:>10} {:>17} {:>8} {:>8} {:>7} {:>7} {:>6}",
            line.id, "ns", "p25 to p75", "x ours", "GB/s", "instr", "allocs", "wire"
        );
        for cell in &line.cells {
            let Summary { median, p25, p75 } = cell.nanoseconds;
            let _ = writeln!(
                text,
                "  {:40} {:>10} {:>17} {:>8} {:>8} {:>7} {:>7} {:>6}",
                cell.implementation,
                short(median),
                format!("{} to {}", short(p25), short(p75)),
                cell.times_longwire.map_or_else(dash, |ratio| format!("{:.2}", ratio.median)),
                format!("{:.3}", cell.gigabytes_per_second),
                cell.instructions.map_or_else(dash, |count| format!("{count:.0}")),
                cell.allocations.map_or_else(dash, |count| format!("{count:.2}")),
                cell.output_share.map_or_else(dash, percent),
            );
        }
    }
    text
}

/// The tables of a page.
pub(crate) fn markdown(lines: &[Line], plan: Plan) -> String {
    let mut text = format!(
        "{VERSIONS}. {} rounds, {} ms of each implementation in turn; medians, and in brackets the \
         quartiles. The last columns say how many times as long as Longwire the others take: medians \
         of the ratios in each round.\n",
        plan.rounds,
        plan.slice.as_millis(),
    );
    for heading in &HEADINGS {
        let lines: Vec<&Line> = lines.iter().filter(|line| line.table == heading.table).collect();
        if !lines.is_empty() {
            let _ = write!(text, "\n### {}\n\n{}\n\n", heading.title, heading.about);
            text += &times(&lines, heading.unit);
            // Of compression the allocations are in the JSON; here they would be most of the page.
            if heading.unit != Unit::MegabytesPerSecond {
                text += &counts(&lines);
            }
        }
    }
    text
}

/// Everyone in a table, in the order of the first row that has them.
fn implementations(lines: &[&Line]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for cell in lines.iter().flat_map(|line| &line.cells) {
        if !names.contains(&cell.implementation) {
            names.push(cell.implementation);
        }
    }
    names
}

fn times(lines: &[&Line], unit: Unit) -> String {
    let names = implementations(lines);
    let has_peers = lines.iter().any(|line| line.fastest_peer().is_some());
    let has_tungstenite = names.contains(&"tungstenite");
    let mut head = vec![String::new()];
    head.extend(names.iter().map(|name| (*name).to_owned()));
    head.extend(has_tungstenite.then(|| "tungstenite ÷ longwire".to_owned()));
    head.extend(has_peers.then(|| "fastest peer ÷ longwire".to_owned()));
    let mut rows = vec![head];
    for line in lines {
        let mut row = vec![line.name.clone()];
        row.extend(
            names.iter().map(|name| line.cell(name).map_or_else(dash, |cell| figure(cell, unit))),
        );
        if has_tungstenite {
            let ratio = line.cell("tungstenite").and_then(|cell| cell.times_longwire);
            row.push(ratio.map_or_else(dash, of_ratio));
        }
        if has_peers {
            let fastest = line.fastest_peer();
            let said = fastest.and_then(|cell| {
                let ratio = of_ratio(cell.times_longwire?);
                Some(format!("{ratio} {}", cell.implementation))
            });
            row.push(said.unwrap_or_else(dash));
        }
        rows.push(row);
    }
    table(&rows)
}

fn figure(cell: &Cell, unit: Unit) -> String {
    let Summary { median, p25, p75 } = cell.nanoseconds;
    let speed = cell.gigabytes_per_second;
    match unit {
        Unit::Nanoseconds => format!("{} ({}–{})", short(median), short(p25), short(p75)),
        Unit::GigabytesPerSecond => {
            let bounds = [p75, p25].map(|ns| short(speed * median / ns));
            format!("{} ({}–{})", short(speed), bounds[0], bounds[1])
        }
        Unit::MegabytesPerSecond => {
            let share = cell.output_share.map(|share| format!(", {}", percent(share)));
            format!("{:.0}{}", 1000.0 * speed, share.unwrap_or_default())
        }
    }
}

/// A figure of a cell that was counted, as text.
type Count = fn(&Cell) -> Option<String>;

const COUNTS: [(&str, Count); 2] = [
    ("Instructions a message", |cell| cell.instructions.map(|count| format!("{count:.0}"))),
    ("Allocations a message", |cell| cell.allocations.map(|count| format!("{count:.2}"))),
];

/// The instructions and allocations. Rows in which nobody allocates are left out.
fn counts(lines: &[&Line]) -> String {
    let names = implementations(lines);
    let mut text = String::new();
    for (title, count) in COUNTS {
        let mut head = vec![title.to_owned()];
        head.extend(names.iter().map(|name| (*name).to_owned()));
        let mut rows = vec![head];
        for line in lines {
            let figures: Vec<_> =
                names.iter().map(|name| line.cell(name).and_then(count)).collect();
            let zero = |text: &String| text == "0.00";
            if figures.iter().flatten().any(|figure| !zero(figure)) {
                let mut row = vec![line.name.clone()];
                row.extend(figures.into_iter().map(|figure| figure.unwrap_or_else(dash)));
                rows.push(row);
            }
        }
        if rows.len() > 1 {
            text += "\n";
            text += &table(&rows);
        }
    }
    text
}

/// A table of Markdown, the first row of which is its head.
fn table(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let _ = writeln!(text, "| {} |", row.join(" | "));
        if number == 0 {
            let _ = writeln!(text, "|---|{}", "--:|".repeat(row.len() - 1));
        }
    }
    text
}

fn of_ratio(ratio: Summary) -> String {
    format!("{:.2} ({:.2}–{:.2})", ratio.median, ratio.p25, ratio.p75)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn dash() -> String {
    "–".to_owned()
}

/// Three digits, and no more than are before the point.
fn short(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.2}"),
        10.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Row, Side};

    fn cell(implementation: &'static str, side: Side, median: f64) -> Cell {
        let around = |median: f64| Summary { median, p25: median * 0.9, p75: median * 1.1 };
        Cell {
            implementation,
            side,
            nanoseconds: around(median),
            times_longwire: Some(around(median / 10.0)),
            gigabytes_per_second: 20.0 / median,
            instructions: Some(median * 7.0),
            allocations: (side == Side::Peer).then_some(1.0),
            output_share: None,
        }
    }

    fn line(table: &'static str) -> Line {
        let row = Row::new(table, "binary 20 B".to_owned(), 20, Vec::new);
        let cells = vec![
            cell("longwire", Side::Ours, 10.0),
            cell("tungstenite", Side::Peer, 40.0),
            cell("yawc", Side::Peer, 25.0),
            cell("core", Side::Reference, 5.0),
        ];
        Line::new(&row, cells)
    }

    #[test]
    fn a_table_says_who_is_the_fastest_peer() {
        let text = times(&[&line("receive-server")], Unit::Nanoseconds);
        let wanted = "\
            |  | longwire | tungstenite | yawc | core | tungstenite ÷ longwire | fastest peer ÷ longwire |\n\
            |---|--:|--:|--:|--:|--:|--:|\n\
            | binary 20 B | 10.0 (9.00–11.0) | 40.0 (36.0–44.0) | 25.0 (22.5–27.5) | 5.00 (4.50–5.50) \
            | 4.00 (3.60–4.40) | 2.50 (2.25–2.75) yawc |\n";
        assert_eq!(text, wanted);
    }

    #[test]
    fn counts_have_tables_of_their_own() {
        let text = counts(&[&line("receive-server")]);
        let wanted = "\n\
            | Instructions a message | longwire | tungstenite | yawc | core |\n\
            |---|--:|--:|--:|--:|\n\
            | binary 20 B | 70 | 280 | 175 | 35 |\n\n\
            | Allocations a message | longwire | tungstenite | yawc | core |\n\
            |---|--:|--:|--:|--:|\n\
            | binary 20 B | – | 1.00 | 1.00 | – |\n";
        assert_eq!(text, wanted);
    }

    #[test]
    fn every_table_has_a_heading() {
        for row in crate::rows::all() {
            assert!(HEADINGS.iter().any(|heading| heading.table == row.table), "{}", row.table);
        }
    }
}
