//! What the measurements share. Each is a binary of this package with a `--help` of its own.

pub mod memory;
pub mod raw_echo;
