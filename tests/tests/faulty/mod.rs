//! Has one allocation after the other fail, and looks for what is not given back.
//!
//! What is counted is counted for the whole process, so a file that uses this has one test.

use std::alloc::System;
use std::cell::RefCell;
use std::panic;

use alloc_chaos::{Attempt, ChaosAllocator, Check};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: ChaosAllocator<&StatsAlloc<System>> = ChaosAllocator::new(&INSTRUMENTED_SYSTEM);

/// How many bytes are allocated and not given back, by the whole process.
fn live_bytes() -> usize {
    let stats = INSTRUMENTED_SYSTEM.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// Runs `run` on one world of `prepare` after the other. In the nth of them its nth allocation
/// fails, for every n. `skip` is told n and how many there are: such an allocation would abort.
/// `check` is told what has failed, and given the world as it is then; none where `run` panicked.
/// When it has dropped that, all memory has to be back.
///
/// Says how many allocations have failed. The panics of zlib-rs, which are expected, are not shown.
pub(crate) fn each_allocation_fails<W>(
    name: &str,
    prepare: impl Fn() -> W,
    run: impl Fn(&mut W),
    skip: impl Fn(usize, usize) -> bool,
    check: impl Fn(&Attempt, Option<W>),
) -> usize {
    let show = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !panic.location().is_some_and(|location| location.file().contains("zlib-rs")) {
            show(panic);
        }
    }));
    let count = attempt(&prepare, &run, None, |_, _| ());
    let mut failed = 0;
    for nth in (0..count).filter(|&nth| !skip(nth, count)) {
        let before = live_bytes();
        attempt(&prepare, &run, Some(nth), &check);
        let after = live_bytes();
        assert_eq!(after, before, "{name}: allocation {nth} of {count} fails: a leak");
        failed += 1;
    }
    drop(panic::take_hook());
    failed
}

/// Runs `run` without a fault, and then with one: how many allocations there are without.
fn attempt<W>(
    prepare: &impl Fn() -> W,
    run: &impl Fn(&mut W),
    nth: Option<usize>,
    check: impl Fn(&Attempt, Option<W>),
) -> usize {
    // What is prepared and what is left over is no part of what may fail.
    let fresh = RefCell::new(vec![prepare(), prepare()]);
    let used = RefCell::new(Vec::with_capacity(2));
    let fault = nth.map_or(Check::new().max_failures(0), |nth| Check::new().only_failure(nth));
    let report = fault.run(|| {
        let mut world = fresh.borrow_mut().pop().expect("there are two runs");
        run(&mut world);
        used.borrow_mut().push(world);
    });
    if let Some(nth) = nth {
        let [attempt] = report.attempts() else { panic!("no attempt at {nth}: {report}") };
        assert!(attempt.injected(), "allocation {nth} is not made: {report}");
        let mut used = used.into_inner();
        // The first is that of the run without a fault.
        check(attempt, if used.len() == 2 { used.pop() } else { None });
    }
    report.baseline_allocations()
}
