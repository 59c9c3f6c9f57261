//! What an endpoint receives, and how it is set up: its role, what the handshake agreed to, its
//! limit, and the bytes, behind which the stream ends.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use longwire::Role;

use crate::notation::{hex, parse_hex};

/// The masking key of every masked frame, that of RFC 6455 §5.7.
pub(crate) const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The limit on a message, in bytes, where the stream is not about limits.
pub(crate) const MAX_MESSAGE_BYTES: usize = 1 << 16;

/// Whether permessage-deflate was agreed to, with windows of 15 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deflate {
    No,
    /// Each message is compressed by itself.
    NoContextTakeover,
    ContextTakeover,
}

/// One stream.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    /// That of the endpoint that receives.
    pub(crate) role: Role,
    pub(crate) deflate: Deflate,
    /// The longest message, and the longest frame where a library has a limit on those.
    pub(crate) max_message_bytes: usize,
    pub(crate) bytes: Vec<u8>,
}

/// One frame, as it is written: right or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// FIN, the reserved bits and the opcode.
    pub(crate) first: u8,
    pub(crate) masked: bool,
    pub(crate) length: Length,
    /// Not masked.
    pub(crate) payload: Vec<u8>,
}

/// How the payload's length is written (RFC 6455 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// In the fewest bytes possible.
    Fewest,
    /// In two bytes more, at least.
    InTwo,
    /// In eight bytes more.
    InEight,
    /// In eight bytes more, and not that of the payload.
    Claimed(u64),
}

impl Frame {
    pub(crate) fn new(first: u8, role: Role, payload: &[u8]) -> Self {
        let masked = role == Role::Server;
        Self { first, masked, length: Length::Fewest, payload: payload.to_vec() }
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let mask_bit = if self.masked { 0x80 } else { 0 };
        out.push(self.first);
        let len = self.payload.len();
        match (self.length, u8::try_from(len), u16::try_from(len)) {
            (Length::Fewest, Ok(len @ ..=125), _) => out.push(mask_bit | len),
            (Length::Fewest | Length::InTwo, _, Ok(len)) => {
                out.push(mask_bit | 126);
                out.extend_from_slice(&len.to_be_bytes());
            }
            (length, ..) => {
                let claimed = if let Length::Claimed(len) = length { len } else { len as u64 };
                out.push(mask_bit | 127);
                out.extend_from_slice(&claimed.to_be_bytes());
            }
        }
        if !self.masked {
            out.extend_from_slice(&self.payload);
            return;
        }
        out.extend_from_slice(&KEY);
        out.extend(self.payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    }
}

const WITHOUT_TAKEOVER: &str = "deflate without context takeover";
const WITH_TAKEOVER: &str = "deflate with context takeover";

impl Stream {
    /// `client, deflate with context takeover, limit 300`, of which only the role has to be there.
    pub(crate) fn set_up(&self) -> String {
        let role = if self.role == Role::Server { "server" } else { "client" };
        let mut text = role.to_owned();
        match self.deflate {
            Deflate::No => {}
            Deflate::NoContextTakeover => write!(text, ", {WITHOUT_TAKEOVER}").unwrap_or(()),
            Deflate::ContextTakeover => write!(text, ", {WITH_TAKEOVER}").unwrap_or(()),
        }
        if self.max_message_bytes != MAX_MESSAGE_BYTES {
            write!(text, ", limit {}", self.max_message_bytes).unwrap_or(());
        }
        text
    }
}

/// The set-up, a colon, and the bytes in hexadecimal.
impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.set_up(), hex(&self.bytes))
    }
}

/// Reads what `Display` writes.
impl FromStr for Stream {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (set_up, bytes) = text.split_once(':').context("no colon behind the set-up")?;
        let bytes = parse_hex(bytes).context("not bytes in hexadecimal")?;
        let mut stream = Self {
            role: Role::Server,
            deflate: Deflate::No,
            max_message_bytes: MAX_MESSAGE_BYTES,
            bytes,
        };
        for part in set_up.split(',').map(str::trim) {
            match (part, part.strip_prefix("limit ")) {
                ("server", _) => stream.role = Role::Server,
                ("client", _) => stream.role = Role::Client,
                (WITHOUT_TAKEOVER, _) => stream.deflate = Deflate::NoContextTakeover,
                (WITH_TAKEOVER, _) => stream.deflate = Deflate::ContextTakeover,
                (_, Some(limit)) => stream.max_message_bytes = limit.parse()?,
                _ => bail!("{part:?} is no part of a set-up"),
            }
        }
        Ok(stream)
    }
}

#[cfg(test)]
mod tests {
    use super::{Deflate, Frame, Length, Stream};
    use longwire::Role;

    #[test]
    fn a_stream_can_be_written_and_read() {
        for text in [
            "server: 81 80",
            "client, limit 300: 81",
            "client, deflate with context takeover: c1",
            "server, deflate without context takeover, limit 130: ",
        ] {
            assert_eq!(text.parse::<Stream>().unwrap().to_string(), text);
        }
        let stream: Stream =
            "client, deflate with context takeover, limit 7: 88 00".parse().unwrap();
        assert_eq!((stream.role, stream.deflate), (Role::Client, Deflate::ContextTakeover));
        assert_eq!((stream.max_message_bytes, stream.bytes), (7, b"\x88\x00".to_vec()));
        for wrong in ["client", "client: 8", "nobody: 88", "client, limit x: 88"] {
            assert!(wrong.parse::<Stream>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn frames_are_written_as_told() {
        let hello = Frame::new(0x81, Role::Client, b"Hello");
        let table: &[(Frame, &[u8])] = &[
            (hello.clone(), b"\x81\x05Hello"),
            (
                Frame::new(0x81, Role::Server, b"Hello"),
                b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
            ),
            (Frame { length: Length::InTwo, ..hello.clone() }, b"\x81\x7e\0\x05Hello"),
            (
                Frame { length: Length::InEight, ..hello.clone() },
                b"\x81\x7f\0\0\0\0\0\0\0\x05Hello",
            ),
            (
                Frame { length: Length::Claimed(1 << 63), ..hello },
                b"\x81\x7f\x80\0\0\0\0\0\0\0Hello",
            ),
        ];
        for (frame, expected) in table {
            let mut out = Vec::new();
            frame.encode(&mut out);
            assert_eq!(out, *expected, "{frame:?}");
        }
        let mut out = Vec::new();
        Frame::new(0x82, Role::Client, &[0; 126]).encode(&mut out);
        assert_eq!(out[..4], [0x82, 126, 0, 126]);
    }
}
