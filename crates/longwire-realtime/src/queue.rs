//! What waits for a session whose connection takes no more, and what the slow-consumer policies do
//! when there is too much of it.
//!
//! A session has no queue until it needs one. All steps cost the logarithm of its length, so that one
//! who does not read is no burden to the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::drops::DropReason;
use crate::{ChannelName, Payload, SlowConsumer, Unsubscribed};

/// Which channel of the hub.
pub(crate) type ChannelIndex = u32;

/// Bytes that an item is counted with beside its payload.
pub(crate) const ITEM_BYTES: usize = 128;

pub(crate) struct Waiting {
    pub(crate) channel: ChannelIndex,
    pub(crate) payload: Payload,
    /// The key of a publication; `None` for what is no publication.
    pub(crate) key: Option<Option<Arc<str>>>,
}

impl Waiting {
    fn cost_bytes(&self) -> usize {
        ITEM_BYTES + self.payload.len()
    }
}

/// What has to be done with the session besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consequence {
    None,
    /// It has to end. What waits is still there, and counts as dropped with the one that came.
    Disconnect,
    /// Its subscription has to end, to be recovered.
    Gap,
}

/// What the queue did with something that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Offered {
    pub(crate) consequence: Consequence,
    /// How many were dropped, and why.
    pub(crate) dropped: [(DropReason, usize); 2],
}

impl Offered {
    const KEPT: Self = Self {
        consequence: Consequence::None,
        dropped: [(DropReason::Superseded, 0), (DropReason::Oldest, 0)],
    };
}

#[derive(Default)]
pub(crate) struct Queue {
    items: BTreeMap<u64, Waiting>,
    by_channel: BTreeSet<(ChannelIndex, u64)>,
    /// For the policy `latest`: where the newest publication for each key is.
    newest: BTreeMap<(ChannelIndex, Option<Arc<str>>), u64>,
    next: u64,
    bytes: usize,
    /// Subscriptions that have ended, of which the reader is told behind all of the above: it comes
    /// back at once.
    ended: Vec<(ChannelName, Unsubscribed)>,
}

impl Queue {
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.ended.is_empty()
    }

    /// The reader is to be told of this end when there is room.
    pub(crate) fn end(&mut self, channel: ChannelName, why: Unsubscribed) {
        self.ended.push((channel, why));
    }

    /// The ends to be told, once nothing else waits: all, or that of one channel.
    pub(crate) fn take_ended(
        &mut self,
        channel: Option<&ChannelName>,
    ) -> Vec<(ChannelName, Unsubscribed)> {
        let is_meant =
            |it: &mut (ChannelName, Unsubscribed)| channel.is_none_or(|one| it.0 == *one);
        self.ended.extract_if(.., is_meant).collect()
    }

    /// How many wait, and of which channel.
    pub(crate) fn channels(&self) -> impl Iterator<Item = ChannelIndex> {
        self.items.values().map(|item| item.channel)
    }

    /// Bytes that it is counted with.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes something in, or does what the policy says.
    pub(crate) fn offer(
        &mut self,
        item: Waiting,
        policy: SlowConsumer,
        max_bytes: usize,
    ) -> Offered {
        let mut offered = Offered::KEPT;
        let cost = item.cost_bytes();
        if policy == SlowConsumer::Latest
            && let Some(key) = &item.key
            && let Some(older) = self.newest.get(&(item.channel, key.clone())).copied()
        {
            self.remove(older);
            offered.dropped[0].1 = 1;
        }
        while self.bytes + cost > max_bytes {
            let oldest = self.oldest_of(item.channel);
            let (consequence, last) = match (policy, oldest) {
                (SlowConsumer::DropOldest | SlowConsumer::Latest, Some(oldest)) => {
                    self.remove(oldest);
                    offered.dropped[1].1 += 1;
                    continue;
                }
                (SlowConsumer::DropOldest | SlowConsumer::Latest, None) => {
                    // It does not fit beside what waits in other channels.
                    offered.dropped[1].1 += 1;
                    return offered;
                }
                (SlowConsumer::DropNew, _) => (Consequence::None, (DropReason::New, 1)),
                (SlowConsumer::Disconnect, _) => {
                    (Consequence::Disconnect, (DropReason::Disconnect, 1))
                }
                (SlowConsumer::Gap, _) => {
                    let dropped = self.purge(item.channel) + 1;
                    (Consequence::Gap, (DropReason::Gap, dropped))
                }
            };
            offered.consequence = consequence;
            offered.dropped[1] = last;
            return offered;
        }
        self.push(item, policy);
        offered
    }

    fn push(&mut self, item: Waiting, policy: SlowConsumer) {
        let at = self.next;
        self.next += 1;
        self.bytes += item.cost_bytes();
        self.by_channel.insert((item.channel, at));
        if policy == SlowConsumer::Latest
            && let Some(key) = &item.key
        {
            self.newest.insert((item.channel, key.clone()), at);
        }
        self.items.insert(at, item);
    }

    fn oldest_of(&self, channel: ChannelIndex) -> Option<u64> {
        let first = self.by_channel.range((channel, 0)..).next()?;
        (first.0 == channel).then_some(first.1)
    }

    fn remove(&mut self, at: u64) -> Option<Waiting> {
        let item = self.items.remove(&at)?;
        self.bytes -= item.cost_bytes();
        self.by_channel.remove(&(item.channel, at));
        if let Some(key) = &item.key {
            let entry = (item.channel, key.clone());
            if self.newest.get(&entry) == Some(&at) {
                self.newest.remove(&entry);
            }
        }
        Some(item)
    }

    /// Forgets what waits in a channel, and says how much that was.
    pub(crate) fn purge(&mut self, channel: ChannelIndex) -> usize {
        let mut count = 0;
        while let Some(at) = self.oldest_of(channel) {
            self.remove(at);
            count += 1;
        }
        count
    }

    /// The next in the order in which they came.
    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        let (&at, _) = self.items.first_key_value()?;
        self.remove(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SlowConsumer::{Disconnect, DropNew, DropOldest, Gap, Latest};

    /// Room for three items of four bytes.
    const MAX_BYTES: usize = 3 * (ITEM_BYTES + 4);

    /// Offers items, each `<channel><key><two characters>`, where a space is no key.
    fn offer(queue: &mut Queue, items: &str, policy: SlowConsumer) -> Vec<Offered> {
        let item = |text: &str| {
            let key = text[1..2].trim();
            Waiting {
                channel: text[0..1].parse().unwrap(),
                payload: Payload::new(text.into(), None),
                key: Some((!key.is_empty()).then(|| key.into())),
            }
        };
        items.split(',').map(|text| queue.offer(item(text), policy, MAX_BYTES)).collect()
    }

    fn drain(queue: &mut Queue) -> String {
        let mut items = Vec::new();
        while let Some(item) = queue.pop() {
            items.push(String::from_utf8(item.payload.to_vec()).unwrap());
        }
        assert_eq!((queue.bytes, queue.by_channel.len(), queue.newest.len()), (0, 0, 0));
        items.join(",")
    }

    #[test]
    fn each_policy_drops_what_it_says_and_counts_it() {
        use DropReason as R;
        /// What comes; what waits in the end; what was dropped.
        type Row = (SlowConsumer, &'static str, &'static str, &'static [(DropReason, usize)]);
        let rows: [Row; 11] = [
            (DropOldest, "1 01,1 02,1 03", "1 01,1 02,1 03", &[]),
            (DropOldest, "1 01,1 02,1 03,1 04,1 05", "1 03,1 04,1 05", &[(R::Oldest, 2)]),
            (DropOldest, "2 01,1 02,2 03,1 04", "2 01,2 03,1 04", &[(R::Oldest, 1)]),
            (DropOldest, "2 01,2 02,2 03,1 04", "2 01,2 02,2 03", &[(R::Oldest, 1)]),
            (DropNew, "1 01,1 02,1 03,1 04,1 05", "1 01,1 02,1 03", &[(R::New, 2)]),
            (Latest, "1a01,1b02,1a03", "1b02,1a03", &[(R::Superseded, 1)]),
            (Latest, "1a01,2a02,1 03", "1a01,2a02,1 03", &[]),
            (Latest, "1 01,1 02,1a03", "1 02,1a03", &[(R::Superseded, 1)]),
            (Latest, "1a01,1b02,1c03,1d04", "1b02,1c03,1d04", &[(R::Oldest, 1)]),
            (Disconnect, "1 01,1 02,1 03,1 04", "1 01,1 02,1 03", &[(R::Disconnect, 1)]),
            (Gap, "1 01,2 02,1 03,1 04", "2 02", &[(R::Gap, 3)]),
        ];
        for (policy, items, left, drops) in rows {
            let mut queue = Queue::default();
            let mut counts = BTreeMap::new();
            for (reason, count) in
                offer(&mut queue, items, policy).iter().flat_map(|offered| offered.dropped)
            {
                *counts.entry(reason).or_insert(0) += count;
            }
            counts.retain(|_, count| *count > 0);
            assert_eq!(drain(&mut queue), left, "{policy:?} {items}");
            assert_eq!(counts.into_iter().collect::<Vec<_>>(), drops, "{policy:?} {items}");
        }
    }

    #[test]
    fn what_follows_for_the_session() {
        let rows = [
            (Disconnect, Consequence::Disconnect),
            (DropOldest, Consequence::None),
            (DropNew, Consequence::None),
            (Latest, Consequence::None),
            (Gap, Consequence::Gap),
        ];
        for (policy, consequence) in rows {
            let mut queue = Queue::default();
            let offered = offer(&mut queue, "1a01,1b02,1c03,1d04", policy);
            let found: Vec<_> = offered.iter().map(|offered| offered.consequence).collect();
            let none = Consequence::None;
            assert_eq!(found, [none, none, none, consequence], "{policy:?}");
        }
    }
}
