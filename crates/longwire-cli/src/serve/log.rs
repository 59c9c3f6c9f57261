//! The log of `longwire serve`, on standard error.

use super::configuration::{Log, LogFormat};

/// Begins to write what happens, as the configuration says.
pub(super) fn start(log: Log) {
    let lines = tracing_subscriber::fmt().with_max_level(log.level).with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
}
