//! Values on the command line that more than one subcommand takes.

use std::net::SocketAddr;
use std::time::Duration;

/// An address to listen on, such as `127.0.0.1:9001`.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    const RIGHT: &str = "an IP address and a port, such as 127.0.0.1:9001 or [::1]:9001";
    text.parse().map_err(|_| match text.split_once(':') {
        Some(("localhost", port)) => format!("no names here: 127.0.0.1:{port}, or [::1]:{port}"),
        _ => RIGHT.to_owned(),
    })
}

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
    use super::{address, seconds};
    use std::time::Duration;

    #[test]
    fn an_address_has_no_name() {
        let right = "an IP address and a port, such as 127.0.0.1:9001 or [::1]:9001";
        let table = [
            ("127.0.0.1:0", Ok("127.0.0.1:0")),
            ("[::1]:9001", Ok("[::1]:9001")),
            ("localhost:9001", Err("no names here: 127.0.0.1:9001, or [::1]:9001")),
            ("example.com:80", Err(right)),
            ("9001", Err(right)),
            ("127.0.0.1", Err(right)),
            ("", Err(right)),
        ];
        for (text, expected) in table {
            let parsed = address(text).map(|address| address.to_string());
            assert_eq!(parsed.as_deref().map_err(|error| error.as_str()), expected, "{text:?}");
        }
    }

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
