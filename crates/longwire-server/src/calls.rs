//! The calls to an application that no peer's input is behind: it was woken, its time has come, a
//! connection has room again or is over, a turn ends.
//!
//! A panic in one of them ends nobody, but for a connection that it was about: there is none whose
//! fault it could be.

use crate::application::Application;
use crate::connection::Phase;
use crate::context::Peers;
use crate::network::Network;
use crate::request;
use crate::table::Table;
use crate::worker::Worker;
use std::mem;
use std::panic::{self, AssertUnwindSafe};

impl<N: Network, A: Application> Worker<N, A> {
    /// Calls the application for what concerns no peer's input.
    pub(crate) fn turn_application(&mut self) {
        if self.mailbox.take_woken() {
            self.call("wake", A::wake);
        }
        if self.application.next_timeout().is_some_and(|at| at <= self.table.now) {
            self.call("timeout", A::timeout);
        }
        if !self.table.roomy.is_empty() {
            self.tell_of_room();
        }
    }

    /// Tells the application which connections have room again.
    fn tell_of_room(&mut self) {
        mem::swap(&mut self.table.roomy, &mut self.turn_roomy);
        let end = self.table.connections.end();
        for index in 0.. {
            let Some(key) = self.turn_roomy.key(index, end) else { break };
            let Some(connection) = self.table.connections.get_mut(key) else { continue };
            let can_send = matches!(connection.phase, Phase::Open(_)) || connection.is_answering();
            if mem::take(&mut connection.has_room) && can_send {
                let id = self.table.id(key);
                if !self.call("drained", |application, peers| application.drained(peers, id)) {
                    self.table.doom(key, "a panic when the application was told of room");
                }
            }
        }
        self.turn_roomy.clear();
    }

    /// Tells the application of the end of a turn, if it was called in it.
    pub(crate) fn end_turn(&mut self) {
        if self.table.called {
            self.call("end_of_turn", A::end_of_turn);
            self.table.called = false;
        }
    }

    /// Makes a call that has to do with no peer's input. `false` where it has panicked.
    pub(crate) fn call(
        &mut self,
        name: &'static str,
        call: impl FnOnce(&mut A, &mut Peers<'_, A::Session>),
    ) -> bool {
        self.table.called = true;
        let mut peers = Peers::new(&mut self.table);
        let call = AssertUnwindSafe(|| call(&mut self.application, &mut peers));
        let returned = panic::catch_unwind(call).is_ok();
        if !returned {
            tracing::error!(callback = name, "a panic of the application");
        }
        returned
    }

    /// Tells the application of the end of a connection that was in this phase.
    pub(crate) fn tell_closed(&mut self, key: usize, phase: Phase<A::Session>) {
        let session = match phase {
            Phase::Open(session) => session,
            Phase::Http(http) if http.is_answering() => {
                self.table.called = true;
                let id = self.table.id(key);
                return request::tell_gone(&mut self.table, &mut self.application, id);
            }
            Phase::Handshake(_) | Phase::Http(_) | Phase::Ending(_) => return,
        };
        self.table.compressing -= usize::from(session.websocket.compresses());
        self.table.called = true;
        if let Some(closure) = session.websocket.connection().closure() {
            let id = self.table.id(key);
            tracing::debug!(%id, code = %closure.code, failure = ?closure.failure, "closed");
            let mut peers = Peers::new(&mut self.table);
            let tell =
                AssertUnwindSafe(|| self.application.close(&mut peers, id, session.state, closure));
            if panic::catch_unwind(tell).is_err() {
                tracing::error!(%id, "a panic when the application was told of the end");
            }
        }
    }
}

impl<S> Table<S> {
    /// The connection has been flushed. Where little waits by now, the application is to be told that
    /// there is room, if it was told that something waits.
    pub(crate) fn note_room(&mut self, key: usize) {
        let connection = &mut self.connections[key];
        let has_room = connection.waiting_bytes() <= self.config.outbox_low_water_bytes;
        if connection.awaits_room && has_room {
            connection.awaits_room = false;
            if !connection.has_room {
                connection.has_room = true;
                self.roomy.push(key);
            }
        }
    }
}
