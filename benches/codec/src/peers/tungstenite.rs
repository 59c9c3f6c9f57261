//! tungstenite: `read` on a `WebSocket`, which hands out owned messages.

use longwire::Role;
use tungstenite::{Message, WebSocket, protocol};

use super::Receiver;
use crate::source::{READ_BYTES, Source};
use crate::wire::Eye;

fn role(role: Role) -> protocol::Role {
    match role {
        Role::Server => protocol::Role::Server,
        Role::Client => protocol::Role::Client,
    }
}

pub(crate) struct Receive(WebSocket<Source>);

impl Receiver for Receive {
    fn new(role: Role, source: Source) -> Self {
        let config = protocol::WebSocketConfig::default().read_buffer_size(READ_BYTES);
        Self(WebSocket::from_raw_socket(source, self::role(role), Some(config)))
    }

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
