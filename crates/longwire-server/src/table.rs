//! The connections of one worker, and the ways for output to reach them. No socket is in here, so
//! an application can be lent all of it while one of its callbacks runs.
//!
//! Output takes one of two ways, and is written by the worker:
//!
//! - While the bytes that one connection has sent are processed, it is the turn's **owner**, and
//!   what it is sent is encoded into the turn's one buffer, shared by all connections.
//! - What other connections are sent goes into their outboxes, and they are put on a list, to be
//!   flushed when the turn ends.
//!
//! A long message to the owner takes neither, where nothing waits: `socket.rs` writes it at once.

use crate::agenda::Agenda;
use crate::application::Sent;
use crate::config::{Config, SlowConsumer};
use crate::connection::{Connection, ConnectionId, Phase};
use crate::pending::{SPARE_PENDINGS, Spare, outbox_of};
use crate::session::Session;
use crate::slots::Slots;
use crate::turn::Turn;
use crate::wheel::Wheel;
use longwire::{
    ApiMisuse, CloseCode, Compression, ControlFrames, Message, OpCode, Prepared, State,
};
use std::sync::Arc;
use std::time::Duration;

/// Why a connection is dropped that could not be sent something, or kept something.
pub(crate) const NO_MEMORY: &str = "no memory";

pub(crate) struct Table<S> {
    pub(crate) connections: Slots<Connection<S>>,
    pub(crate) config: Arc<Config>,
    pub(crate) turn: Turn,
    pub(crate) wheel: Wheel,
    /// The time of this turn of the loop.
    pub(crate) now: Duration,
    /// Those that were sent something outside a turn of their own.
    pub(crate) unflushed: Agenda,
    /// Those that have room again, of which the application is to be told.
    pub(crate) roomy: Agenda,
    /// The application was called since it was told of the end of a turn.
    pub(crate) called: bool,
    pub(crate) spare: Spare,
    /// So many open connections have agreed to compression.
    pub(crate) compressing: usize,
    worker: u16,
    generation: u32,
}

impl<S> Table<S> {
    pub(crate) fn new(config: Arc<Config>, worker: u16, now: Duration) -> Self {
        Self {
            connections: Slots::new(),
            turn: Turn::new(config.send_options),
            config,
            wheel: Wheel::new(now),
            now,
            unflushed: Agenda::default(),
            roomy: Agenda::default(),
            called: false,
            spare: Vec::with_capacity(SPARE_PENDINGS),
            compressing: 0,
            worker,
            generation: 0,
        }
    }

    // ---- connections ----

    /// Makes room for a connection, and says which key it will have. `None` where there is no
    /// memory.
    pub(crate) fn reserve(&mut self) -> Option<usize> {
        let key = self.connections.reserve()?;
        self.wheel.reserve(key).ok()?;
        Some(key)
    }

    /// Adds a connection for which there is [room](Self::reserve), and gives its key.
    pub(crate) fn insert(&mut self, phase: Phase<S>, counted: bool) -> usize {
        self.generation = self.generation.wrapping_add(1);
        let key = self.connections.insert(Connection::new(phase, self.generation, counted));
        self.reschedule(key);
        key
    }

    /// Takes a connection out.
    pub(crate) fn remove(&mut self, key: usize) -> Option<Connection<S>> {
        self.wheel.cancel(key);
        let mut connection = self.connections.remove(key)?;
        if let Some(pending) = connection.pending.take() {
            self.put_spare(pending);
        }
        Some(connection)
    }

    pub(crate) fn id(&self, key: usize) -> ConnectionId {
        let generation = self.connections[key].generation;
        // There are never 2^32 connections at once.
        ConnectionId {
            worker: self.worker,
            generation,
            key: u32::try_from(key).unwrap_or(u32::MAX),
        }
    }

    /// The connection with this id, if there still is one, and its key.
    pub(crate) fn find(&self, id: ConnectionId) -> Option<(usize, &Connection<S>)> {
        let key = id.key as usize;
        let connection = self.connections.get(key)?;
        let is_it = id.worker == self.worker && id.generation == connection.generation;
        is_it.then_some((key, connection))
    }

    /// The key of an open connection, if that is what `id` is.
    pub(crate) fn open_key(&self, id: ConnectionId) -> Option<usize> {
        let (key, connection) = self.find(id)?;
        matches!(connection.phase, Phase::Open(_)).then_some(key)
    }

    /// The session of a connection that is open.
    pub(crate) fn session(&mut self, key: usize) -> &mut Session<S> {
        match &mut self.connections[key].phase {
            Phase::Open(session) => session,
            Phase::Handshake(_) | Phase::Http(_) | Phase::Ending(_) => {
                unreachable!("only asked of open connections")
            }
        }
    }

    /// The session of a connection that is open, and where its replies go.
    pub(crate) fn session_and_control(
        &mut self,
        key: usize,
    ) -> Option<(&mut Session<S>, &mut ControlFrames)> {
        match &mut self.connections.get_mut(key)?.phase {
            Phase::Open(session) => Some((session, &mut self.turn.control)),
            Phase::Handshake(_) | Phase::Http(_) | Phase::Ending(_) => None,
        }
    }

    // ---- output ----

    #[inline(always)]
    pub(crate) fn send(
        &mut self,
        key: usize,
        message: Message<'_>,
        compression: Compression,
    ) -> Sent {
        if self.turn.owner != Some(key) {
            return self.send_to_other(key, message, compression);
        }
        let connection = &mut self.connections[key];
        let Turn { output, outbound, .. } = &mut self.turn;
        let bytes = output.len() + message.as_bytes().len();
        // Nearly always nothing waits but what it was sent in this turn, and that is not too much. Not
        // `||`: behind more branches the compiler takes the rest for rare, and does not put it in line.
        let is_usual = connection.pending.is_none() & !connection.doomed;
        if !is_usual | (bytes > self.config.max_outbox_bytes) {
            return self.send_behind(key, message, compression);
        }
        connection.send(message, compression, outbound, output)
    }

    /// Sends a message to the turn's owner, behind what waits, if there is room.
    #[inline(never)]
    fn send_behind(&mut self, key: usize, message: Message<'_>, compression: Compression) -> Sent {
        if !self.makes_room(key, message.as_bytes().len()) {
            return Sent::Dropped;
        }
        let Turn { output, outbound, .. } = &mut self.turn;
        self.connections[key].send(message, compression, outbound, output)
    }

    /// Sends a message to a connection that does not own the turn: the frames go to its outbox.
    #[inline(never)]
    fn send_to_other(
        &mut self,
        key: usize,
        message: Message<'_>,
        compression: Compression,
    ) -> Sent {
        if !self.makes_room(key, message.as_bytes().len()) {
            return Sent::Dropped;
        }
        let Phase::Open(session) = &mut self.connections[key].phase else { return Sent::Dropped };
        let Turn { scratch, outbound, .. } = &mut self.turn;
        if session.websocket.send(message, compression, outbound, scratch).is_err() {
            return Sent::Dropped;
        }
        let frames = std::mem::take(scratch);
        let queued = self.outbox(key).is_some_and(|outbox| outbox.push(&frames).is_ok());
        self.turn.put_scratch(frames);
        self.mark_unflushed(key);
        if !queued {
            self.doom(key, NO_MEMORY);
            return Sent::Dropped;
        }
        self.connections[key].sent()
    }

    pub(crate) fn send_prepared(&mut self, key: usize, prepared: &Prepared) -> Sent {
        if !self.makes_room(key, prepared.plain().len()) {
            return Sent::Dropped;
        }
        let Phase::Open(session) = &mut self.connections[key].phase else { return Sent::Dropped };
        let Ok(frames) = session.websocket.send_prepared(prepared) else { return Sent::Dropped };
        let sent = if self.turn.owner == Some(key) {
            append(&mut self.turn.output, frames)
        } else {
            let outbox = self.outbox(key);
            let queued = outbox.is_some_and(|outbox| outbox.push_shared(frames).is_ok());
            self.mark_unflushed(key);
            queued
        };
        if sent {
            return self.connections[key].sent();
        }
        self.doom(key, NO_MEMORY);
        Sent::Dropped
    }

    pub(crate) fn ping(&mut self, key: usize, payload: &[u8]) -> Result<(), ApiMisuse> {
        let Some((session, control)) = self.session_and_control(key) else {
            return Err(ApiMisuse::NotOpen);
        };
        session.websocket.ping(payload, control)?;
        if self.place_control(key, OpCode::Ping) {
            Ok(())
        } else {
            Err(ApiMisuse::ControlFramesFull)
        }
    }

    pub(crate) fn close(
        &mut self,
        key: usize,
        code: CloseCode,
        reason: &str,
    ) -> Result<(), ApiMisuse> {
        let now = self.now;
        let Some((session, control)) = self.session_and_control(key) else {
            return Err(ApiMisuse::NotOpen);
        };
        session.websocket.close(code, reason, control)?;
        session.deadlines.closing(now);
        self.place_control(key, OpCode::Close);
        self.reschedule(key);
        Ok(())
    }

    pub(crate) fn prepare(
        &mut self,
        message: Message<'_>,
        compression: Compression,
    ) -> Result<Prepared, ApiMisuse> {
        // A form that nobody has agreed to is not made.
        let is_wanted = self.compressing > 0;
        let compression = if is_wanted { compression } else { Compression::Never };
        Prepared::new(message, compression, &mut self.turn.outbound)
    }

    /// Sends the one control frame that the engine has made. A Pong or Ping may overtake data that
    /// waits; a Close may not, since nothing is sent behind it (RFC 6455 §5.5.1). `false` where
    /// there is no room for it: a Ping can be done without, and nothing else.
    pub(crate) fn place_control(&mut self, key: usize, opcode: OpCode) -> bool {
        let owns_turn = self.turn.owner == Some(key);
        let Turn { control, output, .. } = &mut self.turn;
        let Some(frame) = control.poll_transmit() else { return true };
        let connection = &mut self.connections[key];
        let placed = if owns_turn && (connection.waiting_bytes() == 0 || opcode == OpCode::Close) {
            append(output, frame)
        } else {
            let outbox = outbox_of(connection, &mut self.spare, self.now);
            let placed = outbox.is_some_and(|outbox| match opcode {
                OpCode::Pong => outbox.push_pong(frame).is_ok(),
                OpCode::Ping => outbox.push_ping(frame),
                _ => outbox.push(frame).is_ok(),
            });
            self.mark_unflushed(key);
            placed
        };
        if !placed && opcode != OpCode::Ping {
            self.doom(key, NO_MEMORY);
        }
        placed
    }

    /// How many bytes wait for the peer, those of this turn included.
    pub(crate) fn buffered_bytes(&self, key: usize) -> usize {
        let turn = if self.turn.owner == Some(key) { self.turn.output.len() } else { 0 };
        self.connections[key].waiting_bytes() + turn
    }

    /// Has the connection dropped when the turn ends.
    pub(crate) fn doom(&mut self, key: usize, reason: &'static str) {
        tracing::debug!(id = %self.id(key), reason, "to be dropped");
        self.connections[key].doomed = true;
        self.mark_unflushed(key);
    }

    /// Has the connection flushed when the turn ends.
    pub(crate) fn mark_unflushed(&mut self, key: usize) {
        let connection = &mut self.connections[key];
        if !connection.unflushed {
            connection.unflushed = true;
            self.unflushed.push(key);
        }
    }

    /// Whether `bytes` more may wait for the peer. If not, it is a slow consumer, and meets the
    /// policy for them. Where nothing waits, everything may: a message can be longer than the
    /// maximum.
    pub(crate) fn makes_room(&mut self, key: usize, bytes: usize) -> bool {
        if self.connections[key].doomed {
            return false;
        }
        let waiting = self.buffered_bytes(key);
        if waiting == 0 || waiting.saturating_add(bytes) <= self.config.max_outbox_bytes {
            return true;
        }
        self.is_slow(key, waiting);
        false
    }

    #[cold]
    fn is_slow(&mut self, key: usize, waiting: usize) {
        if self.connections[key].is_answering() {
            // What of a stream is left out cannot be told from what was never there, so it does not
            // end as if it were complete.
            self.doom(key, "slow consumer");
            return;
        }
        let open = matches!(&self.connections[key].phase,
            Phase::Open(session) if session.websocket.connection().state() == State::Open);
        if open {
            tracing::debug!(id = %self.id(key), waiting_bytes = waiting, "slow consumer");
            match self.config.slow_consumer {
                SlowConsumer::Close => {
                    let reason = "too much waits to be received";
                    // It is open, and the code and the reason are in order.
                    let _closed = self.close(key, CloseCode::POLICY_VIOLATION, reason);
                }
                SlowConsumer::Drop => self.doom(key, "slow consumer"),
            }
        }
    }
}

/// Adds `bytes` to `buffer`, unless there is no memory.
pub(crate) fn append(buffer: &mut Vec<u8>, bytes: &[u8]) -> bool {
    let has_room = buffer.try_reserve(bytes.len()).is_ok();
    if has_room {
        buffer.extend_from_slice(bytes);
    }
    has_room
}
