//! What a connection holds only while something is incomplete: output that waits, input that could not
//! be used yet.
//!
//! It is in a box that the connection is lent, and gives back when nothing is left in it, so that an
//! idle connection holds no buffer and a busy worker allocates none.

use crate::connection::Connection;
use crate::heap::Heap;
use crate::outbox::Outbox;
use crate::table::{NO_MEMORY, Table, append};
use std::time::Duration;

/// How many emptied `Pending`s wait to be used again.
pub(crate) const SPARE_PENDINGS: usize = 256;

/// Boxes that connections are lent while something is incomplete.
pub(crate) type Spare = Vec<Heap<Pending>>;

/// Memory that a connection needs only while something is incomplete.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    /// What the socket has not taken.
    pub(crate) outbox: Outbox,
    /// What was received and not processed: the beginning of a frame; or what the last read
    /// brought, where there was too much output to go on, or where the answer to a request has to
    /// be complete before the next is looked at.
    pub(crate) rest: Vec<u8>,
    /// When something began to wait for the socket, or when it last took something of it.
    pub(crate) moved_at: Duration,
}

/// A rest with more room than this gives it back.
const KEPT_REST_BYTES: usize = 256;

impl Pending {
    pub(crate) fn is_unused(&self) -> bool {
        self.outbox.is_empty() && self.rest.is_empty()
    }

    /// Makes it ready for another connection.
    pub(crate) fn reset(&mut self) {
        self.outbox.clear();
        // Shrinking would need memory for a moment.
        if self.rest.capacity() > KEPT_REST_BYTES {
            self.rest = Vec::new();
        }
        self.rest.clear();
    }
}

impl<S> Table<S> {
    /// The connection's outbox, made if need be, to put something in. `None` where there is no
    /// memory.
    pub(crate) fn outbox(&mut self, key: usize) -> Option<&mut Outbox> {
        outbox_of(&mut self.connections[key], &mut self.spare, self.now)
    }

    /// Keeps what was received and not processed.
    #[inline(never)]
    pub(crate) fn keep_rest(&mut self, key: usize, rest: &[u8]) {
        let pending = pending_of(&mut self.connections[key], &mut self.spare);
        let kept = pending.is_some_and(|pending| append(&mut pending.rest, rest));
        if !kept {
            self.doom(key, NO_MEMORY);
        }
    }

    /// Takes the connection's `Pending` back if nothing is in it.
    pub(crate) fn release_pending(&mut self, key: usize) {
        if let Some(pending) = self.connections[key].pending.take_if(|pending| pending.is_unused())
        {
            self.put_spare(pending);
        }
    }

    pub(crate) fn put_spare(&mut self, mut pending: Heap<Pending>) {
        if self.spare.len() < SPARE_PENDINGS {
            pending.reset();
            self.spare.push(pending);
        }
    }
}

/// The connection's outbox, made if need be. `None` where there is no memory.
pub(crate) fn outbox_of<'a, S>(
    connection: &'a mut Connection<S>,
    spare: &mut Spare,
    now: Duration,
) -> Option<&'a mut Outbox> {
    let pending = pending_of(connection, spare)?;
    if pending.outbox.is_empty() {
        pending.moved_at = now;
    }
    Some(&mut pending.outbox)
}

fn pending_of<'a, S>(
    connection: &'a mut Connection<S>,
    spare: &mut Spare,
) -> Option<&'a mut Pending> {
    if connection.pending.is_none() {
        connection.pending = spare.pop().or_else(|| Heap::new(Pending::default()));
    }
    connection.pending.as_deref_mut()
}
