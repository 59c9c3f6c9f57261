//! A request whose answer is under way: the phase of its connection, and what the application can do
//! about it.
//!
//! ```text
//!   Handshake --head--> Receiving --body--> application.http
//!       ^                                     |  Now, Last      the answer leaves at once
//!       |                                     |  Later          Answering: nothing is read
//!       |                                     |  Stream         Streaming: nothing is read
//!       `------ the answer is complete <------'
//! ```
//!
//! While the application answers, the connection is not read from, so what a client sends in advance
//! waits in its socket. Pieces of a stream go to the outbox, as what a WebSocket is sent outside of
//! its own turn does, and are accounted for there.

use crate::application::Sent;
use crate::body::BodyDecoder;
use crate::chunk::Chunk;
use crate::connection::{ConnectionId, Phase};
use crate::ending::Ending;
use crate::handshake::Handshake;
use crate::heap::Heap;
use crate::response::{Answer, Form, Framing, LAST_CHUNK, Response, Unsent, write, write_piece};
use crate::table::{NO_MEMORY, Table};
use longwire::handshake::HttpVersion;
use std::fmt;
use std::mem;
use std::net::SocketAddr;
use std::time::Duration;

/// A connection between the head of a request and the end of its answer.
pub(crate) struct Http {
    pub(crate) asker: Asker,
    pub(crate) stage: Stage,
}

/// What has to be known about a request to answer it.
#[derive(Clone, Copy)]
pub(crate) struct Asker {
    pub(crate) peer: SocketAddr,
    pub(crate) http_version: HttpVersion,
    /// The connection ends behind the answer.
    pub(crate) closes: bool,
    /// The request is HEAD.
    pub(crate) head_only: bool,
}

impl Asker {
    /// How a stream is framed for it.
    fn stream_framing(self) -> Framing {
        match self.http_version {
            // RFC 9112 §6.1: no Transfer-Encoding but in an answer to HTTP/1.1.
            HttpVersion::Http10 => Framing::UntilClose,
            HttpVersion::Http11 => Framing::Chunked,
        }
    }
}

/// How far a request and its answer are.
pub(crate) enum Stage {
    /// The body is being received. The box is for the others, who have no need of so much.
    Receiving(Heap<Receiving>),
    /// The application answers when it likes.
    Answering,
    /// The head of the answer is sent, and pieces may follow.
    Streaming,
}

/// A request whose body has not come to its end.
pub(crate) struct Receiving {
    pub(crate) head: Vec<u8>,
    pub(crate) decoder: BodyDecoder,
    pub(crate) content: Vec<u8>,
    /// When the body has to be complete.
    pub(crate) deadline: Duration,
}

/// What becomes of a connection whose request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The next request may come.
    Request,
    /// The answer is not complete.
    Answer,
    /// The connection ends behind the answer.
    End,
}

// What a stream, or a client that waits, costs beside its connection.
const _: () = assert!(size_of::<Http>() <= 56, "what an answer under way costs");

impl Next {
    /// Whether it is over with an answer that the application means to go on with.
    pub(crate) fn has_ended(self, answer: &Answer) -> bool {
        matches!(answer, Answer::Later | Answer::Stream(_)) && self != Self::Answer
    }
}

impl Http {
    /// When the body has to be complete, if it is that which is waited for.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        match &self.stage {
            Stage::Receiving(receiving) => Some(receiving.deadline),
            Stage::Answering | Stage::Streaming => None,
        }
    }

    /// Whether it is the application that is waited for.
    pub(crate) fn is_answering(&self) -> bool {
        matches!(self.stage, Stage::Answering | Stage::Streaming)
    }
}

impl<S> Table<S> {
    /// A connection whose answer is under way, if that is what `id` is.
    pub(crate) fn exchange(&mut self, id: ConnectionId) -> Option<Exchange<'_, S>> {
        let (key, _) = self.find(id)?;
        self.asker(key)?;
        Some(Exchange { table: self, key })
    }

    /// Answers a request, and puts its connection into the phase that follows.
    pub(crate) fn answer(&mut self, key: usize, mut asker: Asker, answer: &Answer) -> Next {
        asker.closes |= matches!(answer, Answer::Last(_));
        let (response, framing) = match answer {
            Answer::Now(response) | Answer::Last(response) => (response, Framing::Sized),
            Answer::Stream(response) => (response, asker.stream_framing()),
            Answer::Later => return self.go_on_answering(key, asker, Stage::Answering),
        };
        let form = Form { framing, closes: asker.closes, head_only: asker.head_only };
        match self.put(key, |output| write(response, form, output)) {
            Err(Unsent::Wrong(error)) => {
                tracing::error!(%error, "the application's answer to a request cannot be sent");
                let failed = Response { status: 500, headers: Vec::new(), body: b"".into() };
                let form = Form { framing: Framing::Sized, closes: true, ..form };
                asker.closes = true;
                if self.put(key, |output| write(&failed, form, output)).is_err() {
                    self.doom(key, NO_MEMORY);
                }
            }
            Err(Unsent::NoMemory) => {
                self.doom(key, NO_MEMORY);
                asker.closes = true;
            }
            Ok(()) if framing != Framing::Sized && !asker.head_only => {
                return self.go_on_answering(key, asker, Stage::Streaming);
            }
            Ok(()) => {}
        }
        self.complete(key, asker);
        if asker.closes { Next::End } else { Next::Request }
    }

    fn go_on_answering(&mut self, key: usize, asker: Asker, stage: Stage) -> Next {
        let phase = &mut self.connections[key].phase;
        if let Phase::Http(http) = phase {
            (http.asker, http.stage) = (asker, stage);
            return Next::Answer;
        }
        match Heap::new(Http { asker, stage }) {
            Some(http) => {
                *phase = Phase::Http(http);
                Next::Answer
            }
            None => {
                self.doom(key, NO_MEMORY);
                Next::End
            }
        }
    }

    /// The answer is complete: the next request is waited for, or the connection ends.
    fn complete(&mut self, key: usize, asker: Asker) {
        self.connections[key].phase = if asker.closes {
            Phase::Ending(Ending::default())
        } else {
            let deadline = self.now.saturating_add(self.config.keep_alive_timeout);
            Phase::Handshake(Handshake::next(asker.peer, deadline))
        };
        self.reschedule(key);
    }

    /// Adds what `write` writes to what the connection is sent.
    pub(crate) fn put(
        &mut self,
        key: usize,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), Unsent>,
    ) -> Result<(), Unsent> {
        if self.turn.owner == Some(key) {
            write(&mut self.turn.output)?;
            // No frames are in it yet.
            self.turn.frames_at = self.turn.output.len();
            return Ok(());
        }
        let mut bytes = mem::take(&mut self.turn.scratch);
        let mut written = write(&mut bytes);
        if written.is_ok() {
            let outbox = self.outbox(key);
            let queued = outbox.is_some_and(|outbox| outbox.push_output(&mut bytes).is_ok());
            written = if queued { Ok(()) } else { Err(Unsent::NoMemory) };
        }
        self.turn.put_scratch(bytes);
        self.mark_unflushed(key);
        written
    }

    /// How the stream is framed that goes on on this connection, if there is one.
    fn stream(&self, key: usize) -> Option<Framing> {
        self.asker(key).and_then(|(asker, streams)| streams.then_some(asker.stream_framing()))
    }

    /// What is being answered on this connection, and whether that is with a stream. Nothing, where
    /// the connection is to be dropped.
    fn asker(&self, key: usize) -> Option<(Asker, bool)> {
        let connection = &self.connections[key];
        match &connection.phase {
            Phase::Http(http) if http.is_answering() && !connection.doomed => {
                Some((http.asker, matches!(http.stage, Stage::Streaming)))
            }
            _ => None,
        }
    }

    fn send_chunk(&mut self, key: usize, chunk: &Chunk) -> Sent {
        let framed = match self.stream(key) {
            Some(Framing::Chunked) => chunk.shared(),
            Some(_) => return self.send_piece(key, chunk.content()),
            None => return Sent::Dropped,
        };
        if !self.makes_room(key, framed.len()) {
            return Sent::Dropped;
        }
        let queued = self.outbox(key).is_some_and(|outbox| outbox.push_shared(framed).is_ok());
        self.has_queued(key, queued)
    }

    fn send_piece(&mut self, key: usize, piece: &[u8]) -> Sent {
        let Some(framing) = self.stream(key) else { return Sent::Dropped };
        if !self.makes_room(key, piece.len()) {
            return Sent::Dropped;
        }
        let queued = self.put(key, |output| Ok(write_piece(piece, framing, output)?)).is_ok();
        self.has_queued(key, queued)
    }

    fn has_queued(&mut self, key: usize, queued: bool) -> Sent {
        if !queued {
            self.doom(key, NO_MEMORY);
            return Sent::Dropped;
        }
        self.mark_unflushed(key);
        self.connections[key].sent()
    }

    /// The server ends an answer that the application has not: a stream as if it were complete, and
    /// what was to come later with 503. The connection ends behind it. `false` where it is to be
    /// dropped anyway.
    pub(crate) fn end_answer(&mut self, key: usize) -> bool {
        let Some((asker, is_streaming)) = self.asker(key) else { return false };
        let asker = Asker { closes: true, ..asker };
        if is_streaming {
            self.end_stream(key, asker);
        } else {
            let response = Response::text(503, "the server is shutting down\n");
            self.answer(key, asker, &Answer::Last(response));
        }
        true
    }

    fn end_stream(&mut self, key: usize, asker: Asker) -> Sent {
        // Without chunks the end of the connection is the end.
        let queued = asker.stream_framing() != Framing::Chunked
            || self.outbox(key).is_some_and(|outbox| outbox.push(LAST_CHUNK).is_ok());
        self.complete(key, asker);
        self.has_queued(key, queued)
    }
}

/// A request that is answered [later](Answer::Later) or with a [stream](Answer::Stream): what
/// [`Peers::exchange`](crate::Peers::exchange) finds.
///
/// What is sent leaves at the end of this turn of the loop, everything for one client in one write.
pub struct Exchange<'a, S> {
    table: &'a mut Table<S>,
    key: usize,
}

impl<S> Exchange<'_, S> {
    /// Which connection this is.
    pub fn id(&self) -> ConnectionId {
        self.table.id(self.key)
    }

    /// Answers a request that was to be answered later: at once, or with a stream. With
    /// [`Answer::Later`] it goes on waiting.
    ///
    /// [`Sent::Dropped`] where the answer has begun already, and where a stream is over as soon as it
    /// has begun: to HEAD, and where the head cannot be sent. An answer that cannot be sent, because
    /// a header of it is invalid, say, is 500.
    pub fn respond(&mut self, answer: &Answer) -> Sent {
        let Some((asker, false)) = self.table.asker(self.key) else { return Sent::Dropped };
        let next = self.table.answer(self.key, asker, answer);
        let connection = &mut self.table.connections[self.key];
        if connection.doomed || next.has_ended(answer) { Sent::Dropped } else { connection.sent() }
    }

    /// Sends a piece of a stream. An empty one is nothing.
    ///
    /// [`Sent::Dropped`] where there is no stream, and where
    /// [`max_outbox_bytes`](crate::Config::max_outbox_bytes) would be passed: then the connection is
    /// dropped, whatever the policy for WebSockets, since a stream with a hole must not look complete.
    pub fn send(&mut self, piece: &[u8]) -> Sent {
        self.table.send_piece(self.key, piece)
    }

    /// Sends a piece that was framed before, and shares its bytes with all who are sent it.
    pub fn send_chunk(&mut self, chunk: &Chunk) -> Sent {
        self.table.send_chunk(self.key, chunk)
    }

    /// Ends a stream, behind what was sent before. The connection can have its next request then.
    ///
    /// [`Sent::Dropped`] where there is no stream.
    pub fn end(&mut self) -> Sent {
        match self.table.asker(self.key) {
            Some((asker, true)) => self.table.end_stream(self.key, asker),
            _ => Sent::Dropped,
        }
    }

    /// Drops the connection when this turn of the loop ends, with what waits for the client. A stream
    /// is cut off: its client can tell that it is not complete (RFC 9112 §8), unless it speaks HTTP/1.0.
    /// [`gone`](crate::Application::gone) is called.
    pub fn abort(&mut self) {
        if self.table.asker(self.key).is_some() {
            self.table.doom(self.key, "aborted by the application");
        }
    }

    /// How many bytes wait for the client, or will when this turn ends.
    pub fn buffered_bytes(&self) -> usize {
        self.table.buffered_bytes(self.key)
    }
}

impl<S> fmt::Debug for Exchange<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("id", &self.id()).finish_non_exhaustive()
    }
}
