//! A row of a table: one task, and the implementations that do it.

use anyhow::Result;

/// Does a task so many times.
pub(crate) type Work = Box<dyn FnMut(u64)>;

/// Who an implementation belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Longwire.
    Ours,
    /// A library that one could use instead.
    Peer,
    /// A floor, or a technique to compare with.
    Reference,
}

/// One implementation's way of doing the task of a row.
pub(crate) struct Entry {
    pub(crate) implementation: &'static str,
    pub(crate) side: Side,
    /// Whether what it does is right, tried on every different message. How many bytes it makes of
    /// each, where that is a question.
    pub(crate) verify: Box<dyn FnOnce() -> Result<Option<f64>>>,
    /// Sets it up.
    pub(crate) make: Box<dyn Fn() -> Work>,
}

impl Entry {
    /// An implementation, of which `verify` says whether it is right.
    pub(crate) fn new(
        side: Side,
        implementation: &'static str,
        verify: impl FnOnce() -> Result<()> + 'static,
        make: impl Fn() -> Work + 'static,
    ) -> Self {
        let verify = Box::new(|| verify().map(|()| None));
        Self { implementation, side, verify, make: Box::new(make) }
    }

    /// One that says as well how many bytes it makes of each message.
    pub(crate) fn with_output(
        side: Side,
        implementation: &'static str,
        verify: impl FnOnce() -> Result<f64> + 'static,
        make: impl Fn() -> Work + 'static,
    ) -> Self {
        let verify = Box::new(|| verify().map(Some));
        Self { implementation, side, verify, make: Box::new(make) }
    }
}

/// A task.
pub(crate) struct Row {
    /// The table that it is in.
    pub(crate) table: &'static str,
    /// What it is about, such as `binary 20 B`.
    pub(crate) name: String,
    /// Payload bytes each time.
    pub(crate) bytes: usize,
    /// Prepares the implementations; costs time and memory.
    pub(crate) entries: Box<dyn Fn() -> Vec<Entry>>,
}

impl Row {
    pub(crate) fn new(
        table: &'static str,
        name: String,
        bytes: usize,
        entries: impl Fn() -> Vec<Entry> + 'static,
    ) -> Self {
        Self { table, name, bytes, entries: Box::new(entries) }
    }

    /// What one calls it on the command line: `receive-server/binary-20-B`.
    pub(crate) fn id(&self) -> String {
        format!("{}/{}", self.table, self.name.replace(", ", "-").replace(' ', "-"))
    }
}

/// A number of bytes as short as it can be said.
pub(crate) fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}
