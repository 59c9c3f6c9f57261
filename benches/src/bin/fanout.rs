//! One publisher and many subscribers of a server, which are busy when they are told to be.

use std::io::BufRead as _;
use std::net::SocketAddr;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use longwire_benches::client::{Speech, Target};
use longwire_benches::fanout::{Load, Plan, Protocol};
use serde_json::json;

/// Measures publications to many, in slices that standard input asks for.
///
/// Prints `joined JSON` when all have joined, with the bytes of memory that each costs. Then each line
/// of standard input is answered with `slice JSON`: `saturate IN_FLIGHT BYTES MILLISECONDS` keeps so
/// many publications in flight, `pace RATE BYTES MILLISECONDS` publishes so often a second. Ends with
/// standard input, and with the first delivery that is missing, wrong or out of order.
#[derive(Parser)]
struct Options {
    /// IP:PORT of the server.
    server: SocketAddr,
    /// What it speaks.
    #[arg(long)]
    protocol: Protocol,
    /// The process whose CPU time and memory count.
    #[arg(long)]
    pid: u32,
    /// How many subscribers, more than 64. Client and server each need as many descriptors (ulimit -n).
    #[arg(long, default_value_t = 1_000)]
    subscribers: usize,
}

/// How often a load that has nothing to do looks whether the server has asked something.
const IDLE: Duration = Duration::from_secs(1);

fn main() -> Result<()> {
    let Options { server, protocol, pid, subscribers } = Options::parse();
    let target = Target { address: server, speech: Speech::Plain };
    let (mut load, bytes) = Load::open(Plan { protocol, target, pid, subscribers })?;
    let figures = json!({
        "subscribed_bytes": bytes.subscribed,
        "after_publications_bytes": bytes.after_publications,
    });
    println!("joined {figures}");
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    loop {
        match lines.recv_timeout(IDLE) {
            Ok(line) => println!("slice {}", Slice::parse(&line?)?.measure(&mut load)?),
            Err(RecvTimeoutError::Timeout) => load.idle()?,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slice {
    pace: Pace,
    size_bytes: usize,
    length: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    InFlight(usize),
    PerSecond(u32),
}

impl Slice {
    fn parse(line: &str) -> Result<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [pace, number, size_bytes, millis] = words[..] else { bail!("not a slice: {line:?}") };
        let wrong = || format!("not a slice: {line:?}");
        let pace = match pace {
            "saturate" => Pace::InFlight(number.parse().with_context(wrong)?),
            "pace" => Pace::PerSecond(number.parse().with_context(wrong)?),
            _ => bail!(wrong()),
        };
        let size_bytes = size_bytes.parse().with_context(wrong)?;
        let length = Duration::from_millis(millis.parse().with_context(wrong)?);
        Ok(Self { pace, size_bytes, length })
    }

    /// Its figures.
    fn measure(self, load: &mut Load) -> Result<serde_json::Value> {
        let Self { pace, size_bytes, length } = self;
        Ok(match pace {
            Pace::InFlight(in_flight) => {
                let slice = load.saturate(in_flight, size_bytes, length)?;
                json!({
                    "messages": slice.deliveries,
                    "seconds": slice.length.as_secs_f64(),
                    "server_cpu_seconds": slice.server_cpu.as_secs_f64(),
                    "load_cpu_seconds": slice.load_cpu.as_secs_f64(),
                })
            }
            Pace::PerSecond(each_second) => {
                let latencies = load.pace(each_second, size_bytes, length)?.latencies_us;
                json!({
                    "messages": latencies.len(),
                    "p50_us": latencies.value_at_quantile(0.5),
                    "p99_us": latencies.value_at_quantile(0.99),
                    "max_us": latencies.max(),
                })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_asks_for_a_slice() {
        let slice = |pace, size_bytes, millis| {
            Some(Slice { pace, size_bytes, length: Duration::from_millis(millis) })
        };
        let table = [
            ("saturate 16 128 250", slice(Pace::InFlight(16), 128, 250)),
            ("pace 20 2048 1000", slice(Pace::PerSecond(20), 2048, 1000)),
            ("saturate 16 128", None),
            ("saturate 16 128 250 1", None),
            ("pace -1 128 250", None),
            ("rest 1 128 250", None),
            ("", None),
        ];
        for (line, wanted) in table {
            assert_eq!(Slice::parse(line).ok(), wanted, "{line}");
        }
    }
}
