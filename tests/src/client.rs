//! A blocking WebSocket client: the engine over a `std::net::TcpStream`.
//!
//! One read buffer, from which one event is taken at a time; what is to be sent is gathered in `out`
//! and written before the next read. Every wait has an end: `Options::read_timeout`.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use longwire::handshake::{
    ClientRequest, DeflateOffer, DeflateParams, HeadLimits, HeadScanner, Response, Status, Url,
};
use longwire::{
    CloseCode, Closure, Compression, Connection, ControlFrames, Event, Inbound, Input, Limits,
    Message, Outbound, ProtocolError, SendOptions, State, WebSocket,
};

/// One read takes at most this much.
const BUFFER_BYTES: usize = 256 * 1024;
/// Echoes are written once they are this much, even when the input holds more messages.
const WRITE_BYTES: usize = 256 * 1024;

/// How a [`Client`] behaves.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The offer of permessage-deflate, if it is to be offered.
    pub deflate: Option<DeflateOffer>,
    /// What the server may send.
    pub limits: Limits,
    /// How messages are sent.
    pub send: SendOptions,
    /// How long one read may wait for a byte.
    pub read_timeout: Duration,
    /// How long to wait for the server to close the TCP connection, once the closing handshake is
    /// done (RFC 6455 §7.1.1).
    pub eof_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            deflate: Some(DeflateOffer::default()),
            limits: Limits::DEFAULT,
            send: SendOptions::DEFAULT,
            read_timeout: Duration::from_secs(20),
            eof_timeout: Duration::from_secs(5),
        }
    }
}

/// What the server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A Ping, which is answered already.
    Ping(Vec<u8>),
    /// A Pong.
    Pong(Vec<u8>),
    /// A Close, with its code and its reason. Its answer is out, where one is due.
    Close(CloseCode, String),
}

impl Received {
    fn of(event: Event<'_>) -> Option<Self> {
        Some(match event {
            Event::Text(text) => Self::Text(text.to_owned()),
            Event::Binary(data) => Self::Binary(data.to_vec()),
            Event::Ping(payload) => Self::Ping(payload.to_vec()),
            Event::Pong(payload) => Self::Pong(payload.to_vec()),
            Event::Close(close) => Self::Close(close.code, close.reason.to_owned()),
            // Not from a `WebSocket`.
            Event::Chunk(_) => return None,
        })
    }
}

/// A connection to a server, opened.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    socket: WebSocket,
    deflate: Option<DeflateParams>,
    options: Options,
    /// What was read; `unread` is the part that the engine has not taken yet.
    buffer: Vec<u8>,
    unread: std::ops::Range<usize>,
    inbound: Inbound,
    outbound: Outbound,
    control: ControlFrames,
    out: Vec<u8>,
    sent_bytes: u64,
}

impl Client {
    /// Connects and completes the opening handshake.
    ///
    /// # Errors
    ///
    /// The URL is invalid or `wss:`; the server cannot be reached; it does not answer in time, or
    /// not with a 101 that keeps every rule.
    pub fn connect(url: &str, options: Options) -> Result<Self> {
        let url = Url::parse(url)?;
        ensure!(!url.is_secure(), "TLS is not supported");
        let mut request = ClientRequest::new(url, random());
        request.deflate = options.deflate;
        let mut stream = TcpStream::connect((url.host(), url.port()))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(options.read_timeout))?;

        let mut buffer = vec![0; BUFFER_BYTES];
        let request_bytes = request.encode(&mut buffer)?;
        stream.write_all(&buffer[..request_bytes])?;

        let mut scanner = HeadScanner::new(HeadLimits::default());
        let mut filled = 0;
        let (head_bytes, deflate) = loop {
            let read = stream.read(&mut buffer[filled..]).context("no handshake response")?;
            ensure!(read > 0, "end of stream in the handshake response");
            filled += read;
            if let Status::Complete(head) = scanner.scan(&buffer[..filled])? {
                let established = request.verify(&Response::parse(head)?)?;
                break (head.bytes().len(), established.deflate);
            }
        };
        let connection = Connection::client(options.limits, random);
        let socket = match deflate {
            Some(params) => WebSocket::with_deflate(connection, params),
            None => WebSocket::new(connection),
        };
        Ok(Self {
            stream,
            socket,
            deflate,
            options,
            buffer,
            unread: head_bytes..filled,
            inbound: Inbound::new(),
            outbound: Outbound::new(options.send),
            control: ControlFrames::new(),
            out: Vec::new(),
            sent_bytes: 0,
        })
    }

    /// What was agreed on permessage-deflate.
    pub fn deflate(&self) -> Option<DeflateParams> {
        self.deflate
    }

    /// How many bytes of frames were written to the socket so far.
    pub fn sent_bytes(&self) -> u64 {
        self.sent_bytes
    }

    /// How the connection ended, once it has.
    pub fn closure(&self) -> Option<Closure> {
        self.socket.connection().closure()
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// The connection is closing, or the socket does not take the bytes.
    pub fn send(&mut self, message: Message<'_>) -> Result<()> {
        self.socket.send(message, Compression::Auto, &mut self.outbound, &mut self.out)?;
        Ok(self.flush()?)
    }

    /// Sends one fragment of a message.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), or a message of the other kind is being sent.
    pub fn send_fragment(&mut self, fragment: Message<'_>, last: bool) -> Result<()> {
        self.socket.send_fragment(fragment, last, &mut self.out)?;
        Ok(self.flush()?)
    }

    /// Sends a Ping.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), or the payload is over 125 bytes.
    pub fn ping(&mut self, payload: &[u8]) -> Result<()> {
        self.socket.ping(payload, &mut self.control)?;
        self.take_control();
        Ok(self.flush()?)
    }

    /// Begins the closing handshake. What still comes has to be [received](Self::receive).
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send), or the code must not be on the wire, or the reason is too long.
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<()> {
        self.socket.close(code, reason, &mut self.control)?;
        self.take_control();
        Ok(self.flush()?)
    }

    /// Waits for what comes next. `None` is the end of the stream.
    ///
    /// # Errors
    ///
    /// The server broke the protocol: it has been told with a Close. Or no byte came in time.
    pub fn receive(&mut self) -> Result<Option<Received>> {
        loop {
            let mut input = Input::new(&mut self.buffer[self.unread.clone()]);
            let event = self.socket.receive(&mut input, &mut self.control, &mut self.inbound);
            let event = event.map(|event| event.and_then(Received::of));
            self.unread.start = self.unread.end - input.len();
            self.take_control();
            self.flush()?;
            if let Some(received) = event? {
                return Ok(Some(received));
            }
            if self.read()? == 0 {
                self.socket.receive_eof();
                return Ok(None);
            }
        }
    }

    /// Sends every message back until the connection closes, and says how it did.
    ///
    /// # Errors
    ///
    /// No byte came in time. A breach of the protocol is no error here: the closure names it.
    pub fn echo(&mut self) -> Result<Closure> {
        while self.socket.connection().state() != State::Closed {
            let outcome = self.echo_input().and_then(|()| Ok(self.read()?));
            match outcome {
                Ok(0) => self.socket.receive_eof(),
                Ok(_) => {}
                Err(error) if error.downcast_ref::<ProtocolError>().is_some() => {}
                Err(error) if is_gone(&error) => self.socket.receive_eof(),
                Err(error) => return Err(error),
            }
        }
        self.wait_for_eof()?;
        self.closure().context("the connection is not closed")
    }

    /// Waits for the server to close the TCP connection, which is the server's part (RFC 6455
    /// §7.1.1). What still comes is discarded.
    ///
    /// # Errors
    ///
    /// The server leaves the connection open.
    pub fn wait_for_eof(&mut self) -> Result<()> {
        self.stream.set_read_timeout(Some(self.options.eof_timeout))?;
        loop {
            match self.stream.read(&mut self.buffer) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // It closed with bytes of ours unread.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
                Err(error) => bail!("the server does not close the TCP connection: {error}"),
            }
        }
    }

    /// Sends back all messages that have come in.
    fn echo_input(&mut self) -> Result<()> {
        let mut input = Input::new(&mut self.buffer[self.unread.clone()]);
        let outcome = loop {
            let event = match self.socket.receive(&mut input, &mut self.control, &mut self.inbound)
            {
                Ok(Some(event)) => event,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            if let Some(message) = event.message() {
                self.socket.send(message, Compression::Auto, &mut self.outbound, &mut self.out)?;
            }
            self.out.extend_from_slice(self.control.poll_transmit().unwrap_or_default());
            if self.out.len() >= WRITE_BYTES {
                write(&mut self.stream, &mut self.out, &mut self.sent_bytes)?;
            }
        };
        self.unread.start = self.unread.end - input.len();
        self.take_control();
        self.flush()?;
        Ok(outcome?)
    }

    /// Reads once, behind what is still unread: 0 at the end of the stream.
    fn read(&mut self) -> io::Result<usize> {
        let kept = self.unread.len();
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..kept;
        loop {
            match self.stream.read(&mut self.buffer[kept..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Err(ErrorKind::TimedOut.into());
                }
                outcome => {
                    self.unread.end += *outcome.as_ref().unwrap_or(&0);
                    return outcome;
                }
            }
        }
    }

    fn take_control(&mut self) {
        self.out.extend_from_slice(self.control.poll_transmit().unwrap_or_default());
    }

    fn flush(&mut self) -> io::Result<()> {
        write(&mut self.stream, &mut self.out, &mut self.sent_bytes)
    }
}

fn write(stream: &mut TcpStream, out: &mut Vec<u8>, sent_bytes: &mut u64) -> io::Result<()> {
    *sent_bytes += out.len() as u64;
    let written = stream.write_all(out);
    out.clear();
    written
}

/// Whether the error says that the peer has closed the TCP connection.
fn is_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| {
        matches!(
            error.kind(),
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe
        )
    })
}

/// Random bytes from the operating system: a nonce, a masking key.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes");
    bytes
}
