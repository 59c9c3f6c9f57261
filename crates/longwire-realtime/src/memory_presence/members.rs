//! Who is in one channel.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::{ClientId, ClientInfo, PresenceStats};

struct Member {
    info: Arc<ClientInfo>,
    hub: usize,
    /// When its grace period ends.
    leaves_at: Option<Duration>,
}

/// The members of one channel.
#[derive(Default)]
pub(super) struct Members {
    by_client: BTreeMap<ClientId, Member>,
    /// How many connections each user has here.
    users: BTreeMap<Arc<str>, usize>,
    /// Those in their grace period.
    leaving: BTreeSet<(Arc<str>, Duration, ClientId)>,
}

/// What a join changed.
pub(super) struct Joined {
    pub(super) is_new: bool,
    /// Who was in its grace period and is there no longer, with the end of it.
    pub(super) replaced: Option<(Duration, ClientId)>,
}

impl Members {
    pub(super) fn join(&mut self, info: Arc<ClientInfo>, hub: usize) -> Joined {
        let client = info.client;
        let known = self.by_client.contains_key(&client);
        let replaced = if known { None } else { self.take_leaving(&info.user) };
        let mut leaves_at = None;
        if known {
            leaves_at = self.by_client.get(&client).and_then(|member| member.leaves_at);
            self.remove(client);
        }
        *self.users.entry(Arc::clone(&info.user)).or_default() += 1;
        self.by_client.insert(client, Member { info, hub, leaves_at: None });
        let own = leaves_at.map(|at| (at, client));
        Joined { is_new: !known && replaced.is_none(), replaced: replaced.or(own) }
    }

    /// Takes out the connection of this user that would leave first.
    fn take_leaving(&mut self, user: &Arc<str>) -> Option<(Duration, ClientId)> {
        let first = (Arc::clone(user), Duration::ZERO, ClientId(0));
        let (_, at, client) = self.leaving.range(first..).next().filter(|it| it.0 == *user)?;
        let (at, client) = (*at, *client);
        self.remove(client);
        Some((at, client))
    }

    /// Whether it is there, and not anonymous.
    pub(super) fn has_user(&self, client: ClientId) -> bool {
        self.by_client.get(&client).is_some_and(|member| !member.info.user.is_empty())
    }

    /// Begins the grace period of someone. `false` if it is not there, or has one already.
    pub(super) fn leave_at(&mut self, client: ClientId, at: Duration) -> bool {
        match self.by_client.get_mut(&client) {
            Some(member) if member.leaves_at.is_none() => {
                member.leaves_at = Some(at);
                self.leaving.insert((Arc::clone(&member.info.user), at, client));
                true
            }
            _ => false,
        }
    }

    pub(super) fn remove(
        &mut self,
        client: ClientId,
    ) -> Option<(Arc<ClientInfo>, Option<Duration>)> {
        let Member { info, leaves_at, .. } = self.by_client.remove(&client)?;
        if let Some(at) = leaves_at {
            self.leaving.remove(&(Arc::clone(&info.user), at, client));
        }
        if let Some(count) = self.users.get_mut(&info.user) {
            *count -= 1;
            if *count == 0 {
                self.users.remove(&info.user);
            }
        }
        Some((info, leaves_at))
    }

    /// The members that came by this hub.
    pub(super) fn of_hub(&self, hub: usize) -> Vec<ClientId> {
        let of_hub = self.by_client.iter().filter(|(_, member)| member.hub == hub);
        of_hub.map(|(&client, _)| client).collect()
    }

    pub(super) fn list(&self, limit: usize) -> Vec<Arc<ClientInfo>> {
        self.by_client.values().take(limit).map(|member| Arc::clone(&member.info)).collect()
    }

    pub(super) fn stats(&self) -> PresenceStats {
        PresenceStats { clients: self.by_client.len(), users: self.users.len() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_client.is_empty()
    }
}
