//! A time on the hub's clock in half the bytes of a `Duration`, of which every session has several.

use std::num::NonZeroU64;
use std::time::Duration;

/// Nanoseconds, and one more so that there is room for `None`. What is five centuries away or further is
/// never due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(NonZeroU64);

const _: () = assert!(size_of::<Option<Moment>>() == 8, "what a deadline costs a session");

impl Moment {
    pub(crate) fn at(time: Duration) -> Self {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Self(NonZeroU64::MIN.saturating_add(nanos))
    }

    pub(crate) fn time(self) -> Duration {
        match self.0.get() {
            u64::MAX => Duration::MAX,
            nanos => Duration::from_nanos(nanos - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_time_it_was_made_of() {
        let last = Duration::from_nanos(u64::MAX - 2);
        for time in [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(1 << 31), last] {
            assert_eq!(Moment::at(time).time(), time);
            assert!(Moment::at(time) < Moment::at(Duration::MAX));
        }
        for never in [last + Duration::from_nanos(1), Duration::from_secs(u64::MAX), Duration::MAX]
        {
            assert_eq!(Moment::at(never).time(), Duration::MAX);
        }
        assert!(Moment::at(Duration::ZERO) < Moment::at(Duration::from_nanos(1)));
    }
}
