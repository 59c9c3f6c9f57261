//! Readers that only chose their channels, in the URL of a request: `GET /sse` and `GET /poll`.
//!
//! What such a client cannot say, a [`Reader`] says for it, so to the hub it is a session as any other.
//! The answer begins when the hub has answered all of the reader's commands: only then it is known
//! whether it is one.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use longwire_realtime::dialect::reader::{Heard, Reader};
use longwire_realtime::{Command, CommandId, Disconnect, Error, Payload, Push, Reply, SessionKey};
use longwire_server::{Answer, Chunk, ConnectionId, Peers, Response};

use crate::events;
use crate::gateway::Gateway;
use crate::links::SessionSlot;
use crate::poll::{self, Poll};

/// The readers of a worker.
#[derive(Default)]
pub(crate) struct Readers {
    readings: HashMap<SessionKey, Reading>,
    /// When polls are answered although there is nothing new.
    deadlines: BTreeSet<(Duration, SessionKey)>,
    /// Polls for which there is something.
    full: Vec<SessionKey>,
    /// What was framed last, since mostly many get the same.
    framed: Option<(Payload, Chunk)>,
}

/// One reader, and the request that is answered with what it hears.
pub(crate) struct Reading {
    connection: ConnectionId,
    reader: Reader,
    /// What the hub has not been told yet.
    commands: VecDeque<(CommandId, Command)>,
    /// What has been heard and not been sent.
    pub(crate) heard: Vec<u8>,
    stage: Stage,
}

enum Stage {
    /// Not all commands are answered.
    Beginning(Kind),
    /// The answer is a stream that has begun.
    Streaming,
    /// The answer comes with the next event, or at its deadline.
    Waiting(Poll, Duration),
}

/// What the hub says to a reader.
pub(crate) enum Word {
    /// What is the same for many, or waited.
    Payload(Payload),
    Reply(CommandId, Result<Reply, Error>),
    Push(Push),
}

/// How a request is to be answered.
pub(crate) enum Kind {
    /// With events, which begin with these bytes.
    Events(Vec<u8>),
    /// With a batch.
    Poll(Poll),
}

impl Readers {
    /// When the first poll is to be answered although there is nothing new.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.deadlines.first().map(|&(at, _)| at)
    }

    /// The session of a reader is over.
    pub(crate) fn remove(&mut self, session: SessionKey) -> Option<Reading> {
        let reading = self.readings.remove(&session)?;
        if let Stage::Waiting(_, deadline) = reading.stage {
            self.deadlines.remove(&(deadline, session));
        }
        Some(reading)
    }

    /// The bytes as a piece of a stream.
    fn frame(&mut self, payload: &Payload) -> Option<&Chunk> {
        if !self.framed.as_ref().is_some_and(|(framed, _)| framed.is_the_same(payload)) {
            self.framed = Some((payload.clone(), Chunk::new(payload).ok()?));
        }
        self.framed.as_ref().map(|(_, chunk)| chunk)
    }
}

impl Gateway {
    /// Has a session read for a request.
    pub(crate) fn begin_reading(
        &mut self,
        session: SessionKey,
        connection: ConnectionId,
        reader: Reader,
        kind: Kind,
        token: Option<String>,
        now: Duration,
    ) {
        let commands = reader.commands(token).into();
        let stage = Stage::Beginning(kind);
        let reading = Reading { connection, reader, commands, heard: Vec::new(), stage };
        self.readers.readings.insert(session, reading);
        self.say_next(session, now);
    }

    /// Tells the hub the next command of a reader: each one when the one before has been answered.
    fn say_next(&mut self, session: SessionKey, now: Duration) {
        let Some(reading) = self.readers.readings.get_mut(&session) else { return };
        let Some((id, mut command)) = reading.commands.pop_front() else { return };
        // All of it is kept until the last channel is answered, and one request may name many. Of those
        // that are too many the client is told that something is missing.
        if reading.heard.len() > self.node.max_recovered_bytes()
            && let Command::Subscribe(subscribe) = &mut command
        {
            subscribe.recover = None;
        }
        self.hub.command(session, id, command, now);
    }

    /// The hub has something for a reader.
    pub(crate) fn hear(
        &mut self,
        peers: &mut Peers<'_, SessionSlot>,
        session: SessionKey,
        word: &Word,
    ) {
        let now = peers.now();
        let Some(reading) = self.readers.readings.get_mut(&session) else {
            return self.hear_asker(peers, session, word);
        };
        let Reading { reader, heard: out, stage, .. } = reading;
        let heard = match word {
            Word::Payload(payload) => {
                let heard = reader.payload(payload, payload.mark(), out);
                if heard == Heard::AsItIs && matches!(stage, Stage::Streaming) {
                    return self.pass_on(peers, session, payload);
                }
                if heard == Heard::AsItIs {
                    out.extend_from_slice(payload);
                }
                heard
            }
            Word::Reply(id, reply) => reader.reply(*id, reply, out),
            Word::Push(push) => reader.push(push, out),
        };
        match heard {
            Heard::Written | Heard::AsItIs => {}
            Heard::Resubscribe(id, command) => self.hub.command(session, id, command, now),
            Heard::Refused(error) => {
                return self.end_reading(peers, session, refusal(&error), now);
            }
        }
        if matches!(word, Word::Reply(..)) {
            self.say_next(session, now);
        }
        self.send_heard(peers, session, now);
    }

    /// Sends what is the same for many.
    fn pass_on(
        &mut self,
        peers: &mut Peers<'_, SessionSlot>,
        session: SessionKey,
        payload: &Payload,
    ) {
        let Some(reading) = self.readers.readings.get(&session) else { return };
        let connection = reading.connection;
        match (self.readers.frame(payload), peers.exchange(connection)) {
            (Some(chunk), Some(mut exchange)) => {
                let sent = exchange.send_chunk(chunk);
                self.links.has_sent(session, payload.len(), sent);
            }
            (None, Some(_)) => self.links.lost.push(session),
            // That it has gone will be said.
            (_, None) => {}
        }
    }

    /// Sends what was heard, as far as the answer is.
    fn send_heard(
        &mut self,
        peers: &mut Peers<'_, SessionSlot>,
        session: SessionKey,
        now: Duration,
    ) {
        let Self { readers, links, .. } = self;
        let Some(reading) = readers.readings.get_mut(&session) else { return };
        let connection = reading.connection;
        if let Stage::Beginning(kind) = &mut reading.stage {
            if !reading.reader.is_ready() {
                return;
            }
            match kind {
                // It would have no ids, so that its client would come back as if it were new.
                Kind::Events(_) if reading.reader.positions().encode().is_err() => {
                    return self.end_reading(peers, session, poll::too_many_channels(), now);
                }
                Kind::Events(body) => {
                    let mut body = std::mem::take(body);
                    body.append(&mut reading.heard);
                    reading.stage = Stage::Streaming;
                    let bytes = body.len();
                    let head = Answer::Stream(events::head(body));
                    if let Some(sent) = self.respond(peers, connection, head) {
                        self.links.has_sent(session, bytes, sent);
                    }
                    return;
                }
                Kind::Poll(poll) => {
                    let poll = std::mem::take(poll);
                    let deadline = now.saturating_add(poll.wait);
                    if poll.wait.is_zero() || !reading.heard.is_empty() {
                        readers.full.push(session);
                    }
                    readers.deadlines.insert((deadline, session));
                    reading.stage = Stage::Waiting(poll, deadline);
                }
            }
        }
        if reading.heard.is_empty() {
            return;
        }
        match reading.stage {
            Stage::Waiting(..) => readers.full.push(session),
            _ => {
                let heard = std::mem::take(&mut reading.heard);
                if let Some(mut exchange) = peers.exchange(connection) {
                    let sent = exchange.send(&heard);
                    links.has_sent(session, heard.len(), sent);
                }
            }
        }
    }

    /// Answers the polls for which there is something, with all that came in this turn.
    pub(crate) fn answer_polls(&mut self, peers: &mut Peers<'_, SessionSlot>) {
        for session in std::mem::take(&mut self.readers.full) {
            self.answer_poll(peers, session);
        }
    }

    /// Answers the polls that have waited for long enough.
    pub(crate) fn expire_polls(&mut self, peers: &mut Peers<'_, SessionSlot>) {
        let now = peers.now();
        while let Some(&(_, session)) = self.readers.deadlines.first().filter(|it| it.0 <= now) {
            self.answer_poll(peers, session);
        }
    }

    fn answer_poll(&mut self, peers: &mut Peers<'_, SessionSlot>, session: SessionKey) {
        let now = peers.now();
        let Some(reading) = self.readers.remove(session) else { return };
        self.links.remove(session);
        self.hub.close(session, now);
        let Stage::Waiting(poll, _) = reading.stage else { return };
        let answer = poll::answer(&poll, reading.reader.positions(), &reading.heard);
        self.respond(peers, reading.connection, answer);
    }

    /// A reader's session is over, and its request has not been answered, or not to its end.
    pub(crate) fn end_reading(
        &mut self,
        peers: &mut Peers<'_, SessionSlot>,
        session: SessionKey,
        answer: Answer,
        now: Duration,
    ) {
        self.links.remove(session);
        self.hub.close(session, now);
        let Some(reading) = self.readers.remove(session) else { return };
        if !matches!(reading.stage, Stage::Streaming) {
            self.respond(peers, reading.connection, answer);
        } else if let Some(mut exchange) = peers.exchange(reading.connection) {
            exchange.end();
        }
    }

    /// The hub has ended a reader's session.
    pub(crate) fn reader_is_disconnected(
        &mut self,
        peers: &mut Peers<'_, SessionSlot>,
        session: SessionKey,
        disconnect: &Disconnect,
    ) {
        let answer = answer_to_disconnected(disconnect);
        let Some(reading) = self.readers.readings.get(&session) else {
            return self.end_asking(peers, session, answer);
        };
        let is_streaming = matches!(reading.stage, Stage::Streaming);
        if is_streaming
            && !disconnect.reconnects()
            && let Some(mut exchange) = peers.exchange(reading.connection)
        {
            exchange.send(events::STOP);
        }
        self.end_reading(peers, session, answer, peers.now());
    }
}

/// The answer to a request whose session was ended before there was one.
fn answer_to_disconnected(disconnect: &Disconnect) -> Answer {
    if *disconnect == Disconnect::INVALID_TOKEN {
        return unauthorized(&disconnect.reason);
    }
    let status = if disconnect.reconnects() { 503 } else { 403 };
    Answer::Now(Response::text(status, format!("{}\n", disconnect.reason)))
}

fn unauthorized(why: &str) -> Answer {
    let mut response = Response::text(401, format!("{why}\n"));
    // RFC 9110 §15.5.2: how to say who one is.
    response.headers.push(("WWW-Authenticate".into(), "Bearer".into()));
    Answer::Now(response)
}

/// The answer to a request whose channels cannot be read.
pub(crate) fn refusal(error: &Error) -> Answer {
    let status = match error {
        Error::Unauthorized | Error::TokenExpired | Error::Expired => {
            return unauthorized(&error.to_string());
        }
        Error::PermissionDenied => 403,
        Error::UnknownChannel | Error::NotAvailable => 404,
        Error::BadRequest(_) | Error::AlreadySubscribed | Error::TooLong(_) => 400,
        Error::LimitExceeded(_) | Error::TooManyRequests => 429,
        _ => 500,
    };
    Answer::Now(Response::text(status, format!("{error}\n")))
}
