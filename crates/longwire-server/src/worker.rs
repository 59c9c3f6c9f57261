//! One event loop: one thread, its connections, and an application of its own.
//!
//! A turn of the loop does, in this order:
//!
//! 1. It waits for readiness, or for the next deadline; not at all where work was left over.
//! 2. A shutdown, if one was asked for.
//! 3. The connections that became ready: what waits is written before anything is read, and each is
//!    read from **once**, or twice where the first read filled the buffer.
//! 4. The connections that did so with the second read in the turn before, in the same way.
//! 5. Deadlines that have passed.
//! 6. What concerns the application and no peer: it was woken, its time has come, connections have
//!    room again.
//! 7. New connections, up to a number. They come behind everything that speaks of connections by
//!    their keys, so a key is never used again within a turn.
//! 8. The application is told of the end of the turn, if it was called in it.
//! 9. What was sent to connections outside of their own turn is written, everything for one
//!    connection together.
//!
//! That is each connection's budget: two buffers of input, or one and a mebibyte of a long message; as
//! much output as a few flushes take; and not many more bytes of messages than that, into however many
//! they inflate. What is left has the next turn, so that however busy a socket is, the others have
//! theirs.
//!
//! Readiness is edge-triggered. A read that does not fill the buffer has emptied the socket, so it
//! is not tried again; one that fills it puts the connection on the list for step 4.

use crate::acceptor::{Acceptor, Admission, ConnectionCount};
use crate::agenda::Agenda;
use crate::application::Application;
use crate::config::Config;
use crate::connection::{Connection, Phase};
use crate::ending::Ending;
use crate::handshake::Handshake;
use crate::mailbox::Mailbox;
use crate::network::{MAX_READY, Network, Ready};
use crate::read_buffer::ReadBuffer;
use crate::table::{NO_MEMORY, Table};
use crate::timers::Fate;
use longwire::Inbound;
use longwire::handshake::Rejection;
use std::fmt;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How many connections are accepted in one turn.
const ACCEPTS_PER_TURN: usize = 64;
/// How many connections whose deadline has passed are dealt with in one turn.
const EXPIRIES_PER_TURN: usize = 1024;

/// One event loop over a [`Network`], with the application that it serves.
pub(crate) struct Worker<N: Network, A: Application> {
    pub(crate) network: N,
    pub(crate) application: A,
    pub(crate) table: Table<A::Session>,
    /// The sockets, each at its connection's key.
    pub(crate) streams: Vec<Option<N::Stream>>,
    pub(crate) buffer: ReadBuffer,
    pub(crate) inbound: Inbound,
    pub(crate) acceptor: Acceptor,
    /// Those that may have more to read.
    pub(crate) unread: Agenda,
    pub(crate) mailbox: Arc<Mailbox>,
    /// When the shutdown ends, once it has begun.
    pub(crate) shutdown_ends: Option<Duration>,
    // Lists that keep their memory from turn to turn.
    ready: Vec<Ready>,
    expired: Vec<usize>,
    turn_unread: Agenda,
    turn_unflushed: Agenda,
    pub(crate) turn_roomy: Agenda,
}

impl<N: Network, A: Application> Worker<N, A> {
    pub(crate) fn new(
        number: u16,
        network: N,
        application: A,
        config: &Arc<Config>,
        count: ConnectionCount,
        mailbox: Arc<Mailbox>,
    ) -> Self {
        let table = Table::new(Arc::clone(config), number, network.now());
        Self {
            network,
            application,
            table,
            streams: Vec::new(),
            buffer: ReadBuffer::new(config.read_buffer_bytes),
            inbound: Inbound::new(),
            acceptor: Acceptor::new(count, config.max_connections),
            unread: Agenda::default(),
            mailbox,
            shutdown_ends: None,
            ready: Vec::with_capacity(MAX_READY),
            expired: Vec::with_capacity(EXPIRIES_PER_TURN),
            turn_unread: Agenda::default(),
            turn_unflushed: Agenda::default(),
            turn_roomy: Agenda::default(),
        }
    }

    /// Runs until a shutdown is complete.
    ///
    /// # Errors
    /// The system cannot wait for readiness any more.
    pub(crate) fn run(&mut self) -> io::Result<()> {
        while self.turn()? {}
        Ok(())
    }

    /// One turn of the loop: whether there is to be another one.
    ///
    /// # Errors
    /// The system cannot wait for readiness any more.
    pub(crate) fn turn(&mut self) -> io::Result<bool> {
        let timeout = self.timeout();
        self.ready.clear();
        if let Err(error) = self.network.wait(timeout, &mut self.ready) {
            self.drop_all("the worker cannot go on");
            return Err(error);
        }
        self.table.now = self.network.now();
        if self.mailbox.wants_shutdown() && self.shutdown_ends.is_none() {
            self.begin_shutdown();
        }
        mem::swap(&mut self.unread, &mut self.turn_unread);
        self.turn_ready();
        self.turn_unread();
        self.turn_expired();
        self.turn_application();
        if self.acceptor.may_accept(self.table.now) {
            self.accept();
        }
        self.end_turn();
        self.turn_unflushed();
        Ok(!self.is_shut_down())
    }

    // ---- the steps of a turn ----

    /// How long the next turn may wait.
    fn timeout(&self) -> Option<Duration> {
        let Table { unflushed, roomy, called, .. } = &self.table;
        if !self.unread.is_empty() || !unflushed.is_empty() || !roomy.is_empty() || *called {
            return Some(Duration::ZERO);
        }
        let deadlines = [
            self.table.wheel.next_expiry(),
            self.acceptor.next_attempt(),
            self.shutdown_ends,
            self.application.next_timeout(),
        ];
        deadlines.into_iter().flatten().min().map(|at| at.saturating_sub(self.table.now))
    }

    fn turn_ready(&mut self) {
        for index in 0..self.ready.len() {
            match self.ready[index] {
                // The mailbox is looked at in every turn.
                Ready::Woken => {}
                Ready::Listener => self.acceptor.set_ready(),
                Ready::Stream { key, readable, writable, end_of_stream } => {
                    let Some(connection) = self.table.connections.get_mut(key) else { continue };
                    connection.readable |= readable || end_of_stream;
                    connection.end_of_stream |= end_of_stream;
                    if writable && connection.blocked {
                        connection.blocked = false;
                        self.flush(key);
                    }
                    self.read_if_ready(key);
                }
            }
        }
    }

    fn turn_unread(&mut self) {
        if self.turn_unread.is_empty() {
            return;
        }
        let end = self.table.connections.end();
        for index in 0.. {
            let Some(key) = self.turn_unread.key(index, end) else { break };
            let connection = self.table.connections.get_mut(key);
            if connection.is_some_and(|connection| mem::take(&mut connection.listed)) {
                self.read_if_ready(key);
            }
        }
        self.turn_unread.clear();
    }

    fn turn_expired(&mut self) {
        let mut expired = mem::take(&mut self.expired);
        self.table.wheel.expire(self.table.now, &mut expired);
        for key in expired.drain(..) {
            match self.table.expire(key) {
                Fate::Kept => {}
                Fate::Ended => {
                    self.begin_ending(key);
                    self.flush(key);
                }
                Fate::Dropped(reason) => self.drop_connection(key, reason),
            }
        }
        self.expired = expired;
    }

    fn turn_unflushed(&mut self) {
        if self.table.unflushed.is_empty() {
            return;
        }
        // What does not go in one write, and what the end of one connection sends to others, has
        // the next turn.
        mem::swap(&mut self.table.unflushed, &mut self.turn_unflushed);
        let end = self.table.connections.end();
        for index in 0.. {
            let Some(key) = self.turn_unflushed.key(index, end) else { break };
            let connection = self.table.connections.get_mut(key);
            if connection.is_some_and(|connection| mem::take(&mut connection.unflushed)) {
                self.flush(key);
            }
        }
        self.turn_unflushed.clear();
    }

    // ---- new connections ----

    fn accept(&mut self) {
        for _ in 0..ACCEPTS_PER_TURN {
            match self.network.accept() {
                Ok((stream, peer)) => self.admit(stream, peer),
                Err(error) if self.acceptor.has_failed(&error, self.table.now) => {}
                Err(_) => return,
            }
        }
    }

    fn admit(&mut self, mut stream: N::Stream, peer: SocketAddr) {
        let admission = self.acceptor.admit();
        if admission == Admission::Closed {
            return;
        }
        let counted = admission == Admission::Admitted;
        // The socket is closed by itself where it is not kept.
        let Some(key) = self.reserve() else {
            tracing::warn!(%peer, "no memory for a new connection");
            return self.acceptor.release(counted);
        };
        if let Err(error) = self.network.register(&mut stream, key) {
            tracing::warn!(%error, %peer, "cannot watch a new connection");
            return self.acceptor.release(counted);
        }
        let deadline = self.table.now.saturating_add(self.table.config.handshake_timeout);
        self.table.insert(Phase::Handshake(Handshake::new(peer, deadline)), counted);
        self.streams[key] = Some(stream);
        tracing::trace!(id = %self.table.id(key), %peer, "accepted");
        if !counted {
            self.refuse(key);
        }
    }

    /// Makes room for a connection: its key, or `None` where there is no memory.
    fn reserve(&mut self) -> Option<usize> {
        let key = self.table.reserve()?;
        if key >= self.streams.len() {
            self.streams.try_reserve(key + 1 - self.streams.len()).ok()?;
            self.streams.resize_with(key + 1, || None);
        }
        Some(key)
    }

    /// Tells a connection that there is no room for it, without waiting for its request.
    fn refuse(&mut self, key: usize) {
        let rejection = Rejection {
            status: 503,
            headers: &[("Retry-After", "5")],
            body: b"too many connections\n",
        };
        let mut response = [0; 256];
        let len = rejection.encode(&mut response).unwrap_or_default();
        let outbox = self.table.outbox(key);
        let queued = outbox.is_some_and(|outbox| outbox.push(&response[..len]).is_ok());
        if !queued {
            return self.drop_connection(key, NO_MEMORY);
        }
        self.begin_ending(key);
        self.table.mark_unflushed(key);
    }

    // ---- the end of connections ----

    /// The connection has said its last word: it is to be flushed and closed.
    #[cold]
    pub(crate) fn begin_ending(&mut self, key: usize) {
        let connection = &mut self.table.connections[key];
        let phase = mem::replace(&mut connection.phase, Phase::Ending(Ending::default()));
        self.tell_closed(key, phase);
    }

    /// Closes the socket, whatever waits, and forgets the connection.
    #[cold]
    pub(crate) fn drop_connection(&mut self, key: usize, reason: &str) {
        let id = self.table.id(key);
        tracing::debug!(%id, reason, "dropped");
        // Step 7 comes later in the turn, so nobody takes this key for another connection.
        self.streams[key] = None;
        let connection = &mut self.table.connections[key];
        let gone = Phase::Ending(Ending::default());
        let mut phase = mem::replace(&mut connection.phase, gone);
        if let Phase::Open(session) = &mut phase {
            session.websocket.receive_eof();
        }
        self.tell_closed(key, phase);
        if let Some(Connection { counted, .. }) = self.table.remove(key) {
            self.acceptor.release(counted);
        }
    }

    pub(crate) fn drop_all(&mut self, reason: &str) {
        for key in 0..self.table.connections.end() {
            if self.table.connections.contains(key) {
                self.drop_connection(key, reason);
            }
        }
    }
}

impl<N: Network, A: Application> fmt::Debug for Worker<N, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("connections", &self.table.connections.len())
            .finish_non_exhaustive()
    }
}
