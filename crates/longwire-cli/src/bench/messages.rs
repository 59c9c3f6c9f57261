//! The messages that are sent, again and again in the same order: encoded and masked before
//! anything is measured, one behind the other in one buffer, so that any number of consecutive ones
//! leaves in one write without a copy.

use longwire::handshake::DeflateParams;
use longwire::{
    ApiMisuse, Compression, Connection, Limits, Message, Outbound, SendOptions, WebSocket,
};

use super::payload::Content;
use crate::random::random;

/// So many different messages, if they are not too long.
const MESSAGES: usize = 64;
/// The payloads of all of them take no more than this, unless there are only two.
const PAYLOAD_BYTES: usize = 4 << 20;

/// A place in the ring of frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The message.
    pub(super) message: usize,
    /// How many bytes of its frame are behind the cursor.
    pub(super) offset: usize,
}

/// The messages, and their frames.
pub(super) struct Messages {
    pub(super) content: Content,
    pub(super) size_bytes: usize,
    payloads: Vec<u8>,
    frames: Vec<u8>,
    /// Where the frame of each message ends; and in front of them a 0.
    bounds: Vec<usize>,
}

impl Messages {
    /// Encodes them, each frame with a masking key of the system's random numbers (RFC 6455 §5.3).
    /// With `deflate` they are compressed, each for itself: that is right whether or not the server
    /// keeps its context (RFC 7692 §7.2.3.2: a sender may always start with an empty one).
    pub(super) fn prepare(
        content: Content,
        size_bytes: usize,
        deflate: Option<DeflateParams>,
    ) -> Result<Self, ApiMisuse> {
        let connection = Connection::client(Limits::DEFAULT, random);
        let mut socket = match deflate {
            Some(agreed) => {
                let params = DeflateParams { client_no_context_takeover: true, ..agreed };
                WebSocket::with_deflate(connection, params)
            }
            None => WebSocket::new(connection),
        };
        let mut outbound = Outbound::new(SendOptions {
            max_frame_bytes: usize::MAX,
            compress_from_bytes: 0,
            ..SendOptions::DEFAULT
        });
        let count = (PAYLOAD_BYTES / size_bytes.max(1)).clamp(2, MESSAGES);
        let mut messages = Self {
            content,
            size_bytes,
            payloads: Vec::with_capacity(count * size_bytes),
            frames: Vec::with_capacity(count * (size_bytes + 14)),
            bounds: vec![0],
        };
        for number in 0..count {
            let payload = content.payload(number, size_bytes);
            let message = match std::str::from_utf8(&payload) {
                Ok(text) if content.is_text() => Message::Text(text),
                _ => Message::Binary(&payload),
            };
            socket.send(message, Compression::Auto, &mut outbound, &mut messages.frames)?;
            messages.payloads.extend_from_slice(&payload);
            messages.bounds.push(messages.frames.len());
        }
        Ok(messages)
    }

    /// How many different ones there are.
    pub(super) fn count(&self) -> usize {
        self.bounds.len() - 1
    }

    /// The one behind `message`.
    pub(super) fn next(&self, message: usize) -> usize {
        if message + 1 == self.count() { 0 } else { message + 1 }
    }

    pub(super) fn payload(&self, message: usize) -> &[u8] {
        &self.payloads[message * self.size_bytes..][..self.size_bytes]
    }

    /// The frame of `message`, as it is on the wire.
    pub(super) fn frame(&self, message: usize) -> &[u8] {
        &self.frames[self.bounds[message]..self.bounds[message + 1]]
    }

    /// The bytes from `cursor` to the end of the `messages`-th message, its own being the first; no
    /// more than once round. The second slice begins at the front of the ring.
    pub(super) fn slices(&self, cursor: Cursor, messages: usize) -> [&[u8]; 2] {
        let messages = messages.min(self.count());
        let end = cursor.message + messages;
        let front = end.saturating_sub(self.count());
        let start = self.bounds[cursor.message] + cursor.offset;
        let stop = self.bounds[end.min(self.count())];
        [&self.frames[start.min(stop)..stop], &self.frames[..self.bounds[front]]]
    }

    /// Moves `cursor` over so many bytes: how many messages end there.
    pub(super) fn advance(&self, cursor: &mut Cursor, bytes: usize) -> usize {
        let mut at = cursor.offset + bytes;
        let mut ended = 0;
        loop {
            let len = self.frame(cursor.message).len();
            if at < len {
                cursor.offset = at;
                return ended;
            }
            at -= len;
            ended += 1;
            cursor.message = self.next(cursor.message);
        }
    }
}
