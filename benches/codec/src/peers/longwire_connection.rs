//! Longwire without memory: the `Connection`, a state machine that hands out what has come.

use std::io::Write as _;

use longwire::{Connection, ControlFrames, Event, Input, Kind, MAX_HEADER_BYTES, Message, Role};

use super::longwire::{FAST_KEYS, connection};
use super::{Receiver, Sender};
use crate::outgoing::{Outgoing, Turn};
use crate::reader::{BUFFER_BYTES, Reader};
use crate::sink::Sink;
use crate::source::{READ_BYTES, Source};
use crate::wire::Eye;

/// Where a message comes in several reads it hands out pieces, which are put together here as the
/// simplest of programs would.
pub(crate) struct Receive {
    reader: Reader,
    connection: Connection,
    control: ControlFrames,
    message: Vec<u8>,
}

impl Receive {
    pub(crate) fn new(role: Role, source: Source) -> Self {
        Self {
            reader: Reader::new(source),
            connection: connection(role, FAST_KEYS),
            control: ControlFrames::new(),
            message: Vec::new(),
        }
    }
}

impl Receiver for Receive {
    fn receive(&mut self, count: u64, eye: &mut impl Eye) {
        let mut left = count;
        while left > 0 {
            let mut input = Input::holding(self.reader.unread(), BUFFER_BYTES);
            while left > 0
                && let Some(event) =
                    self.connection.receive(&mut input, &mut self.control).expect("valid frames")
            {
                match event {
                    Event::Text(text) => eye.see(true, text.as_bytes()),
                    Event::Binary(data) => eye.see(false, data),
                    Event::Chunk(chunk) => {
                        self.message.extend_from_slice(chunk.data);
                        if !chunk.last {
                            continue;
                        }
                        eye.see(chunk.kind == Kind::Text, &self.message);
                        self.message.clear();
                    }
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

/// Binary messages, encoded into an array.
pub(crate) struct Send {
    turn: Turn<Vec<u8>>,
    connection: Connection,
    out: Vec<u8>,
    filled: usize,
    sink: Sink,
}

impl Send {
    fn write(&mut self) {
        self.sink.write_all(&self.out[..self.filled]).expect("always writable");
        self.filled = 0;
    }
}

impl Send {
    pub(crate) fn new(role: Role, outgoing: &Outgoing, sink: Sink) -> Self {
        let turn = outgoing.turn(Vec::clone);
        let connection = connection(role, FAST_KEYS);
        // Writes are due every 64 KiB of payload, and headers come on top of that.
        let out = vec![0; READ_BYTES * (1 + MAX_HEADER_BYTES)];
        Self { turn, connection, out, filled: 0, sink }
    }
}

impl Sender for Send {
    fn send(&mut self, count: u64) {
        for _ in 0..count {
            let (payload, write) = self.turn.next();
            let space = &mut self.out[self.filled..];
            self.filled += self.connection.encode(Message::Binary(payload), space).expect("space");
            if write {
                self.write();
            }
        }
        self.write();
    }
}
