#![doc = include_str!("../README.md")]

pub mod api;
pub mod dialect;
pub mod token;

mod channel;
mod claims;
mod client;
mod codec;
mod command;
mod config;
mod error;
mod json;
mod namespace;
mod publication;
mod push;
mod request;

pub use channel::{ChannelName, ChannelNameError};
pub use claims::{
    ClaimedChannel, ConnectionClaims, NoTokens, SubscriptionClaims, TokenError, Tokens,
};
pub use client::{ClientId, ClientInfo, SessionId};
pub use codec::{Codec, Dialect, Payload};
pub use command::{
    Command, CommandId, Connect, Connected, History, HistoryPage, PresenceStats, Publish, Recover,
    Reply, Subscribe, Subscribed,
};
pub use config::{Config, Limits, Times};
pub use error::{Disconnect, Error, Unsubscribed};
pub use json::Json;
pub use namespace::{Access, Namespace, SlowConsumer};
pub use publication::{Epoch, Position, Publication};
pub use push::Push;
pub use request::{NodeInfo, Outgoing, Request, Response, Target};
