//! The presence of one process, in memory: one [`MemoryPresence`], and one [`HubPresence`] of it for
//! each hub. It answers everything at once.

mod members;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::members::Members;
use crate::broker::RequestId;
use crate::presence::{PresenceAnswer, PresenceRequest, PresenceStore};
use crate::{ChannelName, ClientId, ClientInfo, PresenceStats};

/// No deadline.
const NEVER: u64 = u64::MAX;

/// What the hubs of a process share. A clone is the same store.
#[derive(Clone)]
pub struct MemoryPresence {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// The next deadline in milliseconds, so that hubs can ask for it without the lock.
    deadline_ms: AtomicU64,
    lease: Duration,
}

#[derive(Default)]
struct State {
    channels: BTreeMap<ChannelName, Members>,
    /// The ends of all grace periods.
    leaving: BTreeSet<(Duration, ChannelName, ClientId)>,
    /// Until when the members of each hub stay; absent where a lease has ended.
    leases: BTreeMap<usize, Duration>,
    hubs: usize,
}

impl State {
    fn stats(&self, channel: &ChannelName) -> PresenceStats {
        self.channels.get(channel).map(Members::stats).unwrap_or_default()
    }

    fn join(&mut self, channel: ChannelName, info: Arc<ClientInfo>, hub: usize) -> PresenceAnswer {
        let members = self.channels.entry(channel.clone()).or_default();
        let joined = members.join(info, hub);
        let stats = members.stats();
        if let Some((at, client)) = joined.replaced {
            self.leaving.remove(&(at, channel, client));
        }
        PresenceAnswer::Joined { is_new: joined.is_new, stats }
    }

    fn leave(
        &mut self,
        channel: &ChannelName,
        client: ClientId,
        until: Option<Duration>,
    ) -> PresenceAnswer {
        let mut gone = None;
        match (until, self.channels.get_mut(channel)) {
            (Some(until), Some(members)) => {
                if members.leave_at(client, until) {
                    self.leaving.insert((until, channel.clone(), client));
                }
            }
            (None, Some(_)) => gone = self.remove(channel, client),
            (_, None) => {}
        }
        PresenceAnswer::Left { gone, stats: self.stats(channel) }
    }

    fn remove(&mut self, channel: &ChannelName, client: ClientId) -> Option<Arc<ClientInfo>> {
        let members = self.channels.get_mut(channel)?;
        let (info, leaves_at) = members.remove(client)?;
        if members.is_empty() {
            self.channels.remove(channel);
        }
        if let Some(at) = leaves_at {
            self.leaving.remove(&(at, channel.clone(), client));
        }
        Some(info)
    }

    fn expire(&mut self, now: Duration) -> Vec<(ChannelName, Arc<ClientInfo>, PresenceStats)> {
        let mut over = Vec::new();
        while self.leaving.first().is_some_and(|it| it.0 <= now) {
            let Some((_, channel, client)) = self.leaving.pop_first() else { break };
            over.push((channel, client));
        }
        let lapsed: Vec<usize> =
            self.leases.iter().filter(|(_, until)| **until <= now).map(|(&hub, _)| hub).collect();
        for hub in lapsed {
            self.leases.remove(&hub);
            for (channel, members) in &self.channels {
                over.extend(members.of_hub(hub).into_iter().map(|it| (channel.clone(), it)));
            }
        }
        let mut gone = Vec::new();
        for (channel, client) in over {
            if let Some(info) = self.remove(&channel, client) {
                let stats = self.stats(&channel);
                gone.push((channel, info, stats));
            }
        }
        gone
    }

    fn next_deadline(&self) -> Option<Duration> {
        let leaving = self.leaving.first().map(|it| it.0);
        leaving.into_iter().chain(self.leases.values().copied()).min()
    }
}

impl MemoryPresence {
    /// A store in which the members of a hub stay for `lease` after its last sign of life.
    pub fn new(lease: Duration) -> Self {
        let shared = Shared { state: Mutex::default(), deadline_ms: AtomicU64::new(NEVER), lease };
        Self { shared: Arc::new(shared) }
    }

    /// The store's side for one more hub.
    pub fn hub(&self) -> HubPresence {
        let mut state = self.shared.lock();
        state.hubs += 1;
        HubPresence { shared: Arc::clone(&self.shared), hub: state.hubs }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryPresence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryPresence").finish_non_exhaustive()
    }
}

/// The way of one hub to its [`MemoryPresence`].
pub struct HubPresence {
    shared: Arc<Shared>,
    hub: usize,
}

impl PresenceStore for HubPresence {
    fn request(
        &mut self,
        _: RequestId,
        request: PresenceRequest,
        now: Duration,
    ) -> Option<PresenceAnswer> {
        let mut state = self.shared.lock();
        let lease = now + self.shared.lease;
        let answer = match request {
            PresenceRequest::Join { channel, info } => {
                state.leases.entry(self.hub).or_insert(lease);
                state.join(channel, info, self.hub)
            }
            PresenceRequest::Leave { channel, client, grace } => {
                // Someone anonymous who comes back cannot be told from somebody else.
                let members = state.channels.get(&channel);
                let has_user = members.is_some_and(|it| it.has_user(client));
                let until = (has_user && !grace.is_zero()).then(|| now + grace);
                state.leave(&channel, client, until)
            }
            PresenceRequest::List { channel, limit } => {
                let members = state.channels.get(&channel);
                PresenceAnswer::Members(members.map(|it| it.list(limit)).unwrap_or_default())
            }
            PresenceRequest::Stats { channel } => PresenceAnswer::Stats(state.stats(&channel)),
            PresenceRequest::Renew => {
                let lapsed = state.leases.insert(self.hub, lease).is_none();
                PresenceAnswer::Renewed { lapsed }
            }
            PresenceRequest::Expire => PresenceAnswer::Expired(state.expire(now)),
        };
        let deadline = state.next_deadline().map_or(NEVER, |at| {
            u64::try_from(at.as_nanos().div_ceil(1_000_000)).unwrap_or(NEVER - 1)
        });
        self.shared.deadline_ms.store(deadline, Ordering::Relaxed);
        Some(answer)
    }

    fn poll_answer(&mut self) -> Option<(RequestId, PresenceAnswer)> {
        None
    }

    fn poll_timeout(&self) -> Option<Duration> {
        match self.shared.deadline_ms.load(Ordering::Relaxed) {
            NEVER => None,
            deadline => Some(Duration::from_millis(deadline)),
        }
    }
}

impl fmt::Debug for HubPresence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubPresence").field("hub", &self.hub).finish_non_exhaustive()
    }
}
