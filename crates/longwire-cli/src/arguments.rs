//! Values on the command line that more than one subcommand takes.

use std::time::Duration;

/// A time in seconds, such as `30` or `0.5`.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "a number of seconds above 0, such as 30 or 0.5".to_owned())
}

#[cfg(test)]
mod tests {
    use super::seconds;
    use std::time::Duration;

    #[test]
    fn seconds_are_a_positive_number() {
        let millis = |millis| Some(Duration::from_millis(millis));
        let table = [
            ("1", millis(1000)),
            ("0.25", millis(250)),
            ("3600", millis(3_600_000)),
            ("0", None),
            ("-1", None),
            ("NaN", None),
            ("inf", None),
            ("1e300", None),
            ("1s", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(seconds(text).ok(), expected, "{text:?}");
        }
    }
}
