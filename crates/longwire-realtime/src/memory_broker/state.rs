//! What the hubs of one process share, behind one lock that is held for a call.
//!
//! The lock is what gives a channel one order: an offset is given, kept, and put into the inbox of
//! every interested hub before anyone else gets one.
//!
//! Two orders over the channels with history are kept lazily, which costs a publication nothing:
//! `quiet`, to find the one to forget when there are too many bytes, and `deadlines`. A channel has
//! one entry in each. It may stand earlier than it should, and is put right when it is come upon.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::idempotency::Idempotency;
use super::topic::{HubIndex, Topic};
use crate::broker::{BrokerAnswer, BrokerEvent, Outbound, Totals, Wake};
use crate::envelope::Envelope;
use crate::{ChannelName, Epoch, Namespace, Position, Recover};

/// The events of one hub.
pub(super) struct Inbox {
    events: Mutex<VecDeque<BrokerEvent>>,
    pub(super) wake: Wake,
}

impl Inbox {
    pub(super) fn new(wake: Wake) -> Self {
        Self { events: Mutex::default(), wake }
    }

    /// Whether there was nothing in it: then its hub has to be woken.
    fn push(&self, event: BrokerEvent) -> bool {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.push_back(event);
        events.len() == 1
    }

    /// Takes all that is in it, for an empty queue in exchange.
    pub(super) fn take(&self, into: &mut VecDeque<BrokerEvent>) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut *events, into);
    }
}

/// Bounds of the broker in memory.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) max_history_bytes: usize,
    pub(super) max_idempotency_keys: usize,
    pub(super) idempotency_ttl: Duration,
}

pub(super) struct State {
    topics: HashMap<ChannelName, Topic>,
    /// The history bytes of all topics.
    bytes: usize,
    quiet: BTreeMap<u64, ChannelName>,
    deadlines: BTreeSet<(Duration, ChannelName)>,
    touches: u64,
    idempotency: Idempotency,
    hubs: Vec<Option<(Arc<Inbox>, usize, usize)>>,
    chance: Box<dyn FnMut() -> u64 + Send>,
    bounds: Bounds,
}

impl State {
    pub(super) fn new(bounds: Bounds, chance: Box<dyn FnMut() -> u64 + Send>) -> Self {
        Self {
            topics: HashMap::new(),
            bytes: 0,
            quiet: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            touches: 0,
            idempotency: Idempotency::default(),
            hubs: Vec::new(),
            chance,
            bounds,
        }
    }

    pub(super) fn join(&mut self, inbox: Arc<Inbox>) -> HubIndex {
        let entry = Some((inbox, 0, 0));
        match self.hubs.iter().position(Option::is_none) {
            Some(vacant) => {
                self.hubs[vacant] = entry;
                vacant
            }
            None => {
                self.hubs.push(entry);
                self.hubs.len() - 1
            }
        }
    }

    pub(super) fn leave(&mut self, hub: HubIndex) {
        self.hubs[hub] = None;
        for topic in self.topics.values_mut() {
            topic.forget(hub);
        }
    }

    pub(super) fn report(&mut self, hub: HubIndex, clients: usize, users: usize) {
        if let Some(Some(entry)) = self.hubs.get_mut(hub) {
            (entry.1, entry.2) = (clients, users);
        }
    }

    /// Puts an event into the inboxes of these hubs, and notes those of others than `from` that have
    /// to be woken.
    fn send(
        hubs: &[Option<(Arc<Inbox>, usize, usize)>],
        to: impl Iterator<Item = HubIndex>,
        event: &BrokerEvent,
        from: HubIndex,
        wake: &mut Vec<Arc<Inbox>>,
    ) {
        for index in to {
            let Some(Some((inbox, ..))) = hubs.get(index) else { continue };
            if inbox.push(event.clone()) && index != from {
                wake.push(Arc::clone(inbox));
            }
        }
    }

    pub(super) fn send_to_all(
        &self,
        event: &BrokerEvent,
        from: HubIndex,
        wake: &mut Vec<Arc<Inbox>>,
    ) {
        Self::send(&self.hubs, 0..self.hubs.len(), event, from, wake);
    }

    pub(super) fn send_to_interested(
        &self,
        channel: &ChannelName,
        event: &BrokerEvent,
        from: HubIndex,
        wake: &mut Vec<Arc<Inbox>>,
    ) {
        if let Some(topic) = self.topics.get(channel) {
            Self::send(&self.hubs, topic.interest(), event, from, wake);
        }
    }

    pub(super) fn publish(
        &mut self,
        outbound: Outbound,
        now: Duration,
        from: HubIndex,
        wake: &mut Vec<Arc<Inbox>>,
    ) -> Option<Position> {
        let Outbound { channel, namespace, publication, exclude, idempotency_key, skip_history } =
            outbound;
        let key = idempotency_key.map(|key| (channel.clone(), key));
        if let Some(position) = key.as_ref().and_then(|key| self.idempotency.recall(key, now)) {
            return position;
        }
        let kept = namespace.has_history() && !skip_history;
        let mut position = None;
        if kept || self.topics.contains_key(&channel) {
            let hubs = std::mem::take(&mut self.hubs);
            self.with_topic(&channel, &namespace, now, |topic| {
                let mut epoch = None;
                let publication = if kept {
                    let publication = topic.append(publication, now);
                    position = topic.position();
                    epoch = position.as_ref().map(|it| it.epoch.clone());
                    publication
                } else {
                    Arc::new(publication)
                };
                let envelope = Envelope::new(channel.clone(), epoch, publication, exclude);
                let event = BrokerEvent::Published(Arc::new(envelope));
                Self::send(&hubs, topic.interest(), &event, from, wake);
            });
            self.hubs = hubs;
        }
        if let Some(key) = key {
            let until = now + self.bounds.idempotency_ttl;
            let max_keys = self.bounds.max_idempotency_keys;
            self.idempotency.remember(key, position.clone(), until, max_keys);
        }
        position
    }

    pub(super) fn subscribe(
        &mut self,
        channel: &ChannelName,
        namespace: &Arc<Namespace>,
        since: Option<(Recover, usize)>,
        now: Duration,
        hub: HubIndex,
    ) -> BrokerAnswer {
        self.with_topic(channel, namespace, now, |topic| {
            if topic.subscribers() >= namespace.max_subscribers {
                return BrokerAnswer::Full;
            }
            topic.subscribe(hub);
            let missed = since.and_then(|(since, limit)| topic.after(&since, limit));
            let publications = missed.unwrap_or_default();
            BrokerAnswer::Subscribed { position: topic.position(), publications }
        })
    }

    pub(super) fn unsubscribe(&mut self, channel: &ChannelName, now: Duration, hub: HubIndex) {
        let Some(topic) = self.topics.get_mut(channel) else { return };
        self.bytes -= topic.cost_bytes();
        topic.unsubscribe(hub);
        topic.touched_at = now;
        self.bytes += topic.cost_bytes();
        if topic.is_over(now) {
            self.remove(channel);
        }
        self.keep_within_bounds();
    }

    pub(super) fn page(
        &mut self,
        channel: &ChannelName,
        namespace: &Arc<Namespace>,
        (limit, since, reverse): (usize, Option<&Recover>, bool),
        now: Duration,
    ) -> BrokerAnswer {
        if !namespace.has_history() {
            return BrokerAnswer::Unrecoverable;
        }
        let page = self.with_topic(channel, namespace, now, |it| it.page(limit, since, reverse));
        page.map_or(BrokerAnswer::Unrecoverable, BrokerAnswer::History)
    }

    pub(super) fn remove_history(&mut self, channel: &ChannelName) {
        if let Some(topic) = self.topics.get_mut(channel) {
            self.bytes -= topic.cost_bytes();
            topic.remove_history();
            self.bytes += topic.cost_bytes();
        }
    }

    /// Runs `use_it` on the channel, which is made if it is not there, and keeps the books.
    fn with_topic<T>(
        &mut self,
        channel: &ChannelName,
        namespace: &Arc<Namespace>,
        now: Duration,
        use_it: impl FnOnce(&mut Topic) -> T,
    ) -> T {
        if self.topics.get(channel).is_some_and(|topic| topic.is_over(now)) {
            self.remove(channel);
        }
        self.touches += 1;
        let chance = &mut self.chance;
        let mut is_new = false;
        let topic = self.topics.entry(channel.clone()).or_insert_with(|| {
            is_new = true;
            let epoch = Epoch::new(&format!("{:016x}", chance()));
            Topic::new(channel.as_str().len(), Arc::clone(namespace), epoch)
        });
        if !is_new {
            self.bytes -= topic.cost_bytes();
        }
        topic.set_namespace(namespace);
        topic.expire(now);
        topic.touched_at = now;
        topic.touched = self.touches;
        let result = use_it(topic);
        self.bytes += topic.cost_bytes();
        if topic.is_over(now) {
            self.remove(channel);
        } else if topic.entries.is_none() && topic.has_history() {
            let entries = (topic.touched, topic.deadline());
            topic.entries = Some(entries);
            self.quiet.insert(entries.0, channel.clone());
            self.deadlines.insert((entries.1, channel.clone()));
        }
        self.keep_within_bounds();
        result
    }

    /// Takes histories away until the rest is within the node's bound, that of the quietest channel
    /// first. Whoever missed something of it is told so when it comes back; a channel that nobody
    /// is subscribed to is forgotten as a whole, and comes back with a new epoch.
    fn keep_within_bounds(&mut self) {
        // Each is come upon twice at most: to be put right, and to be taken from.
        for _ in 0..2 * self.quiet.len() {
            if self.bytes <= self.bounds.max_history_bytes {
                return;
            }
            let Some((_, channel)) = self.quiet.pop_first() else { return };
            let Some(topic) = self.topics.get_mut(&channel) else { continue };
            let Some(entries) = topic.entries.as_mut() else { continue };
            if entries.0 != topic.touched {
                entries.0 = topic.touched;
                self.quiet.insert(topic.touched, channel);
                continue;
            }
            self.bytes -= topic.cost_bytes();
            topic.remove_history();
            self.bytes += topic.cost_bytes();
            // It goes to the end of the row: there is nothing left to be taken from it.
            self.touches += 1;
            topic.touched = self.touches;
            topic.entries = topic.entries.map(|(_, deadline)| (self.touches, deadline));
            self.quiet.insert(self.touches, channel.clone());
            if topic.subscribers() == 0 {
                self.remove(&channel);
            }
        }
    }

    fn remove(&mut self, channel: &ChannelName) {
        let Some(topic) = self.topics.remove(channel) else { return };
        self.bytes -= topic.cost_bytes();
        if let Some((quiet, deadline)) = topic.entries {
            self.quiet.remove(&quiet);
            self.deadlines.remove(&(deadline, channel.clone()));
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.deadlines.first().map(|&(at, _)| at)
    }

    pub(super) fn handle_timeout(&mut self, now: Duration) {
        self.idempotency.expire(now);
        while self.next_deadline().is_some_and(|at| at <= now) {
            let Some((_, channel)) = self.deadlines.pop_first() else { return };
            let Some(topic) = self.topics.get_mut(&channel) else { continue };
            self.bytes -= topic.cost_bytes();
            topic.expire(now);
            self.bytes += topic.cost_bytes();
            let next = topic.next_look(now);
            let over = topic.is_over(now);
            if let Some(entries) = &mut topic.entries {
                entries.1 = next;
            }
            self.deadlines.insert((next, channel.clone()));
            if over {
                self.remove(&channel);
            }
        }
    }

    pub(super) fn channels(&self, pattern: &str) -> Vec<(ChannelName, usize)> {
        let topics = self.topics.iter().filter(|(name, _)| matches(pattern, name.as_str()));
        let mut found: Vec<_> = topics
            .map(|(name, it)| (name.clone(), it.subscribers()))
            .filter(|it| it.1 > 0)
            .collect();
        found.sort_unstable();
        found
    }

    pub(super) fn totals(&self) -> Totals {
        let counts = self.topics.values().map(Topic::subscribers).filter(|&count| count > 0);
        let (channels, subscriptions) =
            counts.fold((0, 0), |(channels, all), count| (channels + 1, all + count));
        let hubs = self.hubs.iter().flatten();
        let (clients, users) =
            hubs.fold((0, 0), |(clients, users), hub| (clients + hub.1, users + hub.2));
        Totals { clients, users, channels, subscriptions }
    }

    /// Bytes of history of all channels.
    pub(super) fn history_bytes(&self) -> usize {
        self.bytes
    }
}

/// Whether a name is like the pattern, in which `*` stands for any characters. Everything is like
/// an empty one.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    if pattern.is_empty() {
        return true;
    }
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Json, Publication};

    #[test]
    fn a_quiet_channel_with_subscribers_is_looked_at_seldom() {
        let second = Duration::from_secs(1);
        let bounds = Bounds {
            max_history_bytes: 1000,
            max_idempotency_keys: 0,
            idempotency_ttl: Duration::ZERO,
        };
        let mut state = State::new(bounds, Box::new(|| 1));
        let hub = state.join(Arc::new(Inbox::new(Box::new(|| {}))));
        let channel = ChannelName::new("a", 9).unwrap();
        let namespace = Arc::new(Namespace {
            history_size: 1,
            history_ttl: 10 * second,
            position_ttl: 30 * second,
            ..Namespace::default()
        });
        state.subscribe(&channel, &namespace, None, Duration::ZERO, hub);
        let mut looks = Vec::new();
        while let Some(at) = state.next_deadline().filter(|at| *at <= 60 * second) {
            state.handle_timeout(at);
            looks.push(at.as_secs());
        }
        assert_eq!(looks, [30, 40, 50, 60]);
        // What is published between two of them is forgotten in time all the same.
        let publication = Publication {
            offset: 0,
            data: Json::from_valid("1"),
            info: None,
            tags: Vec::new(),
            key: None,
        };
        let outbound = Outbound {
            channel,
            namespace,
            publication,
            exclude: None,
            idempotency_key: None,
            skip_history: false,
        };
        state.publish(outbound, 61 * second, hub, &mut Vec::new());
        assert!(state.history_bytes() > 0);
        while let Some(at) = state.next_deadline().filter(|at| *at <= 71 * second) {
            state.handle_timeout(at);
        }
        assert_eq!(state.history_bytes(), 0);
    }

    #[test]
    fn patterns() {
        let rows = [
            ("", "chat:1", true),
            ("*", "chat:1", true),
            ("chat:1", "chat:1", true),
            ("chat:1", "chat:12", false),
            ("chat:*", "chat:12", true),
            ("chat:*", "news", false),
            ("*:1", "chat:1", true),
            ("*:1", "chat:12", false),
            ("c*t:*2", "chat:12", true),
            ("c*t:*2", "chat:21", false),
            ("a*a", "a", false),
            ("*a*b*", "xxaxbx", true),
            ("*a*b*", "xxbxax", false),
        ];
        for (pattern, name, like) in rows {
            assert_eq!(matches(pattern, name), like, "{pattern} {name}");
        }
    }
}
