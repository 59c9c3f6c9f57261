//! The seam to what the hubs of a node, or of many nodes, share: publish, subscribe, history, and
//! messages from hub to hub.
//!
//! A request is answered at once, or later by an event: what is in memory can do the first, what is
//! across a network cannot. Each hub has a broker of its own that leads to the common one.

use std::sync::Arc;
use std::time::Duration;

use crate::envelope::Envelope;
use crate::{
    ChannelName, ClientId, ClientInfo, Disconnect, HistoryPage, Json, Namespace, Position,
    PresenceStats, Publication, Recover, Target,
};

/// By which number a hub finds what a late answer belongs to.
pub type RequestId = u64;

/// Called when events have come for a hub that is not at work: it has to have
/// [`wake`](crate::Hub::wake) called soon, on its own thread.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// What hubs share.
pub trait Broker: Send {
    /// Asks for something. `None`: the answer comes as [`BrokerEvent::Answer`] with this id.
    fn request(
        &mut self,
        id: RequestId,
        request: BrokerRequest,
        now: Duration,
    ) -> Option<BrokerAnswer>;

    /// The next event for this hub. Publications of one channel come in the order of their offsets.
    fn poll_event(&mut self) -> Option<BrokerEvent>;

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    fn poll_timeout(&self) -> Option<Duration>;

    /// Forgets what has become too old.
    fn handle_timeout(&mut self, now: Duration);

    /// The number of the last [`BrokerEvent::Control`] of any hub, also where it is still on its way to
    /// this one. 0: there was none.
    fn last_control(&self) -> u64;
}

/// What a hub asks of the broker.
#[derive(Clone, Debug)]
pub enum BrokerRequest {
    /// Gives a publication its offset, keeps it, and sends it to all hubs that are interested.
    Publish(Box<Outbound>),
    /// One subscriber more of this hub. From the moment of the answer's position on, the hub gets
    /// the channel's events.
    Subscribe {
        /// Of which channel.
        channel: ChannelName,
        /// The channel's policy.
        namespace: Arc<Namespace>,
        /// Also wants the publications after this offset, if the epoch is this one or unknown.
        since: Option<Recover>,
        /// How many of them at most. If there are more, none are needed.
        limit: usize,
    },
    /// One subscriber less of this hub. There is no answer.
    Unsubscribe {
        /// Of which channel.
        channel: ChannelName,
    },
    /// Part of a channel's history.
    History {
        /// Of which channel.
        channel: ChannelName,
        /// The channel's policy.
        namespace: Arc<Namespace>,
        /// How many publications at most.
        limit: usize,
        /// Only those after this position; before it, if `reverse`.
        since: Option<Recover>,
        /// From the newest to the oldest.
        reverse: bool,
    },
    /// Removes a channel's history. Its position stays.
    RemoveHistory {
        /// Of which channel.
        channel: ChannelName,
    },
    /// Tells the subscribers of a channel who comes and goes. There is no answer.
    Announce {
        /// Of which channel.
        channel: ChannelName,
        /// What.
        news: News,
    },
    /// Tells all hubs to do something. There is no answer.
    Control(Arc<Control>),
    /// The channels with subscribers whose names match.
    Channels {
        /// `*` stands for any characters; empty for all channels.
        pattern: String,
    },
    /// How much there is.
    Totals,
    /// What this hub has now, for [`BrokerRequest::Totals`]. There is no answer.
    Report {
        /// Sessions that are connected.
        clients: usize,
        /// Users of these.
        users: usize,
    },
}

/// A publication that has no offset yet.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// To which channel.
    pub channel: ChannelName,
    /// The channel's policy.
    pub namespace: Arc<Namespace>,
    /// What is published, its offset 0.
    pub publication: Publication,
    /// Whose session is left out.
    pub exclude: Option<ClientId>,
    /// The same key again is the same publication.
    pub idempotency_key: Option<String>,
    /// Whether it is left out of the history, and so gets no offset.
    pub skip_history: bool,
}

/// Who comes and goes in a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// This client has come.
    Join(Arc<ClientInfo>),
    /// This client has gone.
    Leave(Arc<ClientInfo>),
    /// That many are there now.
    Crowd(PresenceStats),
}

/// What all hubs have to do with those of their sessions that are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// Subscribe them.
    Subscribe {
        /// Whose sessions.
        target: Target,
        /// To which channel.
        channel: ChannelName,
        /// From where on.
        recover: Option<Recover>,
        /// What others in the channel are told of them.
        info: Option<Json>,
        /// How long without a refresh.
        ttl: Option<Duration>,
    },
    /// End their subscriptions.
    Unsubscribe {
        /// Whose sessions.
        target: Target,
        /// Of which channel; of all if `None`.
        channel: Option<ChannelName>,
    },
    /// End them.
    Disconnect {
        /// Whose sessions.
        target: Target,
        /// Sessions of these clients stay.
        whitelist: Vec<ClientId>,
        /// With which code and reason.
        disconnect: Disconnect,
    },
    /// Change when they expire.
    Refresh {
        /// Whose sessions.
        target: Target,
        /// Now.
        expired: bool,
        /// Then; `None` for never.
        ttl: Option<Duration>,
    },
}

/// What the broker answers.
#[derive(Clone, Debug)]
pub enum BrokerAnswer {
    /// Where the publication stands; `None` in a channel without history.
    Published(Option<Position>),
    /// The hub has one subscriber more.
    Subscribed {
        /// What comes as an event is above it; `None` in a channel without history.
        position: Option<Position>,
        /// What was asked for, as far as the history has it, in order.
        publications: Vec<Arc<Publication>>,
    },
    /// The channel has as many subscribers as it may.
    Full,
    /// Part of a history.
    History(HistoryPage),
    /// The history does not reach back to that position, or was never there.
    Unrecoverable,
    /// Channels and their numbers of subscribers, by name.
    Channels(Vec<(ChannelName, usize)>),
    /// How much there is.
    Totals(Totals),
    /// It is done.
    Done,
    /// It failed, and nothing has changed.
    Failed,
}

/// How much there is on all hubs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Sessions that are connected.
    pub clients: usize,
    /// Users, counted by each hub for itself.
    pub users: usize,
    /// Channels with subscribers.
    pub channels: usize,
    /// Subscriptions.
    pub subscriptions: usize,
}

/// What the broker has for a hub.
#[derive(Clone, Debug)]
pub enum BrokerEvent {
    /// A publication of a channel that it is interested in.
    Published(Arc<Envelope>),
    /// Who comes and goes in a channel that it is interested in.
    News {
        /// Which one.
        channel: ChannelName,
        /// What.
        news: News,
    },
    /// Something to do for those sessions that said who they are before it was asked for, and for the
    /// subscriptions that they asked for before.
    Control {
        /// They are numbered from 1 on, over all hubs.
        number: u64,
        /// What.
        control: Arc<Control>,
    },
    /// The answer to a request.
    Answer(RequestId, BrokerAnswer),
}
