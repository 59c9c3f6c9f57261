//! One TCP connection to the peer. Every wait ends, and what the peer may send is bounded.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::case::Wire;
use crate::options::Options;

/// Between two writes that shall not become one segment.
const BETWEEN_WRITES: Duration = Duration::from_micros(300);
/// The most lines that are kept of what goes over the wire.
const MAX_LOG_LINES: usize = 40;
/// A case may take this many times the time-out.
const CASE_TIMEOUTS: u32 = 10;

/// What came of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// More bytes.
    More,
    /// The peer closed its half.
    Fin,
    /// The connection was reset.
    Reset,
    /// Nothing came in time.
    Timeout,
    /// The peer has sent more than it may.
    TooMuch,
}

#[derive(Debug)]
pub(crate) struct Link {
    stream: TcpStream,
    received: Vec<u8>,
    /// How much of it is used.
    used: usize,
    received_bytes: usize,
    max_received_bytes: usize,
    /// The case is over then, whatever the peer does.
    deadline: Instant,
    pub(crate) timeout: Duration,
    log: Vec<String>,
}

impl Link {
    pub(crate) fn new(stream: TcpStream, options: &Options) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_nonblocking(false)?;
        Ok(Self {
            stream,
            received: Vec::new(),
            used: 0,
            received_bytes: 0,
            max_received_bytes: options.max_received_bytes,
            deadline: Instant::now() + options.timeout * CASE_TIMEOUTS,
            timeout: options.timeout,
            log: Vec::new(),
        })
    }

    /// When a wait that begins now has to end.
    pub(crate) fn wait_until(&self, wait: Duration) -> Instant {
        (Instant::now() + wait).min(self.deadline)
    }

    /// What came and is not used yet.
    pub(crate) fn unused(&self) -> &[u8] {
        &self.received[self.used..]
    }

    /// Takes so many bytes off the front of what is not used yet.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.used += bytes;
    }

    /// Waits for more bytes.
    pub(crate) fn read(&mut self, until: Instant) -> Read {
        if self.received_bytes > self.max_received_bytes {
            return Read::TooMuch;
        }
        self.received.drain(..self.used);
        self.used = 0;
        let mut buffer = [0; 64 * 1024];
        loop {
            let Some(left) = time_left(until) else { return Read::Timeout };
            if self.stream.set_read_timeout(Some(left)).is_err() {
                return Read::Reset;
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return Read::Fin,
                Ok(len) => {
                    self.received.extend_from_slice(&buffer[..len]);
                    self.received_bytes += len;
                    return Read::More;
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock
                    | io::ErrorKind::TimedOut
                    | io::ErrorKind::Interrupted => {}
                    _ => return Read::Reset,
                },
            }
        }
    }

    /// Sends. A peer that does not take it, or has gone, is no error here: what it sent until then
    /// tells what it did.
    pub(crate) fn write(&mut self, bytes: &[u8], wire: Wire) {
        let until = self.wait_until(self.timeout);
        let (bytes, piece) = match wire {
            Wire::Whole => (bytes, bytes.len()),
            Wire::Pieces(len) => (bytes, len),
            Wire::First(len) => (&bytes[..len.min(bytes.len())], len),
        };
        for piece in bytes.chunks(piece.max(1)) {
            if let Err(error) = self.write_piece(piece, until) {
                self.note(format_args!("(writing failed: {error})"));
                return;
            }
            if matches!(wire, Wire::Pieces(_)) {
                thread::sleep(BETWEEN_WRITES);
            }
        }
    }

    fn write_piece(&mut self, mut piece: &[u8], until: Instant) -> io::Result<()> {
        while !piece.is_empty() {
            let Some(left) = time_left(until) else {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the peer does not read"));
            };
            self.stream.set_write_timeout(Some(left))?;
            match self.stream.write(piece) {
                Ok(len) => piece = &piece[len..],
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock
                    | io::ErrorKind::TimedOut
                    | io::ErrorKind::Interrupted => {}
                    _ => return Err(error),
                },
            }
        }
        Ok(())
    }

    /// Closes our half of the connection.
    pub(crate) fn shutdown(&mut self) {
        // A connection that is gone already is what was wanted.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Keeps a line about what went over the wire.
    pub(crate) fn note(&mut self, line: fmt::Arguments<'_>) {
        match self.log.len() {
            MAX_LOG_LINES.. => {}
            len if len + 1 == MAX_LOG_LINES => self.log.push("…".to_owned()),
            _ => self.log.push(line.to_string()),
        }
    }

    pub(crate) fn into_log(self) -> Vec<String> {
        self.log
    }
}

fn time_left(until: Instant) -> Option<Duration> {
    until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
}
