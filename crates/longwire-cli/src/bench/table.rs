//! The results, for people: a few lines and a histogram for one server, a table for several.

use std::fmt::Write as _;

use super::latencies::{Bucket, Percentiles};
use super::numbers::{duration, float, grouped, percent};
use super::report::{Figures, Report};

/// The longest bar of a histogram.
const BAR_WIDTH: usize = 40;
/// A histogram has no more lines than this: buckets are put together until they fit.
const HISTOGRAM_LINES: usize = 16;

/// Everything to be printed.
pub(super) fn text(report: &Report) -> String {
    let mut text = headline(report);
    match report.servers.as_slice() {
        [server] => single(&mut text, report, server),
        servers => comparison(&mut text, servers),
    }
    text.push_str(match report.rate {
        Some(_) => "Latency counts from when a message was due.\n",
        None => {
            "Latency is the time of service in a closed loop, from when a message could be sent.\n"
        }
    });
    text
}

/// What was measured, in a line.
fn headline(report: &Report) -> String {
    let Report { connections, in_flight, size_bytes, kind, .. } = report;
    let how = match report.rate {
        Some(rate) => format!("{} messages a second", grouped(f64::from(rate))),
        None => "as many messages as go".to_owned(),
    };
    let deflate = match report.deflate {
        "none" => "",
        "context_takeover" => ", permessage-deflate with context takeover",
        _ => ", permessage-deflate",
    };
    format!(
        "{connections} connections, {in_flight} in flight, {kind} messages of {size_bytes} bytes\
         {deflate}, {how}; {} slices of {} s\n\n",
        report.rounds, report.slice_seconds
    )
}

fn single(text: &mut String, report: &Report, server: &Figures) {
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<12} {value}");
    };
    line("server", server.url.clone());
    line(
        "messages",
        format!(
            "{} in {:.2} s: {} a second",
            grouped(float(server.messages)),
            server.seconds,
            grouped(server.messages_per_second)
        ),
    );
    if let (Some(share), Some(merit)) =
        (server.server_cpu_share(), server.messages_per_server_cpu_second)
    {
        let merit = grouped(merit);
        line("server CPU", format!("{}: {merit} messages for each second of it", percent(share)));
    }
    line("own CPU", own_cpu(report, server));
    line("bytes", {
        let (sent, received) = (grouped(float(server.sent_bytes)), float(server.received_bytes));
        format!("{sent} sent, {} received", grouped(received))
    });
    line("latency", percentiles(&server.latency_us.all));
    if let Some(lateness) = &server.own_lateness_us {
        line("sent late", percentiles(lateness));
    }
    text.push('\n');
    histogram(text, &server.histogram);
}

fn percentiles(latency: &Percentiles) -> String {
    let Percentiles { p50, p99, p999, max } = latency;
    format!(
        "p50 {}, p99 {}, p99.9 {}, max {}",
        duration(*p50),
        duration(*p99),
        duration(*p999),
        duration(*max)
    )
}

fn own_cpu(report: &Report, server: &Figures) -> String {
    let share = percent(server.own_cpu_share);
    match report.rate {
        Some(_) => format!("{share}; it does not sleep for less than a millisecond"),
        None => share,
    }
}

fn histogram(text: &mut String, buckets: &[Bucket]) {
    let together = buckets.len().div_ceil(HISTOGRAM_LINES).max(1);
    let rows: Vec<_> = buckets
        .chunks(together)
        .filter_map(|group| {
            let count = group.iter().map(|bucket| bucket.count).sum::<u64>();
            Some((group.last()?.up_to_us, count))
        })
        .collect();
    let most = rows.iter().map(|(_, count)| *count).max().unwrap_or_default().max(1);
    let _ = writeln!(text, "  {:>10}  {:>13}", "up to", "messages");
    for (up_to_us, count) in rows {
        let width = (count * BAR_WIDTH as u64).div_ceil(most);
        let bar = "█".repeat(usize::try_from(width).unwrap_or_default());
        let row = format!("  {:>10}  {:>13}  {bar}", duration(up_to_us), grouped(float(count)));
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text.push('\n');
}

const HEADERS: [&str; 10] = [
    "server",
    "messages/s",
    "per CPU s",
    "ratio (p25–p75)",
    "p50",
    "p99",
    "p99.9",
    "max",
    "server CPU",
    "own CPU",
];

fn comparison(text: &mut String, servers: &[Figures]) {
    let mut rows = vec![HEADERS.map(str::to_owned)];
    rows.extend(servers.iter().map(row));
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..HEADERS.len()).map(width).collect();
    for row in &rows {
        let _ = write!(text, "{:<1$}", row[0], widths[0]);
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            let _ = write!(text, "  {cell:>width$}");
        }
        text.push('\n');
    }
    text.push('\n');
    text.push_str(match servers.iter().all(|server| server.server_cpu_seconds.is_some()) {
        true => "The ratio is of messages for each second of the server's CPU time",
        false => "The ratio is of messages a second",
    });
    text.push_str(", to the first server, slice by slice: median and quartiles.\n");
}

fn row(server: &Figures) -> [String; 10] {
    let none = || "-".to_owned();
    let latency = &server.latency_us.all;
    [
        server.url.clone(),
        grouped(server.messages_per_second),
        server.messages_per_server_cpu_second.map_or_else(none, grouped),
        server.ratio.map_or_else(none, |ratio| {
            format!("{:.3} ({:.3}–{:.3})", ratio.median, ratio.p25, ratio.p75)
        }),
        duration(latency.p50),
        duration(latency.p99),
        duration(latency.p999),
        duration(latency.max),
        server.server_cpu_share().map_or_else(none, percent),
        percent(server.own_cpu_share),
    ]
}
