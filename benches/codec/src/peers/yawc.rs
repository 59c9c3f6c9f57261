//! yawc: `next_frame` on a `WebSocket`, which hands out whole messages as owned frames. Its check
//! of UTF-8 is off unless one asks for it; here it is on.

use bytes::Bytes;
use futures_util::SinkExt as _;
use longwire::Role;
use yawc::{CompressionLevel, DeflateOptions, Frame, OpCode, Options, WebSocket};

use super::{Receiver, Sender};
use crate::deflate::Deflate;
use crate::outgoing::{Outgoing, Turn};
use crate::sink::Sink;
use crate::source::{READ_BYTES, Source, now};
use crate::wire::Eye;

fn role(role: Role) -> yawc::Role {
    match role {
        Role::Server => yawc::Role::Server,
        Role::Client => yawc::Role::Client,
    }
}

pub(crate) struct Receive(WebSocket<Source>);

impl Receive {
    pub(crate) fn new(role: Role, source: Source) -> Self {
        let options = Options::default().with_utf8().with_read_buffer_capacity(READ_BYTES);
        Self(WebSocket::from_stream(source, self::role(role), options).expect("no extensions"))
    }
}

impl Receiver for Receive {
    fn receive(&mut self, count: u64, eye: &mut impl Eye) {
        now(async {
            for _ in 0..count {
                let frame = self.0.next_frame().await.expect("valid frames");
                eye.see(frame.opcode() == OpCode::Text, frame.payload());
            }
        });
    }
}

impl Receive {
    pub(crate) fn inflating(deflate: Deflate, source: Source) -> Self {
        let (extension, options) = agreed(deflate);
        let options = options.with_utf8().with_read_buffer_capacity(READ_BYTES);
        let role = yawc::Role::Server;
        let socket =
            WebSocket::from_stream_with_extensions(source, role, Some(&extension), options);
        Self(socket.expect("compression is on"))
    }
}

/// The header of the answer and the options that go with it.
fn agreed(deflate: Deflate) -> (String, Options) {
    let bits = deflate.window_bits;
    let mut extension = "permessage-deflate".to_owned();
    if !deflate.takeover {
        extension += "; server_no_context_takeover; client_no_context_takeover";
    }
    if bits < 15 {
        extension += &format!("; server_max_window_bits={bits}; client_max_window_bits={bits}");
    }
    let compression = DeflateOptions {
        level: CompressionLevel::new(u32::from(deflate.level)),
        server_max_window_bits: (bits < 15).then_some(bits),
        client_max_window_bits: (bits < 15).then_some(bits),
        server_no_context_takeover: !deflate.takeover,
        client_no_context_takeover: !deflate.takeover,
        ..DeflateOptions::default()
    };
    (extension, Options { compression: Some(compression), ..Options::default() })
}

/// Each message is a clone of a `Bytes`: cheaper than making one of borrowed bytes.
pub(crate) struct Send {
    turn: Turn<Bytes>,
    text: bool,
    socket: WebSocket<Sink>,
}

impl Send {
    pub(crate) fn new(role: Role, outgoing: &Outgoing, sink: Sink) -> Self {
        let turn = outgoing.turn(|payload| Bytes::copy_from_slice(payload));
        let options = Options::default().with_write_buffer_capacity(READ_BYTES);
        let socket = WebSocket::from_stream(sink, self::role(role), options);
        Self { turn, text: outgoing.text, socket: socket.expect("no extensions") }
    }
}

impl Sender for Send {
    fn send(&mut self, count: u64) {
        now(async {
            for _ in 0..count {
                let (payload, write) = self.turn.next();
                let payload = payload.clone();
                let frame = if self.text { Frame::text(payload) } else { Frame::binary(payload) };
                self.socket.feed(frame).await.expect("open");
                if write {
                    self.socket.flush().await.expect("always writable");
                }
            }
            self.socket.flush().await.expect("always writable");
        });
    }
}

impl Send {
    pub(crate) fn deflating(deflate: Deflate, outgoing: &Outgoing, sink: Sink) -> Self {
        let turn = outgoing.turn(|payload| Bytes::copy_from_slice(payload));
        let (extension, options) = agreed(deflate);
        let options = options.with_write_buffer_capacity(READ_BYTES);
        let role = yawc::Role::Server;
        let socket = WebSocket::from_stream_with_extensions(sink, role, Some(&extension), options);
        Self { turn, text: outgoing.text, socket: socket.expect("compression is on") }
    }
}
