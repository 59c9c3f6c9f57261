//! tokio-websockets: a `WebSocketStream`, which hands out owned messages and takes such.

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use longwire::Role;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_websockets::{ClientBuilder, Message, ServerBuilder, WebSocketStream};

use super::{Receiver, Sender};
use crate::outgoing::{Outgoing, Turn};
use crate::sink::Sink;
use crate::source::{Source, now};
use crate::wire::Eye;

fn socket<S: AsyncRead + AsyncWrite + Unpin>(role: Role, stream: S) -> WebSocketStream<S> {
    match role {
        Role::Server => ServerBuilder::new().serve(stream),
        Role::Client => ClientBuilder::new().take_over(stream),
    }
}

pub(crate) struct Receive(WebSocketStream<Source>);

impl Receive {
    pub(crate) fn new(role: Role, source: Source) -> Self {
        Self(socket(role, source))
    }
}

impl Receiver for Receive {
    fn receive(&mut self, count: u64, eye: &mut impl Eye) {
        now(async {
            for _ in 0..count {
                let message = self.0.next().await.expect("no end").expect("valid frames");
                eye.see(message.is_text(), message.as_payload());
            }
        });
    }
}

/// Each message is a clone of a `Bytes`: cheaper than making one of borrowed bytes.
pub(crate) struct Send {
    turn: Turn<Bytes>,
    socket: WebSocketStream<Sink>,
}

impl Send {
    pub(crate) fn new(role: Role, outgoing: &Outgoing, sink: Sink) -> Self {
        let turn = outgoing.turn(|payload| Bytes::copy_from_slice(payload));
        Self { turn, socket: socket(role, sink) }
    }
}

impl Sender for Send {
    fn send(&mut self, count: u64) {
        now(async {
            for _ in 0..count {
                let (payload, write) = self.turn.next();
                self.socket.feed(Message::binary(payload.clone())).await.expect("open");
                if write {
                    self.socket.flush().await.expect("always writable");
                }
            }
            self.socket.flush().await.expect("always writable");
        });
    }
}
