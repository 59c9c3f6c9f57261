//! The results, as they are written to JSON: figures of each server, and of each against the first.

use serde::Serialize;

use super::latencies::{Bucket, Percentiles};
use super::measure::{Measured, Slice};
use super::numbers::{Spread, duration, float, grouped, percent, quotient};
use super::{Arguments, Deflate};

/// From this share of a processor on, a thread is taken to have had no time left.
const BUSY: f64 = 0.95;
/// Less than this part of the rate asked for is not the rate. It is never all of it: a slice is over
/// when the last reply has come, and no message is due meanwhile.
const REACHED: f64 = 0.95;

#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) connections: usize,
    pub(super) in_flight: usize,
    pub(super) size_bytes: usize,
    pub(super) kind: &'static str,
    pub(super) deflate: &'static str,
    /// Messages a second that were asked for. `None`: as many as go.
    pub(super) rate: Option<u32>,
    pub(super) slice_seconds: f64,
    pub(super) rounds: usize,
    pub(super) servers: Vec<Figures>,
    /// What is wrong with the measurement.
    pub(super) warnings: Vec<String>,
}

/// The figures of one server.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) url: String,
    pub(super) pid: Option<u32>,
    pub(super) messages: u64,
    pub(super) seconds: f64,
    pub(super) messages_per_second: f64,
    pub(super) server_cpu_seconds: Option<f64>,
    pub(super) messages_per_server_cpu_second: Option<f64>,
    /// CPU time of this program over the time measured.
    pub(super) own_cpu_share: f64,
    pub(super) received_bytes: u64,
    pub(super) sent_bytes: u64,
    /// Messages that were due and could not be sent.
    pub(super) missed: u64,
    pub(super) slices: Vec<SliceFigures>,
    /// To the first server, slice by slice: of messages for each second of the server's CPU time, or,
    /// where that is not known, for each second. `None`: there was nothing to divide by.
    pub(super) ratio: Option<Spread>,
    pub(super) latency_us: Latency,
    pub(super) histogram: Vec<Bucket>,
    /// How late this program itself was to send what was due, where there is a rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) own_lateness_us: Option<Percentiles>,
}

#[derive(Debug, Serialize)]
pub(super) struct SliceFigures {
    messages: u64,
    seconds: f64,
    server_cpu_seconds: Option<f64>,
    own_cpu_seconds: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Latency {
    #[serde(flatten)]
    pub(super) all: Percentiles,
    /// Of the p99 of each slice, where there is a rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p99_slices: Option<Spread>,
}

impl Report {
    pub(super) fn new(arguments: &Arguments, measured: &[Measured]) -> Self {
        let first = measured.first().map_or(&[][..], |first| &first.slices);
        let rate = arguments.rate.map(std::num::NonZeroU32::get);
        let servers: Vec<_> =
            measured.iter().map(|server| Figures::new(server, first, rate.is_some())).collect();
        let not_optimised = cfg!(debug_assertions)
            .then(|| "this program was built without optimisation: use a release build".to_owned());
        let warnings = servers.iter().filter_map(|server| server.warning(rate));
        let warnings = not_optimised.into_iter().chain(warnings).collect();
        Self {
            connections: arguments.connections.get(),
            in_flight: arguments.in_flight.get(),
            size_bytes: arguments.size,
            kind: if arguments.text.is_some() { "text" } else { "binary" },
            deflate: match arguments.deflate() {
                Deflate::None => "none",
                Deflate::NoTakeover => "no_context_takeover",
                Deflate::Takeover => "context_takeover",
            },
            rate,
            slice_seconds: arguments.slice().as_secs_f64(),
            rounds: arguments.rounds(),
            servers,
            warnings,
        }
    }
}

impl Figures {
    fn new(server: &Measured, first: &[Slice], has_rate: bool) -> Self {
        let slices: Vec<_> = server.slices.iter().map(SliceFigures::new).collect();
        let total = |count: fn(&Slice) -> u64| server.slices.iter().map(count).sum::<u64>();
        let messages = total(|slice| slice.traffic.messages);
        let seconds: f64 = slices.iter().map(|slice| slice.seconds).sum();
        let own_cpu: f64 = slices.iter().map(|slice| slice.own_cpu_seconds).sum();
        let server_cpu: Option<f64> = slices.iter().map(|slice| slice.server_cpu_seconds).sum();
        let p99 = server.slices.iter().map(|slice| slice.percentiles.p99);
        Self {
            url: server.target.name().to_owned(),
            pid: server.pid,
            messages,
            seconds,
            messages_per_second: quotient(float(messages), seconds).unwrap_or_default(),
            server_cpu_seconds: server_cpu,
            messages_per_server_cpu_second: server_cpu
                .and_then(|cpu| quotient(float(messages), cpu)),
            own_cpu_share: quotient(own_cpu, seconds).unwrap_or_default(),
            received_bytes: total(|slice| slice.traffic.received_bytes),
            sent_bytes: total(|slice| slice.traffic.sent_bytes),
            missed: total(|slice| slice.traffic.missed),
            slices,
            ratio: Spread::of(ratios(&server.slices, first)),
            latency_us: Latency {
                all: server.latencies.percentiles(),
                p99_slices: has_rate.then(|| Spread::of(p99)).flatten(),
            },
            histogram: server.latencies.buckets(),
            own_lateness_us: has_rate.then(|| server.lateness.percentiles()),
        }
    }

    /// The server's CPU time over the time measured.
    pub(super) fn server_cpu_share(&self) -> Option<f64> {
        quotient(self.server_cpu_seconds?, self.seconds)
    }

    fn warning(&self, rate: Option<u32>) -> Option<String> {
        let said = match rate {
            Some(rate) => self.is_too_slow(rate).or_else(|| self.is_late()),
            None => self.is_bottleneck(),
        };
        said.map(|said| format!("{}: {said}", self.url))
    }

    /// The server might do more if this program did.
    fn is_bottleneck(&self) -> Option<String> {
        let server = self.server_cpu_share();
        if self.own_cpu_share <= BUSY || server.is_some_and(|cpu| cpu >= BUSY) {
            return None;
        }
        let own = percent(self.own_cpu_share);
        Some(match server.map(percent) {
            Some(server) => format!(
                "this program used {own} of a processor and the server {server}: the server could \
                 do more in a second"
            ),
            None => format!(
                "this program used {own} of a processor: the server may be able to do more (--pid \
                 would tell)"
            ),
        })
    }

    /// The rate was not what was asked for.
    fn is_too_slow(&self, rate: u32) -> Option<String> {
        // Of the slices the median: a stall makes one of them longer, too slow a server all.
        let rates = self.slices.iter().map(|slice| float(slice.messages) / slice.seconds);
        let came = Spread::of(rates)?.median;
        let is_reached = self.missed == 0 && came >= REACHED * f64::from(rate);
        (!is_reached).then(|| {
            let came = grouped(came);
            format!(
                "the rate was not reached: {came} messages a second came back of {}; the latencies \
                 are those of a queue that grows",
                grouped(f64::from(rate))
            )
        })
    }

    /// Latencies may be of this program's making.
    fn is_late(&self) -> Option<String> {
        let own = self.own_lateness_us?.p99;
        (own > self.latency_us.all.p99 / 2.0).then(|| {
            format!(
                "this program itself was late to send, by {} (p99), as when the machine has others \
                 to serve: so much of the latencies is not the server's",
                duration(own)
            )
        })
    }
}

impl SliceFigures {
    fn new(slice: &Slice) -> Self {
        Self {
            messages: slice.traffic.messages,
            seconds: slice.seconds(),
            server_cpu_seconds: slice.server_cpu.map(|cpu| cpu.as_secs_f64()),
            own_cpu_seconds: slice.own_cpu.as_secs_f64(),
        }
    }
}

impl Slice {
    fn seconds(&self) -> f64 {
        float(self.traffic.nanoseconds) / 1e9
    }

    pub(super) fn messages_per_second(&self) -> Option<f64> {
        quotient(float(self.traffic.messages), self.seconds())
    }

    /// What servers are compared by.
    fn merit(&self) -> Option<f64> {
        match self.server_cpu {
            Some(cpu) => quotient(float(self.traffic.messages), cpu.as_secs_f64()),
            None => self.messages_per_second(),
        }
    }
}

/// Of each round, how the server did beside the first one.
fn ratios(slices: &[Slice], first: &[Slice]) -> impl Iterator<Item = f64> {
    slices.iter().zip(first).filter_map(|(own, first)| quotient(own.merit()?, first.merit()?))
}

#[cfg(test)]
mod tests {
    use super::{Slice, ratios};
    use crate::bench::latencies::Latencies;
    use crate::bench::load::Traffic;
    use std::time::Duration;

    fn slice(messages: u64, milliseconds: u64, server_cpu_milliseconds: Option<u64>) -> Slice {
        let nanoseconds = milliseconds * 1_000_000;
        Slice {
            traffic: Traffic { messages, nanoseconds, ..Traffic::default() },
            server_cpu: server_cpu_milliseconds.map(Duration::from_millis),
            own_cpu: Duration::ZERO,
            percentiles: Latencies::new().percentiles(),
        }
    }

    #[test]
    fn slices_are_compared_round_by_round() {
        // Of CPU time where it is known: how long it took in all does not matter then.
        let first = [slice(100, 1000, Some(500)), slice(100, 1000, Some(250))];
        let other = [slice(300, 2000, Some(500)), slice(100, 500, Some(500))];
        assert_eq!(ratios(&other, &first).collect::<Vec<_>>(), [3.0, 0.5]);
        assert_eq!(ratios(&first, &first).collect::<Vec<_>>(), [1.0, 1.0]);
        let (first, other) = ([slice(100, 1000, None)], [slice(100, 500, None)]);
        assert_eq!(ratios(&other, &first).collect::<Vec<_>>(), [2.0]);
        // A slice in which no CPU time was seen says nothing, and its neighbours are kept.
        let first = [slice(100, 1000, Some(0)), slice(100, 1000, Some(100))];
        let other = [slice(100, 1000, Some(100)), slice(100, 1000, Some(200))];
        assert_eq!(ratios(&other, &first).collect::<Vec<_>>(), [0.5]);
    }
}
