//! The short way for what nearly every frame is: a data message by itself, not compressed, that came
//! in one read. Nothing of the connection's state changes for it.
//!
//! It recognises nothing that the long way would not find right (a test holds it to that), and leaves
//! all else to it: frames of control, fragments, pieces of frames, and what is wrong.

use crate::connection::{Connection, Phase};
use crate::control::ControlFrames;
use crate::error::ProtocolError;
use crate::event::Message;
use crate::header::{OpCode, Start};
use crate::input::Input;
use crate::mask::apply_mask;
use crate::utf8::validate;

impl Connection {
    /// Takes the next message out of `input`, where all of it lies at the front in one frame, not
    /// compressed: nearly all do, and nothing of the connection's state changes for them.
    ///
    /// `None` is no verdict, not even where the input is empty now: [`receive`](Self::receive) has to be
    /// called, which takes whatever there is and says what is wrong with it; and what is in `control` has
    /// to be sent. That asks this first; a loop of many short messages is faster where it does so itself.
    // In line, so that the message is made where the caller wants it and not copied there.
    #[inline(always)]
    pub fn receive_message<'b>(
        &mut self,
        input: &mut Input<'b>,
        control: &mut ControlFrames,
    ) -> Option<Message<'b>> {
        let (start, key_at, payload_len) = self.whole_message(input.rest())?;
        let payload = if start.masked {
            // RFC 6455 §5.3: what a client sent is unmasked; the key is the end of the header.
            let (header, payload) = input.take_frame(start.header_len(key_at), payload_len)?;
            if let Some(&key) = header.last_chunk() {
                apply_mask(payload, key);
            }
            payload
        } else {
            input.take_frame(key_at, payload_len)?.1
        };
        if start.opcode == OpCode::Binary {
            return Some(Message::Binary(payload));
        }
        match validate(payload) {
            Ok(text) => Some(Message::Text(text)),
            // RFC 6455 §8.1: text that is not UTF-8 fails the connection.
            Err(_) => {
                self.fail_receiving(ProtocolError::TextNotUtf8, input, control);
                None
            }
        }
    }

    /// Whether the message at the front, of which not all is there, [stays behind](Input::holding).
    pub(crate) fn holds_message(&self, input: &mut Input<'_>) -> bool {
        let message = self.whole_message(input.rest());
        message.is_some_and(|(start, key_at, len)| {
            let header_len = start.header_len(key_at);
            input.holds(header_len.saturating_add(len))
        })
    }

    /// The first two bytes, where the masking key is or would be, and the length of the payload, where a
    /// data message by itself begins at the front of `bytes`, not compressed, with nothing wrong with its
    /// header.
    /// `None` is no verdict: [`receive_header`](Self::receive_header) gives one.
    #[inline]
    pub(crate) fn whole_message(&self, bytes: &[u8]) -> Option<(Start, usize, usize)> {
        let receives = matches!(self.phase, Phase::Open | Phase::Closing);
        if !receives || self.incoming.is_some() {
            return None;
        }
        // RFC 6455 §5.1: a client masks its frames, a server does not.
        let masked = self.mask_keys.is_none();
        let start = Start::parse_whole_message(*bytes.first_chunk()?, masked)?;
        let (payload_len, key_at) = start.payload_len(bytes).ok()??;
        if payload_len > self.max_frame_bytes || payload_len > self.max_message_bytes {
            return None;
        }
        Some((start, key_at, usize::try_from(payload_len).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use crate::event::{Chunk, Event, Kind, Message};
    use crate::{CloseCode, Connection, ControlFrames, Input, Limits, ProtocolError};
    use std::vec::Vec;

    /// What is taken for a whole message at a glance is what the full examination finds, with
    /// nothing wrong about it: every beginning of a header, in every state that it depends on.
    #[test]
    fn the_short_way_agrees_with_the_long_one() {
        let limits = [
            Limits::DEFAULT,
            Limits { max_frame_bytes: 200, max_message_bytes: 66_000, ..Limits::DEFAULT },
        ];
        // What follows the first two bytes: a length in 2 bytes or in 8, or the masking key.
        let lengths: [u64; 8] = [0, 125, 126, 200, 201, 0xffff, 0x1_0000, 1 << 63];
        let mut whole_messages = 0;
        for limits in limits {
            for (mut connection, deflate) in [
                (Connection::server(limits), false),
                (Connection::server(limits), true),
                (Connection::client(limits, || [0; 4]), false),
            ] {
                connection.deflate = deflate;
                for first_two in 0..=u16::MAX {
                    for length in lengths {
                        let mut bytes = Vec::from(first_two.to_be_bytes());
                        match first_two & 0x7f {
                            126 => bytes.extend(u16::try_from(length).unwrap_or(7).to_be_bytes()),
                            127 => bytes.extend(length.to_be_bytes()),
                            _ if length > 0 => break,
                            _ => {}
                        }
                        bytes.extend([1, 2, 3, 4]);
                        let Some((start, key_at, payload_len)) = connection.whole_message(&bytes)
                        else {
                            continue;
                        };
                        let (opcode, header_len) = (start.opcode, start.header_len(key_at));
                        whole_messages += 1;
                        let frame = connection.receive_header(&bytes).unwrap().unwrap();
                        assert_eq!(
                            (frame.start.opcode, frame.header_len, frame.payload_len),
                            (opcode, header_len, payload_len as u64),
                            "{bytes:02x?}"
                        );
                        assert!(frame.start.fin && !frame.start.rsv1 && !opcode.is_control());
                    }
                }
            }
        }
        // Text and binary, in each of 3 connections: 126 short lengths; in 2 bytes 126, 200, 201 and
        // 65,535, of which the small limit leaves two; in 8 bytes 65,536, which it does not leave.
        assert_eq!(whole_messages, 2 * 3 * (2 * 126 + (4 + 1) + 2));
    }

    /// What is taken, and what is left of the input: by itself, and by the call that takes everything.
    #[test]
    fn a_whole_message_is_taken_and_nothing_else() {
        let hello = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        let text = Some(Message::Text("Hello"));
        type Row = (&'static str, Vec<u8>, Option<Message<'static>>, usize);
        let table: [Row; 7] = [
            ("a text", hello.to_vec(), text, 0),
            ("two of them", [&hello[..], hello].concat(), text, hello.len()),
            ("an empty message", b"\x82\x80\0\0\0\0".to_vec(), Some(Message::Binary(b"")), 0),
            ("not all of it", hello[..10].to_vec(), None, 10),
            ("a fragment", b"\x01\x81\0\0\0\0a".to_vec(), None, 7),
            ("a Ping", b"\x89\x80\0\0\0\0".to_vec(), None, 6),
            ("not masked", b"\x81\x05Hello".to_vec(), None, 7),
        ];
        for (what, bytes, message, left) in table {
            let mut server = Connection::server(Limits::DEFAULT);
            let mut control = ControlFrames::new();
            let mut buffer = bytes.clone();
            let mut input = Input::new(&mut buffer);
            let taken = server.receive_message(&mut input, &mut control);
            assert_eq!((taken, input.len()), (message, left), "{what}");
            assert!(control.is_empty(), "{what}");
            assert!(left == 0 || input.rest() == &bytes[bytes.len() - left..], "{what}: untouched");
        }
    }

    /// Text that is wrong fails the connection, and the call that takes everything says so.
    #[test]
    fn a_message_that_is_wrong_is_none_and_then_an_error() {
        for closes_first in [false, true] {
            let mut server = Connection::server(Limits::DEFAULT);
            let mut control = ControlFrames::new();
            if closes_first {
                server.close(CloseCode::NORMAL, "", &mut control).unwrap();
                control.poll_transmit();
            }
            let mut bytes = *b"\x81\x81\0\0\0\0\xff\x82\x80\0\0\0\0";
            let mut input = Input::new(&mut bytes);
            assert_eq!(server.receive_message(&mut input, &mut control), None);
            assert!(input.is_empty(), "what is behind it is dropped");
            let sent = control.poll_transmit();
            assert_eq!(sent.is_none(), closes_first, "one Close is enough");
            assert!(sent.is_none_or(|sent| sent[2..4] == 1007_u16.to_be_bytes()));
            let mut behind = *b"\x82\x80\0\0\0\0";
            let mut input = Input::new(&mut behind);
            assert_eq!(server.receive_message(&mut input, &mut control), None);
            let received = server.receive(&mut input, &mut control);
            assert_eq!(received, Err(ProtocolError::TextNotUtf8));
        }
    }

    /// What a server does with the first `cut` bytes of what a client sends, where frames of up to
    /// `max_held_bytes` are held: the event, what stays behind, and what is missing.
    fn held(
        connection: &mut Connection,
        sent: &[u8],
        cut: usize,
        max_held_bytes: usize,
    ) -> (Result<Option<Event<'static>>, ProtocolError>, usize, usize) {
        let bytes: &'static mut [u8] = Vec::leak(sent[..cut].to_vec());
        let mut input = Input::holding(bytes, max_held_bytes);
        let received = connection.receive(&mut input, &mut ControlFrames::new());
        (received, input.len(), input.missing())
    }

    #[test]
    fn a_message_is_held_until_it_is_whole() {
        let sent = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        for cut in 0..sent.len() {
            let server = &mut Connection::server(Limits::DEFAULT);
            let missing = if cut < 2 { 0 } else { sent.len() - cut };
            assert_eq!(held(server, &sent, cut, sent.len()), (Ok(None), cut, missing), "{cut}");
            assert!(!server.is_receiving_message(), "nothing was taken of it");
            let whole = (Ok(Some(Event::Text("Hello"))), 0, 0);
            assert_eq!(held(server, &sent, sent.len(), sent.len()), whole, "after {cut}");
        }
    }

    #[test]
    fn what_is_not_held() {
        use ProtocolError::*;
        let hello = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        let chunk = |data| {
            let chunk = Chunk { kind: Kind::Text, data, last: false, compressed: false };
            Ok(Some(Event::Chunk(chunk)))
        };
        type Row =
            (&'static str, &'static [u8], usize, Result<Option<Event<'static>>, ProtocolError>);
        let table: &[Row] = &[
            ("a frame that is longer", hello, 10, chunk(b"Hell")),
            ("a message over the limit", b"\x82\xfe\x00\xff\x00", 300, Err(FrameTooBig)),
            ("a wrong header", b"\x83\x85\x00\x00", 300, Err(ReservedOpcode)),
            ("a fragment", b"\x01\x85\0\0\0\0ab", 300, chunk(b"a")),
        ];
        for (what, sent, max_held_bytes, expected) in table {
            let limits = Limits { max_frame_bytes: 200, ..Limits::DEFAULT };
            let cut = sent.len() - 1;
            let (received, _, missing) =
                held(&mut Connection::server(limits), sent, cut, *max_held_bytes);
            assert_eq!((received, missing), (*expected, 0), "{what}");
        }
    }

    /// Text that is wrong fails the connection when the frame that was held is whole.
    #[test]
    fn what_was_held_is_looked_at_when_it_is_whole() {
        let sent = b"\x81\x83\0\0\0\0\xffab";
        let server = &mut Connection::server(Limits::DEFAULT);
        assert_eq!(held(server, sent, 8, 9), (Ok(None), 8, 1));
        assert_eq!(held(server, sent, 9, 9), (Err(ProtocolError::TextNotUtf8), 0, 0));
    }

    /// Inside a message, and where nothing is received any more, nothing is one.
    #[test]
    fn a_whole_message_comes_between_messages_alone() {
        let message = b"\x81\x80\x01\x02\x03\x04";
        let mut connection = Connection::server(Limits::DEFAULT);
        assert!(connection.whole_message(message).is_some());
        let mut fragment = *b"\x01\x80\x01\x02\x03\x04";
        let mut input = Input::new(&mut fragment);
        let mut control = ControlFrames::new();
        assert_eq!(connection.receive(&mut input, &mut control), Ok(None));
        assert!(connection.whole_message(message).is_none());
        let mut connection = Connection::server(Limits::DEFAULT);
        connection.has_sent(Kind::Text, false);
        assert!(connection.whole_message(message).is_some());
        connection.receive_eof();
        assert!(connection.whole_message(message).is_none());
    }
}
