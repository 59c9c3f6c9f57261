//! The open phase: an engine, an application, and the frames between them.

use crate::application::Application;
use crate::config::Config;
use crate::context::Context;
use crate::socket::Socket;
use crate::table::Table;
use longwire::{
    Deadlines, Event, Inbound, Input, Message, OpCode, ProtocolError, State, WebSocket,
};
use std::time::Duration;

/// So much output is flushed before more input is processed.
pub(crate) const FLUSH_BYTES: usize = 64 * 1024;

/// When messages of so many bytes have been handed out, the other connections have their turn:
/// one read of compressed messages can inflate to a thousand times its length.
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

    /// A read has been processed. `rest_bytes` of it are the beginning of a frame.
    pub(crate) fn has_received(&mut self, now: Duration, rest_bytes: usize) -> bool {
        let incomplete = rest_bytes > 0 || self.websocket.connection().is_receiving_message();
        self.deadlines.receive(now, incomplete);
        incomplete
    }

    /// Nothing was read for a while, by our own choice: the peer's time begins anew.
    pub(crate) fn has_resumed(&mut self, now: Duration) {
        self.deadlines.end_of_message();
        self.has_received(now, 0);
    }

    /// The peer has taken some of what waits for it. If a Close is behind that, its time begins
    /// anew.
    pub(crate) fn has_moved(&mut self, now: Duration) {
        if self.websocket.connection().state() == State::Closing {
            self.deadlines = Deadlines::new(now);
            self.deadlines.closing(now);
        }
    }

    fn has_message(&mut self, now_ms: u64) {
        self.last_message_ms = now_ms;
        self.deadlines.end_of_message();
    }
}

/// Hands the frames in `input` to the application, until there are no more or there is something
/// else to do first. The connection has to be the turn's owner. `work` counts the bytes of the
/// messages that were handed out in this turn.
pub(crate) fn receive<A: Application>(
    table: &mut Table<A::Session>,
    application: &mut A,
    inbound: &mut Inbound,
    socket: &mut dyn Socket,
    key: usize,
    input: &mut Input<'_>,
    work: &mut usize,
) -> Step {
    let now_ms = millis(table.now);
    // Where less may wait than that, a peer that takes everything must not be found too slow.
    let flush_bytes = FLUSH_BYTES.min(table.config.outbox_high_water_bytes).max(1);
    loop {
        let Some((session, control)) = table.session_and_control(key) else { return Step::Over };
        let received = session.websocket.receive(input, control, inbound);
        match received {
            Ok(Some(Event::Text(_) | Event::Binary(_))) => session.has_message(now_ms),
            Ok(None) => return Step::Done,
            _ => {}
        }
        if hand_out(table, application, socket, key, received, work) == Step::Over {
            return Step::Over;
        }
        if input.is_empty() {
            return Step::Done;
        }
        if table.turn.output_bytes() >= flush_bytes || table.connections[key].doomed {
            return Step::Flush;
        }
        if *work >= WORK_BYTES {
            return Step::Yield;
        }
    }
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
) -> Step {
    let now_ms = millis(table.now);
    let Some((session, control)) = table.session_and_control(key) else { return Step::Over };
    let received = session.websocket.receive_in_place(len, control, inbound);
    if matches!(received, Ok(Some(_))) {
        session.has_message(now_ms);
    }
    hand_out(table, application, socket, key, received, &mut 0)
}

/// [`Step::Over`], or [`Step::Done`] with this one event.
#[inline(always)]
fn hand_out<A: Application>(
    table: &mut Table<A::Session>,
    application: &mut A,
    socket: &mut dyn Socket,
    key: usize,
    received: Result<Option<Event<'_>>, ProtocolError>,
    work: &mut usize,
) -> Step {
    match received {
        Ok(Some(Event::Text(text))) => {
            *work = work.saturating_add(text.len());
            let context = &mut Context::with_socket(table, key, socket);
            application.message(context, Message::Text(text));
        }
        Ok(Some(Event::Binary(data))) => {
            *work = work.saturating_add(data.len());
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
            return Step::Over;
        }
        // There are no chunks from a `WebSocket`.
        Ok(None | Some(Event::Chunk(_))) => {}
        Err(error) => {
            table.place_control(key, OpCode::Close);
            tracing::debug!(id = %table.id(key), %error, "the connection failed");
            return Step::Over;
        }
    }
    Step::Done
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
