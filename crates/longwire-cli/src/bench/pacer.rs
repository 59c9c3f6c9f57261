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

    /// The connection of the next message that has become due. It may have no room for it yet.
    pub(super) fn next_due(&mut self, now: u64) -> Option<usize> {
        self.due(self.next).filter(|due| *due <= now)?;
        let connection = self.next % self.allowed.len() as u64;
        self.next += 1;
        usize::try_from(connection).ok()
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
