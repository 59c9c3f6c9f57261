//! A row of a table: one task, and the implementations that do it.

use anyhow::Result;

/// Does a task so many times.
pub(crate) type Work = Box<dyn FnMut(u64)>;

/// One implementation's way of doing the task of a row.
pub(crate) struct Entry {
    /// Who: Longwire, a peer, or a technique.
    pub(crate) implementation: &'static str,
    /// Whether what it does is right, tried on every different message.
    pub(crate) verify: Box<dyn FnOnce() -> Result<()>>,
    /// Sets it up.
    pub(crate) make: Box<dyn Fn() -> Work>,
    /// How many bytes one time puts out for each that it takes in, where that is a question.
    pub(crate) ratio: Option<f64>,
}

impl Entry {
    /// An implementation whose output is as large as its input.
    pub(crate) fn new(
        implementation: &'static str,
        verify: impl FnOnce() -> Result<()> + 'static,
        make: impl Fn() -> Work + 'static,
    ) -> Self {
        Self { implementation, verify: Box::new(verify), make: Box::new(make), ratio: None }
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

    /// What one calls it on the command line: `receive-server/binary-20`.
    pub(crate) fn id(&self) -> String {
        format!("{}/{}", self.table, self.name.replace(' ', "-"))
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
