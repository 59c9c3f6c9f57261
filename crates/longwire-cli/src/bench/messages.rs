//! The messages that are sent, again and again in the same order: encoded and masked before
//! anything is measured, one behind the other in one buffer, so that any number of consecutive ones
//! leaves in one write without a copy.
//!
//! From the second round on the masking keys are not fresh, as RFC 6455 §5.3 wants them. What they
//! guard against is that somebody whose payload it is chooses the bytes on the wire (RFC 6455 §10.3);
//! here nobody does.

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
    /// With `deflate` they are compressed, each for itself: that is right with and without context
    /// takeover, since nobody has to refer to what he sent before (RFC 7692 §7.1.1.2).
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

#[cfg(test)]
mod tests {
    use super::{Content, Cursor, Messages};
    use longwire::handshake::DeflateParams;
    use longwire::{Connection, ControlFrames, Event, Inbound, Input, Limits, WebSocket};

    /// What a server makes of all frames, one behind the other.
    fn received(messages: &Messages, deflate: Option<DeflateParams>) -> Vec<(bool, Vec<u8>)> {
        let connection = Connection::server(Limits::DEFAULT);
        let mut server = match deflate {
            Some(params) => WebSocket::with_deflate(connection, params),
            None => WebSocket::new(connection),
        };
        let mut bytes = messages.frames.clone();
        let (mut input, mut control) = (Input::new(&mut bytes), ControlFrames::new());
        let (mut inbound, mut received) = (Inbound::new(), Vec::new());
        while let Some(event) = server.receive(&mut input, &mut control, &mut inbound).unwrap() {
            let is_text = matches!(event, Event::Text(_));
            received.push((is_text, event.message().unwrap().as_bytes().to_vec()));
        }
        assert!(input.is_empty());
        received
    }

    #[test]
    fn a_server_receives_what_was_prepared() {
        let takeover = DeflateParams::default();
        let no_takeover = DeflateParams {
            server_no_context_takeover: true,
            client_no_context_takeover: true,
            ..takeover
        };
        let small_window = DeflateParams { client_max_window_bits: 9, ..takeover };
        let contents = [Content::Binary, Content::AsciiText, Content::MixedText];
        let sizes: [(Option<DeflateParams>, &[usize]); 4] = [
            (None, &[0, 20, 125, 126, 65_535, 65_536]),
            (Some(takeover), &[0, 20, 1024]),
            (Some(no_takeover), &[0, 20, 1024]),
            (Some(small_window), &[2048]),
        ];
        for (deflate, sizes) in sizes {
            for content in contents {
                for &size in sizes {
                    let messages = Messages::prepare(content, size, deflate).unwrap();
                    let expected: Vec<_> = (0..messages.count())
                        .map(|number| (content.is_text(), content.payload(number, size)))
                        .collect();
                    let case = format!("{content:?}, {size} bytes, {deflate:?}");
                    assert!(received(&messages, deflate) == expected, "{case}");
                    let payloads = (0..messages.count()).map(|number| messages.payload(number));
                    assert!(payloads.eq(expected.iter().map(|(_, payload)| payload)), "{case}");
                }
            }
        }
    }

    #[test]
    fn every_frame_has_a_masking_key_of_its_own() {
        let messages = Messages::prepare(Content::Binary, 4, None).unwrap();
        // Two bytes of header, four of the key, four of payload.
        let keys: std::collections::HashSet<_> =
            (0..messages.count()).map(|number| messages.frame(number)[2..6].to_vec()).collect();
        // That two of 64 are alike happens once in two million runs; that three are, never.
        assert!(keys.len() >= messages.count() - 1);
        assert_eq!(messages.frame(0)[..2], [0x82, 0x84]);
    }

    #[test]
    fn text_compresses_as_json_does_and_random_bytes_do_not() {
        let ratio = |content| {
            let deflate = Some(DeflateParams::default());
            let messages = Messages::prepare(content, 1024, deflate).unwrap();
            messages.frames.len() * 100 / messages.payloads.len()
        };
        assert!((20..60).contains(&ratio(Content::AsciiText)));
        assert!((20..60).contains(&ratio(Content::MixedText)));
        assert!(ratio(Content::Binary) >= 100);
    }

    #[test]
    fn there_are_fewer_of_long_ones() {
        let table = [(0, 64), (20, 64), (65_536, 64), (65_537, 63), (1 << 20, 4), (1 << 24, 2)];
        for (size, count) in table {
            let messages = Messages::prepare(Content::Binary, size, None).unwrap();
            assert_eq!(messages.count(), count, "{size}");
        }
    }

    /// A ring of three frames: abc, de, fghi.
    fn ring() -> Messages {
        Messages {
            content: Content::Binary,
            size_bytes: 0,
            payloads: Vec::new(),
            frames: b"abcdefghi".to_vec(),
            bounds: vec![0, 3, 5, 9],
        }
    }

    #[test]
    fn consecutive_frames_leave_together() {
        // The message and the offset in it, how many messages; what is to be written.
        let table: [(usize, usize, usize, [&[u8]; 2]); 9] = [
            (0, 0, 1, [b"abc", b""]),
            (0, 2, 1, [b"c", b""]),
            (0, 2, 2, [b"cde", b""]),
            (0, 0, 3, [b"abcdefghi", b""]),
            (1, 1, 2, [b"efghi", b""]),
            (1, 1, 3, [b"efghi", b"abc"]),
            (2, 3, 2, [b"i", b"abc"]),
            // Once round is all that goes in one write.
            (0, 0, 9, [b"abcdefghi", b""]),
            (2, 1, 9, [b"ghi", b"abcde"]),
        ];
        let ring = ring();
        for (message, offset, count, expected) in table {
            let slices = ring.slices(Cursor { message, offset }, count);
            assert_eq!(slices, expected, "{count} from {message}+{offset}");
        }
    }

    #[test]
    fn a_write_ends_anywhere() {
        // Where it begins, how many bytes are written; where it ends, how many messages have left.
        let table = [
            ((0, 0), 0, (0, 0), 0),
            ((0, 0), 2, (0, 2), 0),
            ((0, 2), 1, (1, 0), 1),
            ((0, 2), 2, (1, 1), 1),
            ((0, 0), 8, (2, 3), 2),
            ((0, 0), 9, (0, 0), 3),
            ((2, 1), 3, (0, 0), 1),
            ((2, 1), 4, (0, 1), 1),
            ((1, 0), 9, (1, 0), 3),
        ];
        for ((message, offset), bytes, (end_message, end_offset), ended) in table {
            let mut cursor = Cursor { message, offset };
            assert_eq!(ring().advance(&mut cursor, bytes), ended);
            assert_eq!(cursor, Cursor { message: end_message, offset: end_offset });
        }
    }
}
