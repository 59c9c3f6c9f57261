//! A plain HTTP request, from the end of its head to the application: its body is received, whole.
//!
//! A body that came with its head is handed out from where it lies, unless it is in chunks. Only one
//! that comes in pieces is kept, and its head with it.

use crate::application::{Application, Incoming};
use crate::body::{BodyDecoder, BodyError};
use crate::connection::{ConnectionId, Phase};
use crate::context::Peers;
use crate::exchange::{Asker, Http, Next, Receiving, Stage};
use crate::handshake::{self, Outcome, reject};
use crate::heap::Heap;
use crate::network::Network;
use crate::session::FLUSH_BYTES;
use crate::table::{NO_MEMORY, Table, append};
use crate::worker::Worker;
use longwire::handshake::{Body, Head, HeadScanner, HttpVersion, Rejection, Request, Status};
use std::mem;
use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};

/// RFC 9110 §15.2.1: go on and send the body.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// How many requests of one connection are answered in one turn.
const REQUESTS_PER_TURN: usize = 64;

impl<N: Network, A: Application> Worker<N, A> {
    /// Processes the requests at `place` in the buffer, one behind the other (RFC 9112 §9.3.2). What
    /// follows one that is being answered is kept until that is done, and so is what is too much for one
    /// turn.
    // Not in line: a request has some kilobytes of the stack, over which frames would have to step.
    #[inline(never)]
    pub(crate) fn process_requests(&mut self, key: usize, mut place: Range<usize>) {
        for requests in 1.. {
            let Self { table, application, buffer, .. } = self;
            table.turn.answer_at = table.turn.output.len();
            match handshake::receive(table, application, key, buffer.at(place.clone())) {
                Outcome::Incomplete => return,
                Outcome::Open(taken) => {
                    return self.process_frames(key, place.start + taken..place.end);
                }
                Outcome::Over => return self.begin_ending(key),
                Outcome::Answering(taken) => {
                    place.start += taken;
                    break;
                }
                Outcome::Answered(taken) => {
                    place.start += taken;
                    let output_bytes = self.table.turn.output_bytes();
                    if requests == REQUESTS_PER_TURN || output_bytes >= FLUSH_BYTES {
                        break;
                    }
                }
            }
            if place.is_empty() {
                return;
            }
        }
        if !place.is_empty() {
            self.table.keep_rest(key, self.buffer.at(place));
            self.table.connections[key].unprocessed = true;
        }
    }
}

/// Takes a request whose head is complete. `behind` is what came behind that, the beginning of its
/// body. The connection has to be the turn's owner.
pub(crate) fn begin<A: Application>(
    table: &mut Table<A::Session>,
    application: &mut A,
    key: usize,
    asker: Asker,
    request: &Request<'_>,
    head: Head<'_>,
    behind: &[u8],
) -> Outcome {
    let mut decoder = match BodyDecoder::new(request.body(), table.config.max_body_bytes) {
        Ok(decoder) => decoder,
        Err(error) => return refuse(table, key, asker, error),
    };
    if let Some(len) = whole_len(request.body(), behind.len()) {
        let next = hand_out(table, application, key, asker, request, &behind[..len]);
        return outcome(next, len);
    }
    let mut content = Vec::new();
    let taken = match decoder.decode(behind, &mut content) {
        Ok(taken) => taken,
        Err(error) => return refuse(table, key, asker, error),
    };
    if decoder.is_complete() {
        let next = hand_out(table, application, key, asker, request, &content);
        return outcome(next, taken);
    }
    // RFC 9110 §10.1.1: who waits for it is told to go on, unless something of the body is here
    // already, or it speaks HTTP/1.0, which knows no 100. Any other expectation is unknown here, and
    // may be ignored.
    let knows_continue = request.http_version() == HttpVersion::Http11;
    let waits = request.headers().has_token("Expect", "100-continue");
    if behind.is_empty() && waits && knows_continue {
        if !append(&mut table.turn.output, CONTINUE) {
            table.doom(key, NO_MEMORY);
            return Outcome::Over;
        }
        table.turn.frames_at = table.turn.output.len();
    }
    keep(table, key, asker, head, decoder, content)
}

/// How long the body is, if all of it is among the bytes that follow the head and it has a length of
/// its own.
fn whole_len(body: Body, following: usize) -> Option<usize> {
    let len = match body {
        Body::None => 0,
        Body::Sized { bytes } => usize::try_from(bytes).ok()?,
        Body::Chunked => return None,
    };
    (len <= following).then_some(len)
}

/// The body is not complete: what has come of it is kept, with its head.
fn keep<S>(
    table: &mut Table<S>,
    key: usize,
    asker: Asker,
    head: Head<'_>,
    decoder: BodyDecoder,
    content: Vec<u8>,
) -> Outcome {
    let mut kept_head = Vec::new();
    let deadline = table.now.saturating_add(table.config.body_timeout);
    let has_room = append(&mut kept_head, head.bytes());
    let receiving = Receiving { head: kept_head, decoder, content, deadline };
    let http = has_room
        .then(|| Heap::new(receiving))
        .flatten()
        .and_then(|receiving| Heap::new(Http { asker, stage: Stage::Receiving(receiving) }));
    let Some(http) = http else {
        table.doom(key, NO_MEMORY);
        return Outcome::Over;
    };
    table.connections[key].phase = Phase::Http(http);
    table.reschedule(key);
    Outcome::Incomplete
}

/// Goes on with a body. The connection has to be the turn's owner.
pub(crate) fn receive_body<A: Application>(
    table: &mut Table<A::Session>,
    application: &mut A,
    key: usize,
    read: &[u8],
) -> Outcome {
    let Phase::Http(http) = &mut table.connections[key].phase else { return Outcome::Over };
    let asker = http.asker;
    let Stage::Receiving(receiving) = &mut http.stage else { return Outcome::Answering(0) };
    let receiving = &mut **receiving;
    let taken = match receiving.decoder.decode(read, &mut receiving.content) {
        Ok(_) if !receiving.decoder.is_complete() => return Outcome::Incomplete,
        Ok(taken) => taken,
        Err(error) => return refuse(table, key, asker, error),
    };
    let (head, content) = (mem::take(&mut receiving.head), mem::take(&mut receiving.content));
    // It was a head before, of a request. It is parsed again, since it lies elsewhere now.
    let mut scanner = HeadScanner::new(table.config.head_limits);
    let Ok(Status::Complete(head)) = scanner.scan(&head) else { return Outcome::Over };
    let Ok(request) = Request::parse_with_http10(head) else { return Outcome::Over };
    let next = hand_out(table, application, key, asker, &request, &content);
    outcome(next, taken)
}

/// Gives a whole request to the application, and does with it what it says.
fn hand_out<A: Application>(
    table: &mut Table<A::Session>,
    application: &mut A,
    key: usize,
    asker: Asker,
    request: &Request<'_>,
    body: &[u8],
) -> Next {
    let id = table.id(key);
    let incoming = Incoming { id, peer: asker.peer, request, body };
    let answer = application.http(&mut Peers::new(table), &incoming);
    let next = table.answer(key, asker, &answer);
    if next.has_ended(&answer) {
        tell_gone(table, application, id);
    }
    next
}

/// Tells the application that an answer is over which it has not ended.
pub(crate) fn tell_gone<A: Application>(
    table: &mut Table<A::Session>,
    application: &mut A,
    id: ConnectionId,
) {
    let mut peers = Peers::new(table);
    let tell = AssertUnwindSafe(|| application.gone(&mut peers, id));
    if panic::catch_unwind(tell).is_err() {
        tracing::error!(%id, "a panic when the application was told that a client has gone");
    }
}

fn outcome(next: Next, taken: usize) -> Outcome {
    match next {
        Next::Request => Outcome::Answered(taken),
        Next::Answer => Outcome::Answering(taken),
        Next::End => Outcome::Over,
    }
}

/// Refuses a body. The connection ends, since where the next request begins is not known.
fn refuse<S>(table: &mut Table<S>, key: usize, asker: Asker, error: BodyError) -> Outcome {
    tracing::debug!(id = %table.id(key), peer = %asker.peer, %error, "a body is refused");
    let headers = &[("Content-Type", "text/plain; charset=utf-8")];
    let body = error.reason().as_bytes();
    reject(table, &Rejection { status: error.status(), headers, body }, asker.head_only);
    Outcome::Over
}
