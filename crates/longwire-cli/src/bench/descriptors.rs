//! File descriptors: every connection takes one, and the system's default allows few.

use anyhow::{Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Beside connections: the three standard streams, a poll for each server, files of `/proc`.
const OTHERS: u64 = 64;

/// Makes room for so many connections and polls.
///
/// # Errors
/// The system allows this process fewer.
pub(super) fn make_room(connections: usize, servers: usize) -> Result<()> {
    let needed = connections as u64 + servers as u64 + OTHERS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    // A maximum may be raised by root alone.
    let raised = maximum.map(|maximum| maximum.max(needed));
    let limit = Rlimit { current: Some(needed), maximum: raised };
    ensure!(
        setrlimit(Resource::Nofile, limit).is_ok(),
        "{connections} connections need {needed} file descriptors, and this process may have {}: \
         raise the limit with ulimit -n, or give fewer --connections",
        maximum.unwrap_or(needed)
    );
    Ok(())
}
