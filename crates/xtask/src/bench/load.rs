//! What `longwire bench --json` says, as far as it is wanted here, and ratios of it.

use serde::{Deserialize, Serialize};

use super::spread::Spread;

/// One run against several servers.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Report {
    pub(crate) connections: usize,
    pub(crate) in_flight: usize,
    pub(crate) size_bytes: usize,
    pub(crate) kind: String,
    pub(crate) rounds: usize,
    /// In the order in which they were named.
    pub(crate) servers: Vec<Figures>,
    #[serde(default)]
    pub(crate) warnings: Vec<String>,
}

/// What is known of one server.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Figures {
    pub(crate) messages: u64,
    /// Bytes on the wire that the server sent.
    pub(crate) received_bytes: u64,
    /// CPU time of the load generator over the time measured.
    #[serde(default)]
    pub(crate) own_cpu_share: f64,
    pub(crate) slices: Vec<Slice>,
    pub(crate) latency_us: Latency,
}

/// A quarter of a second in which the server had the load.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Slice {
    /// Messages; where connections come and go, connections.
    #[serde(alias = "connections")]
    pub(crate) messages: u64,
    /// How long it was.
    #[serde(default)]
    pub(crate) seconds: f64,
    pub(crate) server_cpu_seconds: Option<f64>,
}

/// In microseconds.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
    /// Where there was a rate.
    pub(crate) p99_slices: Option<Spread>,
}

impl Slice {
    /// Messages for each second of the server's CPU time. `None` where it used none that could be
    /// measured.
    fn rate(&self) -> Option<f64> {
        let cpu = self.server_cpu_seconds.filter(|seconds| *seconds > 0.0)?;
        Some(self.messages as f64 / cpu)
    }
}

/// Messages for each second of the server's CPU time.
pub(crate) fn rate(slices: &[Slice]) -> Option<Spread> {
    Spread::of(slices.iter().filter_map(Slice::rate))
}

/// The rates of a server over those of another, each with the other's of the same round.
pub(crate) fn ratio(own: &[Slice], other: &[Slice]) -> Option<Spread> {
    Spread::of(own.iter().zip(other).filter_map(|(own, other)| {
        let ratio = own.rate()? / other.rate()?;
        ratio.is_finite().then_some(ratio)
    }))
}

impl Figures {
    /// Messages for each second of the server's CPU time.
    pub(crate) fn rate(&self) -> Option<Spread> {
        rate(&self.slices)
    }

    /// The rates of this server over those of another, each with the other's of the same round.
    pub(crate) fn ratio_to(&self, other: &Self) -> Option<Spread> {
        ratio(&self.slices, &other.slices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `longwire bench` writes it, with more than is wanted.
    const JSON: &str = r#"{
        "connections": 32, "in_flight": 1, "size_bytes": 20, "kind": "binary", "deflate": "none",
        "rate": null, "slice_seconds": 0.25, "rounds": 3, "warnings": [],
        "servers": [
            { "url": "tcp://127.0.0.1:1", "pid": 1, "messages": 600, "seconds": 0.75,
              "received_bytes": 12000, "sent_bytes": 12000,
              "slices": [
                { "messages": 100, "seconds": 0.25, "server_cpu_seconds": 0.1, "own_cpu_seconds": 0.2 },
                { "messages": 200, "seconds": 0.25, "server_cpu_seconds": 0.1, "own_cpu_seconds": 0.2 },
                { "messages": 300, "seconds": 0.25, "server_cpu_seconds": 0.1, "own_cpu_seconds": 0.2 } ],
              "latency_us": { "p50": 1.0, "p99": 2.0, "p999": 3.0, "max": 4.0 }, "histogram": [] },
            { "url": "ws://127.0.0.1:2/", "pid": 2, "messages": 300, "seconds": 0.75,
              "received_bytes": 6000, "sent_bytes": 6000,
              "slices": [
                { "messages": 50, "seconds": 0.25, "server_cpu_seconds": 0.1, "own_cpu_seconds": 0.2 },
                { "messages": 0, "seconds": 0.25, "server_cpu_seconds": 0.0, "own_cpu_seconds": 0.2 },
                { "messages": 300, "seconds": 0.25, "server_cpu_seconds": 0.1, "own_cpu_seconds": 0.2 } ],
              "latency_us": { "p50": 1.0, "p99": 2.0, "p999": 3.0, "max": 4.0,
                "p99_slices": { "median": 2.0, "p25": 1.5, "p75": 2.5 } }, "histogram": [] } ] }"#;

    #[test]
    fn ratios_are_of_slices_of_the_same_round() {
        let report: Report = serde_json::from_str(JSON).unwrap();
        let [raw, other] = &report.servers[..] else { panic!("not two servers") };
        assert_eq!(raw.rate().unwrap().median, 2000.0);
        // The round without CPU time does not count.
        let ratio = other.ratio_to(raw).unwrap();
        assert_eq!([ratio.p25, ratio.median, ratio.p75], [0.625, 0.75, 0.875]);
        assert_eq!(raw.latency_us.p99_slices, None);
        assert_eq!(other.latency_us.p99_slices.unwrap().median, 2.0);
    }

    #[test]
    fn without_cpu_time_there_is_no_ratio() {
        let mut report: Report = serde_json::from_str(JSON).unwrap();
        for slice in &mut report.servers[1].slices {
            slice.server_cpu_seconds = None;
        }
        assert_eq!(report.servers[1].rate(), None);
        assert_eq!(report.servers[1].ratio_to(&report.servers[0]), None);
    }
}
