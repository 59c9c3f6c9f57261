//! The CPU time of a process: user and system, of all its threads.

use std::fs;
use std::io::{self, ErrorKind};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The CPU time that this process has used.
pub(super) fn own() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
}

/// The CPU time that process `pid` has used: of each thread the first field of its `schedstat`,
/// in nanoseconds. What threads used that have ended is not in it.
///
/// # Errors
/// There is no such process, or the system is not Linux.
pub(super) fn of_process(pid: u32) -> io::Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        match fs::read_to_string(thread?.path().join("schedstat")) {
            Ok(text) => nanoseconds += running(&text).ok_or(ErrorKind::InvalidData)?,
            // The thread has ended meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// The time spent running, in a line of `schedstat`: time running, time waiting, time slices.
fn running(schedstat: &str) -> Option<u64> {
    schedstat.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::running;

    #[test]
    fn the_first_field_is_the_time_running() {
        let table =
            [("104325 20 1\n", Some(104_325)), ("0 0 0\n", Some(0)), ("", None), ("x 1 2", None)];
        for (text, expected) in table {
            assert_eq!(running(text), expected, "{text:?}");
        }
    }
}
