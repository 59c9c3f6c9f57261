//! What the measurements share. Each is a binary of this package.

pub mod arrivals;
pub mod client;
pub mod cpu;
pub mod fanout;
pub mod idle;
pub mod listening;
pub mod memory;
pub mod raw_echo;
pub mod stolen;
