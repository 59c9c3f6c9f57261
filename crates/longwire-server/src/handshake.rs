//! The first phase: an HTTP request is received and answered (RFC 6455 §4.2).
//!
//! A head that comes in one read is parsed where it lies; only one that comes in pieces is copied.
//! There is one answer to a connection. If it is not 101, it says `Connection: close`, the
//! connection ends behind it, and what the client has sent behind its request is never looked at:
//! no second request (RFC 9112 §9.6), no chunk of a body (RFC 9112 §7.1). RFC 6455 §4.2.1: a
//! handshake that breaks a rule is processed no further than to its refusal.

use crate::application::{Accept, Application, HeaderLine, Response};
use crate::connection::Phase;
use crate::context::Context;
use crate::heap::Heap;
use crate::session::Session;
use crate::table::{NO_MEMORY, Table, append};
use longwire::handshake::{
    Acceptance, EncodeError, Head, HeadScanner, Rejection, Request, Status, Upgrade,
};
use longwire::{Connection, WebSocket};
use std::collections::TryReserveError;
use std::mem;
use std::net::SocketAddr;
use std::time::Duration;

/// A connection that has not been answered.
pub(crate) struct Handshake {
    /// When the head has to be complete.
    pub(crate) deadline: Duration,
    pub(crate) peer: SocketAddr,
    partial: Option<Heap<PartialHead>>,
}

/// The beginning of a head. Without a box around it every connection would be larger by 8 bytes,
/// the open ones too.
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
    /// The connection is open. The head came in pieces: this is all of them, and the frames begin
    /// behind so many bytes.
    Open(Vec<u8>, usize),
    /// The connection ends behind the answer, or without one where there is no memory for it.
    Over,
}

impl Handshake {
    pub(crate) fn new(peer: SocketAddr, deadline: Duration) -> Self {
        Self { deadline, peer, partial: None }
    }
}

impl PartialHead {
    fn new(scanner: HeadScanner, read: &[u8]) -> Option<Heap<Self>> {
        let mut received = Vec::new();
        append(&mut received, read).then(|| Heap::new(Self { scanner, received }))?
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
    let scanned = match partial.as_deref_mut() {
        Some(PartialHead { scanner, received }) => {
            if !append(received, read) {
                table.doom(key, NO_MEMORY);
                return Outcome::Over;
            }
            scanner.scan(received)
        }
        None => scanner.scan(read),
    };
    match scanned {
        Ok(Status::Partial) => {
            handshake.partial = partial.or_else(|| PartialHead::new(scanner, read));
            if handshake.partial.is_none() {
                table.doom(key, NO_MEMORY);
                return Outcome::Over;
            }
            Outcome::Incomplete
        }
        Ok(Status::Complete(head)) => {
            let head_bytes = head.bytes().len();
            if !answer(table, application, key, peer, head) {
                return Outcome::Over;
            }
            match partial {
                None => Outcome::OpenInRead(head_bytes),
                Some(mut partial) => Outcome::Open(mem::take(&mut partial.received), head_bytes),
            }
        }
        Err(error) => {
            tracing::debug!(id = %table.id(key), %peer, %error, "not a request");
            let received = partial.as_ref().map_or(read, |partial| &partial.received);
            reject(table, &Rejection::of(error), is_head(received));
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
    let is_head = is_head(head.bytes());
    let request = match Request::parse(head) {
        Ok(request) => request,
        Err(error) => {
            tracing::debug!(id = %table.id(key), %peer, %error, "not a request");
            reject(table, &Rejection::of(error), is_head);
            return false;
        }
    };
    // RFC 9110 §9.3.6: CONNECT asks for a tunnel, and any 2xx is one. The application, which has
    // none to give, is not asked; `upgrade` refuses the method.
    if !request.is_upgrade() && request.method() != "CONNECT" {
        let response = application.http(&request);
        respond(table, &response, is_head);
        return false;
    }
    let upgrade = match request.upgrade() {
        Ok(upgrade) => upgrade,
        // RFC 6455 §4.2.1: a handshake that breaks a rule goes no further than to its refusal.
        Err(error) => {
            tracing::debug!(id = %table.id(key), %peer, %error, "not an opening handshake");
            reject(table, &Rejection::of(error), is_head);
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

/// RFC 9110 §9.3.2: no answer to HEAD has a body, not a refusal either. What is no request may be
/// one of its kind all the same: its first word says so.
fn is_head(received: &[u8]) -> bool {
    received.strip_prefix(b"\r\n").unwrap_or(received).starts_with(b"HEAD ")
}

/// Answers 101 (RFC 6455 §4.2.2 item 5).
fn open<S>(table: &mut Table<S>, key: usize, upgrade: &Upgrade<'_>, accept: Accept<S>) -> bool {
    let Ok(headers) = borrowed(&accept.headers) else {
        no_answer(table);
        return false;
    };
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
            unsent(table, &error);
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
    let Ok(headers) = borrowed(&response.headers) else { return no_answer(table) };
    let rejection = Rejection { status: response.status, headers: &headers, body: &response.body };
    reject(table, &rejection, without_body);
}

/// Writes an answer behind which the connection ends (RFC 9112 §9.6): no request that follows is
/// looked at, and no chunk of a body (RFC 9112 §7.1).
fn reject<S>(table: &mut Table<S>, rejection: &Rejection<'_>, without_body: bool) {
    let written = write(&mut table.turn.output, |out| {
        let len = if without_body { rejection.encode_head(out) } else { rejection.encode(out) };
        Ok((len?, ()))
    });
    table.turn.frames_at = table.turn.output.len();
    if let Err(error) = written {
        unsent(table, &error);
    }
}

/// Why an answer was not written.
enum Unsent {
    /// It is not one.
    Wrong(EncodeError),
    /// There is no memory for it.
    NoMemory,
}

impl From<TryReserveError> for Unsent {
    fn from(_: TryReserveError) -> Self {
        Self::NoMemory
    }
}

/// The application's answer cannot be sent. The client is told no more than that.
fn unsent<S>(table: &mut Table<S>, error: &Unsent) {
    match error {
        Unsent::Wrong(error) => {
            tracing::error!(%error, "the application's answer to a request cannot be sent");
            internal_error(table);
        }
        Unsent::NoMemory => no_answer(table),
    }
}

/// Answers 500, whatever has been written before.
pub(crate) fn internal_error<S>(table: &mut Table<S>) {
    let rejection = Rejection { status: 500, headers: &[], body: b"" };
    table.turn.output.clear();
    let written = write(&mut table.turn.output, |out| rejection.encode(out).map(|len| (len, ())));
    table.turn.frames_at = table.turn.output.len();
    if written.is_err() {
        no_answer(table);
    }
}

/// There is no memory for an answer.
fn no_answer<S>(table: &mut Table<S>) {
    if let Some(key) = table.turn.owner {
        table.doom(key, NO_MEMORY);
    }
}

fn borrowed(headers: &[HeaderLine]) -> Result<Vec<(&str, &str)>, TryReserveError> {
    let mut borrowed = Vec::new();
    borrowed.try_reserve_exact(headers.len())?;
    borrowed.extend(headers.iter().map(|(name, value)| (&**name, &**value)));
    Ok(borrowed)
}

/// Adds to `output` what `encode` writes: it is told how much room there is, and says how much it
/// took, or would have.
fn write<T>(
    output: &mut Vec<u8>,
    mut encode: impl FnMut(&mut [u8]) -> Result<(usize, T), EncodeError>,
) -> Result<T, Unsent> {
    const USUAL_BYTES: usize = 256;
    let begin = output.len();
    output.try_reserve(USUAL_BYTES)?;
    output.resize(begin + USUAL_BYTES, 0);
    let mut written = encode(&mut output[begin..]);
    if let Err(EncodeError::BufferTooSmall { needed }) = written {
        output.truncate(begin);
        output.try_reserve(needed)?;
        output.resize(begin + needed, 0);
        written = encode(&mut output[begin..]);
    }
    let len = written.as_ref().map_or(0, |(len, _)| *len);
    output.truncate(begin + len);
    written.map(|(_, value)| value).map_err(Unsent::Wrong)
}
