//! What a program that uses the server implements: one trait, called with whole messages and whole
//! requests.
//!
//! Each worker thread has an application of its own, made by the factory that
//! [`Server::run`](crate::Server::run) is given, so nothing in it needs a lock. What the workers
//! share, the factory clones into each.

use crate::connection::ConnectionId;
use crate::context::{Context, Peers};
use crate::response::{Answer, HeaderLine, Response};
use longwire::handshake::{Request, Upgrade};
use longwire::{Closure, Message};
use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

/// What happens on the connections of one worker. Each worker has an application of its own, which
/// reaches the connections of that worker alone: see [`Peers`].
///
/// - The calls for a **WebSocket** come in this order: `upgrade`, `open`, any number of `message`,
///   `ping`, `pong` and `drained`, then `close`, once.
/// - A plain **HTTP request** is one call of `http`. If it is answered later, or with a stream, any
///   number of `drained` may follow, and `gone`, if the client leaves before the answer is complete.
///   Then the next request of that connection may come, a WebSocket's too.
/// - `wake`, `timeout`, `end_of_turn` and `shutdown` are for no connection.
///
/// None of them may block: every connection of the worker waits for them.
///
/// # Panics
/// A panic in one of the calls ends the connection that it was made for: with 1011, and `close` is
/// called for it; or with 500 where its request was not answered yet. The others go on, and so does
/// the application, with whatever it had changed by half; it does so too where the call was for no
/// connection. Where a session panics when it is dropped by a panic, the process aborts, as always in
/// Rust. Who would rather have it end at any panic builds with `panic = "abort"`.
pub trait Application {
    /// What the application keeps for each WebSocket. It counts towards the memory of an idle
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

    /// The WebSocket is over; `closure` says how it ended. Nothing can be sent to it any more.
    fn close(
        &mut self,
        peers: &mut Peers<'_, Self::Session>,
        id: ConnectionId,
        session: Self::Session,
        closure: Closure,
    ) {
        let _ = (peers, id, session, closure);
    }

    /// An HTTP request came that does not ask for a WebSocket, all of it, with its body. It is
    /// answered [now, later, or with a stream](Answer).
    ///
    /// Every method comes here, OPTIONS too, but for CONNECT, which would ask for a tunnel: the
    /// server answers 405. A body over [`max_body_bytes`](crate::Config::max_body_bytes) is answered
    /// with 413, one that takes longer than [`body_timeout`](crate::Config::body_timeout) with 408.
    /// A request may be in HTTP/1.0, and need not name a [host](Request::host) then.
    ///
    /// As it stands, this answers 426 to everything and closes: there is nothing here but WebSockets.
    /// OPTIONS (RFC 9110 §9.3.7) and TRACE (RFC 9110 §9.3.8) are no exceptions, and give nothing back.
    fn http(&mut self, peers: &mut Peers<'_, Self::Session>, incoming: &Incoming<'_>) -> Answer {
        let _ = (peers, incoming);
        Answer::Last(Response::text(426, "this server speaks WebSocket only\n"))
    }

    /// The client of a request that was to be answered later, or with a stream, is not there any more,
    /// or it did not take what it was sent: the answer is over, though the application has not ended
    /// it. Nothing can be sent to it any more.
    ///
    /// A client that ends its side of the stream has left, even if it could still read.
    fn gone(&mut self, peers: &mut Peers<'_, Self::Session>, id: ConnectionId) {
        let _ = (peers, id);
    }

    /// So much of what waited for this peer is sent that there is room again: no more than
    /// [`outbox_low_water_bytes`](crate::Config::outbox_low_water_bytes) waits. Called once, behind
    /// the flush, after something sent to it was [`Queued`](Sent::Queued).
    fn drained(&mut self, peers: &mut Peers<'_, Self::Session>, id: ConnectionId) {
        let _ = (peers, id);
    }

    /// The worker's [`Waker`](crate::Waker) was used, once or any number of times since the last call.
    fn wake(&mut self, peers: &mut Peers<'_, Self::Session>) {
        let _ = peers;
    }

    /// When [`timeout`](Self::timeout) is to be called: in the time of [`Peers::now`], or never.
    ///
    /// It is asked in every turn of the loop, so it has to know at once. A worker's timing wheel is
    /// for its connections; what an application has to do in time it keeps in order itself.
    fn next_timeout(&self) -> Option<Duration> {
        None
    }

    /// The time that [`next_timeout`](Self::next_timeout) has named is there: called once in a turn.
    fn timeout(&mut self, peers: &mut Peers<'_, Self::Session>) {
        let _ = peers;
    }

    /// A turn of the loop in which any other call was made comes to its end. What is sent now leaves
    /// with what was sent in that turn to the same peer, but for the connections whose own input it
    /// was. An application that has collected what it has to send hands it out here.
    fn end_of_turn(&mut self, peers: &mut Peers<'_, Self::Session>) {
        let _ = peers;
    }

    /// The server shuts down, and does so when this returns: WebSockets are closed with 1001,
    /// streams ended, later answers are 503. Here an application can do so first, in its own words.
    fn shutdown(&mut self, peers: &mut Peers<'_, Self::Session>) {
        let _ = peers;
    }
}

/// A plain HTTP request, as [`Application::http`] is given it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Incoming<'a> {
    /// The connection that it came on: with this, it can be answered later.
    pub id: ConnectionId,
    /// The other end of the TCP connection.
    pub peer: SocketAddr,
    /// The head.
    pub request: &'a Request<'a>,
    /// The content, chunks put together. Trailers are left out.
    pub body: &'a [u8],
}

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

/// What became of what was to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It leaves with what else this turn of the loop has for the peer.
    Now,
    /// It waits behind what the peer has not taken yet. Whoever can send less should, until
    /// [`drained`](Application::drained) is called.
    Queued,
    /// It was not sent and will not be: the connection is not open any more, too much waits for the
    /// peer already (see [`Config::max_outbox_bytes`](crate::Config::max_outbox_bytes)), or there is
    /// no memory for it.
    Dropped,
}
