//! A conformance suite for WebSocket servers and clients: RFC 6455, RFC 7692 and the HTTP/1.1 that a
//! handshake stands on.
//!
//! It tests what the peer does with what it must not accept, and with what it has to, byte by byte:
//! more than 700 cases for each role, most of which the Autobahn suite does not have; those that it
//! has carry its number. The peer is a server or a client that sends each message back.
//!
//! ```no_run
//! use longwire_conformance::{Options, test_server};
//!
//! let report = test_server("ws://127.0.0.1:9001/", &Options::default(), |progress| {
//!     eprintln!("{}/{} {}", progress.done, progress.total, progress.outcome.case.id);
//! })?;
//! print!("{}", report.text());
//! std::process::exit(if report.passed() { 0 } else { 1 });
//! # #[allow(unreachable_code)]
//! # Ok::<(), longwire_conformance::TargetError>(())
//! ```
//!
//! How it goes about it: a [`Case`] is data, a list of things to send and to expect; `judge` goes
//! through it over a `Conversation`. Each wait ends, whatever the peer does: it may hang, crash, say
//! nothing or flood. Frames are written by a builder that can write anything, and read by a reader
//! that shares nothing with the engine of the crate `longwire`, so that a fault of the engine's
//! cannot hide itself.
//!
//! A MUST is one only where the standard says so, and then every way out that it leaves is right: to
//! fail a connection is to end it, with a Close or without; which code the Close has is a SHOULD.

mod answer;
mod case;
mod cases;
mod client_driver;
mod conversation;
mod deflate;
mod extension;
mod frames;
mod handshake;
mod html;
mod inflate;
mod json;
mod judge;
mod link;
mod options;
mod report;
mod runner;
mod server_driver;
mod verdict;

pub use case::{Case, Level, Section};
pub use cases::cases;
pub use client_driver::test_client;
pub use longwire::Role;
pub use options::Options;
pub use report::{Count, Report, Table, Text};
pub use runner::Progress;
pub use server_driver::{TargetError, test_server};
pub use verdict::{Outcome, Verdict};
