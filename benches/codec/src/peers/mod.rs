//! The implementations, each a small file behind the traits of what is measured.

pub(crate) mod fastwebsockets;
pub(crate) mod longwire;
pub(crate) mod sockudo;
pub(crate) mod tokio_websockets;
pub(crate) mod tungstenite;
pub(crate) mod yawc;

use ::longwire::Role;

use crate::source::Source;
use crate::wire::Eye;

/// Who receives messages, as a program that uses the library would.
pub(crate) trait Receiver {
    /// An endpoint that reads from `source`. All of the library's checks are on.
    fn new(role: Role, source: Source) -> Self;

    /// Receives the next `count` messages, and shows each to `eye` as the library hands it out.
    fn receive(&mut self, count: u64, eye: &mut impl Eye);
}
