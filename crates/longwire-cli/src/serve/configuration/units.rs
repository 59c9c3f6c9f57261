//! Times and sizes as people write them: a whole number and a unit, `25s`, `64KiB`.

use std::fmt::Write as _;
use std::time::Duration;

/// What a time looks like.
pub(crate) const DURATION_FORM: &str =
    "a whole number and one of the units ms, s, m, h, d, such as \"25s\"";
/// What a size looks like.
pub(crate) const BYTES_FORM: &str =
    "a whole number and one of the units B, KiB, MiB, GiB, such as \"64KiB\"";

/// Units of time in milliseconds, the longest first.
const TIMES: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
/// Units of size in bytes, the largest first.
const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// A time in milliseconds; `None` if the text is not [`DURATION_FORM`].
pub(crate) fn parse_millis(text: &str) -> Option<u64> {
    parse(text, &TIMES)
}

/// A size in bytes; `None` if the text is not [`BYTES_FORM`].
pub(crate) fn parse_bytes(text: &str) -> Option<u64> {
    parse(text, &SIZES)
}

/// A time in the longest unit of which it is a whole number.
pub(crate) fn show_millis(millis: u64) -> String {
    if millis == 0 { "0s".to_owned() } else { show(millis, &TIMES) }
}

/// A size in the largest unit of which it is a whole number.
pub(crate) fn show_bytes(bytes: u64) -> String {
    if bytes == 0 { "0B".to_owned() } else { show(bytes, &SIZES) }
}

/// The milliseconds of a time; all that can be set are far fewer than there is room for.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|it: char| !it.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, scale) = units.iter().find(|(name, _)| *name == unit.trim_start_matches(' '))?;
    number.parse::<u64>().ok()?.checked_mul(*scale)
}

fn show(value: u64, units: &[(&str, u64)]) -> String {
    let mut text = String::new();
    if let Some((unit, scale)) = units.iter().find(|(_, scale)| value.is_multiple_of(*scale)) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}{unit}", value / scale);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        let table = [
            ("0s", Some(0), "0s"),
            ("500ms", Some(500), "500ms"),
            ("25s", Some(25_000), "25s"),
            ("25 s", Some(25_000), "25s"),
            ("60s", Some(60_000), "1m"),
            ("90m", Some(5_400_000), "90m"),
            ("36h", Some(129_600_000), "36h"),
            ("7d", Some(604_800_000), "7d"),
            ("25", None, ""),
            ("s", None, ""),
            ("", None, ""),
            ("-1s", None, ""),
            ("1.5s", None, ""),
            ("1h30m", None, ""),
            ("25S", None, ""),
            ("99999999999999999d", None, ""),
            ("99999999999999999999s", None, ""),
        ];
        for (text, millis, shown) in table {
            assert_eq!(parse_millis(text), millis, "{text:?}");
            assert_eq!(millis.map(show_millis).unwrap_or_default(), shown, "{text:?}");
        }
    }

    #[test]
    fn a_size_is_a_number_and_a_unit() {
        let table = [
            ("0B", Some(0), "0B"),
            ("1000B", Some(1000), "1000B"),
            ("1024B", Some(1024), "1KiB"),
            ("64KiB", Some(65_536), "64KiB"),
            ("64 KiB", Some(65_536), "64KiB"),
            ("1536KiB", Some(1_572_864), "1536KiB"),
            ("2GiB", Some(2_147_483_648), "2GiB"),
            ("64KB", None, ""),
            ("64", None, ""),
            ("64k", None, ""),
            ("1.5MiB", None, ""),
            ("20000000000GiB", None, ""),
        ];
        for (text, bytes, shown) in table {
            assert_eq!(parse_bytes(text), bytes, "{text:?}");
            assert_eq!(bytes.map(show_bytes).unwrap_or_default(), shown, "{text:?}");
        }
    }
}
