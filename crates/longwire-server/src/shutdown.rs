//! The end of a worker: nobody is accepted any more, and whoever is there is told.
//!
//! The application has the first word, then WebSockets are closed with 1001, answers under way are
//! ended, and what is only a beginning is dropped. What is still there after `shutdown_timeout` is
//! dropped too.

use crate::application::Application;
use crate::connection::Phase;
use crate::network::Network;
use crate::request;
use crate::worker::Worker;
use longwire::CloseCode;

impl<N: Network, A: Application> Worker<N, A> {
    /// Stops accepting, and has every connection come to its end.
    pub(crate) fn begin_shutdown(&mut self) {
        tracing::debug!(connections = self.table.connections.len(), "shutting down");
        self.call("shutdown", A::shutdown);
        self.network.stop_listening();
        self.shutdown_ends =
            Some(self.table.now.saturating_add(self.table.config.shutdown_timeout));
        for key in 0..self.table.connections.end() {
            let Some(connection) = self.table.connections.get(key) else { continue };
            match connection.phase {
                // An answer that is on its way arrives.
                Phase::Handshake(_) if connection.waiting_bytes() > 0 => self.begin_ending(key),
                Phase::Http(_) if connection.is_answering() => {
                    if self.table.end_answer(key) {
                        let id = self.table.id(key);
                        request::tell_gone(&mut self.table, &mut self.application, id);
                    }
                }
                Phase::Handshake(_) | Phase::Http(_) => self.drop_connection(key, "shutting down"),
                // Where a Close is out already, its own deadline holds.
                Phase::Open(_) => {
                    let _closed =
                        self.table.close(key, CloseCode::GOING_AWAY, "the server is shutting down");
                }
                Phase::Ending(_) => {}
            }
        }
    }

    /// Whether everybody is gone, or has to go now.
    pub(crate) fn is_shut_down(&mut self) -> bool {
        let Some(ends) = self.shutdown_ends else { return false };
        if self.table.now >= ends {
            self.drop_all("the shutdown is over");
        }
        self.table.connections.is_empty()
    }
}
