//! tokio-websockets: `next` on a `WebSocketStream`, which hands out owned messages.

use futures_util::StreamExt as _;
use longwire::Role;
use tokio_websockets::{ClientBuilder, ServerBuilder, WebSocketStream};

use super::Receiver;
use crate::source::{Source, now};
use crate::wire::Eye;

pub(crate) struct Receive(WebSocketStream<Source>);

impl Receiver for Receive {
    fn new(role: Role, source: Source) -> Self {
        Self(match role {
            Role::Server => ServerBuilder::new().serve(source),
            Role::Client => ClientBuilder::new().take_over(source),
        })
    }

    fn receive(&mut self, count: u64, eye: &mut impl Eye) {
        now(async {
            for _ in 0..count {
                let message = self.0.next().await.expect("no end").expect("valid frames");
                eye.see(message.is_text(), message.as_payload());
            }
        });
    }
}
