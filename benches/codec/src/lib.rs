//! What the engine costs in memory, beside other WebSocket libraries: a program that two binaries
//! share, of which one counts allocations, which takes time, and measures nothing.

mod measure;
mod payload;
mod peers;
mod program;
mod report;
mod row;
mod rows;
mod source;
mod statistics;
mod wire;

pub use program::main;
