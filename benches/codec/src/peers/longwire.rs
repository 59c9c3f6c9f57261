//! Longwire as most use it: a `WebSocket`, which hands out whole messages.

use std::io::Write as _;

use longwire::handshake::DeflateParams;
use longwire::{
    Compression, Connection, ControlFrames, Event, Inbound, Input, Limits, MaskKeySource, Message,
    Outbound, Role, SendOptions, WebSocket,
};

use super::{Receiver, Sender};
use crate::deflate::Deflate;
use crate::outgoing::{Outgoing, Turn};
use crate::reader::{BUFFER_BYTES, Reader};
use crate::sink::Sink;
use crate::source::Source;
use crate::wire::Eye;

/// Masking keys in no time. What a program should take comes from the operating system, by way of
/// a buffer; a library that cannot be given keys has its own source.
pub(crate) const FAST_KEYS: MaskKeySource = || fastrand::u32(..).to_ne_bytes();

/// Masking keys as tungstenite, fastwebsockets and yawc make them.
pub(crate) const RAND_KEYS: MaskKeySource = rand::random;

/// One end of a connection whose handshake is done, with the default limits.
pub(crate) fn connection(role: Role, keys: MaskKeySource) -> Connection {
    match role {
        Role::Server => Connection::server(Limits::default()),
        Role::Client => Connection::client(Limits::default(), keys),
    }
}

/// A connection whose handshake has agreed to compression.
fn agreed(role: Role, deflate: Deflate) -> WebSocket {
    let params = DeflateParams {
        server_no_context_takeover: !deflate.takeover,
        client_no_context_takeover: !deflate.takeover,
        server_max_window_bits: deflate.window_bits,
        client_max_window_bits: deflate.window_bits,
    };
    WebSocket::with_deflate(connection(role, FAST_KEYS), params)
}

pub(crate) struct Receive {
    reader: Reader,
    socket: WebSocket,
    control: ControlFrames,
    inbound: Inbound,
}

impl Receive {
    fn with(socket: WebSocket, source: Source) -> Self {
        let (control, inbound) = (ControlFrames::new(), Inbound::new());
        Self { reader: Reader::new(source), socket, control, inbound }
    }
}

impl Receive {
    pub(crate) fn new(role: Role, source: Source) -> Self {
        Self::with(WebSocket::new(connection(role, FAST_KEYS)), source)
    }
}

impl Receiver for Receive {
    fn receive(&mut self, count: u64, eye: &mut impl Eye) {
        let mut left = count;
        while left > 0 {
            let mut input = Input::holding(self.reader.unread(), BUFFER_BYTES);
            while left > 0
                && let Some(event) = self
                    .socket
                    .receive(&mut input, &mut self.control, &mut self.inbound)
                    .expect("valid frames")
            {
                match event {
                    Event::Text(text) => eye.see(true, text.as_bytes()),
                    Event::Binary(data) => eye.see(false, data),
                    _ => unreachable!("messages alone were sent"),
                }
                left -= 1;
            }
            let (rest, missing) = (input.len(), input.missing());
            self.reader.keep(rest);
            if left > 0 {
                self.reader.read(missing);
            }
        }
    }
}

impl Receive {
    /// A server that has agreed to permessage-deflate.
    pub(crate) fn inflating(deflate: Deflate, source: Source) -> Self {
        Self::with(agreed(Role::Server, deflate), source)
    }

    /// A client that has.
    pub(crate) fn inflating_as_client(deflate: Deflate, source: Source) -> Self {
        Self::with(agreed(Role::Client, deflate), source)
    }
}

pub(crate) struct Send {
    turn: Turn<Vec<u8>>,
    text: bool,
    socket: WebSocket,
    outbound: Outbound,
    compression: Compression,
    out: Vec<u8>,
    sink: Sink,
}

impl Send {
    fn with(socket: WebSocket, options: SendOptions, outgoing: &Outgoing, sink: Sink) -> Self {
        Self {
            turn: outgoing.turn(Vec::clone),
            text: outgoing.text,
            socket,
            outbound: Outbound::new(options),
            compression: Compression::Never,
            out: Vec::new(),
            sink,
        }
    }

    /// The same with masking keys of this source.
    pub(crate) fn with_keys(
        role: Role,
        keys: MaskKeySource,
        outgoing: &Outgoing,
        sink: Sink,
    ) -> Self {
        let socket = WebSocket::new(connection(role, keys));
        Self::with(socket, SendOptions::default(), outgoing, sink)
    }

    fn write(&mut self) {
        self.sink.write_all(&self.out).expect("always writable");
        self.out.clear();
    }
}

impl Send {
    pub(crate) fn new(role: Role, outgoing: &Outgoing, sink: Sink) -> Self {
        Self::with_keys(role, FAST_KEYS, outgoing, sink)
    }
}

impl Sender for Send {
    fn send(&mut self, count: u64) {
        for _ in 0..count {
            let (payload, write) = self.turn.next();
            let message = match self.text {
                // The check is the application's, which has a `str` in the first place.
                true => Message::Text(std::str::from_utf8(payload).expect("text")),
                false => Message::Binary(payload),
            };
            self.socket
                .send(message, self.compression, &mut self.outbound, &mut self.out)
                .expect("open");
            if write {
                self.write();
            }
        }
        self.write();
    }
}

impl Send {
    /// A server that has agreed to permessage-deflate, and compresses every message.
    pub(crate) fn deflating(deflate: Deflate, outgoing: &Outgoing, sink: Sink) -> Self {
        Self::deflating_as(Role::Server, deflate, outgoing, sink)
    }

    /// A client that has.
    pub(crate) fn deflating_as_client(deflate: Deflate, outgoing: &Outgoing, sink: Sink) -> Self {
        Self::deflating_as(Role::Client, deflate, outgoing, sink)
    }

    fn deflating_as(role: Role, deflate: Deflate, outgoing: &Outgoing, sink: Sink) -> Self {
        let options = SendOptions {
            compression_level: deflate.level,
            compress_from_bytes: 1,
            ..SendOptions::default()
        };
        let send = Self::with(agreed(role, deflate), options, outgoing, sink);
        Self { compression: Compression::Auto, ..send }
    }
}
