//! sockudo-ws without its stream: the `Protocol`, which takes what a program has read and fills a
//! list with owned messages, and encodes into the program's buffer. A program of its own around it
//! has to do without the stream's time-outs.

use std::io::Write as _;

use bytes::{Bytes, BytesMut};
use longwire::Role;
use sockudo_ws::{Config, Message, protocol::Protocol};
use tokio::io::AsyncReadExt as _;

use super::sockudo::role;
use super::{Receiver, Sender};
use crate::outgoing::{Outgoing, Turn};
use crate::sink::Sink;
use crate::source::{READ_BYTES, Source, now};
use crate::wire::Eye;

/// With the limits that its stream has.
fn protocol(role: Role) -> Protocol {
    let config = Config::default();
    Protocol::new(self::role(role), config.max_frame_size, config.max_message_size)
}

pub(crate) struct Receive {
    source: Source,
    protocol: Protocol,
    buffer: BytesMut,
    /// What came in the last read, of which `at` have been shown.
    messages: Vec<Message>,
    at: usize,
}

impl Receive {
    pub(crate) fn new(role: Role, source: Source) -> Self {
        let buffer = BytesMut::with_capacity(READ_BYTES);
        Self { source, protocol: protocol(role), buffer, messages: Vec::new(), at: 0 }
    }
}

impl Receiver for Receive {
    fn receive(&mut self, count: u64, eye: &mut impl Eye) {
        for _ in 0..count {
            while self.at == self.messages.len() {
                // Without the last messages the buffer is its own again.
                self.messages.clear();
                self.at = 0;
                self.buffer.reserve(READ_BYTES);
                now(self.source.read_buf(&mut self.buffer)).expect("always readable");
                let result = self.protocol.process_into(&mut self.buffer, &mut self.messages);
                result.expect("valid frames");
            }
            match &self.messages[self.at] {
                Message::Text(text) => eye.see(true, text),
                Message::Binary(data) => eye.see(false, data),
                _ => unreachable!("messages alone were sent"),
            }
            self.at += 1;
        }
    }
}

/// Binary messages, each a clone of a `Bytes`.
pub(crate) struct Send {
    turn: Turn<Bytes>,
    protocol: Protocol,
    out: BytesMut,
    sink: Sink,
}

impl Send {
    pub(crate) fn new(role: Role, outgoing: &Outgoing, sink: Sink) -> Self {
        let turn = outgoing.turn(|payload| Bytes::copy_from_slice(payload));
        Self { turn, protocol: protocol(role), out: BytesMut::new(), sink }
    }

    fn write(&mut self) {
        self.sink.write_all(&self.out).expect("always writable");
        self.out.clear();
    }
}

impl Sender for Send {
    fn send(&mut self, count: u64) {
        for _ in 0..count {
            let (payload, write) = self.turn.next();
            let message = Message::Binary(payload.clone());
            self.protocol.encode_message(&message, &mut self.out).expect("open");
            if write {
                self.write();
            }
        }
        self.write();
    }
}
