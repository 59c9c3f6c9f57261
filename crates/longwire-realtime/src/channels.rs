//! The channels that a hub has subscribers in.

use std::collections::HashMap;
use std::sync::Arc;

use slab::Slab;

use crate::envelope::Envelope;
use crate::queue::ChannelIndex;
use crate::subscription::Subscriber;
use crate::{ChannelName, Dialect, Namespace, Position};

/// One channel of a hub.
pub(crate) struct Channel {
    pub(crate) name: ChannelName,
    pub(crate) namespace: Arc<Namespace>,
    pub(crate) subscribers: Vec<Subscriber>,
    /// How many subscribers each dialect has.
    pub(crate) dialects: [u32; Dialect::COUNT],
    /// What came last; `None` before the broker's first answer, and without history.
    pub(crate) position: Option<Position>,
    /// Subscriptions that the broker has not answered.
    pub(crate) pending: usize,
    /// What came while there were such: it may be above the position of their answers.
    pub(crate) meanwhile: Vec<Arc<Envelope>>,
}

impl Channel {
    pub(crate) fn is_idle(&self) -> bool {
        self.subscribers.is_empty() && self.pending == 0
    }
}

#[derive(Default)]
pub(crate) struct Channels {
    slab: Slab<Channel>,
    by_name: HashMap<ChannelName, ChannelIndex>,
}

impl Channels {
    pub(crate) fn find(&self, name: &str) -> Option<ChannelIndex> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn get(&self, index: ChannelIndex) -> Option<&Channel> {
        self.slab.get(index as usize)
    }

    pub(crate) fn get_mut(&mut self, index: ChannelIndex) -> Option<&mut Channel> {
        self.slab.get_mut(index as usize)
    }

    /// The channel of that name, which is made if it is not there.
    pub(crate) fn intern(
        &mut self,
        name: &ChannelName,
        namespace: &Arc<Namespace>,
    ) -> ChannelIndex {
        if let Some(&index) = self.by_name.get(name) {
            return index;
        }
        let index = self.slab.insert(Channel {
            name: name.clone(),
            namespace: Arc::clone(namespace),
            subscribers: Vec::new(),
            dialects: [0; Dialect::COUNT],
            position: None,
            pending: 0,
            meanwhile: Vec::new(),
        });
        // A hub has not more channels than subscriptions, of which four billion do not fit in memory.
        let index = ChannelIndex::try_from(index).unwrap_or(ChannelIndex::MAX);
        self.by_name.insert(name.clone(), index);
        index
    }

    /// Forgets the channel if nobody needs it.
    pub(crate) fn release(&mut self, index: ChannelIndex) {
        if self.get(index).is_some_and(Channel::is_idle) {
            let channel = self.slab.remove(index as usize);
            self.by_name.remove(&channel.name);
        }
    }
}
