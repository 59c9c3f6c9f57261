//! The first phase: the head of a request is received, and a WebSocket's is answered
//! (RFC 6455 §4.2). `request.rs` goes on with the others.
//!
//! A head that comes in one read is parsed where it lies; only one that comes in pieces is copied. A
//! connection has this phase again behind the answer to a plain request. Where a request is refused,
//! be it for its head, or because it gets no WebSocket, the answer says `Connection: close`, the
//! connection ends behind it, and what the client has sent behind its request is never looked at: no
//! second request (RFC 9112 §9.6), no chunk of a body (RFC 9112 §7.1). RFC 6455 §4.2.1: a handshake
//! that breaks a rule is processed no further than to its refusal.

use crate::application::{Accept, Application};
use crate::connection::Phase;
use crate::context::Context;
use crate::exchange::Asker;
use crate::heap::Heap;
use crate::request;
use crate::response::{self, Form, Framing, HeaderLine, Response, Unsent};
use crate::session::Session;
use crate::table::{NO_MEMORY, Table, append};
use longwire::handshake::{
    Acceptance, EncodeError, Head, HeadScanner, HttpVersion, Rejection, Request, Status, Upgrade,
};
use longwire::{Connection, WebSocket};
use std::collections::TryReserveError;
use std::net::SocketAddr;
use std::time::Duration;

/// A connection that waits for a request, or for the rest of its head.
pub(crate) struct Handshake {
    /// When the head has to be complete; or when a connection that is served waits no longer for one.
    pub(crate) deadline: Duration,
    pub(crate) peer: SocketAddr,
    /// A request was answered before.
    pub(crate) served: bool,
    partial: Option<Heap<PartialHead>>,
}

/// The beginning of a head. Without a box around it every connection would be larger by 8 bytes,
/// the open ones too.
struct PartialHead {
    scanner: HeadScanner,
    received: Vec<u8>,
}

/// What came of bytes received. The numbers say how many of them it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of them are the beginning of a request.
    Incomplete,
    /// The connection is open: frames follow.
    Open(usize),
    /// A request is answered: another one may follow.
    Answered(usize),
    /// A request is being answered: nothing that follows is looked at before that is done.
    Answering(usize),
    /// The connection ends behind the answer, or without one where there is no memory for it.
    Over,
}

impl Outcome {
    /// The same, where so many bytes were taken before.
    fn after(self, taken: usize) -> Self {
        match self {
            Self::Open(more) => Self::Open(taken + more),
            Self::Answered(more) => Self::Answered(taken + more),
            Self::Answering(more) => Self::Answering(taken + more),
            Self::Incomplete | Self::Over => self,
        }
    }
}

impl Handshake {
    /// A new connection.
    pub(crate) fn new(peer: SocketAddr, deadline: Duration) -> Self {
        Self { deadline, peer, served: false, partial: None }
    }

    /// A connection whose last request is answered.
    pub(crate) fn next(peer: SocketAddr, deadline: Duration) -> Self {
        Self { served: true, ..Self::new(peer, deadline) }
    }

    /// Whether it is between two requests.
    pub(crate) fn is_idle(&self) -> bool {
        self.served && self.partial.is_none()
    }
}

impl PartialHead {
    fn new(scanner: HeadScanner, read: &[u8]) -> Option<Heap<Self>> {
        let mut received = Vec::new();
        append(&mut received, read).then(|| Heap::new(Self { scanner, received }))?
    }
}

/// Takes what was read, up to the end of a request, and has it answered when it is complete. The
/// connection has to be the turn's owner.
pub(crate) fn receive<A: Application>(
    table: &mut Table<A::Session>,
    application: &mut A,
    key: usize,
    read: &[u8],
) -> Outcome {
    let handshake = match &mut table.connections[key].phase {
        Phase::Handshake(handshake) => handshake,
        Phase::Http(_) => return request::receive_body(table, application, key, read),
        Phase::Open(_) | Phase::Ending(_) => return Outcome::Over,
    };
    let peer = handshake.peer;
    let mut partial = handshake.partial.take();
    let mut scanner = HeadScanner::new(table.config.head_limits);
    let before = partial.as_ref().map_or(0, |partial| partial.received.len());
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
            let partial = partial.or_else(|| PartialHead::new(scanner, read));
            keep_partial(table, key, partial, before == 0)
        }
        Ok(Status::Complete(head)) => {
            // A head that was complete before would not have waited for this read.
            let taken = head.bytes().len() - before;
            answer(table, application, key, peer, head, read, taken)
        }
        Err(error) => {
            tracing::debug!(id = %table.id(key), %peer, %error, "not a request");
            let received = partial.as_ref().map_or(read, |partial| &partial.received);
            reject(table, &Rejection::of(error), is_head(received));
            Outcome::Over
        }
    }
}

/// Keeps a head of which more is to come, for which there may be no memory.
fn keep_partial<S>(
    table: &mut Table<S>,
    key: usize,
    partial: Option<Heap<PartialHead>>,
    begins: bool,
) -> Outcome {
    let in_time = table.now.saturating_add(table.config.handshake_timeout);
    let Phase::Handshake(handshake) = &mut table.connections[key].phase else {
        return Outcome::Over;
    };
    handshake.partial = partial;
    if handshake.partial.is_none() {
        table.doom(key, NO_MEMORY);
        return Outcome::Over;
    }
    // On a connection that was idle before, the time for the head begins with the first byte.
    if handshake.served && begins {
        handshake.deadline = in_time;
        table.reschedule(key);
    }
    Outcome::Incomplete
}

/// Answers a complete head, of which the last part is the first `taken` bytes of `read`.
fn answer<A: Application>(
    table: &mut Table<A::Session>,
    application: &mut A,
    key: usize,
    peer: SocketAddr,
    head: Head<'_>,
    read: &[u8],
    taken: usize,
) -> Outcome {
    let head_only = is_head(head.bytes());
    // RFC 9112 §2.3: proxies may speak HTTP/1.0 to us. RFC 6455 §4.2.1: WebSockets are not for it.
    let request = match Request::parse_with_http10(head) {
        Ok(request) => request,
        Err(error) => {
            tracing::debug!(id = %table.id(key), %peer, %error, "not a request");
            reject(table, &Rejection::of(error), head_only);
            return Outcome::Over;
        }
    };
    // RFC 9110 §9.3.6: CONNECT asks for a tunnel, and any 2xx is one. The application, which has
    // none to give, is not asked; `upgrade` refuses the method.
    if !request.is_upgrade() && request.method() != "CONNECT" {
        let http_version = request.http_version();
        // RFC 9112 §9.3: HTTP/1.0 goes on only if both sides say so, and this one never does.
        let closes = http_version == HttpVersion::Http10
            || request.headers().has_token("Connection", "close");
        let asker = Asker { peer, http_version, closes, head_only };
        let behind = read.get(taken..).unwrap_or_default();
        return request::begin(table, application, key, asker, &request, head, behind).after(taken);
    }
    let upgrade = match request.upgrade() {
        Ok(upgrade) => upgrade,
        // RFC 6455 §4.2.1: a handshake that breaks a rule goes no further than to its refusal.
        Err(error) => {
            tracing::debug!(id = %table.id(key), %peer, %error, "not an opening handshake");
            reject(table, &Rejection::of(error), head_only);
            return Outcome::Over;
        }
    };
    let accepted = match application.upgrade(&upgrade, peer) {
        Ok(accept) => open(table, key, &upgrade, accept),
        Err(response) => {
            refuse(table, key, &response);
            false
        }
    };
    if !accepted {
        return Outcome::Over;
    }
    tracing::debug!(id = %table.id(key), %peer, path = request.path(), "open");
    application.open(&mut Context::new(table, key));
    Outcome::Open(taken)
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
    table.compressing += usize::from(session.websocket.compresses());
    table.connections[key].phase = Phase::Open(session);
    table.reschedule(key);
    true
}

/// Writes the application's answer to a handshake that gets no WebSocket.
fn refuse<S>(table: &mut Table<S>, key: usize, response: &Response) {
    let form = Form { framing: Framing::Sized, closes: true, head_only: false };
    if let Err(error) = table.put(key, |output| response::write(response, form, output)) {
        unsent(table, &error);
    }
}

/// Writes an answer behind which the connection ends (RFC 9112 §9.6): no request that follows is
/// looked at, and no chunk of a body (RFC 9112 §7.1).
pub(crate) fn reject<S>(table: &mut Table<S>, rejection: &Rejection<'_>, head_only: bool) {
    let written = write(&mut table.turn.output, |out| {
        let len = if head_only { rejection.encode_head(out) } else { rejection.encode(out) };
        Ok((len?, ()))
    });
    table.turn.frames_at = table.turn.output.len();
    if let Err(error) = written {
        unsent(table, &error);
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

/// Answers 500, whatever has been written before to the same request.
pub(crate) fn internal_error<S>(table: &mut Table<S>) {
    let rejection = Rejection { status: 500, headers: &[], body: b"" };
    table.turn.output.truncate(table.turn.answer_at);
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
