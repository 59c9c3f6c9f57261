//! How much memory a process of this machine has in user space, from what Linux says of it.

use anyhow::{Context, Result};
use std::fs;

/// The resident anonymous memory of a process in bytes: heap, stacks and whatever else it wrote to,
/// without the pages of its program file and without the kernel's socket buffers.
///
/// # Errors
/// There is no such process, or this is not Linux.
pub fn resident_bytes(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: u64 = kib.context("no RssAnon in the status of the process")?.parse()?;
    Ok(kib * 1024)
}
