//! What the engine costs in memory, beside other WebSocket libraries: a program that two binaries
//! share, of which one counts allocations, which takes time, and measures nothing.

mod counting;
mod deflate;
mod measure;
mod outgoing;
mod payload;
mod peers;
mod program;
mod reader;
mod report;
mod row;
mod rows;
mod sink;
mod source;
mod statistics;
mod tables;
mod wire;

pub use program::main;
