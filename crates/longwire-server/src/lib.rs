#![doc = include_str!("../README.md")]

mod acceptor;
mod agenda;
mod application;
mod body;
mod calls;
mod chunk;
mod clock;
mod config;
mod connection;
mod context;
mod ending;
mod exchange;
mod handshake;
mod heap;
mod listener;
mod mailbox;
mod mio_network;
mod network;
mod outbox;
mod pending;
mod read_buffer;
mod reading;
mod request;
mod response;
mod server;
mod session;
mod shutdown;
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
mod turn;
mod waiting_control;
mod wheel;
mod worker;
mod writing;

pub use application::{Accept, Application, Incoming, Sent};
pub use chunk::Chunk;
pub use config::{Config, ConfigError, SlowConsumer};
pub use connection::ConnectionId;
pub use context::{Context, Peers};
pub use exchange::Exchange;
pub use mailbox::Waker;
pub use response::{Answer, HeaderLine, Response};
pub use server::{Handle, Server};
#[cfg(unix)]
pub use signal::shut_down_on_signals;

// What the engine's part of this crate's interface is made of: no dependency on it is needed.
pub use longwire::handshake::{DeflatePolicy, HeadLimits, HttpVersion, Request, Upgrade};
pub use longwire::{
    ApiMisuse, CloseCode, Closure, Compression, Initiator, Limits, Message, Prepared,
    ProtocolError, SendOptions, Timeouts,
};
