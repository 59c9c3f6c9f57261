//! A child with all that it has started and that has not ended: found in /proc, and ended by id.
//!
//! They are in the process group of the terminal, where Ctrl-C reaches them as it reaches us, and so
//! cannot be ended as a group of their own. Whose parent has ended is not found. Linux only;
//! elsewhere a child's own processes are left to themselves.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// Ends a child and what is below it, and says what that was: command lines with their ids, of
/// parents before those of their children. Nobody may have waited for the child yet, or its id could
/// be another's.
pub(crate) fn end(child: u32) -> Vec<String> {
    let mut tree: Vec<Pid> = child.try_into().ok().and_then(Pid::from_raw).into_iter().collect();
    let mut stopped = 0;
    // Who is stopped starts nothing more. A signal that does not arrive has found nobody.
    while stopped < tree.len() {
        for &pid in &tree[stopped..] {
            let _ = kill_process(pid, Signal::STOP);
        }
        stopped = tree.len();
        let below = |pid: &Pid| {
            !tree.contains(pid) && parent(*pid).is_some_and(|parent| tree.contains(&parent))
        };
        let found: Vec<Pid> = all().filter(below).collect();
        tree.extend(found);
    }
    let ended = tree.iter().filter_map(|&pid| command_line(pid)).collect();
    for &pid in &tree {
        let _ = kill_process(pid, Signal::KILL);
    }
    ended
}

/// Every process there is.
fn all() -> impl Iterator<Item = Pid> {
    let ids = |entry: fs::DirEntry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?);
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(ids)
}

/// The id behind the state, which follows the name in parentheses. The name may hold some itself.
fn parent(pid: Pid) -> Option<Pid> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let (_, after_name) = stat.rsplit_once(')')?;
    Pid::from_raw(after_name.split_whitespace().nth(1)?.parse().ok()?)
}

/// The id and the words with which a process was started; nothing of one that has ended.
fn command_line(pid: Pid) -> Option<String> {
    let words = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words = String::from_utf8_lossy(&words).replace('\0', " ");
    (!words.is_empty()).then(|| format!("{pid}: {}", words.trim_end()))
}
