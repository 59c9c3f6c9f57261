//! One publisher and many subscribers of a server, which are busy when they are told to be.

use std::io::BufRead as _;
use std::net::SocketAddr;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use longwire_benches::client::{Speech, Target};
use longwire_benches::fanout::{Fate, Load, Plan, Protocol};
use serde_json::json;

/// Measures publications to many, in steps that standard input asks for.
///
/// Prints `joined JSON` when all have joined, with the bytes of memory that each costs. Then each line
/// of standard input is answered with `done JSON`:
///
/// - `saturate IN_FLIGHT BYTES MILLISECONDS` keeps so many publications in flight,
/// - `pace RATE BYTES MILLISECONDS` publishes so often a second,
/// - `publish COUNT IN_FLIGHT BYTES` publishes so many,
/// - `stall` has one more subscriber join, which then does not read,
/// - `release BYTES` has it read again while publications go on, and says what it has got.
///
/// Ends with standard input, and with the first delivery that is missing, wrong or out of order.
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
            Ok(line) => println!("done {}", Step::parse(&line?)?.take(&mut load)?),
            Err(RecvTimeoutError::Timeout) => load.idle()?,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Saturate { in_flight: usize, size_bytes: usize, length: Duration },
    Pace { each_second: u32, size_bytes: usize, length: Duration },
    Publish { count: usize, in_flight: usize, size_bytes: usize },
    Stall,
    Release { size_bytes: usize },
}

impl Step {
    fn parse(line: &str) -> Result<Self> {
        let wrong = || format!("not a step: {line:?}");
        let mut words = line.split_whitespace();
        let verb = words.next().with_context(wrong)?;
        let numbers: Vec<u32> =
            words.map(str::parse).collect::<Result<_, _>>().with_context(wrong)?;
        let size = |number: &u32| *number as usize;
        let length = |millis: &u32| Duration::from_millis((*millis).into());
        Ok(match (verb, &numbers[..]) {
            ("saturate", [in_flight, size_bytes, millis]) => Self::Saturate {
                in_flight: size(in_flight),
                size_bytes: size(size_bytes),
                length: length(millis),
            },
            ("pace", [each_second, size_bytes, millis]) => Self::Pace {
                each_second: *each_second,
                size_bytes: size(size_bytes),
                length: length(millis),
            },
            ("publish", [count, in_flight, size_bytes]) => Self::Publish {
                count: size(count),
                in_flight: size(in_flight),
                size_bytes: size(size_bytes),
            },
            ("stall", []) => Self::Stall,
            ("release", [size_bytes]) => Self::Release { size_bytes: size(size_bytes) },
            _ => bail!(wrong()),
        })
    }

    /// Its figures.
    fn take(self, load: &mut Load) -> Result<serde_json::Value> {
        Ok(match self {
            Self::Saturate { in_flight, size_bytes, length } => {
                let slice = load.saturate(in_flight, size_bytes, length)?;
                json!({
                    "messages": slice.deliveries,
                    "seconds": slice.length.as_secs_f64(),
                    "server_cpu_seconds": slice.server_cpu.as_secs_f64(),
                    "load_cpu_seconds": slice.load_cpu.as_secs_f64(),
                })
            }
            Self::Pace { each_second, size_bytes, length } => {
                let slice = load.pace(each_second, size_bytes, length)?;
                let latencies = slice.latencies_us;
                let counts: Vec<_> = latencies
                    .iter_recorded()
                    .map(|it| (it.value_iterated_to(), it.count_at_value()))
                    .collect();
                json!({
                    "messages": latencies.len(),
                    "p50_us": latencies.value_at_quantile(0.5),
                    "p99_us": latencies.value_at_quantile(0.99),
                    "max_us": latencies.max(),
                    "latencies_us": counts,
                    "left_out": slice.left_out,
                    "server_cpu_seconds": slice.server_cpu.as_secs_f64(),
                    "resident_bytes": slice.resident_bytes,
                })
            }
            Self::Publish { count, in_flight, size_bytes } => {
                load.publish_all(count, in_flight, size_bytes)?;
                json!({})
            }
            Self::Stall => {
                load.stall()?;
                json!({})
            }
            Self::Release { size_bytes } => {
                let Fate { published, received, end } = load.release(size_bytes)?;
                json!({ "published": published, "received": received, "end": end })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_asks_for_a_step() {
        let length = Duration::from_millis(250);
        let table = [
            (
                "saturate 16 128 250",
                Some(Step::Saturate { in_flight: 16, size_bytes: 128, length }),
            ),
            ("pace 20 2048 250", Some(Step::Pace { each_second: 20, size_bytes: 2048, length })),
            (
                "publish 600 16 2048",
                Some(Step::Publish { count: 600, in_flight: 16, size_bytes: 2048 }),
            ),
            ("stall", Some(Step::Stall)),
            ("release 2048", Some(Step::Release { size_bytes: 2048 })),
            ("saturate 16 128", None),
            ("saturate 16 128 250 1", None),
            ("pace -1 128 250", None),
            ("stall 1", None),
            ("rest 1 128 250", None),
            ("", None),
        ];
        for (line, wanted) in table {
            assert_eq!(Step::parse(line).ok(), wanted, "{line}");
        }
    }
}
