//! Heartbeats and deadlines of one connection. Time is a parameter: any clock that does not go
//! back, as a `Duration` since a moment of the caller's choice.
//!
//! ```text
//!  waiting for            deadline                  when it passes
//!  ---------------------  ------------------------  ------------------------------------------
//!  bytes from the peer    ping_interval             Expired::Ping: send a Ping
//!  anything after a Ping  pong_timeout              Expired::PongOverdue: the peer is gone
//!  the end of a message   message_timeout           Expired::MessageOverdue
//!  the peer's Close       close_timeout             Expired::CloseOverdue: close the TCP connection
//! ```
//!
//! The nearest counts; once a Close is out, its answer alone does.

use core::time::Duration;

/// How long a connection may take, and how often it is tried. `None` switches one off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Silence after which a Ping is sent. Default: 30 s.
    pub ping_interval: Option<Duration>,
    /// Silence after a Ping after which the peer counts as gone. Default: 20 s.
    pub pong_timeout: Option<Duration>,
    /// How long a message may take from its first byte to its last. Default: 60 s.
    pub message_timeout: Option<Duration>,
    /// How long to wait for the peer's Close, or for its end of stream, once ours is out.
    /// Default: 5 s.
    pub close_timeout: Option<Duration>,
}

impl Timeouts {
    /// The defaults, for a `const`.
    pub const DEFAULT: Self = Self {
        ping_interval: Some(Duration::from_secs(30)),
        pong_timeout: Some(Duration::from_secs(20)),
        message_timeout: Some(Duration::from_secs(60)),
        close_timeout: Some(Duration::from_secs(5)),
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A deadline that has passed, and what is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// Nothing came for a while: send a Ping.
    Ping,
    /// Nothing came after the Ping: the peer is gone. Close the TCP connection.
    PongOverdue,
    /// A message was begun and not ended in time: close with 1008, or as policy has it.
    MessageOverdue,
    /// The closing handshake was not completed in time: close the TCP connection.
    CloseOverdue,
}

/// The deadlines of one connection: 24 bytes.
///
/// Tell it when bytes [came](Self::receive), when a message [ended](Self::end_of_message) and when a
/// Close [went out](Self::closing); ask it for the [next deadline](Self::poll_timeout), and call
/// [`handle_timeout`](Self::handle_timeout) then.
///
/// ```
/// use core::time::Duration;
/// use longwire::{Deadlines, Expired, Timeouts};
/// let secs = Duration::from_secs;
/// let timeouts = Timeouts::default();
/// let mut deadlines = Deadlines::new(secs(100));
/// assert_eq!(deadlines.poll_timeout(&timeouts), Some(secs(130)));
/// assert_eq!(deadlines.handle_timeout(secs(130), &timeouts), Some(Expired::Ping));
/// assert_eq!(deadlines.poll_timeout(&timeouts), Some(secs(150)));
/// deadlines.receive(secs(131), false);                 // the Pong
/// assert_eq!(deadlines.poll_timeout(&timeouts), Some(secs(161)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// When bytes last came, or when the Ping went out, in milliseconds.
    heard_ms: u64,
    /// When `pending` began, in milliseconds.
    began_ms: u64,
    pending: Pending,
    awaits_pong: bool,
}

/// What has begun and has to end in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pending {
    Nothing,
    Message,
    Close,
}

impl Deadlines {
    /// The connection begins now.
    pub fn new(now: Duration) -> Self {
        let now_ms = millis(now);
        Self { heard_ms: now_ms, began_ms: 0, pending: Pending::Nothing, awaits_pong: false }
    }

    /// Bytes came, and were processed. `incomplete` says whether a message, or a frame, is now
    /// under way that has not come in whole.
    pub fn receive(&mut self, now: Duration, incomplete: bool) {
        self.heard_ms = millis(now);
        self.awaits_pong = false;
        match (self.pending, incomplete) {
            (Pending::Nothing, true) => self.begin(Pending::Message, now),
            (Pending::Message, false) => self.pending = Pending::Nothing,
            _ => {}
        }
    }

    /// A message came in whole: what is incomplete after it has a time of its own.
    pub fn end_of_message(&mut self) {
        if self.pending == Pending::Message {
            self.pending = Pending::Nothing;
        }
    }

    /// A Close went out: from now on it alone counts.
    pub fn closing(&mut self, now: Duration) {
        if self.pending != Pending::Close {
            self.begin(Pending::Close, now);
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next, if nothing comes before.
    pub fn poll_timeout(&self, timeouts: &Timeouts) -> Option<Duration> {
        self.next(timeouts).map(|(at_ms, _)| Duration::from_millis(at_ms))
    }

    /// What has passed by `now`, if anything: call it until it gives `None`. A deadline that calls
    /// for the end of the connection is given again until the connection is dropped.
    pub fn handle_timeout(&mut self, now: Duration, timeouts: &Timeouts) -> Option<Expired> {
        let (at_ms, expired) = self.next(timeouts)?;
        if millis(now) < at_ms {
            return None;
        }
        if expired == Expired::Ping {
            self.heard_ms = millis(now);
            self.awaits_pong = true;
        }
        Some(expired)
    }

    fn next(&self, timeouts: &Timeouts) -> Option<(u64, Expired)> {
        let after = |from_ms: u64, timeout: Option<Duration>, expired| {
            timeout.map(|timeout| (from_ms.saturating_add(millis(timeout)), expired))
        };
        // Where nobody waits for the Pong, the next Ping follows as the first did.
        let silence = if self.awaits_pong && timeouts.pong_timeout.is_some() {
            after(self.heard_ms, timeouts.pong_timeout, Expired::PongOverdue)
        } else {
            // An interval of nothing would never have passed.
            let at_least_one_ms = |interval: Duration| interval.max(Duration::from_millis(1));
            after(self.heard_ms, timeouts.ping_interval.map(at_least_one_ms), Expired::Ping)
        };
        let pending = match self.pending {
            Pending::Close => {
                return after(self.began_ms, timeouts.close_timeout, Expired::CloseOverdue);
            }
            Pending::Message => {
                after(self.began_ms, timeouts.message_timeout, Expired::MessageOverdue)
            }
            Pending::Nothing => None,
        };
        [pending, silence].into_iter().flatten().min_by_key(|(at_ms, _)| *at_ms)
    }

    fn begin(&mut self, pending: Pending, now: Duration) {
        self.pending = pending;
        self.began_ms = millis(now);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Deadlines, Expired, Timeouts};
    use core::time::Duration;

    const TIMEOUTS: Timeouts = Timeouts {
        ping_interval: Some(secs(30)),
        pong_timeout: Some(secs(20)),
        message_timeout: Some(secs(60)),
        close_timeout: Some(secs(5)),
    };

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn silence_is_pinged_and_then_given_up() {
        let mut deadlines = Deadlines::new(secs(0));
        assert_eq!(deadlines.handle_timeout(secs(29), &TIMEOUTS), None);
        assert_eq!(deadlines.handle_timeout(secs(30), &TIMEOUTS), Some(Expired::Ping));
        assert_eq!(deadlines.handle_timeout(secs(49), &TIMEOUTS), None);
        assert_eq!(deadlines.handle_timeout(secs(50), &TIMEOUTS), Some(Expired::PongOverdue));
        assert_eq!(deadlines.handle_timeout(secs(51), &TIMEOUTS), Some(Expired::PongOverdue));
    }

    #[test]
    fn a_message_that_drips_in_has_one_deadline_from_its_first_byte() {
        let mut deadlines = Deadlines::new(secs(0));
        for at in (10..70).step_by(10) {
            deadlines.receive(secs(at), true);
        }
        assert_eq!(deadlines.poll_timeout(&TIMEOUTS), Some(secs(70)));
        assert_eq!(deadlines.handle_timeout(secs(70), &TIMEOUTS), Some(Expired::MessageOverdue));
    }

    #[test]
    fn each_message_has_its_own_deadline() {
        let mut deadlines = Deadlines::new(secs(0));
        deadlines.receive(secs(10), true);
        deadlines.end_of_message();
        deadlines.receive(secs(65), true);
        deadlines.receive(secs(90), true);
        assert_eq!(deadlines.poll_timeout(&TIMEOUTS), Some(secs(120)));
        deadlines.receive(secs(110), true);
        assert_eq!(deadlines.poll_timeout(&TIMEOUTS), Some(secs(125)));
        deadlines.receive(secs(111), false);
        assert_eq!(deadlines.poll_timeout(&TIMEOUTS), Some(secs(141)), "only silence counts");
    }

    #[test]
    fn once_a_close_is_out_only_its_answer_counts() {
        let mut deadlines = Deadlines::new(secs(0));
        deadlines.receive(secs(1), true);
        deadlines.closing(secs(2));
        deadlines.receive(secs(6), true);
        deadlines.closing(secs(6));
        assert_eq!(deadlines.poll_timeout(&TIMEOUTS), Some(secs(7)));
        assert_eq!(deadlines.handle_timeout(secs(7), &TIMEOUTS), Some(Expired::CloseOverdue));
    }

    #[test]
    fn what_is_switched_off_never_expires() {
        let off = Timeouts { ping_interval: None, close_timeout: None, ..TIMEOUTS };
        let mut deadlines = Deadlines::new(secs(0));
        assert_eq!(deadlines.poll_timeout(&off), None);
        deadlines.closing(secs(1));
        assert_eq!(deadlines.handle_timeout(secs(1_000_000), &off), None);
    }

    #[test]
    fn pings_go_on_where_no_pong_is_waited_for() {
        let patient = Timeouts { pong_timeout: None, ..TIMEOUTS };
        let mut deadlines = Deadlines::new(secs(0));
        assert_eq!(deadlines.handle_timeout(secs(30), &patient), Some(Expired::Ping));
        assert_eq!(deadlines.handle_timeout(secs(59), &patient), None);
        assert_eq!(deadlines.handle_timeout(secs(60), &patient), Some(Expired::Ping));
        let eager = Timeouts { ping_interval: Some(Duration::ZERO), ..patient };
        assert_eq!(deadlines.handle_timeout(secs(61), &eager), Some(Expired::Ping));
        assert_eq!(deadlines.handle_timeout(secs(61), &eager), None);
    }

    #[test]
    fn the_defaults_are_those_that_are_promised() {
        let promised = Timeouts {
            ping_interval: Some(secs(30)),
            pong_timeout: Some(secs(20)),
            message_timeout: Some(secs(60)),
            close_timeout: Some(secs(5)),
        };
        assert_eq!(Timeouts::default(), promised);
    }
}
