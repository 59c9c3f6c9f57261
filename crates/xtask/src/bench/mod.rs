//! `cargo xtask bench …`: the measurements. Each is a command of its own that sets up what it needs,
//! prints tables, keeps the figures as JSON under target/bench, and writes them into
//! docs/performance.md.

// The commands that use it are on their way.
#[allow(dead_code)]
pub(crate) mod page;
