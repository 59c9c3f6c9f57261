#![doc = include_str!("../README.md")]

mod api;
mod asking;
mod batch;
mod cors;
mod credential;
mod emulation;
mod events;
mod gateway;
mod links;
mod node;
mod origin;
mod page;
mod poll;
mod query;
mod readers;
mod route;
mod settings;

pub use gateway::Gateway;
pub use node::{Chance, Node};
pub use origin::Origins;
pub use settings::{ApiAccess, Settings};
