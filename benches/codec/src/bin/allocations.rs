//! The same with an allocator that counts: how many allocations each time takes in the steady state.

use std::alloc::System;
use std::process::ExitCode;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    longwire_codec_bench::main(Some(|| {
        let stats = ALLOCATOR.stats();
        stats.allocations + stats.reallocations
    }))
}
