//! The whole realtime server over simulated networks, over any number of seeds.
//!
//! Three workers of one node serve a hundred clients over WebSockets, the two emulated streams, `/sse`
//! and `/poll`. Connections break or fall silent, bytes are late and come in pieces, readers stall, tokens
//! end and are exchanged for new ones or not, clients come back on another worker and go on where they
//! were, and now and then the server ends and another one begins, while an application and the clients
//! publish, and users are disconnected and unsubscribed. All of it, the time included, is decided by one
//! number.
//!
//! What must hold: in each channel the order is the same for all; nothing comes twice; nothing is
//! missing without a word of it (`recovered: false`, an unsubscription with 2500, an event `gap`), nor
//! is that said where the history has it all; who is present in the end is who is connected, and who
//! came and did not leave; who is back within the grace period has neither left nor come; a token that was
//! not renewed ends what it is for, and none is ended before; who is disconnected or unsubscribed was there
//! when that was asked for, and all who were are; what waits stays within its bounds; what was dropped was
//! counted.
//!
//! `LONGWIRE_SEEDS=10000` runs so many seeds, from `LONGWIRE_FIRST_SEED` on, `LONGWIRE_SEED=n` the one.

mod realtime;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use realtime::run::Run;

/// How many seeds there are if nothing else is said.
const SEEDS: u64 = 200;
/// After so many that failed there is enough to look into.
const MAX_FAILED: usize = 10;

/// What happened in all runs.
#[derive(Debug, Default)]
struct Sums {
    delivered: usize,
    skipped: u64,
    slow: u64,
    recovered: usize,
    not_recovered: usize,
    expired: usize,
    refreshed: usize,
    blinks: usize,
    ordered_away: usize,
    ordered_out: usize,
    failed: Vec<u64>,
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

impl Sums {
    /// Runs a seed, in which everything happens on this thread.
    fn run(&mut self, seed: u64) {
        let Ok(book) = catch_unwind(AssertUnwindSafe(|| Run::of(seed))) else {
            eprintln!(
                "LONGWIRE_SEED={seed} cargo test -p longwire-tests --test realtime_simulation"
            );
            return self.failed.push(seed);
        };
        self.delivered += book.delivered;
        self.skipped += book.skipped.values().sum::<u64>();
        self.slow += book.slow;
        self.recovered += book.recoveries[0];
        self.not_recovered += book.recoveries[1];
        self.expired += book.expired;
        self.refreshed += book.refreshed;
        self.blinks += book.blinks;
        self.ordered_away += book.orders.sessions;
        self.ordered_out += book.orders.subscriptions;
    }

    fn add(mut self, other: Self) -> Self {
        self.delivered += other.delivered;
        self.skipped += other.skipped;
        self.slow += other.slow;
        self.recovered += other.recovered;
        self.not_recovered += other.not_recovered;
        self.expired += other.expired;
        self.refreshed += other.refreshed;
        self.blinks += other.blinks;
        self.ordered_away += other.ordered_away;
        self.ordered_out += other.ordered_out;
        self.failed.extend(other.failed);
        self
    }
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
    let next = AtomicU64::new(seeds.start);
    let run = || {
        let mut sums = Sums::default();
        while sums.failed.len() < MAX_FAILED {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            sums.run(seed);
        }
        sums
    };
    let sums = thread::scope(|scope| {
        let count = thread::available_parallelism().map_or(1, |it| it.get());
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(run)).collect();
        let sums = threads.into_iter().map(|it| it.join().expect("a thread that ends"));
        sums.fold(Sums::default(), Sums::add)
    });
    println!("{sums:?}");
    assert!(sums.failed.is_empty(), "failed: {:?}", sums.failed);
    // It all happens, or the checks would have nothing to check.
    let Sums { delivered, slow, recovered, not_recovered, expired, refreshed, blinks, .. } = sums;
    let orders = [sums.ordered_away, sums.ordered_out];
    let counts = [delivered, recovered, not_recovered, expired, refreshed, blinks];
    let counts = [&counts[..], &orders].concat();
    assert!(seeds.end - seeds.start < 20 || !counts.contains(&0) && slow > 0 && sums.skipped > 0);
}
