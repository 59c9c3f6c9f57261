//! What is counted and not timed: allocations by a sibling of this program, whose allocator counts,
//! and instructions by valgrind.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::report::Counts;
use crate::row::{Entry, Row};

/// How many payload bytes are enough to count allocations over: several reads and writes.
const COUNTED_BYTES: u64 = 4 << 20;
/// The name of the sibling.
const SIBLING: &str = "codec-allocations";

/// Allocations a message, of the second half of a run: by then every buffer has its size.
pub(crate) fn allocations(entry: &Entry, bytes: usize, so_far: fn() -> usize) -> f64 {
    let count = (COUNTED_BYTES / bytes as u64).clamp(64, 20_000);
    let mut work = (entry.make)();
    work(count);
    let before = so_far();
    work(count);
    (so_far() - before) as f64 / count as f64
}

/// Asks the sibling. `None` where it has not been built.
pub(crate) fn ask_sibling(arguments: &[String]) -> Result<Option<Counts>> {
    let sibling = std::env::current_exe()?.with_file_name(SIBLING);
    if !sibling.exists() {
        return Ok(None);
    }
    let output = Command::new(&sibling)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| sibling.display().to_string())?;
    ensure!(output.status.success(), "{SIBLING}: {}", output.status);
    serde_json::from_slice(&output.stdout).context(SIBLING).map(Some)
}

/// Whether there is a valgrind.
pub(crate) fn has_valgrind() -> bool {
    let mut command = Command::new("valgrind");
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether the instructions of a row say something: where a message is long, what is counted is a
/// loop over it, and how long an instruction takes depends on how wide it is.
pub(crate) fn counts_instructions(row: &Row) -> bool {
    let by_message = ["receive-", "send-", "handshake"];
    row.bytes <= 1024 && by_message.iter().any(|table| row.table.starts_with(table))
}

/// Instructions a message: what twice as many messages take more, so that all that comes before
/// the first does not count.
pub(crate) fn instructions(row: &Row, implementation: &str) -> Result<f64> {
    const COUNT: u64 = 20_000;
    let (once, twice) =
        (start(row, implementation, COUNT)?, start(row, implementation, 2 * COUNT)?);
    let (once, twice) = (finish(once)?, finish(twice)?);
    Ok((twice as f64 - once as f64) / COUNT as f64)
}

fn start(row: &Row, implementation: &str, count: u64) -> Result<Child> {
    let this: PathBuf = std::env::current_exe()?;
    Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(this)
        .args(["--row", &row.id(), "--only", implementation, "--count", &count.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("valgrind does not start")
}

fn finish(child: Child) -> Result<u64> {
    let output = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "valgrind: {}: {text}", output.status);
    instruction_references(&text).with_context(|| format!("no count in: {text}"))
}

/// What cachegrind says at its end.
fn instruction_references(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains("I ") && line.contains("refs:"))?;
    let digits = line.rsplit_once("refs:")?.1.trim().replace(',', "");
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_of_cachegrind() {
        let text = "==7== Cachegrind, a cache profiler\n==7== I   refs:      11,753,077\n";
        assert_eq!(instruction_references(text), Some(11_753_077));
        assert_eq!(instruction_references("==7== I refs:  12\n"), Some(12), "newer versions");
        assert_eq!(instruction_references("==7== nothing\n"), None);
    }

    #[test]
    fn allocations_are_those_of_the_second_half() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static SO_FAR: AtomicUsize = AtomicUsize::new(0);
        // A hundred at the beginning, then one for every second message.
        let make = || -> crate::row::Work {
            SO_FAR.store(100, Ordering::Relaxed);
            Box::new(|count| {
                let more = usize::try_from(count / 2).unwrap();
                SO_FAR.fetch_add(more, Ordering::Relaxed);
            })
        };
        let entry = Entry::new(crate::row::Side::Ours, "it", || Ok(()), make);
        assert_eq!(allocations(&entry, 1024, || SO_FAR.load(Ordering::Relaxed)), 0.5);
    }
}
