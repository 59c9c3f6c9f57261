#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable
    )
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

// Frames and messages, without allocation.
mod check;
mod close;
mod connection;
mod control;
mod deadlines;
mod error;
mod event;
pub mod handshake;
mod header;
mod input;
mod limits;
mod mask;
mod send;
mod state;
mod utf8;
mod whole;

// Whole messages.
#[cfg(feature = "alloc")]
mod heap;
#[cfg(feature = "alloc")]
mod in_place;
#[cfg(feature = "alloc")]
mod inbound;
#[cfg(feature = "alloc")]
mod outbound;
#[cfg(feature = "alloc")]
mod partial;
#[cfg(feature = "alloc")]
mod prepared;
#[cfg(feature = "alloc")]
mod websocket;

// permessage-deflate.
#[cfg(feature = "deflate")]
mod deflate;
#[cfg(feature = "deflate")]
mod extension;
#[cfg(feature = "deflate")]
mod inflate;

pub use close::{Close, CloseCode, MAX_CLOSE_REASON_BYTES};
pub use connection::Connection;
pub use control::ControlFrames;
pub use deadlines::{Deadlines, Expired, Timeouts};
pub use error::{ApiMisuse, ProtocolError};
pub use event::{Chunk, Event, Kind, Message};
pub use header::{EncodedHeader, Header, MAX_CONTROL_PAYLOAD_BYTES, MAX_HEADER_BYTES, OpCode};
pub use input::Input;
pub use limits::Limits;
pub use mask::apply_mask;
pub use state::{Closure, Initiator, MaskKeySource, Role, State};
pub use utf8::{InvalidUtf8, Utf8};

#[cfg(feature = "alloc")]
pub use inbound::Inbound;
#[cfg(feature = "alloc")]
pub use outbound::{Outbound, SendOptions};
#[cfg(feature = "alloc")]
pub use prepared::Prepared;
#[cfg(feature = "alloc")]
pub use websocket::{Compression, WebSocket};

/// The most bytes that [`Connection::receive`] leaves in its input: one byte less than the
/// longest control frame, masked. Give it a buffer that is longer than this.
pub const MAX_REST_BYTES: usize = 2 + 4 + MAX_CONTROL_PAYLOAD_BYTES - 1;
