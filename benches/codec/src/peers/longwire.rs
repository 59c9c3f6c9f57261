//! Longwire, twice: a `WebSocket`, which hands out whole messages, and the `Connection` under it.

use std::io::Read as _;

use longwire::{Connection, ControlFrames, Event, Inbound, Input, Limits, Role, WebSocket};

use super::Receiver;
use crate::source::{READ_BYTES, Source};
use crate::wire::Eye;

/// The socket and the worker's one buffer, of which `at..filled` has not been looked at.
struct Reader {
    source: Source,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
}

impl Reader {
    fn new(source: Source) -> Self {
        Self { source, buffer: vec![0; READ_BYTES], at: 0, filled: 0 }
    }

    /// Moves the rest to the front, and reads behind it.
    fn read(&mut self) {
        self.buffer.copy_within(self.at..self.filled, 0);
        let kept = self.filled - self.at;
        let n = self.source.read(&mut self.buffer[kept..]).expect("always readable");
        (self.at, self.filled) = (0, kept + n);
    }
}

/// A server's connection, or a client's that sends nothing.
fn connection(role: Role) -> Connection {
    match role {
        Role::Server => Connection::server(Limits::default()),
        Role::Client => Connection::client(Limits::default(), || [0; 4]),
    }
}

/// Shows whole messages. A piece of one is shown to nobody.
#[inline(always)]
fn show(event: &Event<'_>, eye: &mut impl Eye) -> bool {
    match event {
        Event::Text(text) => eye.see(true, text.as_bytes()),
        Event::Binary(data) => eye.see(false, data),
        _ => return false,
    }
    true
}

/// What most users use.
pub(crate) struct Messages {
    reader: Reader,
    socket: WebSocket,
    control: ControlFrames,
    inbound: Inbound,
}

impl Receiver for Messages {
    fn new(role: Role, source: Source) -> Self {
        Self {
            reader: Reader::new(source),
            socket: WebSocket::new(connection(role)),
            control: ControlFrames::new(),
            inbound: Inbound::new(),
        }
    }

    fn receive(&mut self, count: u64, eye: &mut impl Eye) {
        let mut left = count;
        while left > 0 {
            let mut input = Input::new(&mut self.reader.buffer[self.reader.at..self.reader.filled]);
            while left > 0
                && let Some(event) = self
                    .socket
                    .receive(&mut input, &mut self.control, &mut self.inbound)
                    .expect("valid frames")
            {
                left -= u64::from(show(&event, eye));
            }
            self.reader.at = self.reader.filled - input.len();
            if left > 0 {
                self.reader.read();
            }
        }
    }
}

/// The state machine alone. Where a message comes in several reads it hands out pieces, which are
/// put together here as the simplest of programs would.
pub(crate) struct Frames {
    reader: Reader,
    connection: Connection,
    control: ControlFrames,
    message: Vec<u8>,
}

impl Receiver for Frames {
    fn new(role: Role, source: Source) -> Self {
        Self {
            reader: Reader::new(source),
            connection: connection(role),
            control: ControlFrames::new(),
            message: Vec::new(),
        }
    }

    fn receive(&mut self, count: u64, eye: &mut impl Eye) {
        let mut left = count;
        while left > 0 {
            let mut input = Input::new(&mut self.reader.buffer[self.reader.at..self.reader.filled]);
            while left > 0
                && let Some(event) =
                    self.connection.receive(&mut input, &mut self.control).expect("valid frames")
            {
                if let Event::Chunk(chunk) = event {
                    self.message.extend_from_slice(chunk.data);
                    if chunk.last {
                        eye.see(chunk.kind == longwire::Kind::Text, &self.message);
                        self.message.clear();
                        left -= 1;
                    }
                } else {
                    left -= u64::from(show(&event, eye));
                }
            }
            self.reader.at = self.reader.filled - input.len();
            if left > 0 {
                self.reader.read();
            }
        }
    }
}
