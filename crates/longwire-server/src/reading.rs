//! Bytes in: how a worker reads from a connection, and has what was read processed.

use crate::application::Application;
use crate::connection::{Connection, Phase};
use crate::handshake;
use crate::network::Network;
use crate::session::{self, Step, Work};
use crate::socket::StreamSocket;
use crate::worker::Worker;
use longwire::{CloseCode, Input};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};

/// How often the output of one turn of one connection is flushed before its end: with this much
/// output, the rest of its input waits for the next turn.
const FLUSHES_PER_TURN: usize = 8;

impl<N: Network, A: Application> Worker<N, A> {
    /// Reads from a connection, once, if there is something to read and reason to; and once more where
    /// that filled the buffer. In the middle of a long message the second read brings its rest while the
    /// memory for it is in the cache; of many short ones, more are answered, or passed on, together.
    pub(crate) fn read_if_ready(&mut self, key: usize) {
        let Some(connection) = self.table.connections.get_mut(key) else { return };
        if !connection.takes_input() {
            return self.drop_if_gone(key);
        }
        let mut may_read_again = false;
        if connection.unprocessed {
            self.process_rest(key);
        } else if connection.readable {
            may_read_again = space(connection).is_none();
            self.read(key);
        }
        // Nearly always the socket is empty now.
        let connection = self.table.connections.get(key);
        if connection.is_some_and(Connection::may_have_input) {
            self.go_on(key, may_read_again);
        }
    }

    /// There may be more to read, or to process: now, if it may be read from once more, and in the next
    /// turn.
    #[inline(never)]
    fn go_on(&mut self, key: usize, may_read_again: bool) {
        let Some(connection) = self.table.connections.get(key) else { return };
        if may_read_again && connection.readable && !connection.paused && !connection.unprocessed {
            self.read(key);
        }
        self.list_if_unread(key);
        self.drop_if_gone(key);
    }

    /// Drops a connection whose client has ended its stream while a request of it is being answered.
    /// Nothing is read from it then, so that a read cannot find that out.
    #[inline(never)]
    fn drop_if_gone(&mut self, key: usize) {
        let Some(connection) = self.table.connections.get(key) else { return };
        if connection.end_of_stream && connection.is_answering() {
            self.drop_connection(key, "the client has gone");
        }
    }

    /// Reads what there is, and processes it.
    #[inline(never)]
    fn read(&mut self, key: usize) {
        let Self { network, streams, table, buffer, .. } = self;
        let connection = &mut table.connections[key];
        let Some(stream) = &mut streams[key] else { return };
        let in_place = space(connection);
        let is_in_place = in_place.is_some();
        let room = in_place.unwrap_or_else(|| buffer.room());
        let room_len = room.len();
        let read = match network.read(stream, room) {
            Ok(read) if read > 0 => read,
            result => return self.has_not_read(key, result),
        };
        // A read that does not fill its room has emptied the socket, unless what is behind the
        // bytes is the end of the stream.
        connection.readable = read == room_len || connection.end_of_stream;
        let read = match &mut connection.pending {
            _ if is_in_place => Read::InPlace(read),
            None => Read::InBuffer(buffer.join(&[], read)),
            Some(pending) => {
                let place = buffer.join(&pending.rest, read);
                pending.rest.clear();
                Read::InBuffer(place)
            }
        };
        self.process_read(key, read);
    }

    /// The read has brought nothing.
    #[cold]
    fn has_not_read(&mut self, key: usize, result: io::Result<usize>) {
        match result {
            Ok(_) => self.end_of_stream(key),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.table.connections[key].readable = false;
            }
            Err(error) => self.broken(key, &error),
        }
    }

    /// Goes on with what was left unprocessed when reading was paused, or when the turn was over.
    #[inline(never)]
    fn process_rest(&mut self, key: usize) {
        let connection = &mut self.table.connections[key];
        connection.unprocessed = false;
        let Some(pending) = &mut connection.pending else { return };
        let place = self.buffer.put_back(&pending.rest);
        pending.rest.clear();
        self.process_read(key, Read::InBuffer(place));
    }

    #[inline(always)]
    fn process_read(&mut self, key: usize, read: Read) {
        self.table.turn.begin(key);
        self.table.called = true;
        let process = AssertUnwindSafe(|| match read {
            Read::InBuffer(place) => self.process(key, place),
            Read::InPlace(len) => self.process_in_place(key, len),
        });
        if panic::catch_unwind(process).is_err() {
            self.has_panicked(key);
        }
        self.flush(key);
        self.table.turn.end();
    }

    /// The application has panicked while it was given the input of this connection, or the engine
    /// has. This is the connection that ends: with 1011, or with 500 where its request was not
    /// answered yet. The rest of its input is not looked at. What the others rely on is whole: the
    /// application is not called in the middle of a change of it.
    #[cold]
    fn has_panicked(&mut self, key: usize) {
        let Some(connection) = self.table.connections.get(key) else { return };
        tracing::error!(id = %self.table.id(key), "a panic while input was processed");
        match &connection.phase {
            Phase::Handshake(_) | Phase::Http(_) => handshake::internal_error(&mut self.table),
            Phase::Open(_) => {
                // Unless it is closing already.
                let reason = "the server has failed";
                let _closed = self.table.close(key, CloseCode::INTERNAL_ERROR, reason);
                self.table.session(key).websocket.receive_eof();
            }
            Phase::Ending(_) => return,
        }
        self.begin_ending(key);
    }

    /// Processes what is at `place` in the buffer.
    fn process(&mut self, key: usize, place: Range<usize>) {
        match self.table.connections[key].phase {
            Phase::Open(_) => self.process_frames(key, place),
            // What comes behind the last word is read, so that it does not turn into a reset.
            Phase::Ending(_) => {}
            Phase::Handshake(_) | Phase::Http(_) => self.process_requests(key, place),
        }
    }

    /// Processes the next `len` bytes of a long message, which are where they belong already.
    #[inline(never)]
    fn process_in_place(&mut self, key: usize, len: usize) {
        let Self { table, application, inbound, network, streams, .. } = self;
        let Some(stream) = &mut streams[key] else { return };
        let socket = &mut StreamSocket { network, stream };
        let mut work = Work::default();
        let step =
            session::receive_in_place(table, application, inbound, socket, key, len, &mut work);
        if step == Step::Over {
            return self.begin_ending(key);
        }
        let now = self.table.now;
        if self.table.session(key).has_received(now, work.messages, 0) {
            self.table.reschedule(key);
        }
    }

    /// Processes the frames at `place` in the buffer, and keeps the beginning of one that may be
    /// behind them.
    pub(crate) fn process_frames(&mut self, key: usize, mut place: Range<usize>) {
        let mut work = Work::default();
        for flushes in 1.. {
            let Self { table, application, inbound, network, streams, buffer, .. } = self;
            let Some(stream) = &mut streams[key] else { return };
            let socket = &mut StreamSocket { network, stream };
            let mut input = Input::new(buffer.at(place.clone()));
            let step =
                session::receive(table, application, inbound, socket, key, &mut input, &mut work);
            place.start = place.end - input.len();
            match step {
                Step::Done => break,
                Step::Yield => {
                    self.table.connections[key].unprocessed = true;
                    break;
                }
                Step::Over => return self.begin_ending(key),
                Step::Flush => {
                    self.flush(key);
                    self.table.turn.written_bytes = 0;
                    let Some(connection) = self.table.connections.get_mut(key) else { return };
                    if connection.paused || flushes == FLUSHES_PER_TURN {
                        connection.unprocessed = !place.is_empty();
                        break;
                    }
                }
            }
        }
        if !place.is_empty() {
            self.table.keep_rest(key, self.buffer.at(place.clone()));
        }
        let now = self.table.now;
        if self.table.session(key).has_received(now, work.messages, place.len()) {
            self.table.reschedule(key);
        }
    }

    /// Has the connection read from in the next turn, if there is reason to.
    pub(crate) fn list_if_unread(&mut self, key: usize) {
        let Some(connection) = self.table.connections.get_mut(key) else { return };
        let unread = connection.readable || connection.unprocessed;
        if unread && !connection.listed && connection.takes_input() {
            connection.listed = true;
            self.unread.push(key);
        }
    }

    /// The peer sends nothing more.
    #[cold]
    fn end_of_stream(&mut self, key: usize) {
        let connection = &mut self.table.connections[key];
        connection.readable = false;
        match &mut connection.phase {
            Phase::Ending(ending) => {
                ending.read_ended = true;
                self.flush(key);
            }
            Phase::Handshake(_) | Phase::Http(_) | Phase::Open(_) => {
                self.drop_connection(key, "end of stream");
            }
        }
    }

    #[cold]
    pub(crate) fn broken(&mut self, key: usize, error: &io::Error) {
        let id = self.table.id(key);
        tracing::debug!(%id, %error, "the connection is broken");
        self.drop_connection(key, "broken");
    }
}

/// Where a read has put its bytes.
enum Read {
    /// Into the worker's buffer, behind what was left of the read before.
    InBuffer(Range<usize>),
    /// So many of them into the message that they belong to.
    InPlace(usize),
}

/// The longest read of a long message: the others have their turn behind it.
pub(crate) const IN_PLACE_BYTES: usize = 1024 * 1024;

/// Where the connection's next bytes belong, if it is in the middle of a long message.
fn space<S>(connection: &mut Connection<S>) -> Option<&mut [u8]> {
    let Phase::Open(session) = &mut connection.phase else { return None };
    let space = session.websocket.space()?;
    let len = space.len().min(IN_PLACE_BYTES);
    space.get_mut(..len)
}
