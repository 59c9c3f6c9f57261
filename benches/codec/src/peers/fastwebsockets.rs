//! fastwebsockets: `read_frame` on a `FragmentCollector`, which hands out whole messages as owned
//! frames.

use fastwebsockets::{FragmentCollector, OpCode, WebSocket};
use longwire::Role;

use super::Receiver;
use crate::source::{Source, now};
use crate::wire::Eye;

fn role(role: Role) -> fastwebsockets::Role {
    match role {
        Role::Server => fastwebsockets::Role::Server,
        Role::Client => fastwebsockets::Role::Client,
    }
}

pub(crate) struct Receive(FragmentCollector<Source>);

impl Receiver for Receive {
    fn new(role: Role, source: Source) -> Self {
        Self(FragmentCollector::new(WebSocket::after_handshake(source, self::role(role))))
    }

    fn receive(&mut self, count: u64, eye: &mut impl Eye) {
        now(async {
            for _ in 0..count {
                let frame = self.0.read_frame().await.expect("valid frames");
                eye.see(frame.opcode == OpCode::Text, &frame.payload);
            }
        });
    }
}
