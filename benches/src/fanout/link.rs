//! A WebSocket connection of the load: opened with calls that block, then written and read without.

use std::fmt;
use std::io::{ErrorKind, Read as _, Write as _};

use anyhow::{Context as _, Result, bail, ensure};
use longwire::handshake::{ClientRequest, HeadLimits, HeadScanner, Response, Status, Url};
use longwire::{
    Compression, Connection, ControlFrames, Event, Inbound, Input, Limits, Message, Outbound,
    SendOptions, WebSocket,
};
use mio::net::TcpStream;

/// So much is read at a time.
const BUFFER_BYTES: usize = 256 * 1024;

/// Memory that all connections share.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) buffer: Vec<u8>,
    control: ControlFrames,
    inbound: Inbound,
    outbound: Outbound,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self {
            buffer: vec![0; BUFFER_BYTES],
            control: ControlFrames::new(),
            inbound: Inbound::new(),
            outbound: Outbound::new(SendOptions::default()),
        }
    }
}

/// A socket, and what it has not taken yet.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) stream: TcpStream,
    pub(super) unsent: Vec<u8>,
}

impl Socket {
    /// Writes as much as goes; the rest is for when the socket takes more.
    pub(super) fn flush(&mut self) -> Result<()> {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(written) => drop(self.unsent.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("cannot write"),
            }
        }
        Ok(())
    }

    /// Reads once: how many bytes. `None`: there are none now.
    pub(super) fn read(&mut self, room: &mut [u8]) -> Result<Option<usize>> {
        loop {
            match self.stream.read(room) {
                Ok(0) => bail!("the server has ended the connection"),
                Ok(read) => return Ok(Some(read)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("cannot read"),
            }
        }
    }
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) socket: Socket,
    websocket: WebSocket,
    /// What was read and is no whole header or control frame yet; at first, what has come behind the
    /// handshake.
    rest: Vec<u8>,
}

/// The server has sent a Close.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) code: u16,
    reason: String,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server closes with {} and says {:?}", self.code, self.reason)
    }
}

impl std::error::Error for Closed {}

/// A connection whose opening handshake has been asked for.
#[derive(Debug)]
pub(super) struct Asked {
    stream: std::net::TcpStream,
    url: String,
    nonce: [u8; 16],
}

impl Asked {
    /// Asks a server for `resource` on a connection that was opened to it.
    ///
    /// # Errors
    /// The server has gone.
    pub(super) fn new(stream: std::net::TcpStream, resource: &str) -> Result<Self> {
        let url = format!("ws://{}{resource}", stream.peer_addr()?);
        let mut asked = Self { stream, url, nonce: random() };
        let mut request = [0; 1024];
        let length = asked.request()?.encode(&mut request)?;
        asked.stream.write_all(&request[..length])?;
        Ok(asked)
    }

    fn request(&self) -> Result<ClientRequest<'_>> {
        Ok(ClientRequest::new(Url::parse(&self.url)?, self.nonce))
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// It does not come, or is not the one that was asked for.
    pub(super) fn answer(mut self) -> Result<Link> {
        let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
        let (mut buffer, mut received) = ([0; 4096], Vec::new());
        loop {
            let read = self.stream.read(&mut buffer)?;
            ensure!(read > 0, "the server ended the connection in the handshake");
            received.extend_from_slice(&buffer[..read]);
            if let Status::Complete(head) = scanner.scan(&received)? {
                self.request()?.verify(&Response::parse(head)?)?;
                break;
            }
        }
        received.drain(..scanner.examined_bytes());
        self.stream.set_nonblocking(true)?;
        Ok(Link {
            socket: Socket { stream: TcpStream::from_std(self.stream), unsent: Vec::new() },
            websocket: WebSocket::new(Connection::client(Limits::DEFAULT, random)),
            rest: received,
        })
    }
}

impl Link {
    /// Adds a text message to what is to be sent.
    pub(super) fn say(&mut self, text: &str, memory: &mut Memory) -> Result<()> {
        let message = Message::Text(text);
        let Memory { outbound, .. } = memory;
        self.websocket.send(message, Compression::Never, outbound, &mut self.socket.unsent)?;
        Ok(())
    }

    /// Reads what there is, and hands out the text messages in it.
    pub(super) fn read(
        &mut self,
        memory: &mut Memory,
        mut on_text: impl FnMut(&str) -> Result<()>,
    ) -> Result<()> {
        loop {
            let kept = self.rest.len();
            memory.buffer[..kept].copy_from_slice(&self.rest);
            let room = &mut memory.buffer[kept..];
            let Some(read) = self.socket.read(room)? else { return Ok(()) };
            // A read that leaves room has emptied the socket.
            let has_more = read == room.len();
            self.rest.clear();
            self.receive(kept + read, memory, &mut on_text)?;
            if !has_more {
                return self.socket.flush();
            }
        }
    }

    /// Hands out what has come behind the handshake.
    pub(super) fn begin(
        &mut self,
        memory: &mut Memory,
        mut on_text: impl FnMut(&str) -> Result<()>,
    ) -> Result<()> {
        let received = std::mem::take(&mut self.rest);
        memory.buffer[..received.len()].copy_from_slice(&received);
        self.receive(received.len(), memory, &mut on_text)
    }

    /// Takes the first `filled` bytes of the buffer.
    fn receive(
        &mut self,
        filled: usize,
        memory: &mut Memory,
        on_text: &mut impl FnMut(&str) -> Result<()>,
    ) -> Result<()> {
        let Memory { buffer, control, inbound, .. } = memory;
        let mut input = Input::new(&mut buffer[..filled]);
        while let Some(event) = self.websocket.receive(&mut input, control, inbound)? {
            match event {
                Event::Text(text) => on_text(text)?,
                Event::Ping(_) => {
                    let pongs = control.poll_transmit().unwrap_or_default();
                    self.socket.unsent.extend_from_slice(pongs);
                }
                Event::Pong(_) => {}
                Event::Binary(_) | Event::Chunk(_) => bail!("the server sends what is no text"),
                Event::Close(close) => {
                    let reason = close.reason.to_owned();
                    bail!(Closed { code: close.code.value(), reason })
                }
            }
        }
        self.rest.extend_from_slice(input.rest());
        Ok(())
    }
}

/// A nonce (RFC 6455 §4.1) or a masking key (RFC 6455 §5.3).
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes
}
