//! What a server has done wrong, and on which connection.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use longwire::{Kind, ProtocolError};

/// What was wrong.
#[derive(Debug)]
pub(super) enum Fault {
    /// The reply is text and should be binary, or the reverse.
    Kind { came: Kind },
    /// The reply has ended too early, or goes on where it should have ended.
    Length { came: usize, expected: usize },
    /// The first byte that differs.
    Byte { at: usize, came: u8, expected: u8 },
    /// A reply to nothing.
    Unasked,
    /// The server closed the connection.
    Closed { code: u16, reason: String },
    /// The stream ended without a Close.
    Ended,
    /// Nothing came for so long though replies were outstanding.
    Silent(Duration),
    /// The server broke the protocol.
    Protocol(ProtocolError),
    /// Reading or writing failed.
    Io(io::Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind { came: Kind::Text } => f.write_str("it is text and should be binary"),
            Self::Kind { came: Kind::Binary } => f.write_str("it is binary and should be text"),
            Self::Length { came, expected } if came < expected => {
                write!(f, "it has {came} bytes and should have {expected}")
            }
            Self::Length { expected, .. } => {
                write!(f, "it has more bytes than {expected}, which it should have")
            }
            Self::Byte { at, came, expected } => {
                write!(f, "byte {at} is {came:#04x} and should be {expected:#04x}, as it was sent")
            }
            Self::Unasked => f.write_str("a message came that nothing had asked for"),
            Self::Closed { code, reason } => {
                write!(f, "the server closed the connection with {code}")?;
                if reason.is_empty() { Ok(()) } else { write!(f, " \"{}\"", reason.escape_debug()) }
            }
            Self::Ended => f.write_str("the server ended the stream without a Close"),
            Self::Silent(timeout) => {
                write!(f, "nothing came for {} seconds (--timeout)", timeout.as_secs_f64())
            }
            Self::Protocol(error) => write!(f, "the server broke the protocol: {error}"),
            Self::Io(error) => write!(f, "the connection was lost: {error}"),
        }
    }
}

/// What was wrong, and where.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) server: String,
    /// Counted from 1.
    pub(super) connection: usize,
    /// Which reply was expected on this connection, or was coming in; counted from 1.
    pub(super) reply: u64,
    pub(super) fault: Fault,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, connection, reply, fault } = self;
        write!(f, "{server}: connection {connection}, reply {reply}: {fault}")
    }
}

impl Error for Failure {}
