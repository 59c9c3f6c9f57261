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

#[cfg(test)]
mod tests {
    use super::{Bucket, Figures, Percentiles, Report, text};
    use crate::bench::numbers::Spread;
    use crate::bench::report::Latency;

    fn server(url: &str, messages: u64, ratio: f64) -> Figures {
        let all = Percentiles { p50: 12.34, p99: 250.0, p999: 1500.0, max: 20_000.0 };
        Figures {
            url: url.to_owned(),
            pid: Some(7),
            messages,
            seconds: 5.0,
            messages_per_second: 200_000.0,
            server_cpu_seconds: Some(4.0),
            messages_per_server_cpu_second: Some(250_000.0),
            own_cpu_share: 0.7,
            received_bytes: 22_000_000,
            sent_bytes: 26_000_000,
            missed: 0,
            slices: Vec::new(),
            ratio: Some(Spread { median: ratio, p25: ratio - 0.01, p75: ratio + 0.01 }),
            latency_us: Latency { all, p99_slices: None },
            histogram: vec![
                Bucket { up_to_us: 16.0, count: 900_000 },
                Bucket { up_to_us: 20.0, count: 0 },
                Bucket { up_to_us: 25.0, count: 100_000 },
            ],
            own_lateness_us: None,
        }
    }

    fn report(servers: Vec<Figures>) -> Report {
        Report {
            connections: 32,
            in_flight: 1,
            size_bytes: 20,
            kind: "binary",
            deflate: "none",
            rate: None,
            slice_seconds: 0.25,
            rounds: 20,
            servers,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn one_server() {
        let server = server("ws://a/", 1_000_000, 1.0);
        let expected = "\
32 connections, 1 in flight, binary messages of 20 bytes, as many messages as go; 20 slices of 0.25 s

  server       ws://a/
  messages     1,000,000 in 5.00 s: 200,000 a second
  server CPU   80 %: 250,000 messages for each second of it
  own CPU      70 %
  bytes        26,000,000 sent, 22,000,000 received
  latency      p50 12.3 µs, p99 250 µs, p99.9 1.50 ms, max 20.0 ms

       up to       messages
     16.0 µs        900,000  ████████████████████████████████████████
     20.0 µs              0
     25.0 µs        100,000  █████

Latency is the time of service in a closed loop, from when a message could be sent.
";
        assert_eq!(text(&report(vec![server])), expected);
    }

    #[test]
    fn several_servers() {
        let mut without_pid = server("tcp://bcd:1", 1, 0.9);
        without_pid.server_cpu_seconds = None;
        without_pid.messages_per_server_cpu_second = None;
        let mut report = report(vec![server("ws://a/", 1_000_000, 1.0), without_pid]);
        report.deflate = "context_takeover";
        report.rate = Some(10_000);
        let expected = "\
32 connections, 1 in flight, binary messages of 20 bytes, permessage-deflate with context takeover, \
10,000 messages a second; 20 slices of 0.25 s

server       messages/s  per CPU s      ratio (p25–p75)      p50     p99    p99.9      max  server CPU  own CPU
ws://a/         200,000    250,000  1.000 (0.990–1.010)  12.3 µs  250 µs  1.50 ms  20.0 ms        80 %     70 %
tcp://bcd:1     200,000          -  0.900 (0.890–0.910)  12.3 µs  250 µs  1.50 ms  20.0 ms           -     70 %

The ratio is of messages a second, to the first server, slice by slice: median and quartiles.
Latency counts from when a message was due.
";
        assert_eq!(text(&report), expected);
    }

    #[test]
    fn a_histogram_with_many_buckets_has_few_lines() {
        let mut server = server("ws://a/", 1, 1.0);
        server.histogram =
            (1..=40_u8).map(|n| Bucket { up_to_us: f64::from(n) * 10.0, count: 1 }).collect();
        let text = text(&report(vec![server]));
        let rows: Vec<_> = text.lines().filter(|line| line.contains('█')).collect();
        assert_eq!(rows.len(), 14);
        let bar = "█".repeat(40);
        assert_eq!(rows[0], format!("     30.0 µs              3  {bar}"));
        // What is left over.
        assert_eq!(rows[13], format!("      400 µs              1  {}", "█".repeat(14)));
    }
}
