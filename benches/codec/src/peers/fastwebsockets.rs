//! fastwebsockets: `read_frame` on a `FragmentCollector`, which hands out whole messages as owned
//! frames.

use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, WebSocket};
use longwire::Role;

use super::{Receiver, Sender};
use crate::outgoing::{Outgoing, Turn};
use crate::sink::Sink;
use crate::source::{Source, now};
use crate::wire::Eye;

fn role(role: Role) -> fastwebsockets::Role {
    match role {
        Role::Server => fastwebsockets::Role::Server,
        Role::Client => fastwebsockets::Role::Client,
    }
}

pub(crate) struct Receive(FragmentCollector<Source>);

impl Receive {
    pub(crate) fn new(role: Role, source: Source) -> Self {
        Self(FragmentCollector::new(WebSocket::after_handshake(source, self::role(role))))
    }
}

impl Receiver for Receive {
    fn receive(&mut self, count: u64, eye: &mut impl Eye) {
        now(async {
            for _ in 0..count {
                let frame = self.0.read_frame().await.expect("valid frames");
                eye.see(frame.opcode == OpCode::Text, &frame.payload);
            }
        });
    }
}

/// Each frame borrows its payload, and is written at once.
pub(crate) struct Send {
    turn: Turn<Vec<u8>>,
    socket: WebSocket<Sink>,
}

impl Send {
    pub(crate) fn new(role: Role, outgoing: &Outgoing, sink: Sink) -> Self {
        let socket = WebSocket::after_handshake(sink, self::role(role));
        Self { turn: outgoing.turn(Vec::clone), socket }
    }
}

impl Sender for Send {
    fn send(&mut self, count: u64) {
        now(async {
            for _ in 0..count {
                let (payload, _) = self.turn.next();
                let frame = Frame::binary(Payload::Borrowed(payload));
                self.socket.write_frame(frame).await.expect("always writable");
            }
        });
    }
}
