//! Everything that a run of `cargo xtask bench fanout` has found out. It is kept as JSON, from which
//! the page can be written again.

use serde::{Deserialize, Serialize};

use super::super::load;
use super::super::machine::Machine;
use super::super::results::Entry;
use super::super::spread::Spread;
use super::latencies::{self, Latencies};

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Results {
    pub(super) machine: Machine,
    /// Whether servers and load had a processor each.
    pub(super) pinned: bool,
    pub(super) rounds: u32,
    pub(super) servers: Vec<Entry>,
    /// Servers that could not be set up, and why.
    pub(super) missing: Vec<(String, String)>,
    pub(super) throughput: Vec<Run>,
    pub(super) memory: Vec<Memory>,
    pub(super) latency: Option<LatencyRun>,
    pub(super) stalled: Option<StalledRun>,
}

/// Publications in flight to a crowd.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Workload {
    pub(super) subscribers: usize,
    pub(super) size_bytes: u32,
    pub(super) in_flight: u32,
}

/// A workload, with the slices of each server.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Run {
    pub(super) workload: Workload,
    pub(super) servers: Vec<(String, Vec<Slice>)>,
}

/// A slice of deliveries.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Slice {
    /// Its messages are deliveries.
    #[serde(flatten)]
    of_server: load::Slice,
    load_cpu_seconds: f64,
}

/// What a subscriber costs.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Memory {
    pub(super) subscribers: usize,
    pub(super) server: String,
    pub(super) bytes: Bytes,
}

/// Bytes of resident user-space memory a subscriber.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Bytes {
    pub(super) subscribed_bytes: f64,
    pub(super) after_publications_bytes: f64,
}

/// Deliveries at a fixed rate.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct LatencyRun {
    pub(super) subscribers: usize,
    pub(super) size_bytes: u32,
    pub(super) each_second: u32,
    pub(super) servers: Vec<(String, Vec<Paced>)>,
}

/// A slice of them, in microseconds, and what the server used for it and had at its end.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Paced {
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) max_us: f64,
    pub(super) latencies_us: Latencies,
    /// The publications that are not among these: the host took a processor away meanwhile.
    pub(super) left_out: u64,
    pub(super) server_cpu_seconds: f64,
    pub(super) resident_bytes: f64,
}

/// Deliveries at a fixed rate to a crowd of which one does not read.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct StalledRun {
    /// Who read.
    pub(super) subscribers: usize,
    pub(super) size_bytes: u32,
    pub(super) each_second: u32,
    pub(super) policies: Vec<StalledPolicy>,
}

/// What one policy did.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct StalledPolicy {
    pub(super) name: String,
    /// The server's memory before the one came for the first time.
    pub(super) resident_before_bytes: f64,
    pub(super) pairs: Vec<Pair>,
    /// The pairs that are not counted.
    pub(super) missed: u32,
}

/// A slice in which all read, and one in which one does not.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Pair {
    pub(super) without: Paced,
    pub(super) with: Paced,
    pub(super) fate: Fate,
}

/// What has become of the one.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Fate {
    /// The publications until it read again.
    pub(super) published: u64,
    /// How many of them it has got.
    pub(super) received: u64,
    /// The code with which the server parted from it.
    pub(super) end: Option<u64>,
}

impl StalledPolicy {
    /// Of all pairs, a figure of the slice without the one or of that with it.
    pub(super) fn spread(&self, of: impl Fn(&Pair) -> f64) -> Option<Spread> {
        Spread::of(self.pairs.iter().map(of))
    }

    /// A quantile over all slices without the one, and over all with it, in microseconds.
    pub(super) fn quantiles(&self, part: f64) -> Option<(f64, f64)> {
        let of = |side: fn(&Pair) -> &Paced| {
            latencies::quantile(self.pairs.iter().map(|pair| &side(pair).latencies_us), part)
        };
        Some((of(|pair| &pair.without)?, of(|pair| &pair.with)?))
    }

    /// The second of these over the first.
    pub(super) fn ratio(&self, part: f64) -> Option<Spread> {
        let pairs = self.pairs.iter();
        let pairs: Vec<_> =
            pairs.map(|pair| (&pair.without.latencies_us, &pair.with.latencies_us)).collect();
        latencies::ratio(&pairs, part)
    }

    /// By how many bytes the server's memory has grown at the most.
    pub(super) fn grown_bytes(&self) -> Option<f64> {
        let most = self.pairs.iter().map(|pair| pair.with.resident_bytes).reduce(f64::max);
        most.map(|most| most - self.resident_before_bytes)
    }
}

impl Run {
    fn slices(&self, server: &str) -> Option<Vec<load::Slice>> {
        let (_, slices) = self.servers.iter().find(|(name, _)| name == server)?;
        Some(slices.iter().map(|slice| slice.of_server.clone()).collect())
    }

    /// A server's deliveries for each second of its CPU time.
    pub(super) fn rate(&self, server: &str) -> Option<Spread> {
        load::rate(&self.slices(server)?)
    }

    /// Those of one server over those of another, round by round.
    pub(super) fn ratio(&self, own: &str, other: &str) -> Option<Spread> {
        load::ratio(&self.slices(own)?, &self.slices(other)?)
    }

    /// Of a processor, what the load took in the slices of a server.
    pub(super) fn load_share(&self, server: &str) -> Option<Spread> {
        let (_, slices) = self.servers.iter().find(|(name, _)| name == server)?;
        Spread::of(slices.iter().map(|slice| slice.load_cpu_seconds / slice.of_server.seconds))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn slices(deliveries: &[u64]) -> Vec<Slice> {
        let slice = |messages: &u64| {
            let of_server =
                load::Slice { messages: *messages, seconds: 0.25, server_cpu_seconds: Some(0.1) };
            Slice { of_server, load_cpu_seconds: 0.2 }
        };
        deliveries.iter().map(slice).collect()
    }

    /// Three servers, the second at half of the first, the third with as much more as less.
    pub(in super::super) fn results() -> Results {
        let machine = serde_json::json!({
            "cpu": "a processor", "processors": 2, "kernel": "6.1", "rustc": "1.95.0",
            "date": "2026-01-02", "revision": "abc", "load": "0.00"
        });
        let names = ["longwire", "nchan", "bun"].map(str::to_owned);
        let entry = |name: &String| Entry {
            name: name.clone(),
            version: "1.2".to_owned(),
            about: "as it is".to_owned(),
        };
        let run = |subscribers, in_flight| {
            let all = [&[200_000, 200_000][..], &[100_000, 100_000], &[100_000, 400_000]];
            let servers = names.iter().cloned().zip(all.map(slices)).collect();
            Run { workload: Workload { subscribers, size_bytes: 128, in_flight }, servers }
        };
        let paced = |p99_us: u32| Paced {
            p50_us: 800.0,
            p99_us: p99_us.into(),
            max_us: f64::from(p99_us) * 2.0,
            latencies_us: Latencies(vec![(800, 98), (p99_us.into(), 2)]),
            left_out: 3,
            server_cpu_seconds: 0.25,
            resident_bytes: f64::from(p99_us) * 1024.0,
        };
        let latency = |p99_us| vec![paced(p99_us); 2];
        let all = [4_000, 9_000, 4_000].map(latency);
        let bytes = Bytes { subscribed_bytes: 900.0, after_publications_bytes: 1_000.0 };
        Results {
            machine: serde_json::from_value(machine).unwrap(),
            pinned: true,
            rounds: 2,
            servers: names.iter().map(entry).collect(),
            missing: vec![("socket.io".to_owned(), "install it".to_owned())],
            throughput: vec![run(1_000, 1), run(1_000, 16)],
            memory: names
                .iter()
                .map(|name| Memory { subscribers: 1_000, server: name.clone(), bytes })
                .collect(),
            latency: Some(LatencyRun {
                subscribers: 1_000,
                size_bytes: 128,
                each_second: 20,
                servers: names.iter().cloned().zip(all).collect(),
            }),
            stalled: Some(StalledRun {
                subscribers: 1_000,
                size_bytes: 2_048,
                each_second: 20,
                policies: vec![StalledPolicy {
                    name: "latest".to_owned(),
                    resident_before_bytes: 4_096_000.0,
                    pairs: [5_000, 6_000]
                        .map(|p99_us| Pair {
                            without: paced(4_000),
                            with: paced(p99_us),
                            fate: Fate { published: 700, received: 100, end: None },
                        })
                        .to_vec(),
                    missed: 1,
                }],
            }),
        }
    }

    #[test]
    fn a_slice_is_what_the_load_prints() {
        let line =
            r#"{"load_cpu_seconds":0.1,"messages":5000,"seconds":0.25,"server_cpu_seconds":0.2}"#;
        let slice: Slice = serde_json::from_str(line).unwrap();
        assert_eq!(slice.of_server.messages, 5_000);
        assert_eq!(slice.load_cpu_seconds, 0.1);
    }

    #[test]
    fn rates_and_ratios_are_of_the_right_servers() {
        let run = &results().throughput[0];
        assert_eq!(run.rate("nchan").unwrap().median, 1_000_000.0);
        assert_eq!(run.ratio("longwire", "nchan").unwrap().p25, 2.0);
        assert_eq!(run.ratio("longwire", "socket.io"), None);
        assert_eq!(run.load_share("bun").unwrap().median, 0.8);
    }
}
