//! sockudo-ws: `next` on a `WebSocketStream`, which hands out owned messages.

use futures_util::StreamExt as _;
use longwire::Role;
use sockudo_ws::{Config, Message, WebSocketStream};

use super::Receiver;
use crate::source::{Source, now};
use crate::wire::Eye;

fn role(role: Role) -> sockudo_ws::Role {
    match role {
        Role::Server => sockudo_ws::Role::Server,
        Role::Client => sockudo_ws::Role::Client,
    }
}

pub(crate) struct Receive(WebSocketStream<Source>);

impl Receiver for Receive {
    fn new(role: Role, source: Source) -> Self {
        Self(WebSocketStream::from_raw(source, self::role(role), Config::default()))
    }

    fn receive(&mut self, count: u64, eye: &mut impl Eye) {
        now(async {
            for _ in 0..count {
                match self.0.next().await.expect("no end").expect("valid frames") {
                    Message::Text(text) => eye.see(true, &text),
                    Message::Binary(data) => eye.see(false, &data),
                    _ => unreachable!("messages alone were sent"),
                }
            }
        });
    }
}
