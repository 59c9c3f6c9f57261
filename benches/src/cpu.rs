//! How much CPU time a process of this machine has used, from what Linux says of it.

use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// The CPU time of all threads of a process, user and system, to the nanosecond. What threads used
/// that have ended is not in it.
///
/// # Errors
/// There is no such process, or this is not Linux.
pub fn cpu_time(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/task");
    let mut nanoseconds = 0;
    for thread in fs::read_dir(&path).with_context(|| format!("cannot read {path}"))? {
        match fs::read_to_string(thread?.path().join("schedstat")) {
            Ok(line) => {
                let running = line.split_whitespace().next().context("an empty schedstat")?;
                nanoseconds += running.parse::<u64>()?;
            }
            // The thread has ended meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Duration::from_nanos(nanoseconds))
}
