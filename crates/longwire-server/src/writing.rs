//! Bytes out: how a worker writes to a connection, and what follows from how much its socket takes.

use crate::application::Application;
use crate::connection::Phase;
use crate::network::Network;
use crate::outbox::Progress;
use crate::socket::{Socket as _, StreamSocket};
use crate::table::Table;
use crate::worker::Worker;
use std::io::{self, ErrorKind, IoSlice};
use std::mem;

impl<N: Network, A: Application> Worker<N, A> {
    /// Writes what waits for a connection, as far as its socket takes it, and moves the rest to its
    /// outbox. Then the connection is paused or read from again, and ended if that was all.
    pub(crate) fn flush(&mut self, key: usize) {
        let Self { network, streams, table, .. } = self;
        let Some(connection) = table.connections.get(key) else { return };
        if connection.doomed {
            return self.drop_connection(key, "doomed");
        }
        if table.turn.owner == Some(key)
            && !table.turn.output.is_empty()
            && let Some(stream) = &mut streams[key]
            && let Err(error) = write_output(network, stream, table, key)
        {
            return self.broken(key, &error);
        }
        // Nearly always nothing else waits.
        if !self.table.connections[key].is_clear() {
            self.flush_outbox(key);
        }
    }

    /// Writes from its outbox, and does what is due when that has changed.
    #[inline(never)]
    fn flush_outbox(&mut self, key: usize) {
        if let Err(error) = self.write_outbox(key).and_then(|()| self.watch_if_blocked(key)) {
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

    fn write_outbox(&mut self, key: usize) -> io::Result<()> {
        let Self { network, streams, table, .. } = self;
        let Some(stream) = &mut streams[key] else { return Ok(()) };
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

/// Writes the output of the connection's own turn, or puts it behind what waits already.
fn write_output<N: Network, S>(
    network: &mut N,
    stream: &mut N::Stream,
    table: &mut Table<S>,
    key: usize,
) -> io::Result<()> {
    if table.connections[key].waiting_bytes() > 0 {
        return push_output(table, key);
    }
    let mut socket = StreamSocket { network, stream };
    let sent = socket.write(&[IoSlice::new(&table.turn.output)])?;
    if sent == table.turn.output.len() {
        table.turn.clear_output();
        return Ok(());
    }
    if table.queue_output(key, sent) { Ok(()) } else { Err(ErrorKind::OutOfMemory.into()) }
}

/// Puts the output of the connection's own turn into its outbox.
#[inline(never)]
fn push_output<S>(table: &mut Table<S>, key: usize) -> io::Result<()> {
    let mut output = mem::take(&mut table.turn.output);
    let outbox = table.outbox(key);
    let kept = outbox.is_some_and(|outbox| outbox.push_output(&mut output).is_ok());
    table.turn.output = output;
    table.turn.clear_output();
    if kept { Ok(()) } else { Err(ErrorKind::OutOfMemory.into()) }
}
