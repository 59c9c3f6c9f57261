//! The load on one server: its connections, and the loop that keeps them busy for a slice.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use mio::Poll;

use super::fault::{Failure, Fault};
use super::lane::{Lane, Memory};
use super::latencies::Latencies;
use super::messages::Messages;
use super::pacer::Pacer;
use super::shared::{Clock, Shared, nanoseconds};

/// Timers of a poll count in milliseconds. What is due sooner is waited for without sleeping.
const TICK: Duration = Duration::from_millis(1);
/// How long it sleeps at most, before it looks whether a server has fallen silent.
const LONGEST_SLEEP: Duration = Duration::from_millis(100);

/// How long servers may take to end their connections.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// What has gone to and fro in a slice.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traffic {
    /// Messages that have come back.
    pub(super) messages: u64,
    /// Messages that were due and could not be sent within the time of another slice.
    pub(super) missed: u64,
    pub(super) sent_bytes: u64,
    pub(super) received_bytes: u64,
    /// From the first message to the last reply.
    pub(super) nanoseconds: u64,
}

/// The load on one server.
pub(super) struct Load {
    name: String,
    poll: Poll,
    lanes: Vec<Lane>,
    messages: Messages,
    pacer: Pacer,
    timeout: Duration,
    /// Messages whose reply is outstanding, on all connections.
    outstanding: usize,
    traffic: Traffic,
}

impl Load {
    /// The connections are registered with `poll`, each with its index as its token.
    pub(super) fn new(
        name: &str,
        poll: Poll,
        lanes: Vec<Lane>,
        messages: Messages,
        pacer: Pacer,
        timeout: Duration,
    ) -> Self {
        let (name, outstanding, traffic) = (name.to_owned(), 0, Traffic::default());
        Self { name, poll, lanes, messages, pacer, timeout, outstanding, traffic }
    }

    /// Puts the server under load for a time, and then waits for what is outstanding.
    pub(super) fn slice(
        &mut self,
        length: Duration,
        shared: &mut Shared,
    ) -> anyhow::Result<Traffic> {
        let start = shared.clock.now();
        let end = start + nanoseconds(length);
        let cut_off = end + nanoseconds(length);
        self.traffic = Traffic::default();
        self.pacer.begin(start, end);
        for lane in 0..self.lanes.len() {
            // However many connections there are, each one gets its first messages.
            let now = shared.clock.now().min(end.saturating_sub(1));
            self.send(lane, now)?;
        }
        let (mut now, mut heard, mut received_bytes) = (start, start, 0);
        loop {
            while let Some((due, lane)) = self.pacer.next_due(now) {
                let before = self.outstanding;
                self.send(lane, now)?;
                if self.outstanding > before {
                    shared.record.lateness.record(now - due);
                }
            }
            if now > cut_off {
                self.give_up(now, &mut shared.record.latencies);
            }
            if now >= end && self.outstanding == 0 && !self.pacer.has_unsent() {
                self.traffic.nanoseconds = now - start;
                return Ok(self.traffic);
            }
            let timeout = self.sleep(now, end);
            self.turn(timeout, shared)?;
            now = shared.clock.now();
            if self.traffic.received_bytes > received_bytes || self.outstanding == 0 {
                (heard, received_bytes) = (now, self.traffic.received_bytes);
            }
            if now - heard > nanoseconds(self.timeout) {
                return Err(self.silent().into());
            }
        }
    }

    /// Ends all connections, as far as that goes without much waiting. What was to be measured is
    /// measured: nothing that fails now matters.
    pub(super) fn close(mut self, shared: &mut Shared) {
        for lane in &mut self.lanes {
            lane.close();
        }
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        let mut open = self.lanes.len();
        while open > 0 && Instant::now() < deadline {
            let polled = self.poll.poll(&mut shared.events, Some(LONGEST_SLEEP));
            if polled.is_err_and(|error| error.kind() != ErrorKind::Interrupted) {
                return;
            }
            for event in shared.events.iter() {
                let lane = &mut self.lanes[event.token().0];
                open -= usize::from(lane.ends(&mut shared.memory));
            }
        }
    }

    /// How long nothing may happen.
    fn sleep(&self, now: u64, end: u64) -> Duration {
        let until = |time: u64| Duration::from_nanos(time.saturating_sub(now));
        match self.pacer.wake_at() {
            Some(due) => {
                let left = until(due);
                if left < 2 * TICK { Duration::ZERO } else { (left - TICK).min(LONGEST_SLEEP) }
            }
            None if now < end => until(end).min(LONGEST_SLEEP),
            None => LONGEST_SLEEP,
        }
    }

    /// Waits for events, and does what they ask for.
    fn turn(&mut self, timeout: Duration, shared: &mut Shared) -> anyhow::Result<()> {
        let Shared { clock, memory, events, record } = shared;
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        for event in events.iter() {
            let lane = event.token().0;
            if event.is_writable() {
                self.lanes[lane].writable();
                self.flush(lane)?;
            }
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                self.receive(lane, clock, memory, &mut record.latencies)?;
            }
        }
        Ok(())
    }

    /// Reads what there is, and sends the next messages in place of those that have come back.
    fn receive(
        &mut self,
        lane: usize,
        clock: &Clock,
        memory: &mut Memory,
        latencies: &mut Latencies,
    ) -> Result<(), Failure> {
        loop {
            let read = self.lanes[lane].read(memory, &self.messages);
            let read = read.map_err(|fault| self.failure(lane, fault))?;
            let now = clock.now();
            for _ in 0..read.replies {
                let since = self.lanes[lane].settle().unwrap_or(now);
                latencies.record(now - since);
            }
            self.outstanding -= read.replies;
            self.traffic.messages += read.replies as u64;
            self.traffic.received_bytes += read.bytes as u64;
            self.send(lane, now)?;
            if !read.has_more {
                return Ok(());
            }
        }
    }

    /// Sends what may be sent on a connection.
    fn send(&mut self, index: usize, now: u64) -> Result<(), Failure> {
        let lane = &mut self.lanes[index];
        while let Some(since) = self.pacer.allow(index, lane.outstanding(), now) {
            lane.permit(since);
            self.outstanding += 1;
        }
        self.flush(index)
    }

    fn flush(&mut self, lane: usize) -> Result<(), Failure> {
        let written = self.lanes[lane].flush(&self.messages);
        self.traffic.sent_bytes += written.map_err(|fault| self.failure(lane, fault))? as u64;
        Ok(())
    }

    /// What could not be sent for so long is not sent any more. It counts as it is: as having waited
    /// until now, at least.
    fn give_up(&mut self, now: u64, latencies: &mut Latencies) {
        for due in self.pacer.unsent() {
            latencies.record(now - due);
            self.traffic.missed += 1;
        }
        self.pacer.stop();
    }

    fn failure(&self, lane: usize, fault: Fault) -> Failure {
        let reply = self.lanes[lane].replies() + 1;
        Failure { server: self.name.clone(), connection: lane + 1, reply, fault }
    }

    fn silent(&self) -> Failure {
        let waits = self.lanes.iter().position(|lane| lane.outstanding() > 0);
        self.failure(waits.unwrap_or_default(), Fault::Silent(self.timeout))
    }
}
