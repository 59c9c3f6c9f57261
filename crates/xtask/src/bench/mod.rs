//! `cargo xtask bench …`: the measurements. Each is a command of its own that sets up what it needs,
//! prints tables, keeps the figures as JSON under target/bench, and writes them into
//! docs/performance.md.
//!
//! ```text
//!  echo: servers, pinning, workload --(longwire bench: load)--> results
//!        idle --(idle-memory)--> results --> sections (spread, markdown) --> page
//!                                        --> plot
//! fanout: the same tools over publications to many
//! scale: the same tools over one server as it grows
//! ```

mod codec;
mod echo;
mod fanout;
mod idle;
mod load;
mod machine;
mod markdown;
mod page;
mod pinning;
mod plot;
mod results;
mod scale;
mod sections;
mod servers;
mod spread;
mod workload;

use anyhow::Result;
use clap::Subcommand;

use crate::process::Log;
use crate::workspace::Workspace;

/// The measurements.
#[derive(Subcommand)]
pub(crate) enum Benchmark {
    /// Compare the engine with other libraries in memory: receiving, sending, the opening handshake,
    /// masking, UTF-8, compression, and one message to many.
    ///
    /// On one thread, by its CPU time, each implementation for 20 ms in turn. Before it is timed, each
    /// has to give the right bytes. Counts allocations, and instructions where there is valgrind. Takes
    /// six minutes, after the build. Writes docs/performance.md when everything was measured; the figures
    /// stay in target/bench/codec.json.
    Codec(codec::Options),

    /// Compare `longwire echo` with other libraries' echo servers and with a raw TCP echo.
    ///
    /// All servers are one thread on processor 0, the load is on processor 1 (`longwire bench`), and
    /// each server has it for a quarter of a second in turn. What counts is the server's CPU time, as
    /// Linux accounts for it: messages for each second of it, divided by those of the raw TCP echo in
    /// the same round. Then latency at a fixed rate, permessage-deflate, and the memory of 10,000 idle
    /// connections. Takes a quarter of an hour, after the builds.
    ///
    /// Needs Linux with two processors that nothing else keeps busy, `taskset`, 10,200 descriptors for
    /// a process (`ulimit -H -n`), Node with npm, a C compiler and libwebsockets 4 with its headers. What
    /// is missing and cannot be installed is left out and named. Writes docs/performance.md and its
    /// plots, when nothing was left out on request; the figures stay in target/bench.
    Echo(echo::Options),

    /// Compare `longwire serve` with other servers where one publishes and many get it: Debian's nginx
    /// with nchan, bun, and socket.io.
    ///
    /// For 1,000 and 5,000 subscribers, 128 bytes and 2 KiB, with 1 and 16 publications in flight:
    /// deliveries for each second of the server's CPU time, as Linux accounts for it. Then latency with
    /// 1,000 subscribers at 20 publications a second, and bytes of memory a subscriber. Each server is
    /// one process on processor 0, the load is on processor 1 and speaks what each server wants; all
    /// are alive at a time and have it for a quarter of a second in turn. At last `longwire serve` alone,
    /// under each policy for slow consumers: latency with one subscriber more that does not read, beside
    /// that without it. Takes half an hour, after the builds.
    ///
    /// Needs Linux with two processors that nothing else keeps busy, `taskset`, 5,200 descriptors for a
    /// process (`ulimit -H -n`), Node with npm, and Debian's nginx with nchan. What is missing and
    /// cannot be installed is left out and named. Writes docs/performance.md and its plot, when nothing
    /// was left out on request; the figures stay in target/bench/fanout.json.
    Fanout(fanout::Options),

    /// Measure how `longwire echo` behaves as it grows: with more workers, with more connections, and
    /// how many connections come and go.
    ///
    /// Cost is the server's CPU time, as Linux accounts for it. Connections grow from 1,000 to as many
    /// as this system gives descriptors to a process (`ulimit -H -n`), or to 50,000; servers for each
    /// number of them, ours and a raw TCP echo, are alive at a time and have the load for a quarter of a
    /// second in turn. Takes five minutes, after the builds, and Linux with two processors that nothing
    /// else keeps busy. Writes docs/performance.md and its plot, unless it was told which connections to
    /// open; the figures stay in target/bench/scale.json.
    Scale(scale::Options),
}

/// Runs one of them.
pub(crate) fn run(workspace: &Workspace, benchmark: &Benchmark) -> Result<()> {
    match benchmark {
        Benchmark::Codec(options) => {
            let log = Log::create(&workspace.log_path("bench-codec"), true)?;
            codec::run(workspace, options, &log)
        }
        Benchmark::Echo(options) => {
            let log = Log::create(&workspace.log_path("bench-echo"), true)?;
            echo::run(workspace, options, &log)
        }
        Benchmark::Fanout(options) => {
            let log = Log::create(&workspace.log_path("bench-fanout"), true)?;
            fanout::run(workspace, options, &log)
        }
        Benchmark::Scale(options) => {
            let log = Log::create(&workspace.log_path("bench-scale"), true)?;
            scale::run(workspace, options, &log)
        }
    }
}
