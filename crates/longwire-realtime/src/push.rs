//! What a client is told without having asked.

use std::sync::Arc;

use crate::{
    ChannelName, ClientInfo, Disconnect, Epoch, Json, PresenceStats, Publication, Subscribed,
    Unsubscribed,
};

/// What a client is told without having asked. A dialect that has no words for one says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Push {
    /// A channel's subscriber is given a publication.
    Publication {
        /// Which channel.
        channel: ChannelName,
        /// Which life of the channel's history its offset belongs to; `None` where it has no offset.
        epoch: Option<Epoch>,
        /// What was published.
        publication: Arc<Publication>,
    },
    /// Someone has come.
    Join {
        /// To which channel.
        channel: ChannelName,
        /// Who.
        info: Arc<ClientInfo>,
    },
    /// Someone has gone.
    Leave {
        /// From which channel.
        channel: ChannelName,
        /// Who.
        info: Arc<ClientInfo>,
    },
    /// Some have come or gone, in a channel of so many that they are not named one by one.
    Crowd {
        /// Which channel.
        channel: ChannelName,
        /// How many are in it now.
        stats: PresenceStats,
    },
    /// The server has subscribed the session.
    Subscribe {
        /// To which channel.
        channel: ChannelName,
        /// From where on; nothing is recovered here.
        subscribed: Subscribed,
    },
    /// The server has ended a subscription.
    Unsubscribe {
        /// Of which channel.
        channel: ChannelName,
        /// Why, and whether to subscribe again.
        why: Unsubscribed,
    },
    /// The session ends: for wire forms without a closing handshake.
    Disconnect(Disconnect),
    /// A message outside of all channels.
    Message {
        /// What.
        data: Json,
    },
    /// Are you there? Also a sign of life to the client.
    Ping,
}
