//! Presence: who joins and leaves, and who is told how.

use std::sync::Arc;
use std::time::Duration;

use super::Hub;
use super::pending::Pending;
use crate::broker::{BrokerRequest, News};
use crate::presence::{PresenceAnswer, PresenceRequest};
use crate::queue::ChannelIndex;
use crate::session::SessionKey;
use crate::{ChannelName, PresenceStats};

impl Hub {
    /// The subscriber is present in the channel from now on, if sessions like it are.
    pub(super) fn join(&mut self, key: SessionKey, index: ChannelIndex) {
        let Some(session) = self.sessions.get(key).filter(|it| it.dialect.is_present()) else {
            return;
        };
        let Some(channel) = self.channels.get(index) else { return };
        let subscription = session.subscription(index);
        let info = subscription.and_then(|it| it.info.as_ref()).or(session.info.as_ref());
        let Some(info) = info.map(Arc::clone) else { return };
        let name = channel.name.clone();
        if self.renew_at.is_none() {
            self.renew_at = Some(self.now + self.renewal_interval());
        }
        let join = PresenceRequest::Join { channel: name.clone(), info: Arc::clone(&info) };
        self.ask_presence(Pending::Join(name, info), join);
    }

    /// Often enough that a lease does not end because one renewal is late.
    fn renewal_interval(&self) -> Duration {
        self.config.times.presence_lease / 3
    }

    pub(super) fn membership_answered(&mut self, pending: Pending, answer: PresenceAnswer) {
        match (pending, answer) {
            (Pending::Join(name, info), PresenceAnswer::Joined { is_new: true, stats }) => {
                self.announce(&name, News::Join(info), stats);
            }
            (Pending::Leave(name), PresenceAnswer::Left { gone: Some(info), stats }) => {
                self.announce(&name, News::Leave(info), stats);
            }
            (Pending::Crowd(channel), PresenceAnswer::Stats(stats)) => {
                self.tell_broker(BrokerRequest::Announce { channel, news: News::Crowd(stats) });
            }
            (Pending::Renewal, PresenceAnswer::Renewed { lapsed: true }) => self.join_again(),
            (Pending::Expiry, PresenceAnswer::Expired(gone)) => {
                for (name, info, stats) in gone {
                    self.announce(&name, News::Leave(info), stats);
                }
            }
            _ => {}
        }
    }

    /// Tells a channel who comes or goes: by name, or among many soon and as a number.
    fn announce(&mut self, name: &ChannelName, news: News, stats: PresenceStats) {
        let Some(namespace) = self.config.namespace(name).filter(|it| it.join_leave) else {
            return;
        };
        if stats.clients <= namespace.coalesce_above_clients {
            self.tell_broker(BrokerRequest::Announce { channel: name.clone(), news });
        } else if !self.crowds.contains_key(name) {
            let due = self.now + namespace.coalesce_interval;
            self.crowds.insert(name.clone(), due);
            self.crowds_due.insert((due, name.clone()));
        }
    }

    /// Tells those channels of many members whose time has come how many there are.
    pub(super) fn tell_crowds(&mut self) {
        while self.crowds_due.first().is_some_and(|it| it.0 <= self.now) {
            let Some((_, channel)) = self.crowds_due.pop_first() else { return };
            self.crowds.remove(&channel);
            let stats = PresenceRequest::Stats { channel: channel.clone() };
            self.ask_presence(Pending::Crowd(channel), stats);
        }
    }

    /// Keeps this hub's members present.
    pub(super) fn renew(&mut self) {
        if self.renew_at.is_some_and(|at| at <= self.now) {
            self.renew_at = Some(self.now + self.renewal_interval());
            self.ask_presence(Pending::Renewal, PresenceRequest::Renew);
        }
    }

    /// The lease of this hub has ended, and the store has forgotten its members.
    fn join_again(&mut self) {
        for key in self.sessions.keys() {
            let Some(session) = self.sessions.get(key) else { continue };
            let established = session.subscriptions.iter().filter(|it| it.is_established());
            let channels: Vec<ChannelIndex> = established.map(|it| it.channel).collect();
            for index in channels {
                if self.channels.get(index).is_some_and(|it| it.namespace.presence) {
                    self.join(key, index);
                }
            }
        }
    }
}
