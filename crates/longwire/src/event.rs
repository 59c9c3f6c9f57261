//! What comes in and what goes out, in the application's terms.

use crate::close::Close;

/// What [`Connection::receive`](crate::Connection::receive) found. Payloads are borrowed from the
/// caller's buffer, unmasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A whole text message that came in one frame and one read.
    Text(&'a str),
    /// A whole binary message that came in one frame and one read.
    Binary(&'a [u8]),
    /// A piece of a message that came in several frames or several reads, or is compressed.
    /// [`WebSocket`](crate::WebSocket) never hands these out: it puts them together.
    Chunk(Chunk<'a>),
    /// A Ping. The Pong that answers it waits in the [`ControlFrames`](crate::ControlFrames).
    Ping(&'a [u8]),
    /// A Pong, asked for or not.
    Pong(&'a [u8]),
    /// The peer's Close. Nothing comes after it.
    Close(Close<'a>),
}

impl<'a> Event<'a> {
    /// The message, where this is a whole one.
    pub fn message(&self) -> Option<Message<'a>> {
        match *self {
            Self::Text(text) => Some(Message::Text(text)),
            Self::Binary(data) => Some(Message::Binary(data)),
            Self::Chunk(_) | Self::Ping(_) | Self::Pong(_) | Self::Close(_) => None,
        }
    }
}

impl<'a> From<Message<'a>> for Event<'a> {
    #[inline]
    fn from(message: Message<'a>) -> Self {
        match message {
            Message::Text(text) => Self::Text(text),
            Message::Binary(data) => Self::Binary(data),
        }
    }
}

/// A piece of a message (RFC 6455 §5.4). The pieces of one message come in order, and no other
/// message comes between them. Where the cuts are depends on the frames and on the reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Text or binary: that of the whole message.
    pub kind: Kind,
    /// Whether the message is compressed (RFC 7692 §6.2). Then `data` is DEFLATE and has not been
    /// looked at; otherwise text has been validated, though `data` may end inside a character.
    pub compressed: bool,
    /// Whether this is the last piece.
    pub last: bool,
    /// The bytes. Only a last piece can be empty.
    pub data: &'a [u8],
}

/// The two kinds of message (RFC 6455 §5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// Any bytes.
    Binary,
}

/// A message, or a fragment of one, to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Text.
    Text(&'a str),
    /// Binary data.
    Binary(&'a [u8]),
}

impl<'a> Message<'a> {
    /// Text or binary.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Text(_) => Kind::Text,
            Self::Binary(_) => Kind::Binary,
        }
    }

    /// The payload, not masked.
    pub fn as_bytes(&self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(data) => data,
        }
    }

    /// Cuts the message into pieces of at most `max_bytes`, for
    /// [`Connection::send_fragment`](crate::Connection::send_fragment), so that control frames can
    /// pass between them (RFC 6455 §5.4). The flag says whether a piece is the last. Text is cut
    /// between characters, so `max_bytes` counts as 4 where it is less.
    ///
    /// ```
    /// use longwire::Message;
    /// let pieces: Vec<_> = Message::Text("abcdefgh€").fragments(5).collect();
    /// assert_eq!(pieces, [
    ///     (Message::Text("abcde"), false), (Message::Text("fgh"), false), (Message::Text("€"), true),
    /// ]);
    /// ```
    pub fn fragments(self, max_bytes: usize) -> impl Iterator<Item = (Message<'a>, bool)> {
        let max_bytes = max_bytes.max(4);
        let mut rest = Some(self);
        core::iter::from_fn(move || {
            let (piece, behind) = rest?.split_at(max_bytes);
            rest = behind;
            Some((piece, behind.is_none()))
        })
    }

    /// The first `max_bytes` or a little less, and what is behind them, if anything is.
    fn split_at(self, max_bytes: usize) -> (Self, Option<Self>) {
        match self {
            Self::Text(text) if text.len() > max_bytes => {
                let boundary = (0..=max_bytes).rev().find_map(|at| text.split_at_checked(at));
                match boundary {
                    Some((piece, rest)) => (Self::Text(piece), Some(Self::Text(rest))),
                    None => (self, None),
                }
            }
            Self::Binary(data) if data.len() > max_bytes => {
                match data.split_at_checked(max_bytes) {
                    Some((piece, rest)) => (Self::Binary(piece), Some(Self::Binary(rest))),
                    None => (self, None),
                }
            }
            whole => (whole, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Chunk, Event, Kind, Message};
    use std::{string::String, vec::Vec};

    #[test]
    fn whole_messages_alone_are_messages() {
        let chunk = Chunk { kind: Kind::Text, compressed: false, last: true, data: b"x" };
        let table = [
            (Event::Text("t"), Some(Message::Text("t"))),
            (Event::Binary(b"b"), Some(Message::Binary(b"b"))),
            (Event::Chunk(chunk), None),
            (Event::Ping(b"p"), None),
        ];
        for (event, message) in table {
            assert_eq!(event.message(), message, "{event:?}");
        }
    }

    #[test]
    fn fragments_put_together_are_the_message() {
        for text in ["", "a", "héllo wörld", "日本語テキスト🦀🦀"] {
            for max in 0..20 {
                let pieces: Vec<_> = Message::Text(text).fragments(max).collect();
                let joined: String = pieces
                    .iter()
                    .map(|(piece, _)| core::str::from_utf8(piece.as_bytes()).unwrap())
                    .collect();
                assert_eq!(joined, text);
                assert!(pieces.iter().all(|(piece, _)| piece.as_bytes().len() <= max.max(4)));
                let lasts: Vec<bool> = pieces.iter().map(|(_, last)| *last).collect();
                assert_eq!(lasts.iter().position(|last| *last), Some(lasts.len() - 1));
            }
        }
    }

    #[test]
    fn rfc6455_s5_4_where_a_message_is_cut() {
        type Case = (Message<'static>, usize, &'static [(Message<'static>, bool)]);
        let table: &[Case] = &[
            (Message::Binary(b""), 5, &[(Message::Binary(b""), true)]),
            (Message::Binary(b"abcde"), 5, &[(Message::Binary(b"abcde"), true)]),
            (
                Message::Binary(b"abcdef"),
                5,
                &[(Message::Binary(b"abcde"), false), (Message::Binary(b"f"), true)],
            ),
            // Less than 4 counts as 4: a character of text may need as many.
            (
                Message::Binary(b"abcdefgh"),
                1,
                &[(Message::Binary(b"abcd"), false), (Message::Binary(b"efgh"), true)],
            ),
            (
                Message::Text("abcd\u{20ac}"),
                5,
                &[(Message::Text("abcd"), false), (Message::Text("\u{20ac}"), true)],
            ),
        ];
        for (message, max, pieces) in table {
            let cut: Vec<_> = message.fragments(*max).collect();
            assert_eq!(cut, *pieces, "{message:?} at {max}");
        }
    }
}
