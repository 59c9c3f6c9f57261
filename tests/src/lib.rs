//! What the whole-system tests stand on.

pub mod check;
pub mod client;
pub mod feed;
pub mod handshake;
pub mod notation;
pub mod reconnect;
pub mod trace;
pub mod vector;
