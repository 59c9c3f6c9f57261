//! The position of a reader of several channels as one text: the `id` of an event, the `since` of a
//! long poll, an entity tag.
//!
//! `1.chat~3a42.xD5R.7.news.k3Jw.12`: the version, then the name, the epoch and the offset of each
//! channel. Letters, digits, `-` and `_` stand for themselves, every other byte of a name or an epoch
//! is `~` and two hexadecimal digits. So the text has only characters that a URL, a header and a
//! quoted string take as they are. The channels are in the order of their names, whatever order the
//! URL had, and there is one text for one position: everything else is refused.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use crate::{Epoch, Position};

/// The longest text that is written and read, in bytes: clients send it back in a header, and servers
/// and proxies take no longer ones.
pub const MAX_BYTES: usize = 4 * 1024;

const VERSION: &str = "1";
const SEPARATOR: char = '.';

/// How far a reader has come in each of its channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions {
    channels: BTreeMap<String, Position>,
}

/// Why a text is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PositionsError {
    /// It has more than [`MAX_BYTES`].
    TooLong,
    /// It is of another version, or something else altogether.
    UnknownVersion,
    /// A channel is not followed by an epoch and an offset.
    Incomplete,
    /// A character that does not stand for itself, or `~` before something that no byte has to be
    /// written as.
    Escape,
    /// What an escaped name says is not UTF-8.
    NotUtf8,
    /// An offset is not a decimal number below 2^64 without zeros in front.
    Offset,
    /// The channels are not in the order of their names, or one stands there twice.
    Order,
}

impl fmt::Display for PositionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "a position must not be longer than 4096 bytes",
            Self::UnknownVersion => "a position must begin with its version, 1",
            Self::Incomplete => "a position must have an epoch and an offset for each channel",
            Self::Escape => "a position must be escaped the one way there is",
            Self::NotUtf8 => "a position must have names in UTF-8",
            Self::Offset => "a position must have offsets in decimal, below 2^64",
            Self::Order => "a position must have its channels in the order of their names",
        })
    }
}

impl std::error::Error for PositionsError {}

impl Positions {
    /// The position of a reader of one channel.
    pub fn one(channel: &str, position: Position) -> Self {
        Self { channels: BTreeMap::from([(channel.to_owned(), position)]) }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }

    /// How many channels it is about.
    pub fn len(&self) -> usize {
        self.channels.len()
    }

    /// Where the reader is in a channel; `None` where it has not been there.
    pub fn position(&self, channel: &str) -> Option<&Position> {
        self.channels.get(channel)
    }

    /// All of them, in the order of the channels' names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Position)> {
        self.channels.iter().map(|(channel, position)| (channel.as_str(), position))
    }

    /// The reader is there now.
    pub fn set(&mut self, channel: &str, position: Position) {
        match self.channels.get_mut(channel) {
            Some(old) => *old = position,
            None => {
                self.channels.insert(channel.to_owned(), position);
            }
        }
    }

    /// The reader has no position in a channel any more.
    pub fn remove(&mut self, channel: &str) {
        self.channels.remove(channel);
    }

    /// Only what is about channels for which `keep` says so.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.channels.retain(|channel, _| keep(channel));
    }

    /// The reader has come to this offset in the same epoch. Nothing happens where it has not been.
    pub fn advance(&mut self, channel: &str, offset: u64) {
        if let Some(position) = self.channels.get_mut(channel) {
            position.offset = offset;
        }
    }

    /// The text.
    ///
    /// # Errors
    /// [`PositionsError::TooLong`]: the reader has more channels than a position can be told for.
    pub fn encode(&self) -> Result<String, PositionsError> {
        let mut text = VERSION.to_owned();
        for (channel, position) in &self.channels {
            text.push(SEPARATOR);
            escape(channel, &mut text);
            text.push(SEPARATOR);
            escape(position.epoch.as_str(), &mut text);
            // Writing to memory does not fail.
            let _ = write!(text, "{SEPARATOR}{}", position.offset);
        }
        if text.len() > MAX_BYTES { Err(PositionsError::TooLong) } else { Ok(text) }
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// It is nothing that `encode` writes.
    pub fn parse(text: &str) -> Result<Self, PositionsError> {
        if text.len() > MAX_BYTES {
            return Err(PositionsError::TooLong);
        }
        let mut parts = text.split(SEPARATOR);
        if parts.next() != Some(VERSION) {
            return Err(PositionsError::UnknownVersion);
        }
        let mut channels = BTreeMap::new();
        while let Some(channel) = parts.next() {
            let (Some(epoch), Some(offset)) = (parts.next(), parts.next()) else {
                return Err(PositionsError::Incomplete);
            };
            let channel = unescape(channel)?;
            if channels.last_key_value().is_some_and(|(last, _)| *last >= channel) {
                return Err(PositionsError::Order);
            }
            let epoch = Epoch::new(&unescape(epoch)?);
            channels.insert(channel, Position { epoch, offset: parse_offset(offset)? });
        }
        Ok(Self { channels })
    }
}

fn stands_for_itself(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if stands_for_itself(byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "~{byte:02x}");
        }
    }
}

fn unescape(text: &str) -> Result<String, PositionsError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => break,
            [b'~', high, low, behind @ ..] => {
                let byte = (hex_digit(*high)? << 4) | hex_digit(*low)?;
                if stands_for_itself(byte) {
                    return Err(PositionsError::Escape);
                }
                bytes.push(byte);
                behind
            }
            [byte, behind @ ..] if stands_for_itself(*byte) => {
                bytes.push(*byte);
                behind
            }
            _ => return Err(PositionsError::Escape),
        };
    }
    String::from_utf8(bytes).map_err(|_| PositionsError::NotUtf8)
}

/// The value of a hexadecimal digit as it is written here: in lower case.
fn hex_digit(digit: u8) -> Result<u8, PositionsError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(PositionsError::Escape),
    }
}

fn parse_offset(text: &str) -> Result<u64, PositionsError> {
    let is_as_written = match text.as_bytes() {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !is_as_written {
        return Err(PositionsError::Offset);
    }
    text.parse().map_err(|_| PositionsError::Offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(rows: &[(&str, &str, u64)]) -> Positions {
        let mut positions = Positions::default();
        for (channel, epoch, offset) in rows {
            positions.set(channel, Position { epoch: Epoch::new(epoch), offset: *offset });
        }
        positions
    }

    #[test]
    fn one_text_for_one_position() {
        type Rows<'a> = &'a [(&'a str, &'a str, u64)];
        let table: [(Rows<'_>, &str); 7] = [
            (&[], "1"),
            (&[("news", "xD5R", 7)], "1.news.xD5R.7"),
            (&[("news", "", 0)], "1.news..0"),
            (&[("b", "y", 2), ("a", "x", 1)], "1.a.x.1.b.y.2"),
            (&[("chat:42#7,8", "x", u64::MAX)], "1.chat~3a42~237~2c8.x.18446744073709551615"),
            (&[("a.b~c %", "\"\r\n", 1)], "1.a~2eb~7ec~20~25.~22~0d~0a.1"),
            (&[("grüße", "x", 1)], "1.gr~c3~bc~c3~9fe.x.1"),
        ];
        for (rows, text) in table {
            assert_eq!(positions(rows).encode().as_deref(), Ok(text));
            assert_eq!(Positions::parse(text), Ok(positions(rows)), "{text}");
        }
    }

    #[test]
    fn every_other_text_is_refused() {
        let table = [
            ("", PositionsError::UnknownVersion),
            ("2", PositionsError::UnknownVersion),
            ("1x", PositionsError::UnknownVersion),
            ("01.a.x.1", PositionsError::UnknownVersion),
            ("7", PositionsError::UnknownVersion),
            ("1.", PositionsError::Incomplete),
            ("1.a", PositionsError::Incomplete),
            ("1.a.x", PositionsError::Incomplete),
            ("1.a.x.1.", PositionsError::Incomplete),
            ("1.a.x.", PositionsError::Offset),
            ("1.a.x.01", PositionsError::Offset),
            ("1.a.x.+1", PositionsError::Offset),
            ("1.a.x.-1", PositionsError::Offset),
            ("1.a.x.1e3", PositionsError::Offset),
            ("1.a.x.18446744073709551616", PositionsError::Offset),
            ("1.a:b.x.1", PositionsError::Escape),
            ("1.a b.x.1", PositionsError::Escape),
            ("1.a\n.x.1", PositionsError::Escape),
            ("1.ä.x.1", PositionsError::Escape),
            ("1.a~.x.1", PositionsError::Escape),
            ("1.a~3.x.1", PositionsError::Escape),
            ("1.a~3A.x.1", PositionsError::Escape),
            ("1.~61.x.1", PositionsError::Escape),
            ("1.a.~78.1", PositionsError::Escape),
            ("1.~ff.x.1", PositionsError::NotUtf8),
            ("1.b.x.1.a.x.1", PositionsError::Order),
            ("1.a.x.1.a.x.1", PositionsError::Order),
        ];
        for (text, error) in table {
            assert_eq!(Positions::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn its_length_is_bounded_both_ways() {
        let longest = "a".repeat(MAX_BYTES - "1..x.1".len());
        let text = positions(&[(&longest, "x", 1)]).encode().unwrap();
        assert_eq!(text.len(), MAX_BYTES);
        assert!(Positions::parse(&text).is_ok());
        let longer = positions(&[(&longest, "x", 10)]);
        assert_eq!(longer.encode(), Err(PositionsError::TooLong));
        assert_eq!(Positions::parse(&format!("{text}0")), Err(PositionsError::TooLong));
    }

    #[test]
    fn it_moves() {
        let mut reader = positions(&[("a", "x", 1)]);
        reader.advance("a", 5);
        reader.advance("b", 5);
        assert_eq!(reader, positions(&[("a", "x", 5)]));
        reader.set("a", Position { epoch: Epoch::new("y"), offset: 1 });
        assert_eq!(reader, positions(&[("a", "y", 1)]));
        assert_eq!(reader.position("a").map(|it| it.offset), Some(1));
        assert_eq!(reader.position("b"), None);
        reader.set("b", Position { epoch: Epoch::new("z"), offset: 3 });
        reader.retain(|channel| channel == "b");
        assert_eq!(reader, positions(&[("b", "z", 3)]));
        reader.remove("b");
        assert!(reader.is_empty());
    }
}
