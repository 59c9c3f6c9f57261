//! What has to happen in time on a connection, and what happens when it does not.
//!
//! ```text
//!  phase      deadline                               when it passes
//!  ---------  -------------------------------------  ---------------------------------------
//!  Handshake  handshake_timeout after accept, or     dropped
//!             after the first byte of a request
//!  Handshake  keep_alive_timeout after an answer     ended
//!  Http       body_timeout after the head            answered with 408, and ended
//!  Open       heartbeats, message, closing (engine)  a Ping; closed with 1008; dropped
//!  Open       idle_timeout after the last message    closed with 1001
//!  Ending     linger_timeout after the last byte     dropped
//!  any        write_stall_timeout after the socket   dropped
//!             took something of what waits
//! ```
//!
//! A Close goes behind what waits, so the time for its answer begins anew whenever the peer takes
//! some of that.
//!
//! While a connection is paused, nothing is read from it, so the peer cannot be blamed for its
//! silence: only the write stall counts, and the closing handshake.

use crate::connection::Phase;
use crate::exchange::Asker;
use crate::response::{Answer, Response};
use crate::table::Table;
use longwire::{CloseCode, Expired, State};
use std::sync::Arc;
use std::time::Duration;

/// What becomes of a connection whose time was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes on.
    Kept,
    /// It has said its last word.
    Ended,
    /// It is to be dropped, for this reason.
    Dropped(&'static str),
}

impl<S> Table<S> {
    /// Makes sure that the wheel fires no later than the connection's next deadline.
    pub(crate) fn reschedule(&mut self, key: usize) {
        if let Some(deadline) = self.deadline(key) {
            self.wheel.schedule(key, deadline);
        }
    }

    /// The wheel has fired, for a deadline that may have moved since.
    pub(crate) fn expire(&mut self, key: usize) -> Fate {
        let Some(connection) = self.connections.get(key) else { return Fate::Kept };
        if self.stall_deadline(key).is_some_and(|at| at <= self.now) {
            return Fate::Dropped("the peer takes nothing of what it is sent");
        }
        let fate = match &connection.phase {
            Phase::Handshake(handshake) if handshake.deadline <= self.now => {
                return self.expire_request(key);
            }
            Phase::Http(http) if http.deadline().is_some_and(|at| at <= self.now) => {
                let asker = Asker { closes: true, ..http.asker };
                self.refuse_body(key, asker);
                Fate::Ended
            }
            Phase::Ending(ending) if ending.deadline.is_some_and(|at| at <= self.now) => {
                Fate::Dropped("the peer does not end the stream")
            }
            Phase::Open(_) => self.expire_session(key),
            Phase::Handshake(_) | Phase::Http(_) | Phase::Ending(_) => Fate::Kept,
        };
        if fate == Fate::Kept {
            self.reschedule(key);
        }
        fate
    }

    /// No request has come in time, or none that is complete.
    fn expire_request(&mut self, key: usize) -> Fate {
        let is_flushed = self.connections[key].waiting_bytes() == 0;
        let Phase::Handshake(handshake) = &mut self.connections[key].phase else {
            return Fate::Kept;
        };
        match (handshake.is_idle(), is_flushed) {
            (false, _) => Fate::Dropped("no complete request in time"),
            (true, true) => Fate::Ended,
            // The last answer is still on its way: the client's time begins when it has it.
            (true, false) => {
                handshake.deadline = self.now.saturating_add(self.config.keep_alive_timeout);
                self.reschedule(key);
                Fate::Kept
            }
        }
    }

    /// RFC 9110 §15.5.9: the client is told that it took too long.
    fn refuse_body(&mut self, key: usize, asker: Asker) {
        tracing::debug!(id = %self.id(key), "the body of a request took too long");
        let response = Response::text(408, "the body of the request took too long\n");
        self.answer(key, asker, &Answer::Last(response));
    }

    fn expire_session(&mut self, key: usize) -> Fate {
        if self.is_waiting_for_us(key) {
            return Fate::Kept;
        }
        let (now, config) = (self.now, Arc::clone(&self.config));
        if self.session(key).idle_deadline(&config).is_some_and(|at| at <= now) {
            self.close_late(key, CloseCode::GOING_AWAY, "no message for too long");
        }
        while let Some(expired) = self.session(key).deadlines.handle_timeout(now, &config.timeouts)
        {
            match expired {
                Expired::Ping => {
                    // Where there is no room for it, the write stall will find the peer out.
                    let _ping = self.ping(key, b"");
                }
                Expired::PongOverdue => return Fate::Dropped("no answer to a Ping"),
                Expired::MessageOverdue => {
                    self.close_late(key, CloseCode::POLICY_VIOLATION, "the message took too long");
                }
                Expired::CloseOverdue => return Fate::Dropped("no answer to a Close"),
            }
        }
        Fate::Kept
    }

    fn close_late(&mut self, key: usize, code: CloseCode, reason: &str) {
        tracing::debug!(id = %self.id(key), %code, reason, "closing");
        // Not open any more is what it is to become; the code and the reason are in order.
        let _closed = self.close(key, code, reason);
    }

    fn deadline(&mut self, key: usize) -> Option<Duration> {
        let of_phase = match &self.connections[key].phase {
            Phase::Handshake(handshake) => Some(handshake.deadline),
            Phase::Http(http) => http.deadline(),
            Phase::Ending(ending) => ending.deadline,
            Phase::Open(_) if self.is_waiting_for_us(key) => None,
            Phase::Open(session) => {
                let heartbeat = session.deadlines.poll_timeout(&self.config.timeouts);
                nearer(heartbeat, session.idle_deadline(&self.config))
            }
        };
        nearer(of_phase, self.stall_deadline(key))
    }

    /// When too little has moved for too long, if something waits that has not moved.
    fn stall_deadline(&self, key: usize) -> Option<Duration> {
        let connection = &self.connections[key];
        let pending = connection.pending.as_ref().filter(|_| connection.blocked)?;
        Some(pending.moved_at.saturating_add(self.config.write_stall_timeout))
    }

    /// Whether it is we who do not read what an open peer may have sent.
    fn is_waiting_for_us(&self, key: usize) -> bool {
        let connection = &self.connections[key];
        connection.paused
            && matches!(&connection.phase,
                Phase::Open(session) if session.websocket.connection().state() == State::Open)
    }
}

fn nearer(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
