//! How long messages took: a histogram with three significant digits from a nanosecond to an hour.

use hdrhistogram::Histogram;
use serde::Serialize;

use super::numbers::float;

const LOWEST_NS: u64 = 1;
const HIGHEST_NS: u64 = 3_600_000_000_000;
const DIGITS: u8 = 3;

/// Latencies of many messages.
pub(super) struct Latencies(Histogram<u64>);

/// Percentiles, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Percentiles {
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) p999: f64,
    pub(super) max: f64,
}

/// So many messages took longer than the bucket before, and up to this.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Bucket {
    pub(super) up_to_us: f64,
    pub(super) count: u64,
}

impl Latencies {
    pub(super) fn new() -> Self {
        let histogram = Histogram::new_with_bounds(LOWEST_NS, HIGHEST_NS, DIGITS);
        Self(histogram.expect("the bounds are in order and the digits at most 5"))
    }

    /// A message took so many nanoseconds.
    pub(super) fn record(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds);
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.0.reset();
    }

    /// Adds what `slice` has, and empties it.
    pub(super) fn take_in(&mut self, slice: &mut Self) {
        self.0.add(&slice.0).expect("the bounds are the same");
        slice.0.reset();
    }

    pub(super) fn percentiles(&self) -> Percentiles {
        Percentiles {
            p50: self.quantile(0.5),
            p99: self.quantile(0.99),
            p999: self.quantile(0.999),
            max: microseconds(self.0.max()),
        }
    }

    /// The latency that this part of the messages did not exceed, in microseconds.
    fn quantile(&self, part: f64) -> f64 {
        microseconds(self.0.value_at_quantile(part).min(self.0.max()))
    }

    /// The messages in buckets, ten to a decade; from the first that is not empty to the last.
    pub(super) fn buckets(&self) -> Vec<Bucket> {
        const STEPS: [u64; 10] = [100, 125, 160, 200, 250, 315, 400, 500, 630, 800];
        // From 100 ns, in nanoseconds.
        let mut bounds =
            (0..).flat_map(|decade| STEPS.map(|step| step.saturating_mul(10_u64.pow(decade))));
        let mut buckets: Vec<Bucket> = Vec::new();
        let mut bound = bounds.next().unwrap_or(u64::MAX);
        let mut count = 0;
        for recorded in self.0.iter_recorded() {
            let value = recorded.value_iterated_to().min(self.0.max());
            while value > bound {
                if count > 0 || !buckets.is_empty() {
                    buckets.push(Bucket { up_to_us: microseconds(bound), count });
                }
                count = 0;
                bound = bounds.next().unwrap_or(u64::MAX);
            }
            count += recorded.count_at_value();
        }
        if count > 0 {
            buckets.push(Bucket { up_to_us: microseconds(bound), count });
        }
        buckets
    }
}

fn microseconds(nanoseconds: u64) -> f64 {
    float(nanoseconds) / 1e3
}

#[cfg(test)]
mod tests {
    use super::{Bucket, Latencies, Percentiles};

    fn latencies(nanoseconds: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::new();
        nanoseconds.into_iter().for_each(|time| latencies.record(time));
        latencies
    }

    /// Equal to within the histogram's three digits.
    fn is_near(number: f64, expected: f64) -> bool {
        (number - expected).abs() <= expected / 1000.0
    }

    #[test]
    fn percentiles_are_those_of_the_messages() {
        // 1 µs to 10,000 µs, each once.
        let percentiles = latencies((1..=10_000).map(|us| us * 1000)).percentiles();
        let Percentiles { p50, p99, p999, max } = percentiles;
        let table = [(p50, 5000.0), (p99, 9900.0), (p999, 9990.0), (max, 10_000.0)];
        for (number, expected) in table {
            assert!(is_near(number, expected), "{percentiles:?}");
        }
        let one = latencies([123_456]).percentiles();
        assert!(is_near(one.p50, 123.456) && is_near(one.max, 123.456), "{one:?}");
        let none = latencies([]).percentiles();
        assert_eq!((none.p50, none.p99, none.p999, none.max), (0.0, 0.0, 0.0, 0.0));
    }

    #[test]
    fn a_slice_is_added_and_emptied() {
        let (mut all, mut slice) = (latencies([1000, 1000]), latencies([3000]));
        all.take_in(&mut slice);
        assert_eq!(slice.buckets(), []);
        let (first, last) = (all.buckets()[0], all.buckets().last().copied());
        assert_eq!((first.up_to_us, first.count), (1.0, 2));
        assert_eq!(last, Some(Bucket { up_to_us: 3.15, count: 1 }));
        all.clear();
        assert_eq!(all.buckets(), []);
    }

    #[test]
    fn buckets_go_from_the_first_message_to_the_last() {
        let rows = |times: &[u64]| -> Vec<(f64, u64)> {
            let buckets = latencies(times.iter().copied()).buckets();
            buckets.iter().map(|bucket| (bucket.up_to_us, bucket.count)).collect()
        };
        type Row = (&'static [u64], &'static [(f64, u64)]);
        let table: [Row; 6] = [
            (&[], &[]),
            (&[1], &[(0.1, 1)]),
            (&[100], &[(0.1, 1)]),
            (&[101], &[(0.125, 1)]),
            (&[2000, 2000, 2400], &[(2.0, 2), (2.5, 1)]),
            (&[900, 1700], &[(1.0, 1), (1.25, 0), (1.6, 0), (2.0, 1)]),
        ];
        for (times, expected) in table {
            assert_eq!(rows(times), expected, "{times:?}");
        }
        // More than an hour is an hour.
        assert_eq!(rows(&[u64::MAX]).iter().map(|(_, count)| count).sum::<u64>(), 1);
    }
}
