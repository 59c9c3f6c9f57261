//! The first phase: an HTTP request is received and answered (RFC 6455 §4.2).
//!
//! A head that comes in one read is parsed where it lies; only one that comes in pieces is copied.
//! There is one answer to a connection. If it is not 101, the connection ends behind it, and what
//! the client has sent behind its request is never looked at.

use crate::application::{Accept, Application, HeaderLine, Response};
use crate::connection::Phase;
use crate::context::Context;
use crate::session::Session;
use crate::table::Table;
use longwire::handshake::{
    Acceptance, EncodeError, Head, HeadScanner, Rejection, Request, Status, Upgrade,
};
use longwire::{Connection, WebSocket};
use std::net::SocketAddr;
use std::time::Duration;

/// A connection that has not been answered.
pub(crate) struct Handshake {
    /// When the head has to be complete.
    pub(crate) deadline: Duration,
    pub(crate) peer: SocketAddr,
    partial: Option<Box<PartialHead>>,
}

/// The beginning of a head.
struct PartialHead {
    scanner: HeadScanner,
    received: Vec<u8>,
}

/// What came of a read.
pub(crate) enum Outcome {
    /// The head is not complete.
    Incomplete,
    /// The connection is open. The frames begin behind this many bytes of the read.
    OpenInRead(usize),
    /// The connection is open. The head came in pieces; these are the frames behind it.
    Open(Vec<u8>),
    /// The connection ends behind the answer.
    Over,
}

impl Handshake {
    pub(crate) fn new(peer: SocketAddr, deadline: Duration) -> Self {
        Self { deadline, peer, partial: None }
    }
}

/// Takes a read, and answers when the head is complete. The connection has to be the turn's owner.
pub(crate) fn receive<A: Application>(
    table: &mut Table<A::Session>,
    application: &mut A,
    key: usize,
    read: &[u8],
) -> Outcome {
    let Phase::Handshake(handshake) = &mut table.connections[key].phase else {
        return Outcome::Over;
    };
    let peer = handshake.peer;
    let mut partial = handshake.partial.take();
    let mut scanner = HeadScanner::new(table.config.head_limits);
    let scanned = match &mut partial {
        Some(partial) => {
            partial.received.extend_from_slice(read);
            partial.scanner.scan(&partial.received)
        }
        None => scanner.scan(read),
    };
    match scanned {
        Ok(Status::Partial) => {
            let partial = partial
                .unwrap_or_else(|| Box::new(PartialHead { scanner, received: read.to_vec() }));
            handshake.partial = Some(partial);
            Outcome::Incomplete
        }
        Ok(Status::Complete(head)) => {
            let head_bytes = head.bytes().len();
            if !answer(table, application, key, peer, head) {
                return Outcome::Over;
            }
            match partial {
                None => Outcome::OpenInRead(head_bytes),
                Some(mut partial) => Outcome::Open(partial.received.split_off(head_bytes)),
            }
        }
        Err(error) => {
            tracing::debug!(id = %table.id(key), %peer, %error, "not a request");
            reject(table, &Rejection::of(error), false);
            Outcome::Over
        }
    }
}

/// Answers a complete head: whether the connection is now open.
fn answer<A: Application>(
    table: &mut Table<A::Session>,
    application: &mut A,
    key: usize,
    peer: SocketAddr,
    head: Head<'_>,
) -> bool {
    let request = match Request::parse(head) {
        Ok(request) => request,
        Err(error) => {
            tracing::debug!(id = %table.id(key), %peer, %error, "not a request");
            reject(table, &Rejection::of(error), false);
            return false;
        }
    };
    if !request.is_upgrade() {
        let response = application.http(&request);
        respond(table, &response, request.method() == "HEAD");
        return false;
    }
    let upgrade = match request.upgrade() {
        Ok(upgrade) => upgrade,
        Err(error) => {
            tracing::debug!(id = %table.id(key), %peer, %error, "not an opening handshake");
            reject(table, &Rejection::of(error), false);
            return false;
        }
    };
    let accepted = match application.upgrade(&upgrade, peer) {
        Ok(accept) => open(table, key, &upgrade, accept),
        Err(response) => {
            respond(table, &response, false);
            false
        }
    };
    if accepted {
        tracing::debug!(id = %table.id(key), %peer, path = request.path(), "open");
        application.open(&mut Context::new(table, key));
    }
    accepted
}

/// Answers 101 (RFC 6455 §4.2.2 item 5).
fn open<S>(table: &mut Table<S>, key: usize, upgrade: &Upgrade<'_>, accept: Accept<S>) -> bool {
    let headers = borrowed(&accept.headers);
    let acceptance = Acceptance {
        subprotocol: accept.subprotocol.as_deref(),
        deflate: table.config.deflate.as_ref(),
        headers: &headers,
    };
    let written = write(&mut table.turn.output, |out| {
        let accepted = upgrade.accept(&acceptance, out)?;
        Ok((accepted.response_bytes, accepted.deflate))
    });
    table.turn.frames_at = table.turn.output.len();
    let deflate = match written {
        Ok(deflate) => deflate,
        Err(error) => {
            wrong_answer(table, error);
            return false;
        }
    };
    let connection = Connection::server(table.config.limits);
    let websocket = match deflate {
        Some(params) => WebSocket::with_deflate(connection, params),
        None => WebSocket::new(connection),
    };
    let session = Session::new(websocket, accept.session, table.now);
    table.connections[key].phase = Phase::Open(session);
    table.reschedule(key);
    true
}

/// Writes the application's answer to a request that gets no WebSocket.
fn respond<S>(table: &mut Table<S>, response: &Response, without_body: bool) {
    let headers = borrowed(&response.headers);
    let rejection = Rejection { status: response.status, headers: &headers, body: &response.body };
    reject(table, &rejection, without_body);
}

fn reject<S>(table: &mut Table<S>, rejection: &Rejection<'_>, without_body: bool) {
    let written = write(&mut table.turn.output, |out| {
        let len = if without_body { rejection.encode_head(out) } else { rejection.encode(out) };
        Ok((len?, ()))
    });
    table.turn.frames_at = table.turn.output.len();
    if let Err(error) = written {
        wrong_answer(table, error);
    }
}

/// The application's answer cannot be sent. The client is told no more than that.
fn wrong_answer<S>(table: &mut Table<S>, error: EncodeError) {
    tracing::error!(%error, "the application's answer to a request cannot be sent");
    let rejection = Rejection { status: 500, headers: &[], body: b"" };
    let written = write(&mut table.turn.output, |out| rejection.encode(out).map(|len| (len, ())));
    debug_assert!(written.is_ok(), "nothing can be wrong with this answer");
    table.turn.frames_at = table.turn.output.len();
}

fn borrowed(headers: &[HeaderLine]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (&**name, &**value)).collect()
}

/// Adds to `output` what `encode` writes: it is told how much room there is, and says how much it
/// took, or would have.
fn write<T>(
    output: &mut Vec<u8>,
    mut encode: impl FnMut(&mut [u8]) -> Result<(usize, T), EncodeError>,
) -> Result<T, EncodeError> {
    const USUAL_BYTES: usize = 256;
    let begin = output.len();
    output.resize(begin + USUAL_BYTES, 0);
    let mut written = encode(&mut output[begin..]);
    if let Err(EncodeError::BufferTooSmall { needed }) = written {
        output.resize(begin + needed, 0);
        written = encode(&mut output[begin..]);
    }
    let len = written.as_ref().map_or(0, |(len, _)| *len);
    output.truncate(begin + len);
    written.map(|(_, value)| value)
}
