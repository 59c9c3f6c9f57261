//! One channel as the broker in memory knows it: its position, its history, the hubs that are
//! interested.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::{Epoch, HistoryPage, Namespace, Position, Publication, Recover};

/// Bytes that a channel is counted with beside its name and its publications.
const TOPIC_BYTES: usize = 768;

/// Which hub of the node.
pub(super) type HubIndex = usize;

pub(super) struct Topic {
    /// How long its name is.
    name_bytes: usize,
    namespace: Arc<Namespace>,
    epoch: Epoch,
    offset: u64,
    /// With the times at which they came, oldest first. Their offsets follow each other, and the last
    /// one is `offset`, unless the history was removed.
    publications: VecDeque<(Duration, Arc<Publication>)>,
    publication_bytes: usize,
    /// Hubs with subscribers, and with how many.
    interest: Vec<(HubIndex, u32)>,
    /// When it was last used: its position outlives that for a while.
    pub(super) touched_at: Duration,
    /// The same as a number that only grows: the quietest channel has the lowest.
    pub(super) touched: u64,
    /// Where its entries in the orders over all channels stand, if it has some.
    pub(super) entries: Option<(u64, Duration)>,
}

impl Topic {
    pub(super) fn new(name_bytes: usize, namespace: Arc<Namespace>, epoch: Epoch) -> Self {
        Self {
            name_bytes,
            namespace,
            epoch,
            offset: 0,
            publications: VecDeque::new(),
            publication_bytes: 0,
            interest: Vec::new(),
            touched_at: Duration::ZERO,
            touched: 0,
            entries: None,
        }
    }

    /// Takes the policy as it is now.
    pub(super) fn set_namespace(&mut self, namespace: &Arc<Namespace>) {
        if !Arc::ptr_eq(&self.namespace, namespace) {
            self.namespace = Arc::clone(namespace);
        }
    }

    /// Bytes that it is counted with: only what can be taken away. As long as it has subscribers, it
    /// is part of what they cost.
    pub(super) fn cost_bytes(&self) -> usize {
        let own_bytes = TOPIC_BYTES + self.name_bytes;
        self.publication_bytes + if self.interest.is_empty() { own_bytes } else { 0 }
    }

    pub(super) fn has_history(&self) -> bool {
        self.namespace.has_history()
    }

    /// Where it stands; `None` without a history.
    pub(super) fn position(&self) -> Option<Position> {
        let position = || Position { epoch: self.epoch.clone(), offset: self.offset };
        self.namespace.has_history().then(position)
    }

    pub(super) fn interest(&self) -> impl Iterator<Item = HubIndex> {
        self.interest.iter().map(|&(hub, _)| hub)
    }

    pub(super) fn subscribers(&self) -> usize {
        self.interest.iter().map(|&(_, count)| count as usize).sum()
    }

    pub(super) fn subscribe(&mut self, hub: HubIndex) {
        match self.interest.iter_mut().find(|(index, _)| *index == hub) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.interest.push((hub, 1)),
        }
    }

    pub(super) fn unsubscribe(&mut self, hub: HubIndex) {
        if let Some(at) = self.interest.iter().position(|&(index, _)| index == hub) {
            self.interest[at].1 -= 1;
            if self.interest[at].1 == 0 {
                self.interest.remove(at);
            }
        }
    }

    /// The hub is gone, with all its subscribers.
    pub(super) fn forget(&mut self, hub: HubIndex) {
        self.interest.retain(|&(index, _)| index != hub);
    }

    /// Gives the publication its offset and keeps it.
    pub(super) fn append(
        &mut self,
        mut publication: Publication,
        now: Duration,
    ) -> Arc<Publication> {
        self.offset += 1;
        publication.offset = self.offset;
        self.publication_bytes += publication.cost_bytes();
        let publication = Arc::new(publication);
        self.publications.push_back((now, Arc::clone(&publication)));
        while self.publications.len() > self.namespace.history_size
            || self.publication_bytes > self.namespace.max_history_bytes
        {
            self.drop_oldest();
        }
        publication
    }

    /// Forgets what is older than the policy lets it become.
    pub(super) fn expire(&mut self, now: Duration) {
        let ttl = self.namespace.history_ttl;
        while self.publications.front().is_some_and(|&(at, _)| at + ttl <= now) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some((_, publication)) = self.publications.pop_front() {
            self.publication_bytes -= publication.cost_bytes();
        }
    }

    /// Forgets the publications. Whoever missed none of them is still where the channel is.
    pub(super) fn remove_history(&mut self) {
        self.publications = VecDeque::new();
        self.publication_bytes = 0;
    }

    /// When something of it is to be forgotten.
    pub(super) fn deadline(&self) -> Duration {
        let position =
            self.touched_at + self.namespace.position_ttl.max(self.namespace.history_ttl);
        let oldest = self.publications.front().map(|&(at, _)| at + self.namespace.history_ttl);
        oldest.map_or(position, |oldest| oldest.min(position))
    }

    /// When it is to be looked at again, having been looked at now: not sooner than what comes from now
    /// on can be too old, where it has subscribers and nothing else.
    pub(super) fn next_look(&self, now: Duration) -> Duration {
        let second = Duration::from_secs(1);
        match self.deadline() {
            past if past <= now => now + self.namespace.history_ttl.max(second),
            deadline => deadline.max(now + second),
        }
    }

    /// Whether nobody needs it any more: its next life will have another epoch.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        let lasts = self.touched_at + self.namespace.position_ttl;
        self.interest.is_empty()
            && self.publications.is_empty()
            && (!self.has_history() || lasts <= now)
    }

    /// What came after that offset, if it is of this epoch or of an unknown one: `None` if there is
    /// more than `limit` of it.
    pub(super) fn after(&self, since: &Recover, limit: usize) -> Option<Vec<Arc<Publication>>> {
        if !since.epoch.is_empty() && since.epoch != self.epoch {
            return None;
        }
        let first = self.publications.partition_point(|(_, it)| it.offset <= since.offset);
        if self.publications.len() - first > limit {
            return None;
        }
        Some(self.publications.range(first..).map(|(_, it)| Arc::clone(it)).collect())
    }

    /// Part of the history; `None` if it does not reach back to `since`.
    pub(super) fn page(
        &self,
        limit: usize,
        since: Option<&Recover>,
        reverse: bool,
    ) -> Option<HistoryPage> {
        let offsets = || self.publications.iter().map(|(_, it)| it.offset);
        let (mut from, mut to) = (0, self.publications.len());
        if let Some(since) = since {
            if !since.epoch.is_empty() && since.epoch != self.epoch {
                return None;
            }
            if reverse {
                to = self.publications.partition_point(|(_, it)| it.offset < since.offset);
            } else {
                let next = offsets().next().unwrap_or(self.offset + 1);
                if since.offset.saturating_add(1) < next {
                    return None;
                }
                from = self.publications.partition_point(|(_, it)| it.offset <= since.offset);
            }
        }
        let part = self.publications.range(from..to).map(|(_, it)| Arc::clone(it));
        let publications =
            if reverse { part.rev().take(limit).collect() } else { part.take(limit).collect() };
        let position = Position { epoch: self.epoch.clone(), offset: self.offset };
        Some(HistoryPage { publications, position })
    }
}
