//! The whole realtime server over simulated networks, over any number of seeds.
//!
//! Three workers of one node serve clients over WebSockets, the two emulated streams, `/sse` and
//! `/poll`. Connections break or fall silent, bytes are late and come in pieces, readers stall, clients
//! come back on another worker and go on where they were, while an application and the clients publish.
//! All of it, the time included, is decided by one number.
//!
//! What must hold: in each channel the order is the same for all; nothing comes twice; nothing is
//! missing without a word of it (`recovered: false`, an unsubscription with 2500, an event `gap`), nor
//! is that said where the history has it all; who is present in the end is who is connected; what waits
//! stays within its bounds; what was dropped was counted.
//!
//! `LONGWIRE_SEEDS=10000` runs so many seeds, from `LONGWIRE_FIRST_SEED` on, `LONGWIRE_SEED=n` the one.

mod realtime;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use realtime::run::Run;

/// How many seeds there are if nothing else is said.
const SEEDS: u64 = 120;
const STEPS: usize = 60;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// Most runs have few clients, so that there can be many; one of fifty has a hundred and more.
fn clients(seed: u64) -> usize {
    if seed % 50 == 17 { 110 } else { 6 + usize::try_from(seed % 7).expect("a digit") }
}

fn run(seed: u64) -> Run {
    let mut run = Run::new(seed, clients(seed));
    (0..STEPS).for_each(|_| run.step());
    run.finish();
    run
}

#[test]
fn nothing_is_lost_without_a_word() {
    let seeds = match number("LONGWIRE_SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let first = number("LONGWIRE_FIRST_SEED").unwrap_or(0);
            first..first + number("LONGWIRE_SEEDS").unwrap_or(SEEDS)
        }
    };
    let (mut delivered, mut recoveries, mut slow, mut skipped) = (0, [0, 0], 0, 0);
    let is_many = seeds.end - seeds.start > 20;
    for seed in seeds {
        let run = catch_unwind(AssertUnwindSafe(|| run(seed))).unwrap_or_else(|panic| {
            eprintln!(
                "LONGWIRE_SEED={seed} cargo test -p longwire-tests --test realtime_simulation"
            );
            resume_unwind(panic)
        });
        delivered += run.book.delivered;
        slow += run.book.slow;
        skipped += run.book.skipped.values().sum::<u64>();
        for (sum, count) in recoveries.iter_mut().zip(run.book.recoveries) {
            *sum += count;
        }
    }
    println!("{delivered} delivered, {skipped} skipped, {slow} slow, {recoveries:?} recoveries");
    // It all happens, or the checks would have nothing to check.
    assert!(!is_many || delivered > 0 && skipped > 0 && slow > 0 && !recoveries.contains(&0));
}
