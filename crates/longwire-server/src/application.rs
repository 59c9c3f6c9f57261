//! What a program that uses the server implements: one trait, called with whole messages.
//!
//! Each worker thread has an application of its own, made by the factory that
//! [`Server::run`](crate::Server::run) is given, so nothing in it needs a lock. What the workers
//! share, the factory clones into each.

use crate::connection::ConnectionId;
use crate::context::{Context, Peers};
use longwire::handshake::{Request, Upgrade};
use longwire::{Closure, Message};
use std::borrow::Cow;
use std::net::SocketAddr;

/// What happens on the connections of one worker. Each worker has an application of its own, which
/// reaches the connections of that worker alone: see [`Peers`].
///
/// The calls for one connection come in this order: `upgrade`, `open`, any number of `message`,
/// `ping` and `pong`, then `close`, once. They must not block: every connection of the worker
/// waits for them.
///
/// # Panics
/// A panic in one of the calls ends the connection that it was made for: with 1011, and `close` is
/// called for it; or with 500 where its request was not answered yet. The others go on, and so does
/// the application, with whatever it had changed by half. Where a session panics when it is dropped
/// by a panic, the process aborts, as always in Rust. Who would rather have it end at any panic
/// builds with `panic = "abort"`.
pub trait Application {
    /// What the application keeps for each connection. It counts towards the memory of an idle
    /// connection.
    type Session;

    /// A client asks for a WebSocket: accept, or answer with something else.
    ///
    /// The handshake's own rules have been checked; the path, the subprotocols and the Origin have
    /// not. RFC 6455 §10.2: a server that means to serve web pages of its own only has to compare
    /// [`Upgrade::origin`], and answer 403 to others. `peer` is the other end of the TCP
    /// connection.
    ///
    /// # Errors
    /// The answer to a client that gets no WebSocket: 403 to an Origin that is not accepted, 404
    /// where there is no such resource, 3xx with a `Location` to send it elsewhere
    /// (RFC 6455 §4.2.2), 401 to ask for credentials (RFC 6455 §10.5), which has to come with a
    /// `WWW-Authenticate` (RFC 9110 §15.5.2). The connection is closed behind it.
    fn upgrade(
        &mut self,
        upgrade: &Upgrade<'_>,
        peer: SocketAddr,
    ) -> Result<Accept<Self::Session>, Response>;

    /// The connection is open: messages may be sent.
    fn open(&mut self, context: &mut Context<'_, Self::Session>) {
        let _ = context;
    }

    /// A message came, all of it. It is borrowed: what is to be kept has to be copied.
    fn message(&mut self, context: &mut Context<'_, Self::Session>, message: Message<'_>);

    /// A Ping came. The Pong is on its way already.
    fn ping(&mut self, context: &mut Context<'_, Self::Session>, payload: &[u8]) {
        let _ = (context, payload);
    }

    /// A Pong came.
    fn pong(&mut self, context: &mut Context<'_, Self::Session>, payload: &[u8]) {
        let _ = (context, payload);
    }

    /// The connection is over; `closure` says how it ended. Nothing can be sent to it any more.
    fn close(
        &mut self,
        peers: &mut Peers<'_, Self::Session>,
        id: ConnectionId,
        session: Self::Session,
        closure: Closure,
    ) {
        let _ = (peers, id, session, closure);
    }

    /// An HTTP request came that does not ask for a WebSocket. The connection is closed behind the
    /// answer; a body is not read. Neither is a CONNECT brought here, which would ask for a tunnel:
    /// the server answers 405.
    ///
    /// As it stands, this answers 426 to everything: there is nothing here but WebSockets. OPTIONS
    /// (RFC 9110 §9.3.7) and TRACE (RFC 9110 §9.3.8) are no exceptions, and give nothing back.
    fn http(&mut self, request: &Request<'_>) -> Response {
        let _ = request;
        Response::text(426, "this server speaks WebSocket only\n")
    }
}

/// A header: its name and its value.
pub type HeaderLine = (Cow<'static, str>, Cow<'static, str>);

/// The answer to a client that gets its WebSocket.
#[derive(Clone, Debug, Default)]
pub struct Accept<S> {
    /// What the application keeps for the connection.
    pub session: S,
    /// The subprotocol: one that the client asked for, or none.
    /// [`Upgrade::select_subprotocol`] chooses.
    pub subprotocol: Option<Cow<'static, str>>,
    /// More headers for the response. Those of the handshake itself cannot be set.
    pub headers: Vec<HeaderLine>,
}

impl<S> Accept<S> {
    /// Accepts without a subprotocol and without further headers.
    pub fn new(session: S) -> Self {
        Self { session, subprotocol: None, headers: Vec::new() }
    }
}

/// An HTTP response behind which the connection is closed. `Connection` and `Content-Length` are
/// written by the server.
#[derive(Clone, Debug)]
pub struct Response {
    /// 200 to 599.
    pub status: u16,
    /// Further headers.
    pub headers: Vec<HeaderLine>,
    /// The body. It is left out where the request was HEAD; 204, 205 and 304 must not have one.
    pub body: Cow<'static, [u8]>,
}

impl Response {
    /// Plain text.
    pub fn text(status: u16, text: impl Into<Cow<'static, str>>) -> Self {
        let body = match text.into() {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        let mut headers = Vec::new();
        // The client can do without it.
        if headers.try_reserve_exact(1).is_ok() {
            headers.push(("Content-Type".into(), "text/plain; charset=utf-8".into()));
        }
        Self { status, headers, body }
    }
}

/// What became of a message that was to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It leaves with what else this turn of the loop has for the peer.
    Now,
    /// It waits behind what the peer has not taken yet. Whoever can send less should.
    Queued,
    /// It was not sent and will not be: the connection is not open any more, too much waits for the
    /// peer already (see [`Config::max_outbox_bytes`](crate::Config::max_outbox_bytes)), or there is
    /// no memory for it.
    Dropped,
}
