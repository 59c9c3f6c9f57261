//! One session of a hub: a client's connection, from its opening to its end.

use std::sync::Arc;
use std::time::Duration;

use crate::moment::Moment;
use crate::queue::{ChannelIndex, Queue};
use crate::subscription::Subscription;
use crate::{ChannelName, ClientId, ClientInfo, CommandId, Dialect, SessionId, Subscribed, Target};

/// Which session of a hub. A key is never used again within four billion sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl SessionKey {
    /// A small number that no other session of the hub has at the same time.
    pub fn index(self) -> usize {
        self.index as usize
    }
}

pub(crate) enum Phase {
    /// It has not said who it is.
    Opened,
    /// It has, and the server's subscriptions for it are on their way.
    Connecting(Box<Connecting>),
    Connected,
}

/// A connect command that cannot be answered yet.
pub(crate) struct Connecting {
    pub(crate) id: CommandId,
    pub(crate) ttl: Option<Duration>,
    /// Answers of the broker that are outstanding.
    pub(crate) outstanding: usize,
    /// In the order of the token, for those that have been answered.
    pub(crate) subs: Vec<(ChannelName, Subscribed)>,
    /// How much the publications in them are counted with.
    pub(crate) recovered_bytes: usize,
}

pub(crate) struct Session {
    pub(crate) generation: u32,
    pub(crate) dialect: Dialect,
    pub(crate) phase: Phase,
    pub(crate) id: SessionId,
    pub(crate) client: ClientId,
    /// Who it is; `None` before it said so.
    pub(crate) info: Option<Arc<ClientInfo>>,
    /// The last control at that time: it and those before it do not mean this session.
    pub(crate) last_control: u64,
    /// By channel.
    pub(crate) subscriptions: Vec<Subscription>,
    /// There only while something waits.
    pub(crate) queue: Option<Box<Queue>>,
    /// Where its entry in the hub's timers stands.
    pub(crate) timer_at: Option<Moment>,
    pub(crate) ping_at: Option<Moment>,
    /// By when there has to be a sign of life: the connect command, or a pong.
    pub(crate) silent_until: Option<Moment>,
    pub(crate) expires_at: Option<Moment>,
    /// The earliest expiry of a subscription.
    pub(crate) subscription_expires_at: Option<Moment>,
}

impl Session {
    pub(crate) fn new(generation: u32, dialect: Dialect, client: ClientId, id: SessionId) -> Self {
        Self {
            generation,
            dialect,
            phase: Phase::Opened,
            id,
            client,
            info: None,
            last_control: 0,
            subscriptions: Vec::new(),
            queue: None,
            timer_at: None,
            ping_at: None,
            silent_until: None,
            expires_at: None,
            subscription_expires_at: None,
        }
    }

    /// The user; empty for someone anonymous.
    pub(crate) fn user(&self) -> &str {
        self.info.as_ref().map_or("", |info| &*info.user)
    }

    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Connected)
    }

    /// Whether all that the target gives is true of it, and was when the control of this number was asked
    /// for. That control may have been longer on its way than a client took to hear of it on another hub
    /// and to come here.
    pub(crate) fn is_meant(&self, target: &Target, number: u64) -> bool {
        !target.is_empty()
            && self.info.is_some()
            && self.last_control < number
            && (target.user.is_empty() || target.user == self.user())
            && target.client.is_none_or(|client| client == self.client)
            && target.session.is_none_or(|session| session == self.id)
    }

    pub(crate) fn subscription(&self, channel: ChannelIndex) -> Option<&Subscription> {
        let at = self.subscriptions.binary_search_by_key(&channel, |it| it.channel).ok()?;
        self.subscriptions.get(at)
    }

    pub(crate) fn subscription_mut(&mut self, channel: ChannelIndex) -> Option<&mut Subscription> {
        let at = self.subscriptions.binary_search_by_key(&channel, |it| it.channel).ok()?;
        self.subscriptions.get_mut(at)
    }

    /// Adds one for a channel that has none.
    pub(crate) fn subscribe(&mut self, subscription: Subscription) {
        let by = |it: &Subscription| it.channel;
        if let Err(at) = self.subscriptions.binary_search_by_key(&subscription.channel, by) {
            // Most sessions have one channel, or few.
            if self.subscriptions.len() < 4 {
                self.subscriptions.reserve_exact(1);
            }
            self.subscriptions.insert(at, subscription);
        }
    }

    pub(crate) fn unsubscribe(&mut self, channel: ChannelIndex) -> Option<Subscription> {
        let at = self.subscriptions.binary_search_by_key(&channel, |it| it.channel).ok()?;
        Some(self.subscriptions.remove(at))
    }

    /// Finds the earliest expiry of a subscription anew.
    pub(crate) fn note_expiries(&mut self) {
        self.subscription_expires_at =
            self.subscriptions.iter().filter_map(|subscription| subscription.expires_at).min();
    }

    /// When something of it is due.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let deadlines =
            [self.ping_at, self.silent_until, self.expires_at, self.subscription_expires_at];
        deadlines.into_iter().flatten().min().map(Moment::time)
    }
}
