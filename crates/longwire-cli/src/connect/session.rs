//! The connection, from the handshake to its end: a loop over a non-blocking socket.
//!
//! In each turn, in this order: what the user wants becomes frames; what has come is read, and shown;
//! deadlines are kept; frames are written. Then it waits for whatever happens next.
//!
//! No line is taken from the user while much waits to be written. Reading always goes on: two ends
//! that both wait for the other to read first would wait for ever.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use longwire::{
    CloseCode, Closure, Compression, ControlFrames, Deadlines, Event, Expired, Inbound, Message,
    Outbound, SendOptions, State, Timeouts, WebSocket,
};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token, Waker};

use super::Arguments;
use super::display::Display;
use super::handshake::Opened;
use super::input::{Command, Input, LINES};

const SOCKET: Token = Token(0);
const INPUT: Token = Token(1);

/// While more than this waits to be written, nothing is added to it.
const HIGH_WATER_BYTES: usize = 64 * 1024;
/// So many reads a turn, so that the user is heard in between.
const READS: usize = 16;

/// Talks until the connection is over.
pub(super) fn run(opened: Opened, arguments: &Arguments, display: &mut Display) -> Result<Closure> {
    let mut poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), INPUT)?);
    let mut session = Session::new(opened, arguments, display)?;
    let interest = Interest::READABLE | Interest::WRITABLE;
    poll.registry().register(&mut session.stream, SOCKET, interest)?;
    let input = Input::start(waker)?;
    let mut events = Events::with_capacity(8);
    while !session.is_over {
        session.obey(&input)?;
        session.read();
        session.keep_deadlines();
        session.write();
        if session.is_over {
            break;
        }
        match poll.poll(&mut events, session.timeout()) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        for event in events.iter().filter(|event| event.token() == SOCKET) {
            session.can_read |= event.is_readable() || event.is_read_closed() || event.is_error();
            session.can_write |= event.is_writable() || event.is_write_closed();
        }
    }
    let closure = session.socket.connection().closure().context("the connection is not closed")?;
    session.display.closed(&closure, &session.reason);
    Ok(closure)
}

struct Session<'d> {
    stream: TcpStream,
    can_read: bool,
    can_write: bool,
    /// The user may have more lines, which nobody will wake the loop for.
    has_lines: bool,
    socket: WebSocket,
    buffer: Vec<u8>,
    /// Bytes at the front of `buffer` that the engine has not taken yet.
    filled: usize,
    inbound: Inbound,
    outbound: Outbound,
    control: ControlFrames,
    /// What is to be written; `written` bytes of it are.
    out: Vec<u8>,
    written: usize,
    start: Instant,
    timeouts: Timeouts,
    deadlines: Deadlines,
    /// The reason in the server's Close.
    reason: String,
    is_over: bool,
    display: &'d mut Display,
}

impl<'d> Session<'d> {
    fn new(opened: Opened, arguments: &Arguments, display: &'d mut Display) -> io::Result<Self> {
        let Opened { stream, socket, buffer, filled } = opened;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream: TcpStream::from_std(stream),
            can_read: true,
            can_write: true,
            has_lines: false,
            socket,
            buffer,
            filled,
            inbound: Inbound::new(),
            outbound: Outbound::new(SendOptions::default()),
            control: ControlFrames::new(),
            out: Vec::new(),
            written: 0,
            start: Instant::now(),
            timeouts: Timeouts {
                ping_interval: arguments.ping_interval,
                message_timeout: None,
                close_timeout: Some(arguments.close_timeout),
                ..Timeouts::DEFAULT
            },
            deadlines: Deadlines::new(Duration::ZERO),
            reason: String::new(),
            is_over: false,
            display,
        })
    }

    // ---- the user ----

    /// Does what the user wants.
    fn obey(&mut self, input: &Input) -> Result<()> {
        if input.is_interrupted() || self.display.is_broken() {
            self.close(CloseCode::GOING_AWAY)?;
        }
        self.has_lines = false;
        for _ in 0..LINES {
            if self.waiting() >= HIGH_WATER_BYTES {
                self.write();
            }
            if self.state() != State::Open || self.waiting() >= HIGH_WATER_BYTES {
                return Ok(());
            }
            match input.next() {
                None => return Ok(()),
                Some(Command::Line(line)) => {
                    let (message, auto) = (Message::Text(&line), Compression::Auto);
                    self.socket.send(message, auto, &mut self.outbound, &mut self.out)?;
                }
                Some(Command::NotUtf8) => self.display.alarm("not sent: the line is not UTF-8"),
                Some(Command::End) => self.close(CloseCode::NORMAL)?,
            }
        }
        self.has_lines = true;
        Ok(())
    }

    fn close(&mut self, code: CloseCode) -> Result<()> {
        if self.state() == State::Open {
            self.socket.close(code, "", &mut self.control)?;
            self.deadlines.closing(self.now());
        }
        Ok(())
    }

    // ---- the network ----

    /// Writes as much as goes.
    fn write(&mut self) {
        self.take_control();
        while self.can_write && self.waiting() > 0 {
            match self.stream.write(&self.out[self.written..]) {
                Ok(written) => {
                    self.written += written;
                    self.restart_closing();
                }
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock => self.can_write = false,
                    // Reading says what has become of the connection: the server's Close may lie
                    // there.
                    _ => self.discard_output(),
                },
            }
            if self.waiting() == 0 {
                self.discard_output();
                self.take_control();
            }
        }
    }

    /// Reads what there is, and shows it.
    fn read(&mut self) {
        self.receive();
        for _ in 0..READS {
            if !self.can_read || self.is_over {
                break;
            }
            match self.stream.read(&mut self.buffer[self.filled..]) {
                Ok(0) => self.end(),
                Ok(read) => {
                    self.filled += read;
                    self.deadlines.receive(self.now(), false);
                    self.restart_closing();
                    self.receive();
                }
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock => self.can_read = false,
                    _ => {
                        if self.state() != State::Closed {
                            self.display.alarm(&format!("cannot read: {error}"));
                        }
                        self.end();
                    }
                },
            }
        }
    }

    /// Shows what has been read.
    fn receive(&mut self) {
        let mut input = longwire::Input::new(&mut self.buffer[..self.filled]);
        // An error closes the connection and is part of its closure.
        while let Ok(Some(event)) =
            self.socket.receive(&mut input, &mut self.control, &mut self.inbound)
        {
            match event {
                Event::Text(text) => self.display.text(text),
                Event::Binary(data) => self.display.binary(data),
                Event::Ping(payload) => self.display.control("ping", payload),
                Event::Pong(payload) => self.display.control("pong", payload),
                Event::Close(close) => close.reason.clone_into(&mut self.reason),
                Event::Chunk(_) => {} // Not from a `WebSocket`.
            }
            if self.out.len() - self.written < HIGH_WATER_BYTES {
                self.out.extend_from_slice(self.control.poll_transmit().unwrap_or_default());
            }
        }
        let kept = input.len();
        self.buffer.copy_within(self.filled - kept..self.filled, 0);
        self.filled = kept;
    }

    /// The stream has ended.
    fn end(&mut self) {
        self.socket.receive_eof();
        self.is_over = true;
    }

    // ---- time ----

    /// Does what is due.
    fn keep_deadlines(&mut self) {
        if self.state() == State::Closed {
            // What is left is for the server to close TCP, which does not take long.
            self.deadlines.closing(self.now());
        }
        while let Some(expired) = self.deadlines.handle_timeout(self.now(), &self.timeouts) {
            match expired {
                // Where there is no room for it, nothing is taken: its answer will be overdue too.
                Expired::Ping => drop(self.socket.ping(b"", &mut self.control)),
                Expired::PongOverdue | Expired::MessageOverdue => {
                    self.display.alarm("the server does not answer a Ping");
                    self.end();
                }
                Expired::CloseOverdue => {
                    if self.state() != State::Closed {
                        self.display.alarm("the server does not answer the Close");
                    }
                    self.end();
                }
            }
            if self.is_over {
                break;
            }
        }
    }

    /// How long nothing may happen; no time at all while there is something left to do.
    fn timeout(&self) -> Option<Duration> {
        if self.can_read || self.has_lines {
            return Some(Duration::ZERO);
        }
        let deadline = self.deadlines.poll_timeout(&self.timeouts)?;
        Some(deadline.saturating_sub(self.now()))
    }

    /// Bytes came, or went. A server that still sends, or still takes what was sent, is at work: its
    /// time to answer the Close begins when it falls silent.
    fn restart_closing(&mut self) {
        if self.state() == State::Closing {
            self.deadlines = Deadlines::new(self.now());
            self.deadlines.closing(self.now());
        }
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    // ---- what is to be written ----

    fn state(&self) -> State {
        self.socket.connection().state()
    }

    /// How many bytes wait to be written.
    fn waiting(&self) -> usize {
        self.out.len() - self.written
    }

    fn take_control(&mut self) {
        if self.waiting() < HIGH_WATER_BYTES {
            self.out.extend_from_slice(self.control.poll_transmit().unwrap_or_default());
        }
    }

    fn discard_output(&mut self) {
        self.out.clear();
        self.written = 0;
    }
}
