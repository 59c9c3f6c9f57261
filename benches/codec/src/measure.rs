//! Measuring: slices of some tens of milliseconds, dealt to all implementations in turn, round
//! after round, so that whatever else the machine does falls on all of them alike.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::row::Work;

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: u32,
    pub(crate) slice: Duration,
}

/// Nanoseconds that each time took, for each implementation, round by round.
pub(crate) fn run(works: &mut [Work], plan: Plan) -> Vec<Vec<f64>> {
    let counts: Vec<u64> = works.iter_mut().map(|work| calibrate(work, plan.slice)).collect();
    let mut times = vec![Vec::new(); works.len()];
    for round in 0..plan.rounds as usize {
        // Nobody is always behind the same one.
        for turn in 0..works.len() {
            let at = (round + turn) % works.len();
            let start = cpu_time();
            works[at](counts[at]);
            times[at].push((cpu_time() - start).as_nanos() as f64 / counts[at] as f64);
        }
    }
    times
}

/// How many times fit into a slice. This warms up, too.
fn calibrate(work: &mut Work, slice: Duration) -> u64 {
    let mut count = 1;
    loop {
        let start = cpu_time();
        work(count);
        let taken = cpu_time() - start;
        if taken * 4 >= slice || count >= 1 << 40 {
            let fitting = count as f64 * slice.as_secs_f64() / taken.as_secs_f64().max(1e-9);
            #[expect(clippy::cast_possible_truncation, reason = "a few millions")]
            #[expect(clippy::cast_sign_loss, reason = "a quotient of times")]
            return (fitting as u64).max(1);
        }
        count *= 2;
    }
}

/// The time for which this thread has had a processor. Unlike the scheduler's statistics under
/// /proc it is exact, not that of the last tick.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;

    #[test]
    fn everyone_has_a_slice_in_each_round_and_another_one_begins() {
        let order = Rc::new(RefCell::new(String::new()));
        let work = |name: char| -> Work {
            let order = Rc::clone(&order);
            Box::new(move |_| order.borrow_mut().push(name))
        };
        let plan = Plan { rounds: 3, slice: Duration::ZERO };
        let times = run(&mut [work('a'), work('b'), work('c')], plan);
        assert_eq!(*order.borrow(), format!("{}{}", "abc", "abcbcacab"));
        assert!(times.iter().all(|of_one| of_one.len() == 3));
    }
}
