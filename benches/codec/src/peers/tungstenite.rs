//! tungstenite: a `WebSocket`, which hands out owned messages and takes such.

use bytes::Bytes;
use longwire::Role;
use tungstenite::{Message, WebSocket, protocol};

use super::{Receiver, Sender};
use crate::outgoing::{Outgoing, Turn};
use crate::sink::Sink;
use crate::source::{READ_BYTES, Source};
use crate::wire::Eye;

fn role(role: Role) -> protocol::Role {
    match role {
        Role::Server => protocol::Role::Server,
        Role::Client => protocol::Role::Client,
    }
}

pub(crate) struct Receive(WebSocket<Source>);

impl Receive {
    pub(crate) fn new(role: Role, source: Source) -> Self {
        let config = protocol::WebSocketConfig::default().read_buffer_size(READ_BYTES);
        Self(WebSocket::from_raw_socket(source, self::role(role), Some(config)))
    }
}

impl Receiver for Receive {
    fn receive(&mut self, count: u64, eye: &mut impl Eye) {
        for _ in 0..count {
            match self.0.read().expect("valid frames") {
                Message::Text(text) => eye.see(true, text.as_bytes()),
                Message::Binary(data) => eye.see(false, &data),
                _ => unreachable!("messages alone were sent"),
            }
        }
    }
}

/// Each message is a clone of a `Bytes`: cheaper than making one of borrowed bytes.
pub(crate) struct Send {
    turn: Turn<Bytes>,
    socket: WebSocket<Sink>,
}

impl Send {
    pub(crate) fn new(role: Role, outgoing: &Outgoing, sink: Sink) -> Self {
        let turn = outgoing.turn(|payload| Bytes::copy_from_slice(payload));
        Self { turn, socket: WebSocket::from_raw_socket(sink, self::role(role), None) }
    }
}

impl Sender for Send {
    fn send(&mut self, count: u64) {
        for _ in 0..count {
            let (payload, write) = self.turn.next();
            self.socket.write(Message::Binary(payload.clone())).expect("open");
            if write {
                self.socket.flush().expect("always writable");
            }
        }
        self.socket.flush().expect("always writable");
    }
}
