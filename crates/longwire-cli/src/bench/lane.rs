//! One connection under load: what is to be sent on it, and what has come back.

use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice, Read as _, Write as _};
use std::net::Shutdown;

use longwire::handshake::DeflateParams;
use longwire::{
    CloseCode, Connection, ControlFrames, Event, Header, Inbound, Input, Kind, Limits,
    MAX_REST_BYTES, OpCode, WebSocket,
};
use mio::net::TcpStream;

use super::expected::Expected;
use super::fault::Fault;
use super::messages::{Cursor, Messages};
use crate::random::random;

/// So much is read at a time.
const BUFFER_BYTES: usize = 256 * 1024;
/// A server may send replies longer than they should be by so much before the engine, which does not
/// know what they should be, refuses them as too long.
const SLACK_BYTES: u64 = 1 << 20;

/// Memory that all connections share.
pub(super) struct Memory {
    buffer: Vec<u8>,
    control: ControlFrames,
    inbound: Inbound,
}

impl Memory {
    pub(super) fn new() -> Self {
        let buffer = vec![0; BUFFER_BYTES];
        Self { buffer, control: ControlFrames::new(), inbound: Inbound::new() }
    }
}

/// What is spoken on a connection.
pub(super) enum Wire {
    /// The server sends the bytes back as they are.
    Raw,
    Plain(Connection),
    /// permessage-deflate was agreed to.
    Compressed(Box<WebSocket>),
}

impl Wire {
    /// A WebSocket connection for messages of this size.
    pub(super) fn websocket(size_bytes: usize, deflate: Option<DeflateParams>) -> Self {
        let max_message_bytes = (size_bytes as u64).saturating_add(SLACK_BYTES);
        let limits = Limits { max_message_bytes, ..Limits::DEFAULT };
        let connection = Connection::client(limits, random);
        match deflate {
            Some(params) => Self::Compressed(Box::new(WebSocket::with_deflate(connection, params))),
            None => Self::Plain(connection),
        }
    }
}

/// What one read has brought.
pub(super) struct Read {
    pub(super) bytes: usize,
    /// Replies that are now complete.
    pub(super) replies: usize,
    /// There may be more to be read at once.
    pub(super) has_more: bool,
}

/// One connection.
pub(super) struct Lane {
    stream: TcpStream,
    wire: Wire,
    /// What was read and is no whole header or control frame yet.
    rest: Vec<u8>,
    can_write: bool,
    /// Where the next byte to be sent is.
    cursor: Cursor,
    /// Messages that may leave and have not left in whole.
    unsent: usize,
    /// Answers to Pings, which leave between two frames.
    pongs: Vec<u8>,
    expected: Expected,
    /// Of each message whose reply is outstanding, the time that its latency counts from.
    since: VecDeque<u64>,
    /// The server has ended the stream, or reading has failed.
    has_ended: bool,
}

impl Lane {
    /// `rest` has come behind the handshake.
    pub(super) fn new(stream: TcpStream, wire: Wire, rest: Vec<u8>) -> Self {
        Self {
            stream,
            wire,
            rest,
            can_write: true,
            cursor: Cursor::default(),
            unsent: 0,
            pongs: Vec::new(),
            expected: Expected::default(),
            since: VecDeque::new(),
            has_ended: false,
        }
    }

    /// How many replies are expected, those of messages included that wait to be sent.
    pub(super) fn outstanding(&self) -> usize {
        self.since.len()
    }

    /// Whole replies so far.
    pub(super) fn replies(&self) -> u64 {
        self.expected.replies
    }

    /// One more message may leave; its latency counts from `since`.
    pub(super) fn permit(&mut self, since: u64) {
        self.since.push_back(since);
        self.unsent += 1;
    }

    /// The time that the oldest message counts from, whose reply is here now.
    pub(super) fn settle(&mut self) -> Option<u64> {
        self.since.pop_front()
    }

    /// The socket takes bytes again.
    pub(super) fn writable(&mut self) {
        self.can_write = true;
    }

    // ---- sending ----

    /// Writes as much as goes: how many bytes that were.
    pub(super) fn flush(&mut self, messages: &Messages) -> Result<usize, Fault> {
        let mut total = 0;
        while self.can_write && (self.unsent > 0 || !self.pongs.is_empty()) {
            let (pongs, mut slices) = (&self.pongs, [&[][..]; 2]);
            // RFC 6455 §5.4: a control frame goes between two frames, not into one.
            let frames = if pongs.is_empty() { self.unsent } else { self.cursor.offset.min(1) };
            if frames > 0 {
                slices = messages.slices(self.cursor, frames);
            } else {
                slices[0] = pongs;
            }
            let len = slices[0].len() + slices[1].len();
            let result = if slices[1].is_empty() {
                self.stream.write(slices[0])
            } else {
                self.stream.write_vectored(&slices.map(IoSlice::new))
            };
            match result {
                Ok(written) => {
                    total += written;
                    // A socket that takes a part is full.
                    self.can_write = written == len;
                    if frames > 0 {
                        self.unsent -= messages.advance(&mut self.cursor, written);
                    } else {
                        self.pongs.drain(..written);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.can_write = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::Io(error)),
            }
        }
        Ok(total)
    }

    // ---- receiving ----

    /// Reads once, and compares what has come with what should.
    pub(super) fn read(&mut self, memory: &mut Memory, messages: &Messages) -> Result<Read, Fault> {
        let kept = self.rest.len();
        memory.buffer[..kept].copy_from_slice(&self.rest);
        let room = &mut memory.buffer[kept..];
        let bytes = match self.stream.read(room) {
            Ok(0) => return Err(Fault::Ended),
            Ok(bytes) => bytes,
            Err(error) => {
                let has_more = match error.kind() {
                    ErrorKind::WouldBlock => false,
                    ErrorKind::Interrupted => true,
                    _ => return Err(Fault::Io(error)),
                };
                return Ok(Read { bytes: 0, replies: 0, has_more });
            }
        };
        // A read that leaves room has emptied the socket.
        let has_more = bytes == room.len();
        self.rest.clear();
        let before = self.expected.replies;
        self.receive(kept + bytes, memory, messages)?;
        let replies = usize::try_from(self.expected.replies - before).unwrap_or(usize::MAX);
        if replies > self.since.len() {
            return Err(Fault::Unasked);
        }
        Ok(Read { bytes, replies, has_more })
    }

    /// Takes the first `filled` bytes of the buffer.
    fn receive(
        &mut self,
        filled: usize,
        memory: &mut Memory,
        messages: &Messages,
    ) -> Result<(), Fault> {
        let Memory { buffer, control, inbound } = memory;
        let bytes = &mut buffer[..filled];
        let expected = &mut self.expected;
        if matches!(self.wire, Wire::Raw) {
            return expected.raw(bytes, messages);
        }
        let mut input = Input::new(bytes);
        loop {
            let event = match &mut self.wire {
                Wire::Raw => return Ok(()),
                Wire::Plain(connection) => connection.receive(&mut input, control),
                Wire::Compressed(socket) => socket.receive(&mut input, control, inbound),
            };
            let Some(event) = event.map_err(Fault::Protocol)? else { break };
            match event {
                Event::Text(text) => {
                    expected.piece(Kind::Text, text.as_bytes(), true, messages)?;
                }
                Event::Binary(data) => expected.piece(Kind::Binary, data, true, messages)?,
                Event::Chunk(chunk) => {
                    expected.piece(chunk.kind, chunk.data, chunk.last, messages)?;
                }
                Event::Ping(_) => {
                    self.pongs.extend_from_slice(control.poll_transmit().unwrap_or_default());
                }
                Event::Pong(_) => {}
                Event::Close(close) => {
                    let (code, reason) = (close.code.value(), close.reason.to_owned());
                    return Err(Fault::Closed { code, reason });
                }
            }
        }
        debug_assert!(input.len() <= MAX_REST_BYTES);
        self.rest.extend_from_slice(input.rest());
        Ok(())
    }

    // ---- ending ----

    /// Asks the server to end the connection. What cannot be sent is not.
    pub(super) fn close(&mut self) {
        if matches!(self.wire, Wire::Raw) {
            let _ = self.stream.shutdown(Shutdown::Write);
            return;
        }
        let mask = Some(random());
        let code = CloseCode::NORMAL.value().to_be_bytes();
        let payload_len = code.len() as u64;
        let header = Header { fin: true, rsv1: false, opcode: OpCode::Close, mask, payload_len };
        let header = header.encode();
        let mut payload = code;
        header.mask(&mut payload);
        let _ = self.stream.write(&[header.as_bytes(), &payload].concat());
    }

    /// Whether the server has ended the connection now, and had not before. RFC 6455 §7.1.1: the
    /// server does that first.
    pub(super) fn ends(&mut self, memory: &mut Memory) -> bool {
        while !self.has_ended {
            match self.stream.read(&mut memory.buffer) {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Ok(0) | Err(_) => {
                    self.has_ended = true;
                    return true;
                }
            }
        }
        false
    }
}
