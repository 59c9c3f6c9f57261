//! Numbers: their middle and their spread, and how they are written for people.

use serde::Serialize;

/// The middle of some numbers, and between what half of them lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) p25: f64,
    pub(super) p75: f64,
}

impl Spread {
    /// `None` where there are no numbers. Between two numbers it is interpolated.
    pub(super) fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let place = part * float(sorted.len().checked_sub(1)? as u64);
            let (below, above) = (sorted[whole(place.floor())], sorted[whole(place.ceil())]);
            Some(below + (above - below) * place.fract())
        };
        Some(Self { median: at(0.5)?, p25: at(0.25)?, p75: at(0.75)? })
    }
}

/// A number that is known to be whole and not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the conversion saturates, and what is not a number becomes 0"
)]
pub(super) fn whole(number: f64) -> usize {
    number as usize
}

/// A count. None of a run comes near 2^53, up to where this is exact.
#[expect(clippy::cast_precision_loss, reason = "said above")]
pub(super) fn float(number: u64) -> f64 {
    number as f64
}

/// A quotient, where there is something to divide by.
pub(super) fn quotient(dividend: f64, divisor: f64) -> Option<f64> {
    (divisor > 0.0).then(|| dividend / divisor)
}

/// A number without its fraction, in groups of three digits: 1,234,567.
pub(super) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Microseconds in the unit that fits, with three digits: 12.3 µs, 1.20 ms, 3.00 s.
pub(super) fn duration(microseconds: f64) -> String {
    let (number, unit) = match microseconds {
        us if us < 999.5 => (us, "µs"),
        us if us < 999_500.0 => (us / 1e3, "ms"),
        us => (us / 1e6, "s"),
    };
    let decimals = match number {
        number if number < 9.995 => 2,
        number if number < 99.95 => 1,
        _ => 0,
    };
    format!("{number:.decimals$} {unit}")
}

/// A part of 1 as a percentage.
pub(super) fn percent(part: f64) -> String {
    format!("{:.0} %", part * 100.0)
}

#[cfg(test)]
mod tests {
    use super::{Spread, duration, grouped, percent, quotient, whole};

    #[test]
    fn the_middle_and_the_quartiles() {
        type Row = (&'static [f64], (f64, f64, f64));
        let table: [Row; 5] = [
            (&[7.0], (7.0, 7.0, 7.0)),
            (&[2.0, 1.0], (1.25, 1.5, 1.75)),
            (&[3.0, 1.0, 2.0], (1.5, 2.0, 2.5)),
            (&[5.0, 4.0, 3.0, 2.0, 1.0], (2.0, 3.0, 4.0)),
            (&[1.0, 1.0, 1.0, 100.0], (1.0, 1.0, 25.75)),
        ];
        for (numbers, (p25, median, p75)) in table {
            let spread = Spread::of(numbers.iter().copied());
            assert_eq!(spread, Some(Spread { median, p25, p75 }), "{numbers:?}");
        }
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn numbers_for_people() {
        for (number, text) in
            [(0.0, "0"), (999.4, "999"), (999.5, "1,000"), (1_234_567.0, "1,234,567")]
        {
            assert_eq!(grouped(number), text);
        }
        for (microseconds, text) in [
            (0.1, "0.10 µs"),
            (12.34, "12.3 µs"),
            (999.0, "999 µs"),
            (999.9, "1.00 ms"),
            (31_500.0, "31.5 ms"),
            (999_900.0, "1.00 s"),
            (100_000_000.0, "100 s"),
        ] {
            assert_eq!(duration(microseconds), text);
        }
        assert_eq!((percent(0.345), percent(1.004)), ("34 %".to_owned(), "100 %".to_owned()));
        assert_eq!((quotient(3.0, 2.0), quotient(3.0, 0.0)), (Some(1.5), None));
        assert_eq!((whole(3.0), whole(-1.0), whole(f64::NAN)), (3, 0, 0));
    }
}
