//! What a hub wants done: bytes to sessions, ends of sessions, answers to an application.

use std::collections::VecDeque;

use crate::session::SessionKey;
use crate::{CommandId, Disconnect, Error, Payload, Push, Reply, Response};

/// By which number an application finds the answer to its request.
pub type Ticket = u64;

/// What a hub wants done, in this order.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<'a> {
    /// Sends bytes to a session.
    Frame {
        /// To which one.
        session: SessionKey,
        /// What.
        payload: Payload,
    },
    /// Sends the same bytes to many.
    Fanout {
        /// What.
        payload: Payload,
        /// To which sessions.
        sessions: &'a [SessionKey],
    },
    /// The reply to a command of a session whose dialect [has
    /// readers](crate::Dialect::has_readers).
    Reply {
        /// Of which session.
        session: SessionKey,
        /// To which command.
        id: CommandId,
        /// What.
        reply: Result<Reply, Error>,
    },
    /// What such a session is told without having asked, unless it is the same for many.
    Push {
        /// Which session.
        session: SessionKey,
        /// What.
        push: Push,
    },
    /// Ends a session, behind all that was for it before. The hub has forgotten it.
    Close {
        /// Which one.
        session: SessionKey,
        /// With which code and reason.
        disconnect: Disconnect,
    },
    /// Answers a request of the application.
    Answer {
        /// Which one.
        ticket: Ticket,
        /// With what.
        result: Result<Response, Error>,
    },
}

enum Entry {
    Frame(SessionKey, Payload),
    /// To that many of the targets.
    Fanout(Payload, usize),
    Reply(SessionKey, CommandId, Box<Result<Reply, Error>>),
    Push(SessionKey, Box<Push>),
    Close(SessionKey, Disconnect),
    Answer(Ticket, Box<Result<Response, Error>>),
}

/// What has not been taken yet. Its memory is used again, so that in the steady state a delivery
/// allocates nothing.
#[derive(Default)]
pub(crate) struct Outputs {
    entries: VecDeque<Entry>,
    /// The sessions of all fan-outs, one after the other.
    pub(crate) targets: Vec<SessionKey>,
    /// How many of the targets have been taken.
    taken: usize,
    /// How many of them belong to a fan-out that is complete.
    assigned: usize,
    /// The most that any one session was meant to get since all was taken.
    meant_bytes: usize,
}

impl Outputs {
    pub(crate) fn frame(&mut self, session: SessionKey, payload: Payload) {
        self.entries.push_back(Entry::Frame(session, payload));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn reply(
        &mut self,
        session: SessionKey,
        id: CommandId,
        reply: Result<Reply, Error>,
    ) {
        self.entries.push_back(Entry::Reply(session, id, Box::new(reply)));
    }

    pub(crate) fn push(&mut self, session: SessionKey, push: Push) {
        self.entries.push_back(Entry::Push(session, Box::new(push)));
    }

    /// The targets that were added since the last call get this.
    pub(crate) fn fanout(&mut self, payload: &Payload) {
        let count = self.targets.len() - self.assigned;
        if count > 0 {
            self.assigned = self.targets.len();
            self.entries.push_back(Entry::Fanout(payload.clone(), count));
        }
    }

    /// Something of so many bytes is meant for many, whether it goes out now or waits.
    pub(crate) fn mean(&mut self, bytes: usize) {
        self.meant_bytes += bytes;
    }

    /// So many bytes at most were meant for any one session since all output was taken.
    pub(crate) fn meant_bytes(&self) -> usize {
        self.meant_bytes
    }

    pub(crate) fn close(&mut self, session: SessionKey, disconnect: Disconnect) {
        self.entries.push_back(Entry::Close(session, disconnect));
    }

    pub(crate) fn answer(&mut self, ticket: Ticket, result: Result<Response, Error>) {
        self.entries.push_back(Entry::Answer(ticket, Box::new(result)));
    }

    pub(crate) fn poll(&mut self) -> Option<Output<'_>> {
        let Some(entry) = self.entries.pop_front() else {
            self.targets.clear();
            (self.taken, self.assigned, self.meant_bytes) = (0, 0, 0);
            return None;
        };
        Some(match entry {
            Entry::Frame(session, payload) => Output::Frame { session, payload },
            Entry::Fanout(payload, count) => {
                let from = self.taken;
                self.taken += count;
                let sessions = self.targets.get(from..self.taken).unwrap_or_default();
                Output::Fanout { payload, sessions }
            }
            Entry::Reply(session, id, reply) => Output::Reply { session, id, reply: *reply },
            Entry::Push(session, push) => Output::Push { session, push: *push },
            Entry::Close(session, disconnect) => Output::Close { session, disconnect },
            Entry::Answer(ticket, result) => Output::Answer { ticket, result: *result },
        })
    }
}
