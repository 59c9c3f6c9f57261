//! Everything that a run of `cargo xtask bench echo` has found out. It is kept as JSON, from which the
//! page can be written again.

use serde::{Deserialize, Serialize};

use super::idle::Bytes;
use super::load::{Figures, Report};
use super::machine::Machine;
use super::servers::{LONGWIRE, RAW};
use super::spread::Spread;

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    /// Whether servers and load had a processor each.
    pub(crate) pinned: bool,
    pub(crate) rounds: u32,
    /// Whether nothing was left out on request.
    pub(crate) complete: bool,
    pub(crate) servers: Vec<Entry>,
    /// Servers that could not be set up, and why.
    pub(crate) missing: Vec<(String, String)>,
    pub(crate) echo: Vec<Run>,
    pub(crate) latency: Option<Run>,
    pub(crate) deflate: Vec<Run>,
    /// How many connections were idle.
    pub(crate) idle_connections: u64,
    pub(crate) idle: Vec<Idle>,
}

/// A server that was measured.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) about: String,
}

/// A workload, with the figures of each server under its name.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Run {
    pub(crate) name: String,
    pub(crate) shape: String,
    pub(crate) servers: Vec<String>,
    pub(crate) report: Report,
}

/// The memory of a server's idle connections.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Idle {
    pub(crate) server: String,
    pub(crate) plain: Bytes,
    /// With permessage-deflate agreed to, where the server has it.
    pub(crate) deflate: Option<Bytes>,
}

impl Run {
    /// The figures of a server, if it took part.
    pub(crate) fn figures(&self, server: &str) -> Option<&Figures> {
        let place = self.servers.iter().position(|name| name == server)?;
        self.report.servers.get(place)
    }

    /// All servers but the reference and our own.
    pub(crate) fn peers(&self) -> impl Iterator<Item = (&str, &Figures)> {
        let all = self.servers.iter().map(String::as_str).zip(&self.report.servers);
        all.filter(|(name, _)| ![RAW, LONGWIRE].contains(name))
    }

    /// Messages for each second of CPU time, as ratios to the reference.
    pub(crate) fn to_raw(&self, server: &str) -> Option<Spread> {
        self.figures(server)?.ratio_to(self.figures(RAW)?)
    }

    /// Of some servers the one with the most messages for each second of CPU time, by its ratio to the
    /// first of the run, round by round: what slowed a round down is in both.
    pub(crate) fn fastest<'a>(
        &self,
        servers: impl Iterator<Item = (&'a str, &'a Figures)>,
    ) -> Option<(&'a str, &'a Figures)> {
        let first = self.report.servers.first()?;
        let rated = servers.filter_map(|server| Some((server.1.ratio_to(first)?.median, server)));
        rated.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, server)| server)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::load::{Latency, Slice};
    use super::*;

    /// Figures of a server that did so many messages in each tenth of a second of CPU time.
    pub(crate) fn figures(messages: &[u64]) -> Figures {
        let slice = |messages| Slice { messages, seconds: 0.25, server_cpu_seconds: Some(0.1) };
        let p99_slices = Spread::of(messages.iter().map(|messages| 1e6 / *messages as f64));
        Figures {
            messages: messages.iter().sum(),
            received_bytes: messages.iter().sum::<u64>() * 10,
            own_cpu_share: 0.5,
            slices: messages.iter().copied().map(slice).collect(),
            latency_us: Latency { p50: 20.0, p99: 1234.0, p999: 20_000.0, max: 1e6, p99_slices },
        }
    }

    /// A run of the reference, our server and two peers.
    pub(crate) fn run(name: &str) -> Run {
        Run {
            name: name.to_owned(),
            shape: "32 × 1 × 20 B".to_owned(),
            servers: [RAW, LONGWIRE, "slow", "fast"].map(str::to_owned).to_vec(),
            report: Report {
                connections: 32,
                in_flight: 1,
                size_bytes: 20,
                kind: "binary".to_owned(),
                rounds: 3,
                servers: vec![
                    figures(&[100, 200, 300]),
                    figures(&[90, 200, 290]),
                    figures(&[10, 20, 30]),
                    figures(&[50, 100, 150]),
                ],
                warnings: Vec::new(),
            },
        }
    }

    /// Results with every section.
    pub(crate) fn results() -> Results {
        let machine = serde_json::json!({
            "cpu": "a processor", "processors": 2, "kernel": "6.1", "rustc": "1.95.0",
            "date": "2026-01-02", "revision": "abc", "load": "0.00"
        });
        let entry = |name: &str| Entry {
            name: name.to_owned(),
            version: "1.2.3".to_owned(),
            about: "as it is".to_owned(),
        };
        let bytes = |idle| Bytes { idle, after_an_echo: idle + 1.0 };
        let idle = |server: &str, plain, deflate: Option<f64>| Idle {
            server: server.to_owned(),
            plain: bytes(plain),
            deflate: deflate.map(bytes),
        };
        let mut deflate = run("D1");
        deflate.servers.remove(0);
        deflate.report.servers.remove(0);
        Results {
            machine: serde_json::from_value(machine).unwrap(),
            pinned: true,
            rounds: 3,
            complete: true,
            servers: [RAW, LONGWIRE, "slow", "fast"].map(entry).to_vec(),
            missing: vec![("absent".to_owned(), "install it".to_owned())],
            echo: vec![run("E1"), run("E1t")],
            latency: Some(run("latency")),
            deflate: vec![deflate],
            idle_connections: 10_000,
            idle: vec![
                idle(RAW, 100.0, None),
                idle(LONGWIRE, 300.0, Some(310.0)),
                idle("slow", 131_072.0, Some(-0.4)),
            ],
        }
    }

    #[test]
    fn the_fastest_is_found_among_the_peers() {
        let run = run("E1");
        assert_eq!(run.fastest(run.peers()).unwrap().0, "fast");
        assert_eq!(run.to_raw("fast").unwrap().median, 0.5);
        assert_eq!(run.to_raw("absent"), None);
        // More in the median, and less in two rounds of three.
        let mut uneven = run;
        uneven.report.servers[2] = figures(&[49, 101, 149]);
        assert_eq!(uneven.fastest(uneven.peers()).unwrap().0, "fast");
    }

    #[test]
    fn what_is_kept_can_be_read_again() {
        let json = serde_json::to_string(&results()).unwrap();
        let again: Results = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), json);
    }
}
