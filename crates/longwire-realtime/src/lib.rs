#![doc = include_str!("../README.md")]

pub mod api;
pub mod dialect;
pub mod token;

pub mod broker;
mod channel;
mod channels;
mod claims;
mod client;
mod codec;
mod command;
mod config;
mod drops;
mod envelope;
mod error;
mod hub;
mod json;
mod memory_broker;
mod memory_presence;
mod moment;
mod namespace;
mod output;
mod payload;
pub mod presence;
mod publication;
mod push;
mod queue;
mod recovery;
mod request;
mod session;
mod sessions;
mod subscription;

pub use channel::{ChannelName, ChannelNameError};
pub use claims::{
    ClaimedChannel, ConnectionClaims, NoTokens, SubscriptionClaims, TokenError, Tokens,
};
pub use client::{ClientId, ClientInfo, SessionId};
pub use codec::{Codec, Dialect};
pub use command::{
    Command, CommandId, Connect, Connected, History, HistoryPage, PresenceStats, Publish, Recover,
    Reply, Subscribe, Subscribed,
};
pub use config::{Config, Limits, Times};
pub use drops::{DropReason, Drops};
pub use envelope::Envelope;
pub use error::{Disconnect, Error, Unsubscribed};
pub use hub::{Hub, Seams};
pub use json::Json;
pub use memory_broker::{MemoryBroker, MemoryNode};
pub use memory_presence::{HubPresence, MemoryPresence};
pub use namespace::{Access, Namespace, SlowConsumer};
pub use output::{Output, Ticket};
pub use payload::Payload;
pub use publication::{Epoch, Position, Publication};
pub use push::Push;
pub use request::{NodeInfo, Outgoing, Request, Response, Target};
pub use session::SessionKey;
