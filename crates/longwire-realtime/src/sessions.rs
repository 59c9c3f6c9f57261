//! The sessions of a hub: where they are, and who they are.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use slab::Slab;

use crate::moment::Moment;
use crate::session::{Session, SessionKey};
use crate::{ClientId, Dialect, SessionId, Target};

#[derive(Default)]
pub(crate) struct Sessions {
    slab: Slab<Session>,
    /// How many bytes each connection takes before publications for it have to wait; apart from the
    /// sessions, since a delivery looks at nothing else of them. While something waits in a session,
    /// its number is not above 0.
    pub(crate) rooms: Vec<i32>,
    by_client: HashMap<ClientId, u32>,
    /// Those to whom commands come by another way.
    by_id: HashMap<SessionId, u32>,
    by_user: BTreeSet<(Arc<str>, u32)>,
    users: usize,
    generation: u32,
    /// When something of a session is due, at the latest.
    timers: BTreeSet<(Duration, u32)>,
}

impl Sessions {
    pub(crate) fn open(&mut self, dialect: Dialect, client: ClientId, id: SessionId) -> SessionKey {
        self.generation = self.generation.wrapping_add(1);
        let index = self.slab.insert(Session::new(self.generation, dialect, client, id));
        if index >= self.rooms.len() {
            self.rooms.resize(index + 1, 0);
        }
        self.rooms[index] = 0;
        // There are not more sessions than `Limits::max_sessions`, which the hub keeps below this.
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        if dialect.is_emulated() {
            self.by_id.insert(id, index);
        }
        SessionKey { index, generation: self.generation }
    }

    pub(crate) fn len(&self) -> usize {
        self.slab.len()
    }

    /// Different users, someone anonymous being one.
    pub(crate) fn users(&self) -> usize {
        self.users
    }

    /// Sessions that have said who they are.
    pub(crate) fn clients(&self) -> usize {
        self.by_client.len()
    }

    pub(crate) fn get(&self, key: SessionKey) -> Option<&Session> {
        self.slab.get(key.index()).filter(|session| session.generation == key.generation)
    }

    pub(crate) fn get_mut(&mut self, key: SessionKey) -> Option<&mut Session> {
        self.slab.get_mut(key.index()).filter(|session| session.generation == key.generation)
    }

    fn key_of(&self, index: u32) -> Option<SessionKey> {
        let session = self.slab.get(index as usize)?;
        Some(SessionKey { index, generation: session.generation })
    }

    /// How many sessions this user has.
    pub(crate) fn sessions_of(&self, user: &Arc<str>) -> usize {
        self.of_user(user).count()
    }

    fn of_user(&self, user: &Arc<str>) -> impl Iterator<Item = u32> {
        let range = (Arc::clone(user), 0)..=(Arc::clone(user), u32::MAX);
        self.by_user.range(range).map(|&(_, index)| index)
    }

    /// The session has said who it is.
    pub(crate) fn identify(&mut self, key: SessionKey, user: Arc<str>, last_control: u64) {
        if let Some(session) =
            self.slab.get_mut(key.index()).filter(|it| it.generation == key.generation)
        {
            session.last_control = last_control;
            self.by_client.insert(session.client, key.index);
            if self.of_user(&user).next().is_none() {
                self.users += 1;
            }
            self.by_user.insert((user, key.index));
        }
    }

    pub(crate) fn by_client(&self, client: ClientId) -> Option<SessionKey> {
        self.key_of(*self.by_client.get(&client)?)
    }

    pub(crate) fn by_id(&self, id: SessionId) -> Option<SessionKey> {
        self.key_of(*self.by_id.get(&id)?)
    }

    /// All that the control of this number means, in the order of their places.
    pub(crate) fn meant(&self, target: &Target, number: u64) -> Vec<SessionKey> {
        let candidates: Vec<u32> = if let Some(client) = target.client {
            self.by_client.get(&client).copied().into_iter().collect()
        } else if !target.user.is_empty() {
            self.of_user(&target.user.as_str().into()).collect()
        } else {
            self.slab.iter().filter_map(|(index, _)| u32::try_from(index).ok()).collect()
        };
        let keys = candidates.into_iter().filter_map(|index| self.key_of(index));
        keys.filter(|&key| self.get(key).is_some_and(|it| it.is_meant(target, number))).collect()
    }

    pub(crate) fn keys(&self) -> Vec<SessionKey> {
        let indexes = self.slab.iter().filter_map(|(index, _)| u32::try_from(index).ok());
        indexes.filter_map(|index| self.key_of(index)).collect()
    }

    pub(crate) fn remove(&mut self, key: SessionKey) -> Option<Session> {
        self.get(key)?;
        let session = self.slab.remove(key.index());
        if let Some(at) = session.timer_at {
            self.timers.remove(&(at.time(), key.index));
        }
        if session.dialect.is_emulated() {
            self.by_id.remove(&session.id);
        }
        if let Some(info) = &session.info {
            self.by_client.remove(&session.client);
            self.by_user.remove(&(Arc::clone(&info.user), key.index));
            if self.of_user(&info.user).next().is_none() {
                self.users -= 1;
            }
        }
        Some(session)
    }

    /// Sees to it that the session's next deadline is not passed over. An entry that is too early is
    /// left alone: when its time has come, it is put where it belongs.
    pub(crate) fn schedule(&mut self, key: SessionKey) {
        let Some(session) = self.slab.get_mut(key.index()) else { return };
        let Some(next) = session.next_deadline() else { return };
        if session.timer_at.is_some_and(|at| at.time() <= next) {
            return;
        }
        if let Some(at) = session.timer_at.replace(Moment::at(next)) {
            self.timers.remove(&(at.time(), key.index));
        }
        self.timers.insert((next, key.index));
    }

    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        self.timers.first().map(|&(at, _)| at)
    }

    /// A session whose entry is due. It has none any more: [`schedule`](Self::schedule) has to follow.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<SessionKey> {
        let &(at, index) = self.timers.first().filter(|it| it.0 <= now)?;
        self.timers.remove(&(at, index));
        self.slab.get_mut(index as usize)?.timer_at = None;
        self.key_of(index)
    }
}
