//! How subscriptions and sessions end.

use std::time::Duration;

use super::Hub;
use super::pending::Pending;
use crate::broker::BrokerRequest;
use crate::drops::DropReason;
use crate::presence::PresenceRequest;
use crate::queue::ChannelIndex;
use crate::session::SessionKey;
use crate::subscription::Subscription;
use crate::{ChannelName, ClientId, CommandId, Disconnect, Error, Push, Reply, Unsubscribed};

impl Hub {
    /// A client wants a subscription no more. It is told so whether it had one or not.
    pub(super) fn unsubscribe(
        &mut self,
        key: SessionKey,
        id: CommandId,
        channel: &str,
    ) -> Result<(), Error> {
        let (name, _) = self.resolve(channel)?;
        if let Some(channel) = self.channels.find(name.as_str()) {
            self.end_subscription(key, channel, false);
        }
        self.reply(key, id, &Ok(Reply::Unsubscribe));
        Ok(())
    }

    /// The server ends a subscription and tells the client.
    pub(super) fn revoke(&mut self, key: SessionKey, channel: ChannelIndex, why: Unsubscribed) {
        let Some(name) = self.channels.get(channel).map(|channel| channel.name.clone()) else {
            return;
        };
        // A client subscribes again to what it has subscribed to itself. What its token subscribes it
        // to it gets back, and recovers, when it connects.
        let subscription = self.sessions.get(key).and_then(|session| session.subscription(channel));
        if why.resubscribes() && subscription.is_some_and(|it| it.is_of_token) {
            return self.disconnect_dropping(key, Disconnect::INSUFFICIENT_STATE);
        }
        // Whoever is told to subscribe again is as good as there.
        if !self.end_subscription(key, channel, why.resubscribes()) {
            return;
        }
        let has_room = self.has_room(key);
        match self.sessions.get_mut(key) {
            // A client hears of it behind what is under way to it. A reader is on this side of the
            // connection: it would come back at once, and fill it with what it recovers.
            Some(session) if session.dialect.has_readers() && why.resubscribes() && !has_room => {
                session.queue.get_or_insert_default().end(name, why);
            }
            _ => self.push(key, &Push::Unsubscribe { channel: name, why }),
        }
    }

    /// Tells a reader now of the end of a subscription of which it was to be told when there is room.
    pub(super) fn tell_ended(&mut self, key: SessionKey, channel: &ChannelName) {
        let Some(session) = self.sessions.get_mut(key) else { return };
        let Some(queue) = &mut session.queue else { return };
        let ended = queue.take_ended(Some(channel));
        if queue.is_empty() {
            session.queue = None;
        }
        for (channel, why) in ended {
            self.push(key, &Push::Unsubscribe { channel, why });
        }
    }

    /// Ends a subscription, if there is one. `comes_back`: its member has its grace period.
    pub(super) fn end_subscription(
        &mut self,
        key: SessionKey,
        channel: ChannelIndex,
        comes_back: bool,
    ) -> bool {
        let Some(session) = self.sessions.get_mut(key) else { return false };
        let Some(subscription) = session.unsubscribe(channel) else { return false };
        session.note_expiries();
        if let Some(queue) = &mut session.queue {
            queue.purge(channel);
            if queue.is_empty() {
                session.queue = None;
            }
        }
        let client = session.client;
        self.leave_channel(&subscription, client, comes_back);
        true
    }

    /// Undoes what a subscription is outside of its session.
    fn leave_channel(&mut self, subscription: &Subscription, client: ClientId, comes_back: bool) {
        // One that the broker has not answered yet is undone when it has.
        if !subscription.is_established() {
            return;
        }
        let index = subscription.channel;
        let Some(channel) = self.channels.get_mut(index) else { return };
        let place = subscription.place as usize;
        let gone = channel.subscribers.swap_remove(place);
        channel.dialects[gone.dialect.index()] -= 1;
        if let Some(moved) = channel.subscribers.get(place)
            && let Some(session) = self.sessions.get_mut(moved.session)
            && let Some(moved) = session.subscription_mut(index)
        {
            moved.place = subscription.place;
        }
        let (name, namespace) = (channel.name.clone(), channel.namespace.clone());
        self.tell_broker(BrokerRequest::Unsubscribe { channel: name.clone() });
        if namespace.presence {
            let grace = if comes_back { namespace.presence_grace } else { Duration::ZERO };
            let leave = PresenceRequest::Leave { channel: name.clone(), client, grace };
            self.ask_presence(Pending::Leave(name), leave);
        }
        self.channels.release(index);
    }

    /// The server ends a session and tells the client.
    pub(super) fn disconnect(&mut self, key: SessionKey, disconnect: Disconnect) {
        let Some(session) = self.sessions.get(key) else { return };
        if session.dialect.is_told_of_its_end() {
            self.push(key, &Push::Disconnect(disconnect.clone()));
        }
        let comes_back = disconnect.reconnects();
        self.outputs.close(key, disconnect);
        self.end_session(key, comes_back);
    }

    /// Forgets a session. `comes_back`: its members have their grace periods.
    pub(super) fn end_session(&mut self, key: SessionKey, comes_back: bool) {
        let Some(mut session) = self.sessions.remove(key) else { return };
        for subscription in std::mem::take(&mut session.subscriptions) {
            self.leave_channel(&subscription, session.client, comes_back);
        }
    }

    /// Ends a session because something did not get to it: all that waits in it is dropped.
    pub(super) fn disconnect_dropping(&mut self, key: SessionKey, why: Disconnect) {
        let queue = self.sessions.get_mut(key).and_then(|session| session.queue.take());
        for channel in queue.iter().flat_map(|queue| queue.channels()) {
            if let Some(channel) = self.channels.get(channel) {
                self.drops.add(channel.name.namespace(), DropReason::Disconnect, 1);
            }
        }
        self.disconnect(key, why);
    }
}
