//! Publications at a fixed rate, and how long their deliveries take.
//!
//! Where the machine is a virtual one, its host takes a processor away now and then. What is under way
//! then says nothing of the server and is left out: what the kernel says it was kept from its processors
//! decides that, and not how long anything took.

use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;

use super::load::{LONGEST_SLEEP, Load};
use crate::cpu::cpu_time;
use crate::memory::resident_bytes;
use crate::stolen::stolen_time;

/// How long before something is due the load does not sleep any more: the system's sleep is longer
/// than asked for, by up to a millisecond and what it takes to wake up.
const LAST_SLEEP: Duration = Duration::from_millis(2);

/// A slice at a fixed rate.
#[derive(Debug)]
pub struct Paced {
    /// From when a publication was due until a subscriber had it, in microseconds.
    pub latencies_us: Histogram<u64>,
    /// The publications that are not among these.
    pub left_out: u64,
    /// What the server used of the slice.
    pub server_cpu: Duration,
    /// The server's resident user-space memory at its end.
    pub resident_bytes: u64,
}

impl Load {
    /// Publishes so often a second, whatever comes back, and waits for the last delivery.
    ///
    /// # Errors
    /// As for [`saturate`](Self::saturate).
    pub fn pace(&mut self, each_second: u32, size_bytes: usize, length: Duration) -> Result<Paced> {
        let mut sieve = Sieve::new(stolen_time()?)?;
        self.latencies_us.reset();
        let server_before = cpu_time(self.plan.pid)?;
        let interval = Duration::from_secs(1) / each_second.max(1);
        let mut due = self.start.elapsed();
        let end = due + length;
        while due < end {
            let now = self.start.elapsed();
            if now >= due {
                self.publish(due, size_bytes)?;
                self.publisher.flush()?;
                sieve.under_way += 1;
                due += interval;
            } else {
                let left = (due - now).saturating_sub(LAST_SLEEP);
                self.turn(left.min(LONGEST_SLEEP))?;
            }
            if sieve.under_way > 0 && self.tally.outstanding() == 0 {
                sieve.sift(&mut self.latencies_us, stolen_time()?)?;
            }
        }
        self.settle()?;
        sieve.sift(&mut self.latencies_us, stolen_time()?)?;
        Ok(Paced {
            latencies_us: sieve.kept,
            left_out: sieve.left_out,
            server_cpu: cpu_time(self.plan.pid)?.saturating_sub(server_before),
            resident_bytes: resident_bytes(self.plan.pid)?,
        })
    }
}

/// Parts the latencies that count from those that do not: publications that were under way together
/// stand and fall together.
struct Sieve {
    kept: Histogram<u64>,
    left_out: u64,
    /// The publications since the last time that all had arrived.
    under_way: u64,
    /// What had been stolen by then.
    stolen: u64,
}

impl Sieve {
    fn new(stolen: u64) -> Result<Self> {
        Ok(Self { kept: Histogram::new(3)?, left_out: 0, under_way: 0, stolen })
    }

    /// All publications have arrived: `latencies` are those of the ones since the last time, and are empty
    /// then. A theft between the two times is counted with the second.
    fn sift(&mut self, latencies: &mut Histogram<u64>, stolen: u64) -> Result<()> {
        if stolen == self.stolen {
            self.kept.add(&*latencies)?;
        } else {
            self.left_out += self.under_way;
        }
        latencies.reset();
        (self.under_way, self.stolen) = (0, stolen);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_under_way_when_a_processor_was_away_is_left_out() {
        // The publications and latencies since the last time, what has been stolen by then, and how many
        // are kept and left out.
        let table: [(u64, &[u64], u64, u64, u64); 6] = [
            (1, &[10, 11], 5, 2, 0),
            (1, &[90, 91], 6, 2, 1),
            (0, &[], 7, 2, 1),
            (1, &[12], 7, 3, 1),
            (2, &[93, 94, 95], 9, 3, 3),
            (1, &[13], 9, 4, 3),
        ];
        let mut sieve = Sieve::new(5).unwrap();
        let mut latencies = Histogram::new(3).unwrap();
        for (step, (under_way, taken, stolen, kept, left_out)) in table.into_iter().enumerate() {
            for micros in taken {
                latencies.record(*micros).unwrap();
            }
            sieve.under_way = under_way;
            sieve.sift(&mut latencies, stolen).unwrap();
            assert_eq!((sieve.kept.len(), sieve.left_out), (kept, left_out), "step {step}");
            assert_eq!((latencies.len(), sieve.under_way), (0, 0));
        }
        assert_eq!(sieve.kept.max(), 13);
    }
}
