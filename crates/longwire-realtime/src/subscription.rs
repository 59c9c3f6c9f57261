//! A subscription, from its session's side and from its channel's.

use std::sync::Arc;

use crate::moment::Moment;
use crate::queue::ChannelIndex;
use crate::session::SessionKey;
use crate::{ClientInfo, Dialect};

/// The place of a subscription that the broker has not answered yet.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// What a session knows of its subscription.
pub(crate) struct Subscription {
    pub(crate) channel: ChannelIndex,
    /// Where it stands among the subscribers of the channel, or [`NOWHERE`].
    pub(crate) place: u32,
    /// Tells it from an earlier one of the same session to the same channel.
    pub(crate) serial: u32,
    /// The connection token said so: its client cannot subscribe again, it can connect again.
    pub(crate) is_of_token: bool,
    /// Who the subscriber is in this channel, if that is more than what it is in all.
    pub(crate) info: Option<Arc<ClientInfo>>,
    pub(crate) expires_at: Option<Moment>,
    /// The last control when its client asked for it: it and those before it do not mean this
    /// subscription. 0 where an application asked, whose controls come in their order.
    pub(crate) last_control: u64,
}

impl Subscription {
    /// Whether the broker has answered it.
    pub(crate) fn is_established(&self) -> bool {
        self.place != NOWHERE
    }
}

/// What a channel knows of its subscriber: what is looked at for each delivery.
#[derive(Clone, Copy)]
pub(crate) struct Subscriber {
    /// It has, or was given, everything up to this offset.
    pub(crate) since: u64,
    pub(crate) session: SessionKey,
    pub(crate) dialect: Dialect,
    /// Whether it wants to know who comes and goes.
    pub(crate) join_leave: bool,
}

const _: () = assert!(size_of::<Subscriber>() == 24, "what a subscriber costs a channel");
const _: () = assert!(size_of::<Subscription>() == 40, "what a subscription costs a session");
