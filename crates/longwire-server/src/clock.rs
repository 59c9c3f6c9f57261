//! The clock: the only place that reads the time. Everything else is told it, as a `Duration`
//! since the clock was made.

use std::time::{Duration, Instant};

/// A clock that never goes back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    began: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now() }
    }

    /// The time since the clock was made.
    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }
}
