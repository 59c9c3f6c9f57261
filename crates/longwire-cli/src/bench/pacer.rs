//! When a message may be sent, and from when its latency counts.
//!
//! Closed loop, without a rate: a message may leave as soon as fewer than `in_flight` are
//! outstanding on its connection, and its latency counts from there. Nobody waits in such a loop, so
//! a server that stalls is asked less, and its stall shows in few messages.
//!
//! Open loop, with a rate: message n of the slice is due n intervals after its start, on connection
//! n modulo their number. It leaves when it is due, or as soon after as its connection has room, and
//! its latency counts from when it was due. So a stall shows in each message that fell into it: the
//! omission that a closed loop would coordinate with the server does not happen.
//!
//! Times are nanoseconds since the beginning of the run. Nothing here reads a clock.

/// Decides for the connections of one server, during one slice.
#[derive(Debug)]
pub(super) struct Pacer {
    in_flight: usize,
    start: u64,
    end: u64,
    /// From one message to the next, over all connections. `None`: closed loop.
    interval: Option<f64>,
    /// How many messages each connection has been allowed in this slice.
    allowed: Vec<u64>,
    /// The message that is the next to become due.
    next: u64,
}

impl Pacer {
    /// `rate` is in messages a second.
    pub(super) fn new(connections: usize, in_flight: usize, rate: Option<u32>) -> Self {
        let interval = rate.map(|rate| 1e9 / f64::from(rate));
        Self { in_flight, start: 0, end: 0, interval, allowed: vec![0; connections], next: 0 }
    }

    /// A slice begins.
    pub(super) fn begin(&mut self, start: u64, end: u64) {
        (self.start, self.end, self.next) = (start, end, 0);
        self.allowed.fill(0);
    }

    /// The time from which the next message of `connection` counts, if it may be sent now.
    pub(super) fn allow(&mut self, connection: usize, outstanding: usize, now: u64) -> Option<u64> {
        if outstanding >= self.in_flight {
            return None;
        }
        if self.interval.is_none() {
            return (now < self.end).then_some(now);
        }
        let due = self.due(self.nth(connection)).filter(|due| *due <= now)?;
        self.allowed[connection] += 1;
        Some(due)
    }

    /// The next message that has become due: when, and on which connection. That may have no room
    /// for it yet.
    pub(super) fn next_due(&mut self, now: u64) -> Option<(u64, usize)> {
        let due = self.due(self.next).filter(|due| *due <= now)?;
        let connection = usize::try_from(self.next % self.allowed.len() as u64).ok()?;
        self.next += 1;
        Some((due, connection))
    }

    /// When the next message becomes due, if any will.
    pub(super) fn wake_at(&self) -> Option<u64> {
        self.due(self.next)
    }

    /// When each message was due that has not been allowed.
    pub(super) fn unsent(&self) -> impl Iterator<Item = u64> {
        (0..self.allowed.len()).flat_map(move |connection| {
            let step = self.allowed.len() as u64;
            let numbers = (0..).map(move |turn| self.nth(connection) + turn * step);
            numbers.map_while(|number| self.due(number))
        })
    }

    /// Nothing more is allowed in this slice.
    pub(super) fn stop(&mut self) {
        self.end = self.start;
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.unsent().next().is_some()
    }

    /// The number of the next message of `connection`.
    fn nth(&self, connection: usize) -> u64 {
        self.allowed[connection] * self.allowed.len() as u64 + connection as u64
    }

    /// When message `number` is due, if that is within the slice.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "neither the number of messages nor nanoseconds of a run come near 2^53"
    )]
    fn due(&self, number: u64) -> Option<u64> {
        let due = self.start + (number as f64 * self.interval?) as u64;
        (due < self.end).then_some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::Pacer;
    use crate::bench::latencies::Latencies;

    #[test]
    fn without_a_rate_a_message_leaves_as_soon_as_there_is_room() {
        let mut pacer = Pacer::new(2, 3, None);
        pacer.begin(100, 200);
        // The outstanding messages, the time; from when the next one counts.
        let table = [
            (0, 100, Some(100)),
            (2, 150, Some(150)),
            (3, 150, None),
            (0, 199, Some(199)),
            (0, 200, None),
        ];
        for (outstanding, now, expected) in table {
            assert_eq!(pacer.allow(1, outstanding, now), expected, "{outstanding}, {now}");
        }
        assert_eq!((pacer.next_due(199), pacer.wake_at(), pacer.has_unsent()), (None, None, false));
    }

    #[test]
    fn with_a_rate_messages_are_due_one_after_the_other_on_connections_in_turn() {
        // A message each 10 ns, on 3 connections; 5 of them are within the slice.
        let mut pacer = Pacer::new(3, 1, Some(100_000_000));
        pacer.begin(1000, 1050);
        assert_eq!(pacer.unsent().collect::<Vec<_>>(), [1000, 1030, 1010, 1040, 1020]);
        assert_eq!(pacer.wake_at(), Some(1000));
        assert_eq!(pacer.next_due(999), None);
        let due: Vec<_> = std::iter::from_fn(|| pacer.next_due(1030)).collect();
        assert_eq!(due, [(1000, 0), (1010, 1), (1020, 2), (1030, 0)]);
        assert_eq!(pacer.wake_at(), Some(1040));
        // The connection, the outstanding messages, the time; from when the next one counts.
        let table = [
            (0, 0, 999, None),
            (0, 0, 1030, Some(1000)),
            (0, 1, 1030, None),
            // The reply came: the one that was due meanwhile leaves late, and counts from then.
            (0, 0, 1049, Some(1030)),
            (0, 0, 1049, None),
            (1, 0, 1045, Some(1010)),
            // Due within the slice, though sent after it.
            (1, 0, 1060, Some(1040)),
            (1, 0, 9999, None),
        ];
        for (connection, outstanding, now, expected) in table {
            assert_eq!(pacer.allow(connection, outstanding, now), expected, "{connection}, {now}");
        }
        assert_eq!(pacer.unsent().collect::<Vec<_>>(), [1020]);
        pacer.stop();
        assert!(!pacer.has_unsent());
        assert_eq!((pacer.allow(2, 0, 1049), pacer.wake_at()), (None, None));
        // Each slice begins anew.
        pacer.begin(2000, 2010);
        assert_eq!(pacer.unsent().collect::<Vec<_>>(), [2000]);
    }

    /// A second on one connection with a server that takes a tenth of a millisecond for a message,
    /// but does nothing from 500 ms to 600 ms. Times in nanoseconds; nobody waits for anything.
    fn stalled(rate: Option<u32>) -> Latencies {
        const SERVICE: u64 = 100_000;
        const STALL: std::ops::Range<u64> = 500_000_000..600_000_000;
        let (mut pacer, mut latencies) = (Pacer::new(1, 1, rate), Latencies::new());
        pacer.begin(0, 1_000_000_000);
        let mut now = 0;
        loop {
            if let Some(since) = pacer.allow(0, 0, now) {
                now += SERVICE;
                if STALL.contains(&now) {
                    now = STALL.end;
                }
                latencies.record(now - since);
            } else if let Some(due) = pacer.unsent().next() {
                now = due;
            } else {
                return latencies;
            }
        }
    }

    #[test]
    fn a_stall_counts_for_every_message_that_fell_into_it() {
        // 1000 messages, a tenth of them due while the server stalled: these waited from 100 ms down
        // to nothing, and a few behind them until all had been caught up with.
        let open = stalled(Some(1000)).percentiles();
        assert!((99_000.0..100_500.0).contains(&open.max), "{open:?}");
        assert!((85_000.0..95_000.0).contains(&open.p99), "{open:?}");
        assert!((99.0..101.0).contains(&open.p50), "{open:?}");
        // The closed loop asks for nothing meanwhile: one message of 9000 shows it.
        let closed = stalled(None).percentiles();
        assert!((99_000.0..100_500.0).contains(&closed.max), "{closed:?}");
        assert!((99.0..101.0).contains(&closed.p999), "{closed:?}");
    }
}
