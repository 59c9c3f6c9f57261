//! What can be asked of a hub, without anything being changed.

use super::Hub;
use crate::drops::Drops;
use crate::session::SessionKey;
use crate::{ClientId, SessionId};

impl Hub {
    /// The session that has this secret name; only of dialects that [are
    /// emulated](crate::Dialect::is_emulated).
    pub fn session(&self, id: SessionId) -> Option<SessionKey> {
        self.sessions.by_id(id)
    }

    /// The session of a client that has connected.
    pub fn session_of_client(&self, client: ClientId) -> Option<SessionKey> {
        self.sessions.by_client(client)
    }

    /// The public name of a session.
    pub fn client_of(&self, key: SessionKey) -> Option<ClientId> {
        self.sessions.get(key).map(|session| session.client)
    }

    /// How many sessions there are.
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// Bytes that wait in a session, as they are counted against
    /// [`Limits::max_queued_bytes`](crate::Limits::max_queued_bytes).
    pub fn queued_bytes(&self, key: SessionKey) -> usize {
        let queue = self.sessions.get(key).and_then(|session| session.queue.as_ref());
        queue.map_or(0, |queue| queue.bytes())
    }

    /// The most bytes that wait in any one session, counted in the same way.
    pub fn longest_queue_bytes(&self) -> usize {
        self.sessions.keys().into_iter().map(|key| self.queued_bytes(key)).max().unwrap_or_default()
    }

    /// What was dropped so far.
    pub fn drops(&self) -> &Drops {
        &self.drops
    }
}
