//! The implementations, each a small file behind the traits of what is measured.

pub(crate) mod fastwebsockets;
pub(crate) mod longwire;
pub(crate) mod longwire_connection;
pub(crate) mod sockudo;
pub(crate) mod sockudo_protocol;
pub(crate) mod tokio_websockets;
pub(crate) mod tungstenite;
pub(crate) mod yawc;

use crate::wire::Eye;

/// Name and version, as Cargo.toml has them.
pub(crate) const VERSIONS: &str = "tungstenite 0.30.0, tokio-websockets 0.13.3, fastwebsockets \
                                   0.10.0, yawc 0.5.0, sockudo-ws 3.1.0";

/// Who receives messages, as a program that uses the library would, with all of its checks on.
pub(crate) trait Receiver {
    /// Receives the next `count` messages, and shows each to `eye` as the library hands it out.
    fn receive(&mut self, count: u64, eye: &mut impl Eye);
}

/// Who sends messages, as a program that uses the library would.
pub(crate) trait Sender {
    /// Sends the next `count` messages, and has written all of them when it returns.
    fn send(&mut self, count: u64);
}
