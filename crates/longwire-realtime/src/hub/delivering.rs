//! The hot path: a publication to all its subscribers; and its slow side, for those who do not read.
//!
//! Nothing is allocated for a delivery. A publication is encoded when a dialect needs it first; then a
//! subscriber costs a look at its offset, a look at its room, and an entry among the targets.

use std::sync::Arc;

use super::Hub;
use crate::broker::News;
use crate::channels::Channel;
use crate::envelope::Envelope;
use crate::queue::{ChannelIndex, Consequence, ITEM_BYTES, Waiting};
use crate::session::SessionKey;
use crate::{ChannelName, Dialect, Disconnect, Payload, Push, Unsubscribed};

/// What a publication is to a channel that has a position.
enum Place {
    /// It comes next, or has no offset at all.
    Next,
    /// All subscribers have it, or were told that they do not.
    Past,
    /// Something is missing before it, or the channel's history has begun anew.
    Beyond,
}

fn place_of(envelope: &Envelope, channel: &Channel) -> Place {
    let (Some(epoch), Some(position)) = (&envelope.epoch, &channel.position) else {
        return Place::Next;
    };
    let offset = envelope.publication.offset;
    if *epoch != position.epoch {
        Place::Beyond
    } else if offset <= position.offset {
        Place::Past
    } else if offset == position.offset + 1 {
        Place::Next
    } else {
        Place::Beyond
    }
}

impl Hub {
    /// A publication has come.
    pub(super) fn deliver(&mut self, envelope: &Arc<Envelope>) {
        let Some(index) = self.channels.find(envelope.channel.as_str()) else { return };
        let Some(channel) = self.channels.get_mut(index) else { return };
        if channel.pending > 0 {
            channel.meanwhile.push(Arc::clone(envelope));
        }
        match place_of(envelope, channel) {
            Place::Next => {
                if let (Some(position), Some(_)) = (&mut channel.position, &envelope.epoch) {
                    position.offset = envelope.publication.offset;
                }
                for dialect in Dialect::ALL {
                    self.fan_out(index, dialect, envelope);
                }
            }
            Place::Past => {}
            Place::Beyond => self.revoke_all(index),
        }
    }

    /// Nobody knows what the subscribers of this channel have missed: they have to recover.
    fn revoke_all(&mut self, index: ChannelIndex) {
        let Some(channel) = self.channels.get_mut(index) else { return };
        channel.position = None;
        let keys: Vec<SessionKey> = channel.subscribers.iter().map(|it| it.session).collect();
        for key in keys {
            self.revoke(key, index, Unsubscribed::INSUFFICIENT_STATE);
        }
    }

    /// Gives the publication to the subscribers of one dialect.
    fn fan_out(&mut self, index: ChannelIndex, dialect: Dialect, envelope: &Arc<Envelope>) {
        let Some(channel) = self.channels.get(index) else { return };
        if channel.dialects[dialect.index()] == 0 {
            return;
        }
        let payload = envelope.payload(dialect, &*self.seams.codec);
        if payload.is_empty() {
            return;
        }
        self.outputs.mean(ITEM_BYTES + payload.len());
        let excluded = envelope.exclude.and_then(|client| self.sessions.by_client(client));
        let bytes = i32::try_from(payload.len()).unwrap_or(i32::MAX);
        // Without an offset it is above all of them.
        let offset = match envelope.publication.offset {
            0 => u64::MAX,
            offset => offset,
        };
        let mut slow = std::mem::take(&mut self.slow);
        for subscriber in &channel.subscribers {
            if subscriber.dialect != dialect
                || offset <= subscriber.since
                || Some(subscriber.session) == excluded
            {
                continue;
            }
            match self.sessions.rooms.get_mut(subscriber.session.index()) {
                Some(room) if *room > 0 => {
                    *room = room.saturating_sub(bytes);
                    self.outputs.targets.push(subscriber.session);
                }
                _ => slow.push(subscriber.session),
            }
        }
        self.outputs.fanout(payload);
        for key in slow.drain(..) {
            self.wait(key, index, payload, Some(envelope.publication.key.clone()));
        }
        self.slow = slow;
    }

    /// What came between a subscription and the broker's late answer to it.
    pub(super) fn deliver_meanwhile(&mut self, key: SessionKey, index: ChannelIndex, since: u64) {
        let Some(channel) = self.channels.get_mut(index) else { return };
        if channel.meanwhile.is_empty() {
            return;
        }
        let Some(dialect) = self.sessions.get(key).map(|session| session.dialect) else { return };
        let meanwhile = channel.meanwhile.clone();
        for envelope in &meanwhile {
            let Some(channel) = self.channels.get_mut(index) else { return };
            let Some(epoch) = &envelope.epoch else { continue };
            let Some(position) = &mut channel.position else { continue };
            let offset = envelope.publication.offset;
            if *epoch != position.epoch || offset <= since {
                continue;
            }
            // For the first subscriber of the channel nobody has followed its position.
            position.offset = position.offset.max(offset);
            let payload = envelope.payload(dialect, &*self.seams.codec).clone();
            self.send_or_wait(key, index, &payload, Some(envelope.publication.key.clone()));
        }
    }

    /// Tells the subscribers who want to know it who comes and goes.
    pub(super) fn deliver_news(&mut self, name: &ChannelName, news: &News) {
        let Some(index) = self.channels.find(name.as_str()) else { return };
        let Some(channel) = self.channels.get(index) else { return };
        let channel_name = name.clone();
        let push = match news {
            News::Join(info) => Push::Join { channel: channel_name, info: Arc::clone(info) },
            News::Leave(info) => Push::Leave { channel: channel_name, info: Arc::clone(info) },
            News::Crowd(stats) => Push::Crowd { channel: channel_name, stats: *stats },
        };
        let told: Vec<_> = channel.subscribers.iter().filter(|it| it.join_leave).copied().collect();
        for dialect in Dialect::ALL {
            if !told.iter().any(|subscriber| subscriber.dialect == dialect) {
                continue;
            }
            let mut bytes = Vec::new();
            self.seams.codec.encode_push(dialect, &push, &mut bytes);
            if bytes.is_empty() {
                continue;
            }
            let payload = Payload::new(bytes, None);
            self.outputs.mean(ITEM_BYTES + payload.len());
            for subscriber in told.iter().filter(|it| it.dialect == dialect) {
                self.send_or_wait(subscriber.session, index, &payload, None);
            }
        }
    }

    fn send_or_wait(
        &mut self,
        key: SessionKey,
        index: ChannelIndex,
        payload: &Payload,
        publication_key: Option<Option<Arc<str>>>,
    ) {
        if self.has_room(key) {
            self.take_room(key, payload.len());
            self.outputs.frame(key, payload.clone());
        } else {
            self.wait(key, index, payload, publication_key);
        }
    }

    /// Lets something wait for a session, or does what the policy says.
    fn wait(
        &mut self,
        key: SessionKey,
        index: ChannelIndex,
        payload: &Payload,
        publication_key: Option<Option<Arc<str>>>,
    ) {
        let Some(channel) = self.channels.get(index) else { return };
        let Some(session) = self.sessions.get_mut(key) else { return };
        let item = Waiting { channel: index, payload: payload.clone(), key: publication_key };
        let queue = session.queue.get_or_insert_default();
        let max_bytes = self.config.limits.max_queued_bytes;
        let offered = queue.offer(item, channel.namespace.slow_consumer, max_bytes);
        if queue.is_empty() {
            session.queue = None;
        }
        for (reason, count) in offered.dropped {
            self.drops.add(channel.name.namespace(), reason, count);
        }
        match offered.consequence {
            Consequence::None => {}
            Consequence::Disconnect => self.disconnect_dropping(key, Disconnect::SLOW),
            Consequence::Gap => self.revoke(key, index, Unsubscribed::INSUFFICIENT_STATE),
        }
    }

    /// Whether a connection takes more.
    pub(super) fn has_room(&self, key: SessionKey) -> bool {
        self.sessions.rooms.get(key.index()).is_some_and(|room| *room > 0)
    }

    /// Bytes are on their way to a session.
    pub(super) fn take_room(&mut self, key: SessionKey, bytes: usize) {
        if let Some(room) = self.sessions.rooms.get_mut(key.index()) {
            *room = room.saturating_sub(i32::try_from(bytes).unwrap_or(i32::MAX));
        }
    }

    /// So much is free, and what waits takes it.
    pub(super) fn make_room(&mut self, key: SessionKey, mut room: i32) {
        let Some(session) = self.sessions.get_mut(key).filter(|it| it.is_connected()) else {
            return;
        };
        let mut ended = Vec::new();
        if let Some(queue) = &mut session.queue {
            while room > 0
                && let Some(item) = queue.pop()
            {
                let bytes = i32::try_from(item.payload.len()).unwrap_or(i32::MAX);
                room = room.saturating_sub(bytes);
                self.outputs.frame(key, item.payload);
            }
            if room > 0 {
                ended = queue.take_ended(None);
            }
            if queue.is_empty() {
                session.queue = None;
            }
        }
        if let Some(slot) = self.sessions.rooms.get_mut(key.index()) {
            *slot = room;
        }
        for (channel, why) in ended {
            self.push(key, &Push::Unsubscribe { channel, why });
        }
    }
}
