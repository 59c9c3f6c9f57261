//! The latencies of many slices as if they were one slice's.
//!
//! A slice has twenty publications, so its 99th percentile is that of the slowest of them. That of many
//! slices rests on the slowest publication of each five slices: still few, and it takes many pairs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::spread::Spread;

/// How often each latency was there: ascending microseconds, each with its count.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Latencies(pub(super) Vec<(u64, u64)>);

/// So many times slices are drawn, to see how much a ratio depends on which ones there were.
const DRAWS: u64 = 100;

/// The latency, in microseconds, that this part of all deliveries does not exceed.
pub(super) fn quantile<'a>(
    slices: impl IntoIterator<Item = &'a Latencies>,
    part: f64,
) -> Option<f64> {
    let mut all = BTreeMap::new();
    for &(micros, count) in slices.into_iter().flat_map(|slice| &slice.0) {
        *all.entry(micros).or_insert(0) += count;
    }
    let wanted = part * all.values().sum::<u64>() as f64;
    let mut seen = 0;
    let reached = all.into_iter().find(|&(_, count)| {
        seen += count;
        seen as f64 >= wanted
    });
    reached.map(|(micros, _)| micros as f64)
}

/// A quantile of the second of all pairs over that of the first of all pairs. As median, what it is; as
/// quartiles, those of the same ratio for as many pairs drawn from these, each as often as chance has it.
pub(super) fn ratio(pairs: &[(&Latencies, &Latencies)], part: f64) -> Option<Spread> {
    let of = |chosen: &[(&Latencies, &Latencies)]| {
        let below = quantile(chosen.iter().map(|pair| pair.0), part)?;
        Some(quantile(chosen.iter().map(|pair| pair.1), part)? / below)
    };
    let median = of(pairs)?;
    // A fixed row of numbers: the same figures give the same page.
    let mut state = 0_u64;
    let mut draw = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        pairs[(state >> 33) as usize % pairs.len()]
    };
    let drawn = (0..DRAWS).filter_map(|_| of(&pairs.iter().map(|_| draw()).collect::<Vec<_>>()));
    let Spread { p25, p75, .. } = Spread::of(drawn)?;
    Some(Spread { p25, median, p75 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(latencies: &[(u64, u64)]) -> Latencies {
        Latencies(latencies.to_vec())
    }

    #[test]
    fn slices_together() {
        let slices = [slice(&[(10, 98), (50, 1)]), slice(&[(10, 90), (20, 10), (70, 1)])];
        let table =
            [(0.5, 10.0), (0.94, 10.0), (0.98, 20.0), (0.99, 20.0), (0.995, 50.0), (1.0, 70.0)];
        for (part, wanted) in table {
            assert_eq!(quantile(&slices, part), Some(wanted), "{part}");
        }
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn a_ratio_and_how_sure_it_is() {
        let (fast, slow) = (slice(&[(10, 100)]), slice(&[(15, 100)]));
        let sure = ratio(&[(&fast, &slow); 4], 0.99).unwrap();
        assert_eq!((sure.p25, sure.median, sure.p75), (1.5, 1.5, 1.5));
        // One of eight pairs decides alone, if it was drawn.
        let mut pairs = vec![(&fast, &fast); 7];
        pairs.push((&fast, &slow));
        let unsure = ratio(&pairs, 0.99).unwrap();
        assert_eq!((unsure.p25, unsure.median, unsure.p75), (1.0, 1.5, 1.5));
        assert_eq!(ratio(&[], 0.5), None);
    }
}
