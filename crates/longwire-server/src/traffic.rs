//! Bytes in and bytes out: how a worker reads from a connection, and writes to it.

use crate::application::Application;
use crate::connection::{Connection, Phase};
use crate::handshake;
use crate::network::Network;
use crate::outbox::Progress;
use crate::session::{self, Step};
use crate::socket::{Socket as _, StreamSocket};
use crate::table::Table;
use crate::worker::Worker;
use longwire::{CloseCode, Input};
use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};

/// How often the output of one turn of one connection is flushed before its end: with this much
/// output, the rest of its input waits for the next turn.
const FLUSHES_PER_TURN: usize = 8;

impl<N: Network, A: Application> Worker<N, A> {
    // ---- in ----

    /// Reads from a connection, once, if there is something to read and reason to; and once more where
    /// that filled the buffer. In the middle of a long message the second read brings its rest while the
    /// memory for it is in the cache; of many short ones, more are answered, or passed on, together.
    pub(crate) fn read_if_ready(&mut self, key: usize) {
        let Some(connection) = self.table.connections.get_mut(key) else { return };
        if !connection.takes_input() {
            return self.drop_if_gone(key);
        }
        if mem::take(&mut connection.unprocessed) {
            self.process_rest(key);
        } else if connection.readable {
            let began = space(connection).is_none();
            self.read(key);
            if began && self.goes_on(key) {
                self.read(key);
            }
        }
        self.list_if_unread(key);
        self.drop_if_gone(key);
    }

    /// Drops a connection whose client has ended its stream while a request of it is being answered.
    /// Nothing is read from it then, so that a read cannot find that out.
    fn drop_if_gone(&mut self, key: usize) {
        let Some(connection) = self.table.connections.get(key) else { return };
        if connection.end_of_stream && connection.is_answering() {
            self.drop_connection(key, "the client has gone");
        }
    }

    /// Whether there is more to read, and what was read is processed.
    fn goes_on(&mut self, key: usize) -> bool {
        let Some(connection) = self.table.connections.get_mut(key) else { return false };
        connection.readable && !connection.paused && !connection.unprocessed
    }

    fn read(&mut self, key: usize) {
        let Self { network, streams, table, buffer, .. } = self;
        let Some(stream) = &mut streams[key] else { return };
        let in_place = space(&mut table.connections[key]);
        let is_in_place = in_place.is_some();
        let room = in_place.unwrap_or_else(|| buffer.room());
        let room_len = room.len();
        let read = match network.read(stream, room) {
            Ok(0) => return self.end_of_stream(key),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.table.connections[key].readable = false;
                return;
            }
            Err(error) => return self.broken(key, &error),
        };
        let connection = &mut self.table.connections[key];
        // A read that does not fill its room has emptied the socket, unless what is behind the
        // bytes is the end of the stream.
        connection.readable = read == room_len || connection.end_of_stream;
        if is_in_place {
            return self.process_read(key, Read::InPlace(read));
        }
        let place = match &mut connection.pending {
            Some(pending) => {
                let place = self.buffer.join(&pending.rest, read);
                pending.rest.clear();
                place
            }
            None => self.buffer.join(&[], read),
        };
        self.process_read(key, Read::InBuffer(place));
    }

    /// Goes on with what was left unprocessed when reading was paused, or when the turn was over.
    fn process_rest(&mut self, key: usize) {
        let Some(pending) = &mut self.table.connections[key].pending else { return };
        let place = self.buffer.put_back(&pending.rest);
        pending.rest.clear();
        self.process_read(key, Read::InBuffer(place));
    }

    fn process_read(&mut self, key: usize, read: Read) {
        let mut buffer = mem::take(&mut self.buffer);
        self.table.turn.begin(key);
        self.table.called = true;
        let process = AssertUnwindSafe(|| match read {
            Read::InBuffer(place) => self.process(key, buffer.at(place)),
            Read::InPlace(len) => self.process_in_place(key, len),
        });
        let panicked = panic::catch_unwind(process).is_err();
        self.buffer = buffer;
        if panicked {
            self.has_panicked(key);
        }
        self.flush(key);
        self.table.turn.end();
    }

    /// The application has panicked while it was given the input of this connection, or the engine
    /// has. This is the connection that ends: with 1011, or with 500 where its request was not
    /// answered yet. The rest of its input is not looked at. What the others rely on is whole: the
    /// application is not called in the middle of a change of it.
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

    fn process(&mut self, key: usize, bytes: &mut [u8]) {
        match self.table.connections[key].phase {
            Phase::Open(_) => self.process_frames(key, bytes),
            // What comes behind the last word is read, so that it does not turn into a reset.
            Phase::Ending(_) => {}
            Phase::Handshake(_) | Phase::Http(_) => self.process_requests(key, bytes),
        }
    }

    /// Processes the next `len` bytes of a long message, which are where they belong already.
    fn process_in_place(&mut self, key: usize, len: usize) {
        let Self { table, application, inbound, network, streams, .. } = self;
        let Some(stream) = &mut streams[key] else { return };
        let socket = &mut StreamSocket { network, stream };
        let step = session::receive_in_place(table, application, inbound, socket, key, len);
        if step == Step::Over {
            return self.begin_ending(key);
        }
        let now = self.table.now;
        if self.table.session(key).has_received(now, 0) {
            self.table.reschedule(key);
        }
    }

    pub(crate) fn process_frames(&mut self, key: usize, bytes: &mut [u8]) {
        let mut input = Input::new(bytes);
        let mut work = 0;
        for flushes in 1.. {
            let Self { table, application, inbound, network, streams, .. } = self;
            let Some(stream) = &mut streams[key] else { return };
            let socket = &mut StreamSocket { network, stream };
            let step =
                session::receive(table, application, inbound, socket, key, &mut input, &mut work);
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
                        connection.unprocessed = !input.is_empty();
                        break;
                    }
                }
            }
        }
        let rest = input.rest();
        if !rest.is_empty() {
            self.table.keep_rest(key, rest);
        }
        let now = self.table.now;
        if self.table.session(key).has_received(now, rest.len()) {
            self.table.reschedule(key);
        }
    }

    /// Has the connection read from in the next turn, if there is reason to.
    fn list_if_unread(&mut self, key: usize) {
        let Some(connection) = self.table.connections.get_mut(key) else { return };
        let unread = connection.readable || connection.unprocessed;
        if unread && !connection.listed && connection.takes_input() {
            connection.listed = true;
            self.unread.push(key);
        }
    }

    /// The peer sends nothing more.
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

    fn broken(&mut self, key: usize, error: &io::Error) {
        let id = self.table.id(key);
        tracing::debug!(%id, %error, "the connection is broken");
        self.drop_connection(key, "broken");
    }

    // ---- out ----

    /// Writes what waits for a connection, as far as its socket takes it, and moves the rest to its
    /// outbox. Then the connection is paused or read from again, and ended if that was all.
    pub(crate) fn flush(&mut self, key: usize) {
        let Some(connection) = self.table.connections.get(key) else { return };
        if connection.doomed {
            return self.drop_connection(key, "doomed");
        }
        if let Err(error) = self.write(key).and_then(|()| self.watch_if_blocked(key)) {
            return self.broken(key, &error);
        }
        let connection = &mut self.table.connections[key];
        if connection.pending.is_some() || connection.paused {
            self.pause_or_resume(key);
            self.table.note_room(key);
            self.table.release_pending(key);
        }
        match self.table.connections.get(key).map(|connection| &connection.phase) {
            Some(Phase::Ending(_)) => self.end_if_flushed(key),
            // Its next request may have come already.
            Some(Phase::Handshake(_)) => self.list_if_unread(key),
            _ => {}
        }
    }

    fn write(&mut self, key: usize) -> io::Result<()> {
        let Self { network, streams, table, .. } = self;
        let Some(stream) = &mut streams[key] else { return Ok(()) };
        if table.turn.owner == Some(key) && !table.turn.output.is_empty() {
            write_output(network, stream, table, key)?;
        }
        let connection = &mut table.connections[key];
        let Some(pending) = connection.pending.as_mut().filter(|_| !connection.blocked) else {
            return Ok(());
        };
        let before = pending.outbox.bytes();
        let progress = pending.outbox.write(|slices| network.write(stream, slices))?;
        if pending.outbox.bytes() < before {
            pending.moved_at = table.now;
            if let Phase::Open(session) = &mut connection.phase {
                session.has_moved(table.now);
            }
        }
        if let Some(buffer) = pending.outbox.take_emptied() {
            table.turn.put_spare(buffer);
        }
        match progress {
            Progress::Drained => {}
            Progress::Partly => table.mark_unflushed(key),
            Progress::Blocked => {
                connection.blocked = true;
                table.reschedule(key);
            }
        }
        Ok(())
    }

    /// Has the system say when a socket that took no more takes more again.
    fn watch_if_blocked(&mut self, key: usize) -> io::Result<()> {
        let connection = &mut self.table.connections[key];
        if !connection.blocked || connection.watches_writes {
            return Ok(());
        }
        connection.watches_writes = true;
        let Some(stream) = &mut self.streams[key] else { return Ok(()) };
        self.network.watch_writes(stream, key)
    }

    /// Stops reading from a peer that does not take what it is sent, and begins again when it does.
    fn pause_or_resume(&mut self, key: usize) {
        let config = &self.table.config;
        let connection = &mut self.table.connections[key];
        let waiting = connection.waiting_bytes();
        // Pings that come faster than their Pongs leave are no reason to keep up with them.
        let flooded = connection.pending.as_ref().is_some_and(|p| p.outbox.is_flooded());
        let open = matches!(connection.phase, Phase::Open(_));
        if !connection.paused {
            connection.paused = open && (flooded || waiting > config.outbox_high_water_bytes);
        } else if !open || (!flooded && waiting <= config.outbox_low_water_bytes) {
            connection.paused = false;
            let now = self.table.now;
            if let Phase::Open(session) = &mut connection.phase {
                session.has_resumed(now);
            }
            self.table.reschedule(key);
            self.list_if_unread(key);
        }
    }

    /// Ends the stream behind the last word, and forgets the connection when the peer has too.
    fn end_if_flushed(&mut self, key: usize) {
        let connection = &mut self.table.connections[key];
        let flushed = connection.waiting_bytes() == 0;
        let Phase::Ending(ending) = &mut connection.phase else { return };
        if flushed && !ending.write_ended() {
            ending.deadline = Some(self.table.now.saturating_add(self.table.config.linger_timeout));
            let Some(stream) = &mut self.streams[key] else { return };
            if let Err(error) = self.network.shutdown_write(stream) {
                return self.broken(key, &error);
            }
        }
        if ending.is_done() {
            self.drop_connection(key, "both sides have ended the stream");
        } else {
            self.table.reschedule(key);
        }
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

/// Writes the output of the connection's own turn, or puts it behind what waits already.
fn write_output<N: Network, S>(
    network: &mut N,
    stream: &mut N::Stream,
    table: &mut Table<S>,
    key: usize,
) -> io::Result<()> {
    let kept = if table.connections[key].waiting_bytes() > 0 {
        let mut output = mem::take(&mut table.turn.output);
        let outbox = table.outbox(key);
        let kept = outbox.is_some_and(|outbox| outbox.push_output(&mut output).is_ok());
        table.turn.output = output;
        table.turn.clear_output();
        kept
    } else {
        let mut socket = StreamSocket { network, stream };
        let sent = socket.write(&[IoSlice::new(&table.turn.output)])?;
        if sent == table.turn.output.len() {
            table.turn.clear_output();
            true
        } else {
            table.queue_output(key, sent)
        }
    };
    if kept { Ok(()) } else { Err(ErrorKind::OutOfMemory.into()) }
}
