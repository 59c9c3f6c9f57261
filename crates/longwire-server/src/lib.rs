#![doc = include_str!("../README.md")]

mod acceptor;
mod agenda;
mod application;
#[allow(dead_code, reason = "nobody reads bodies yet")]
mod body;
mod clock;
mod config;
mod connection;
mod context;
mod ending;
mod handshake;
mod heap;
mod listener;
mod mailbox;
mod mio_network;
mod network;
mod outbox;
mod read_buffer;
mod server;
mod session;
#[cfg(unix)]
mod signal;
#[cfg(any(test, feature = "simulation"))]
pub mod simulation;
mod slots;
mod socket;
mod table;
#[cfg(test)]
mod tests;
mod timers;
mod traffic;
mod turn;
mod wheel;
mod worker;

pub use application::{Accept, Application, HeaderLine, Response, Sent};
pub use config::{Config, ConfigError, SlowConsumer};
pub use connection::ConnectionId;
pub use context::{Context, Peers};
pub use server::{Handle, Server};
#[cfg(unix)]
pub use signal::shut_down_on_signals;

// What the engine's part of this crate's interface is made of: no dependency on it is needed.
pub use longwire::handshake::{DeflatePolicy, HeadLimits, Request, Upgrade};
pub use longwire::{
    ApiMisuse, CloseCode, Closure, Compression, Initiator, Limits, Message, Prepared,
    ProtocolError, SendOptions, Timeouts,
};
