//! What a worker keeps for one connection, apart from its socket.

use crate::application::Sent;
use crate::ending::Ending;
use crate::exchange::Http;
use crate::handshake::Handshake;
use crate::heap::Heap;
use crate::pending::Pending;
use crate::session::Session;
use longwire::{Compression, Message, Outbound};
use std::fmt;

/// A connection of one server, never used for another one.
///
/// It says on which worker the connection is; its place there is used again later, its generation
/// is not, until 2^32 connections have come to that worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId {
    pub(crate) worker: u16,
    pub(crate) generation: u32,
    pub(crate) key: u32,
}

impl ConnectionId {
    /// The number of the worker that the connection belongs to, from 0.
    pub fn worker(self) -> usize {
        self.worker.into()
    }
}

/// The worker, the place there, the generation: `1.42.77`.
impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.worker, self.key, self.generation)
    }
}

/// How far a connection is.
pub(crate) enum Phase<S> {
    /// A request's head is being received, or waited for.
    Handshake(Handshake),
    /// A plain request's body is being received, or it is being answered.
    Http(Heap<Http>),
    /// Messages go both ways, or the closing handshake is under way.
    Open(Session<S>),
    /// What is left is to be sent, and then the stream is ended.
    Ending(Ending),
}

pub(crate) struct Connection<S> {
    pub(crate) phase: Phase<S>,
    pub(crate) pending: Option<Heap<Pending>>,
    pub(crate) generation: u32,
    /// The socket may have something to read: what readiness said, until a read finds the end.
    pub(crate) readable: bool,
    /// Readiness said that the stream has ended: a short read is not the last one.
    pub(crate) end_of_stream: bool,
    /// The socket took no more: nothing is written until readiness says otherwise.
    pub(crate) blocked: bool,
    /// Readiness to be written to is reported: from the first time that the socket took no more, since
    /// most never come to that.
    pub(crate) watches_writes: bool,
    /// Nothing is read, because too much waits to be sent.
    pub(crate) paused: bool,
    /// `pending.rest` has whole frames in it, because processing stopped in the middle of a read:
    /// there was too much output or work for one turn, or reading was paused.
    pub(crate) unprocessed: bool,
    /// It is on the worker's list of those to be read from again.
    pub(crate) listed: bool,
    /// It is on the worker's list of those to be written to.
    pub(crate) unflushed: bool,
    /// It is to be dropped without ceremony.
    pub(crate) doomed: bool,
    /// The application was told that something waits, and is to be told when it does not any more.
    pub(crate) awaits_room: bool,
    /// It is on the worker's list of those that the application is told of for that.
    pub(crate) has_room: bool,
    /// It counts towards the most connections that there may be.
    pub(crate) counted: bool,
}

// With 4 bytes for its socket and 12 for its deadline, this is what an idle connection costs.
const _: () = assert!(size_of::<Connection<()>>() <= 168, "what an idle connection costs");

impl<S> Connection<S> {
    pub(crate) fn new(phase: Phase<S>, generation: u32, counted: bool) -> Self {
        Self {
            phase,
            pending: None,
            generation,
            readable: false,
            end_of_stream: false,
            blocked: false,
            watches_writes: false,
            paused: false,
            unprocessed: false,
            listed: false,
            unflushed: false,
            doomed: false,
            awaits_room: false,
            has_room: false,
            counted,
        }
    }

    /// Sends a message: its frames are added to `output`.
    #[inline(always)]
    pub(crate) fn send(
        &mut self,
        message: Message<'_>,
        compression: Compression,
        outbound: &mut Outbound,
        output: &mut Vec<u8>,
    ) -> Sent {
        let Phase::Open(session) = &mut self.phase else { return Sent::Dropped };
        match session.websocket.send(message, compression, outbound, output) {
            Ok(()) => self.sent(),
            Err(_) => Sent::Dropped,
        }
    }

    /// What became of a message that was sent just now.
    pub(crate) fn sent(&mut self) -> Sent {
        if !self.blocked {
            return Sent::Now;
        }
        self.awaits_room = true;
        Sent::Queued
    }

    /// Whether what the peer sends is to be looked at now. Not the next request before the last answer
    /// is sent (RFC 9112 §9.3.2: answers come in the order of the requests): who asks and does not
    /// listen waits.
    pub(crate) fn takes_input(&self) -> bool {
        !self.paused
            && match &self.phase {
                Phase::Open(_) | Phase::Ending(_) => true,
                Phase::Handshake(handshake) => !handshake.served || self.waiting_bytes() == 0,
                Phase::Http(http) => !http.is_answering(),
            }
    }

    /// Whether something may be left of its input, in the socket or behind it.
    pub(crate) fn may_have_input(&self) -> bool {
        self.readable || self.unprocessed || self.end_of_stream
    }

    /// Whether it is open, holds nothing, and is neither paused nor blocked: a flush has nothing more to
    /// do for it.
    pub(crate) fn is_clear(&self) -> bool {
        let waits = self.pending.is_some() || self.paused || self.blocked;
        matches!(self.phase, Phase::Open(_)) && !waits
    }

    /// Whether the application is answering a request.
    pub(crate) fn is_answering(&self) -> bool {
        matches!(&self.phase, Phase::Http(http) if http.is_answering())
    }

    /// How many bytes wait for the socket.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.pending.as_ref().map_or(0, |pending| pending.outbox.bytes())
    }
}
