//! What an application can do: to the connection that something happened on, and to the others of
//! its worker.

use crate::application::Sent;
use crate::connection::ConnectionId;
use crate::exchange::Exchange;
use crate::socket::{LONG_BYTES, Socket};
use crate::table::Table;
use longwire::{ApiMisuse, CloseCode, Compression, Message, Prepared};
use std::fmt;
use std::time::Duration;

/// An open connection.
///
/// What is sent leaves when the callback has returned and the input at hand is processed, everything
/// for one peer in one write. A message of 8 KiB and more that answers one from the same connection
/// leaves at once, from where it lies, unless it is compressed.
pub struct Context<'a, S> {
    table: &'a mut Table<S>,
    key: usize,
    /// The socket, where the connection owns the turn.
    socket: Option<&'a mut dyn Socket>,
}

impl<'a, S> Context<'a, S> {
    /// `key` must be an open connection.
    pub(crate) fn new(table: &'a mut Table<S>, key: usize) -> Self {
        Self { table, key, socket: None }
    }

    /// The same for the connection whose turn it is, with the socket that is its.
    pub(crate) fn with_socket(
        table: &'a mut Table<S>,
        key: usize,
        socket: &'a mut dyn Socket,
    ) -> Self {
        Self { table, key, socket: Some(socket) }
    }

    /// Which connection this is.
    pub fn id(&self) -> ConnectionId {
        self.table.id(self.key)
    }

    /// What the application keeps for the connection.
    pub fn session(&mut self) -> &mut S {
        &mut self.table.session(self.key).state
    }

    /// Sends a message, compressed where that was agreed to and is worth it.
    ///
    /// What one callback sends counts as waiting until the callback returns, since nothing is
    /// written before: more than [`max_outbox_bytes`](crate::Config::max_outbox_bytes) in one go is
    /// too much, however fast the peer is.
    // In line, so that no context is made, for an application that is in line as well.
    #[inline(always)]
    pub fn send(&mut self, message: Message<'_>) -> Sent {
        self.send_with(message, Compression::Auto)
    }

    /// Sends a message that is not to be compressed, because it holds a secret beside text that an
    /// attacker may choose, or is compressed already.
    pub fn send_uncompressed(&mut self, message: Message<'_>) -> Sent {
        self.send_with(message, Compression::Never)
    }

    #[inline(always)]
    fn send_with(&mut self, message: Message<'_>, compression: Compression) -> Sent {
        if message.as_bytes().len() >= LONG_BYTES
            && let Some(socket) = &mut self.socket
        {
            return self.table.send_long(self.key, message, compression, &mut **socket);
        }
        self.table.send(self.key, message, compression)
    }

    /// Sends a message that was encoded before, and shares its bytes with all who are sent it.
    pub fn send_prepared(&mut self, prepared: &Prepared) -> Sent {
        self.table.send_prepared(self.key, prepared)
    }

    /// Sends a Ping (RFC 6455 §5.5.2), ahead of messages that wait. Heartbeats are sent without
    /// this.
    ///
    /// # Errors
    /// The connection is not open any more, the payload is over 125 bytes, or too many Pings wait.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), ApiMisuse> {
        self.table.ping(self.key, payload)
    }

    /// Begins the closing handshake, behind what was sent before. Messages may still come until
    /// the peer has answered.
    ///
    /// # Errors
    /// The connection is not open any more, the code must not be sent, or the reason is over 123
    /// bytes.
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), ApiMisuse> {
        self.table.close(self.key, code, reason)
    }

    /// How many bytes wait for the peer, or will when this turn ends.
    pub fn buffered_bytes(&self) -> usize {
        self.table.buffered_bytes(self.key)
    }

    /// The worker's connections, this one among them; those of other workers are out of reach.
    pub fn peers(&mut self) -> Peers<'_, S> {
        Peers { table: self.table }
    }
}

impl<S> fmt::Debug for Context<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// The connections of one worker that something can be sent to, by their ids: open WebSockets, and
/// requests whose answer is under way. An application that sends to many keeps the ids, from
/// [`open`](crate::Application::open) to [`close`](crate::Application::close).
///
/// Connections of other workers cannot be reached. Where any connection may have to reach any other,
/// run the server with one worker: [`Config::threads`](crate::Config::threads) set to 1.
pub struct Peers<'a, S> {
    table: &'a mut Table<S>,
}

impl<'a, S> Peers<'a, S> {
    pub(crate) fn new(table: &'a mut Table<S>) -> Self {
        Self { table }
    }

    /// The WebSocket with this id, if it is one of this worker and open. It may be the one that
    /// something is happening on just now.
    pub fn get(&mut self, id: ConnectionId) -> Option<Context<'_, S>> {
        let key = self.table.open_key(id)?;
        Some(Context::new(self.table, key))
    }

    /// The HTTP request on the connection with this id, if it is one of this worker and its answer is
    /// under way: it is to come later, or is a stream.
    pub fn exchange(&mut self, id: ConnectionId) -> Option<Exchange<'_, S>> {
        self.table.exchange(id)
    }

    /// Encodes a message once, to be sent to many: compressed, too, where one of this worker's
    /// connections has agreed to that by now. One that does so later is sent it as it is.
    ///
    /// # Errors
    /// There is no memory.
    pub fn prepare(
        &mut self,
        message: Message<'_>,
        compression: Compression,
    ) -> Result<Prepared, ApiMisuse> {
        self.table.prepare(message, compression)
    }

    /// The time of this turn of the loop, since a moment that does not change.
    pub fn now(&self) -> Duration {
        self.table.now
    }
}

impl<S> fmt::Debug for Peers<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peers").finish_non_exhaustive()
    }
}
