//! sockudo-ws: a `WebSocketStream`, which hands out owned messages and takes such. Where messages
//! are compressed it is another type with the same calls.

use bytes::Bytes;
use futures_util::{SinkExt as _, Stream, StreamExt as _};
use longwire::Role;
use sockudo_ws::deflate::DeflateWindowBits;
use sockudo_ws::{CompressedWebSocketStream, Config, DeflateConfig, Message, WebSocketStream};

use super::{Receiver, Sender};
use crate::deflate::Deflate;
use crate::outgoing::{Outgoing, Turn};
use crate::sink::Sink;
use crate::source::{Source, now};
use crate::wire::Eye;

pub(super) fn role(role: Role) -> sockudo_ws::Role {
    match role {
        Role::Server => sockudo_ws::Role::Server,
        Role::Client => sockudo_ws::Role::Client,
    }
}

pub(crate) struct Receive(WebSocketStream<Source>);

impl Receive {
    pub(crate) fn new(role: Role, source: Source) -> Self {
        Self(WebSocketStream::from_raw(source, self::role(role), Config::default()))
    }
}

impl Receiver for Receive {
    fn receive(&mut self, count: u64, eye: &mut impl Eye) {
        receive(&mut self.0, count, eye);
    }
}

fn receive<S>(stream: &mut S, count: u64, eye: &mut impl Eye)
where
    S: Stream<Item = sockudo_ws::Result<Message>> + Unpin,
{
    now(async {
        for _ in 0..count {
            match stream.next().await.expect("no end").expect("valid frames") {
                Message::Text(text) => eye.see(true, &text),
                Message::Binary(data) => eye.see(false, &data),
                _ => unreachable!("messages alone were sent"),
            }
        }
    });
}

fn agreed(deflate: Deflate) -> DeflateConfig {
    let bits = DeflateWindowBits::try_from(deflate.window_bits).expect("9 to 15");
    DeflateConfig {
        server_max_window_bits: bits,
        client_max_window_bits: bits,
        server_no_context_takeover: !deflate.takeover,
        client_no_context_takeover: !deflate.takeover,
        compression_level: u32::from(deflate.level),
        compression_threshold: 1,
    }
}

/// The type that inflates.
pub(crate) struct Inflate(CompressedWebSocketStream<Source>);

impl Receiver for Inflate {
    fn receive(&mut self, count: u64, eye: &mut impl Eye) {
        receive(&mut self.0, count, eye);
    }
}

impl Inflate {
    pub(crate) fn inflating(deflate: Deflate, source: Source) -> Self {
        Self(CompressedWebSocketStream::server(source, Config::default(), agreed(deflate)))
    }
}

/// Each message is a clone of a `Bytes`: cheaper than making one of borrowed bytes.
pub(crate) struct Send {
    turn: Turn<Bytes>,
    text: bool,
    socket: WebSocketStream<Sink>,
}

impl Send {
    pub(crate) fn new(role: Role, outgoing: &Outgoing, sink: Sink) -> Self {
        let turn = outgoing.turn(|payload| Bytes::copy_from_slice(payload));
        let socket = WebSocketStream::from_raw(sink, self::role(role), Config::default());
        Self { turn, text: outgoing.text, socket }
    }
}

impl Sender for Send {
    fn send(&mut self, count: u64) {
        send(&mut self.socket, &mut self.turn, self.text, count);
    }
}

fn send<S>(socket: &mut S, turn: &mut Turn<Bytes>, text: bool, count: u64)
where
    S: futures_util::Sink<Message, Error = sockudo_ws::Error> + Unpin,
{
    now(async {
        for _ in 0..count {
            let (payload, write) = turn.next();
            let payload = payload.clone();
            let message = if text { Message::Text(payload) } else { Message::Binary(payload) };
            socket.feed(message).await.expect("open");
            if write {
                socket.flush().await.expect("always writable");
            }
        }
        socket.flush().await.expect("always writable");
    });
}

/// The type that compresses.
pub(crate) struct Compress {
    turn: Turn<Bytes>,
    text: bool,
    socket: CompressedWebSocketStream<Sink>,
}

impl Sender for Compress {
    fn send(&mut self, count: u64) {
        send(&mut self.socket, &mut self.turn, self.text, count);
    }
}

impl Compress {
    pub(crate) fn deflating(deflate: Deflate, outgoing: &Outgoing, sink: Sink) -> Self {
        let turn = outgoing.turn(|payload| Bytes::copy_from_slice(payload));
        let socket = CompressedWebSocketStream::server(sink, Config::default(), agreed(deflate));
        Self { turn, text: outgoing.text, socket }
    }
}
