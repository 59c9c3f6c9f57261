//! Medians and quartiles.

use serde::Serialize;

/// The middle of some values and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Summary {
    /// Half of the values are below it.
    pub(crate) median: f64,
    /// A quarter is below it.
    pub(crate) p25: f64,
    /// Three quarters are below it.
    pub(crate) p75: f64,
}

impl Summary {
    /// # Panics
    /// There are no values.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |share| quantile(&values, share);
        Self { median: at(0.5), p25: at(0.25), p75: at(0.75) }
    }
}

/// The value below which a share of all lie; between two neighbours it is interpolated.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().checked_sub(1).expect("values");
    let place = share * last as f64;
    #[expect(clippy::cast_possible_truncation, reason = "an index of a slice")]
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_quarters() {
        let table: [(&[f64], [f64; 3]); 4] = [
            (&[3.0], [3.0, 3.0, 3.0]),
            (&[4.0, 2.0], [2.5, 3.0, 3.5]),
            (&[5.0, 1.0, 4.0, 2.0, 3.0], [2.0, 3.0, 4.0]),
            (&[1.0, 1.0, 1.0, 100.0], [1.0, 1.0, 25.75]),
        ];
        for (values, [p25, median, p75]) in table {
            let summary = Summary::of(values.iter().copied());
            assert_eq!(summary, Summary { median, p25, p75 }, "{values:?}");
        }
    }
}
