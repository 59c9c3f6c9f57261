//! Of a row of figures: the median, between which quartiles they lie, and whether that is more or less
//! than another.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The median and the quartiles of a row of figures.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) p25: f64,
    pub(crate) median: f64,
    pub(crate) p75: f64,
}

impl Spread {
    /// Of figures in any order; `None` where there are none.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let last = figures.len().checked_sub(1)?;
        // Between two figures in proportion; with quarters the place is exact in eighths.
        let quarter = |quarters: usize| {
            let (below, part) = (last * quarters / 4, last * quarters % 4);
            let above = figures[(below + 1).min(last)];
            figures[below] + (above - figures[below]) * [0.0, 0.25, 0.5, 0.75][part]
        };
        Some(Self { p25: quarter(1), median: quarter(2), p75: quarter(3) })
    }

    /// What the noise allows to say of ratios: that they are above 1, below, or neither.
    pub(crate) fn word(&self) -> Word {
        if self.p25 > 1.0 {
            Word::Ahead
        } else if self.p75 < 1.0 {
            Word::Behind
        } else {
            Word::Level
        }
    }
}

/// With two decimals, such as `0.98 (0.96–1.01)`.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p25, median, p75 } = self;
        f.pad(&format!("{median:.2} ({p25:.2}–{p75:.2})"))
    }
}

/// One beside another, where more is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Three quarters of the ratios are above 1.
    Ahead,
    /// Neither.
    Level,
    /// Three quarters of the ratios are below 1.
    Behind,
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ahead => "ahead",
            Self::Level => "level",
            Self::Behind => "behind",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_figures() {
        let table: [(&[f64], [f64; 3]); 5] = [
            (&[7.0], [7.0, 7.0, 7.0]),
            (&[2.0, 1.0], [1.25, 1.5, 1.75]),
            (&[3.0, 1.0, 2.0], [1.5, 2.0, 2.5]),
            (&[4.0, 1.0, 3.0, 2.0], [1.75, 2.5, 3.25]),
            (&[5.0, 4.0, 3.0, 2.0, 1.0], [2.0, 3.0, 4.0]),
        ];
        for (figures, [p25, median, p75]) in table {
            let spread = Spread::of(figures.iter().copied());
            assert_eq!(spread, Some(Spread { p25, median, p75 }), "{figures:?}");
        }
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn the_word_is_what_the_quartiles_allow() {
        let table = [
            ([1.01, 1.02, 1.03], "ahead"),
            ([1.0, 1.02, 1.03], "level"),
            ([0.97, 1.0, 1.03], "level"),
            ([0.9, 0.95, 1.0], "level"),
            ([0.9, 0.95, 0.99], "behind"),
        ];
        for ([p25, median, p75], wanted) in table {
            assert_eq!(Spread { p25, median, p75 }.word().to_string(), wanted, "{p25} to {p75}");
        }
    }

    #[test]
    fn a_spread_is_shown_with_its_quartiles() {
        let spread = Spread { p25: 0.957, median: 0.98, p75: 1.0 };
        assert_eq!(spread.to_string(), "0.98 (0.96–1.00)");
    }
}
