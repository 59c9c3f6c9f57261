//! The open phase: an engine, an application, and the frames between them.

use crate::application::Application;
use crate::config::Config;
use crate::connection::Phase;
use crate::context::Context;
use crate::socket::Socket;
use crate::table::Table;
use longwire::{
    Deadlines, Event, Inbound, Input, Message, OpCode, ProtocolError, State, WebSocket,
};
use std::time::Duration;

/// So much output is flushed before more input is processed.
pub(crate) const FLUSH_BYTES: usize = 64 * 1024;

/// When messages of so many bytes have been handed out that were not in the input as they are, the
/// other connections have their turn: one read of compressed messages can inflate to a thousand times
/// its length.
const WORK_BYTES: usize = 256 * 1024;

/// A connection between its opening handshake and the end of its closing handshake.
pub(crate) struct Session<S> {
    pub(crate) websocket: WebSocket,
    pub(crate) deadlines: Deadlines,
    /// When the last message came.
    last_message_ms: u64,
    /// What the application keeps.
    pub(crate) state: S,
}

/// How far processing came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing more can be made of the input: it has at most the beginning of a frame left.
    Done,
    /// There may be more in the input, but the output is to be flushed first.
    Flush,
    /// There may be more in the input, but the others have their turn first.
    Yield,
    /// The closing handshake is complete, or the connection has failed.
    Over,
}

/// What was handed out of one read.
#[derive(Default)]
pub(crate) struct Work {
    /// There were messages.
    pub(crate) messages: bool,
    /// The bytes of those that were not in the input as they are, but were put together or inflated.
    bytes: usize,
}

impl Work {
    fn add(&mut self, bytes: usize) {
        self.messages = true;
        self.bytes += bytes;
    }
}

impl<S> Session<S> {
    pub(crate) fn new(websocket: WebSocket, state: S, now: Duration) -> Self {
        Self { websocket, deadlines: Deadlines::new(now), last_message_ms: millis(now), state }
    }

    /// When the connection has been idle for too long, if that is limited.
    pub(crate) fn idle_deadline(&self, config: &Config) -> Option<Duration> {
        let is_open = self.websocket.connection().state() == State::Open;
        let idle_timeout = config.idle_timeout.filter(|_| is_open)?;
        Some(Duration::from_millis(self.last_message_ms).saturating_add(idle_timeout))
    }

    /// A read has been processed, with messages in it or not. `rest_bytes` of it are the beginning of
    /// a frame. Whether something is incomplete, so that a deadline may have become earlier.
    pub(crate) fn has_received(
        &mut self,
        now: Duration,
        has_messages: bool,
        rest_bytes: usize,
    ) -> bool {
        if has_messages {
            self.last_message_ms = millis(now);
            self.deadlines.end_of_message();
        }
        let incomplete = rest_bytes > 0 || self.websocket.connection().is_receiving_message();
        self.deadlines.receive(now, incomplete);
        incomplete
    }

    /// Nothing was read for a while, by our own choice: the peer's time begins anew.
    pub(crate) fn has_resumed(&mut self, now: Duration) {
        self.deadlines.end_of_message();
        self.has_received(now, false, 0);
    }

    /// The peer has taken some of what waits for it. If a Close is behind that, its time begins
    /// anew.
    pub(crate) fn has_moved(&mut self, now: Duration) {
        if self.websocket.connection().state() == State::Closing {
            self.deadlines = Deadlines::new(now);
            self.deadlines.closing(now);
        }
    }
}

/// Hands the frames in `input` to the application, until there are no more or there is something
/// else to do first. The connection has to be the turn's owner. `work` says what was handed out of
/// this read.
pub(crate) fn receive<A: Application>(
    table: &mut Table<A::Session>,
    application: &mut A,
    inbound: &mut Inbound,
    socket: &mut dyn Socket,
    key: usize,
    input: &mut Input<'_>,
    work: &mut Work,
) -> Step {
    // Where less may wait than that, a peer that takes everything must not be found too slow.
    let flush_bytes = FLUSH_BYTES.min(table.config.outbox_high_water_bytes).max(1);
    loop {
        let Some(connection) = table.connections.get_mut(key) else { return Step::Over };
        // To be dropped, which flushing does.
        if connection.doomed {
            return Step::Flush;
        }
        let Phase::Open(session) = &mut connection.phase else { return Step::Over };
        if let Some(message) = session.websocket.receive_message(input, &mut table.turn.control) {
            work.messages = true;
            application.message(&mut Context::with_socket(table, key, socket), message);
        } else if let Some(step) =
            receive_event(table, application, inbound, socket, key, input, work)
        {
            return step;
        }
        if input.is_empty() {
            return Step::Done;
        }
        if table.turn.output_bytes() >= flush_bytes {
            return Step::Flush;
        }
        if work.bytes >= WORK_BYTES {
            return Step::Yield;
        }
    }
}

/// Hands out what is no whole message: a control frame, a message that was put together. `None` where
/// there may be more behind it.
#[inline(never)]
fn receive_event<A: Application>(
    table: &mut Table<A::Session>,
    application: &mut A,
    inbound: &mut Inbound,
    socket: &mut dyn Socket,
    key: usize,
    input: &mut Input<'_>,
    work: &mut Work,
) -> Option<Step> {
    let Some((session, control)) = table.session_and_control(key) else { return Some(Step::Over) };
    let received = session.websocket.receive(input, control, inbound);
    hand_out(table, application, socket, key, received, work)
}

/// Hands out the message whose last `len` bytes were read to where it belongs, if that is what they
/// are: there is nothing behind them. The connection has to be the turn's owner.
pub(crate) fn receive_in_place<A: Application>(
    table: &mut Table<A::Session>,
    application: &mut A,
    inbound: &mut Inbound,
    socket: &mut dyn Socket,
    key: usize,
    len: usize,
    work: &mut Work,
) -> Step {
    let Some((session, control)) = table.session_and_control(key) else { return Step::Over };
    let received = session.websocket.receive_in_place(len, control, inbound);
    hand_out(table, application, socket, key, received, work).unwrap_or(Step::Done)
}

/// Hands out one event. `None` where there may be more behind it.
fn hand_out<A: Application>(
    table: &mut Table<A::Session>,
    application: &mut A,
    socket: &mut dyn Socket,
    key: usize,
    received: Result<Option<Event<'_>>, ProtocolError>,
    work: &mut Work,
) -> Option<Step> {
    match received {
        Ok(None) => return Some(Step::Done),
        Ok(Some(Event::Text(text))) => {
            work.add(text.len());
            let context = &mut Context::with_socket(table, key, socket);
            application.message(context, Message::Text(text));
        }
        Ok(Some(Event::Binary(data))) => {
            work.add(data.len());
            let context = &mut Context::with_socket(table, key, socket);
            application.message(context, Message::Binary(data));
        }
        Ok(Some(Event::Ping(payload))) => {
            table.place_control(key, OpCode::Pong);
            application.ping(&mut Context::with_socket(table, key, socket), payload);
        }
        Ok(Some(Event::Pong(payload))) => {
            application.pong(&mut Context::with_socket(table, key, socket), payload);
        }
        Ok(Some(Event::Close(close))) => {
            table.place_control(key, OpCode::Close);
            tracing::debug!(id = %table.id(key), code = %close.code, "the peer closes");
            return Some(Step::Over);
        }
        // There are no chunks from a `WebSocket`.
        Ok(Some(Event::Chunk(_))) => {}
        Err(error) => {
            table.place_control(key, OpCode::Close);
            tracing::debug!(id = %table.id(key), %error, "the connection failed");
            return Some(Step::Over);
        }
    }
    None
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
