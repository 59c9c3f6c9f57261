//! What the loads on all servers share, since they take turns: a clock, memory to receive in, and
//! what is recorded during a slice.

use std::time::{Duration, Instant};

use mio::Events;

use super::lane::Memory;
use super::latencies::Latencies;

/// The time since the beginning, in nanoseconds.
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn now(&self) -> u64 {
        nanoseconds(self.0.elapsed())
    }
}

pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// What all servers share.
pub(super) struct Shared {
    pub(super) clock: Clock,
    pub(super) memory: Memory,
    pub(super) events: Events,
    pub(super) record: Record,
}

/// What is recorded during a slice.
pub(super) struct Record {
    /// How long messages took.
    pub(super) latencies: Latencies,
    /// How late this program itself was to send what was due, though the connection had room.
    pub(super) lateness: Latencies,
}

impl Shared {
    pub(super) fn new() -> Self {
        let record = Record { latencies: Latencies::new(), lateness: Latencies::new() };
        let (memory, events) = (Memory::new(), Events::with_capacity(1024));
        Self { clock: Clock::start(), memory, events, record }
    }
}

impl Record {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.latencies.clear();
        self.lateness.clear();
    }
}
