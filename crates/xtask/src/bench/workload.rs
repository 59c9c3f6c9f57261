//! What the servers have to do, and how `longwire bench` has them do it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::load::Report;
use super::pinning::{Cpu, Pinning};
use super::servers::Running;
use crate::process::{self, Log};

/// How long a server has the load before it is the next one's turn.
const SLICE: Duration = Duration::from_millis(250);

/// The time that connecting and the like may take beside the measuring.
const MARGIN: Duration = Duration::from_secs(120);

/// A load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) connections: u32,
    /// Messages outstanding on each connection.
    pub(crate) in_flight: u32,
    pub(crate) size_bytes: u32,
    pub(crate) kind: Kind,
    pub(crate) pace: Pace,
}

/// What a message consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Random bytes.
    Binary,
    /// JSON in ASCII.
    Text,
    /// The same, with permessage-deflate and without context takeover.
    DeflatedText,
}

/// When a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// When another one has come back.
    Saturating,
    /// So many a second over all connections, whatever comes back.
    PerSecond(u32),
}

/// Throughput: what is measured of all servers and put on the page under "echo".
pub(crate) const ECHO: &[Workload] = &[
    saturating("E1", 32, 1, 20, Kind::Binary),
    saturating("E2", 200, 1, 512, Kind::Binary),
    saturating("E3", 32, 16, 125, Kind::Binary),
    saturating("E4", 8, 1, 16 << 10, Kind::Binary),
    saturating("E5", 4, 1, 1 << 20, Kind::Binary),
    saturating("E1t", 32, 1, 20, Kind::Text),
    saturating("E2t", 200, 1, 512, Kind::Text),
    saturating("E3t", 32, 16, 125, Kind::Text),
];

/// Latency at a rate that all servers can keep up with.
pub(crate) const LATENCY: Workload =
    Workload { pace: Pace::PerSecond(10_000), ..saturating("latency", 100, 1, 128, Kind::Binary) };

/// Compression, of the servers that have it.
pub(crate) const DEFLATE: &[Workload] = &[
    saturating("D1", 32, 1, 1 << 10, Kind::DeflatedText),
    saturating("D2", 32, 4, 256, Kind::DeflatedText),
];

const fn saturating(
    name: &'static str,
    connections: u32,
    in_flight: u32,
    size_bytes: u32,
    kind: Kind,
) -> Workload {
    Workload { name, connections, in_flight, size_bytes, kind, pace: Pace::Saturating }
}

impl Workload {
    /// The same in a table: `32 × 16 × 125 B`.
    pub(crate) fn shape(&self) -> String {
        let Self { connections, in_flight, size_bytes, .. } = self;
        let size = match size_bytes {
            mib if mib % (1 << 20) == 0 => format!("{} MiB", mib >> 20),
            kib if kib % (1 << 10) == 0 => format!("{} KiB", kib >> 10),
            bytes => format!("{bytes} B"),
        };
        format!("{connections} × {in_flight} × {size}")
    }

    fn arguments(&self, rounds: u32) -> Vec<String> {
        let seconds = (SLICE * rounds).as_secs_f64();
        let mut arguments = vec!["bench".to_owned()];
        let mut add = |option: &str, value: String| arguments.extend([option.to_owned(), value]);
        add("--connections", self.connections.to_string());
        add("--size", self.size_bytes.to_string());
        add("--slice", SLICE.as_secs_f64().to_string());
        add("--seconds", seconds.to_string());
        match self.pace {
            Pace::Saturating => add("--in-flight", self.in_flight.to_string()),
            Pace::PerSecond(rate) => add("--rate", rate.to_string()),
        }
        if self.kind != Kind::Binary {
            arguments.push("--text".to_owned());
        }
        if self.kind == Kind::DeflatedText {
            arguments.push("--deflate".to_owned());
        }
        arguments
    }

    /// Gives each server the load for a slice in turn, so many times round. The JSON stays in `folder`.
    pub(crate) fn measure(
        &self,
        longwire: &Path,
        servers: &mut [Running],
        rounds: u32,
        pinning: Pinning,
        folder: &Path,
        log: &Log,
    ) -> Result<Report> {
        let json = folder.join(format!("{}.json", self.name));
        let mut command = pinning.command(Cpu::Load, longwire);
        command.args(self.arguments(rounds)).arg("--json").arg(&json);
        for server in &mut *servers {
            command.args(["--pid", &server.pid.to_string(), &server.url]);
        }
        let count = u32::try_from(servers.len())?;
        process::run(&mut command, SLICE * rounds * count * 2 + MARGIN, log)
            .with_context(|| format!("{}; the log says what failed", self.name))?;
        let text = std::fs::read(&json).with_context(|| format!("no {}", json.display()))?;
        let report: Report = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not understood", json.display()))?;
        let all = report.servers.len();
        ensure!(all == servers.len(), "{all} results of {count} servers");
        servers.iter_mut().try_for_each(Running::expect_running)?;
        Ok(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workload_in_words_and_as_arguments() {
        let table = [
            (
                ECHO[4],
                "4 × 1 × 1 MiB",
                "bench --connections 4 --size 1048576 --slice 0.25 --seconds 5 --in-flight 1",
            ),
            (
                ECHO[7],
                "32 × 16 × 125 B",
                "bench --connections 32 --size 125 --slice 0.25 --seconds 5 --in-flight 16 --text",
            ),
            (
                LATENCY,
                "100 × 1 × 128 B",
                "bench --connections 100 --size 128 --slice 0.25 --seconds 5 --rate 10000",
            ),
            (
                DEFLATE[0],
                "32 × 1 × 1 KiB",
                "bench --connections 32 --size 1024 --slice 0.25 --seconds 5 --in-flight 1 --text \
                 --deflate",
            ),
        ];
        for (workload, shape, arguments) in table {
            assert_eq!(workload.shape(), shape);
            assert_eq!(workload.arguments(20).join(" "), arguments);
        }
    }

    #[test]
    fn names_are_names_of_files_and_not_taken_twice() {
        let mut names: Vec<_> =
            ECHO.iter().chain(DEFLATE).chain([&LATENCY]).map(|w| w.name).collect();
        assert!(names.iter().all(|name| name.chars().all(char::is_alphanumeric)));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
