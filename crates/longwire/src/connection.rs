//! The connection after the opening handshake: one state machine for both roles.
//!
//! ```text
//!  phase         what happens                  next           what is sent
//!  ------------  ----------------------------  -------------  --------------------------------
//!  Open          close() by the application    Closing        Close(code, reason)
//!  Open          the peer's Close              ClosedByPeer   Close(the same code)
//!  Open          the peer breaks the protocol  Failed         Close(the error's code)
//!  Open          end of stream                 Lost           -
//!  Closing       the peer's Close              ClosedByUs     -
//!  Closing       the peer breaks the protocol  Failed         -  (our Close is out already)
//!  Closing       end of stream                 Lost           -
//!  ClosedByPeer, ClosedByUs, Failed, Lost: nothing changes any more, nothing is processed.
//! ```
//!
//! Independent of it, a data message may be under way in each direction: `incoming` and `outgoing`.
//! Every change of state is in this file; `check.rs` judges headers and
//! `send.rs` writes them, and both only ask.

use crate::check::{Frame, check_incomplete};
use crate::close::{Close, CloseCode};
use crate::control::ControlFrames;
use crate::error::{ApiMisuse, ProtocolError};
use crate::event::{Chunk, Event, Kind};
use crate::header::{MAX_CONTROL_PAYLOAD_BYTES, OpCode};
use crate::input::Input;
use crate::limits::Limits;
use crate::mask::apply_mask;
use crate::state::MaskKeySource;
use crate::utf8::Utf8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    Closing,
    ClosedByPeer,
    ClosedByUs,
    Lost,
    Failed(ProtocolError),
}

/// The message that is being received.
#[derive(Clone, Copy)]
pub(crate) struct Incoming {
    pub(crate) kind: Kind,
    pub(crate) compressed: bool,
    /// Whether the frame under way is the message's last.
    fin: bool,
}

/// A WebSocket connection after its opening handshake.
///
/// It owns no socket, clock, randomness or buffer: bytes go in through
/// [`receive`](Self::receive) and come out as events; frames to be sent are encoded into the
/// caller's memory. 64 bytes are all that it keeps.
pub struct Connection {
    pub(crate) mask_keys: Option<MaskKeySource>,
    pub(crate) max_frame_bytes: u64,
    pub(crate) max_message_bytes: u64,
    /// Payload bytes of the data frame under way that have not come yet.
    pub(crate) remaining: u64,
    /// Payload bytes that the message under way may still take.
    pub(crate) allowance: u64,
    pub(crate) max_fragments: u32,
    pub(crate) fragments: u32,
    /// The masking key of the data frame under way, turned to its next byte.
    key: [u8; 4],
    utf8: Utf8,
    pub(crate) phase: Phase,
    pub(crate) deflate: bool,
    pub(crate) peer_code: u16,
    pub(crate) incoming: Option<Incoming>,
    pub(crate) outgoing: Option<Kind>,
}

const _: () = assert!(size_of::<Connection>() <= 64, "what an idle connection costs");

impl Connection {
    /// The server's end of a connection whose opening handshake is done.
    pub fn server(limits: Limits) -> Self {
        Self::new(None, limits)
    }

    /// The client's end of a connection whose opening handshake is done.
    pub fn client(limits: Limits, mask_keys: MaskKeySource) -> Self {
        Self::new(Some(mask_keys), limits)
    }

    fn new(mask_keys: Option<MaskKeySource>, limits: Limits) -> Self {
        Self {
            mask_keys,
            max_frame_bytes: limits.max_frame_bytes,
            max_message_bytes: limits.max_message_bytes,
            remaining: 0,
            allowance: 0,
            max_fragments: limits.max_fragments,
            fragments: 0,
            key: [0; 4],
            utf8: Utf8::default(),
            phase: Phase::Open,
            deflate: false,
            peer_code: 0,
            incoming: None,
            outgoing: None,
        }
    }

    /// Lets messages be compressed: permessage-deflate was agreed to in the handshake (RFC 7692).
    /// [`WebSocket`](crate::WebSocket) does this, and does the compression too.
    #[must_use]
    pub fn with_deflate(mut self) -> Self {
        self.deflate = true;
        self
    }

    // ---- input ----

    /// Takes the next event out of `input`: call it until it gives `None`, and put what `input`
    /// then has left in front of the next read.
    ///
    /// Payloads are unmasked in place and borrowed from the caller's buffer. Replies, the Pong to a
    /// Ping and the Close to a Close, are put into `control`, to be sent before the next call. After
    /// the peer's Close everything is discarded.
    ///
    /// # Errors
    /// The first breach of the protocol, at the earliest byte that shows it. The connection has
    /// then failed: the Close that says why is in `control`, and every later call returns the same
    /// error and discards its input (RFC 6455 §7.1.7).
    #[inline]
    pub fn receive<'b>(
        &mut self,
        input: &mut Input<'b>,
        control: &mut ControlFrames,
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        match self.receive_message(input, control) {
            Some(message) => Ok(Some(message.into())),
            None => self.receive_other(input, control),
        }
    }

    /// The stream has ended: no more bytes will come. Without a closing handshake before it, the
    /// connection was lost (RFC 6455 §7.2.1), and the code for that is 1006 (RFC 6455 §7.1.5).
    pub fn receive_eof(&mut self) {
        if matches!(self.phase, Phase::Open | Phase::Closing) {
            self.phase = Phase::Lost;
        }
    }

    /// Fails the connection (RFC 6455 §7.1.7) for a fault that a layer above has found, such as
    /// compressed data that does not inflate. The Close is put into `control`, unless one is out.
    pub fn fail(&mut self, error: ProtocolError, control: &mut ControlFrames) {
        match self.phase {
            Phase::Open => {
                let close = Close { code: error.code(), reason: error.reason() };
                // The reason of every error fits; a test holds them to it.
                let _sent = self.push_close(close, control);
                self.phase = Phase::Failed(error);
            }
            Phase::Closing => self.phase = Phase::Failed(error),
            _ => {}
        }
    }

    // ---- commands ----

    /// Begins the closing handshake (RFC 6455 §7.1.2), which no client should do without a reason
    /// (RFC 6455 §7.3): puts a Close into `control`, behind which nothing but Pongs is sent. With
    /// [`CloseCode::NO_STATUS`] and no reason its body is empty.
    ///
    /// # Errors
    /// The state is not [`State::Open`](crate::State::Open); the code must not be on the wire; the reason is over 123
    /// bytes.
    pub fn close(
        &mut self,
        code: CloseCode,
        reason: &str,
        control: &mut ControlFrames,
    ) -> Result<(), ApiMisuse> {
        if self.phase != Phase::Open {
            return Err(ApiMisuse::NotOpen);
        }
        self.push_close(Close { code, reason }, control)?;
        self.phase = Phase::Closing;
        Ok(())
    }

    // ---- receiving, step by step ----

    /// Receives what is not a whole message: frames of control, fragments, pieces of frames, and
    /// what is wrong.
    #[inline(never)]
    pub(crate) fn receive_other<'b>(
        &mut self,
        input: &mut Input<'b>,
        control: &mut ControlFrames,
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        match self.phase {
            Phase::Open | Phase::Closing if self.holds_message(input) => Ok(None),
            Phase::Open | Phase::Closing => self
                .next_event(input, control)
                .map_err(|error| self.fail_receiving(error, input, control)),
            Phase::Failed(error) => {
                input.discard();
                Err(error)
            }
            // RFC 6455 §5.5.1, RFC 6455 §7.1.1: what comes behind the peer's Close is discarded.
            Phase::ClosedByPeer | Phase::ClosedByUs | Phase::Lost => {
                input.discard();
                Ok(None)
            }
        }
    }

    #[cold]
    pub(crate) fn fail_receiving(
        &mut self,
        error: ProtocolError,
        input: &mut Input<'_>,
        control: &mut ControlFrames,
    ) -> ProtocolError {
        input.discard();
        self.fail(error, control);
        error
    }

    fn next_event<'b>(
        &mut self,
        input: &mut Input<'b>,
        control: &mut ControlFrames,
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        loop {
            if self.remaining > 0 {
                return self.receive_payload(input);
            }
            let Some(frame) = self.receive_header(input.rest())? else { return Ok(None) };
            if frame.start.opcode.is_control() {
                return self.receive_control(&frame, input, control);
            }
            input.take(frame.header_len);
            self.begin_frame(&frame);
            if frame.payload_len == 0 {
                // An empty fragment (RFC 6455 §5.4) says nothing unless it ends its message.
                if let Some(event) = self.end_of_frame(&[])? {
                    return Ok(Some(event));
                }
            }
        }
    }

    /// A data frame begins that is not a whole message in one read.
    fn begin_frame(&mut self, frame: &Frame) {
        self.allowance = self.message_allowance(frame.start).saturating_sub(frame.payload_len);
        self.remaining = frame.payload_len;
        self.key = frame.key.unwrap_or_default();
        let fin = frame.start.fin;
        let kind = match (frame.start.opcode, &mut self.incoming) {
            (OpCode::Continuation, Some(incoming)) => {
                incoming.fin = fin;
                self.fragments = self.fragments.saturating_add(1);
                return;
            }
            (OpCode::Text, _) => Kind::Text,
            _ => Kind::Binary,
        };
        self.incoming = Some(Incoming { kind, compressed: frame.start.rsv1, fin });
        self.fragments = 1;
        self.utf8 = Utf8::default();
    }

    /// Hands out as much of the data frame under way as has come.
    fn receive_payload<'b>(
        &mut self,
        input: &mut Input<'b>,
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        let data = input.take(usize::try_from(self.remaining).unwrap_or(usize::MAX));
        if data.is_empty() {
            return Ok(None);
        }
        self.take_payload(data)
    }

    /// Takes `data`, the next bytes of the data frame under way and no more than are due.
    pub(crate) fn take_payload<'b>(
        &mut self,
        data: &'b mut [u8],
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        // RFC 6455 §5.3, RFC 6455 §6.2: what a client sent is unmasked, each frame with its own key.
        if self.mask_keys.is_none() {
            self.key = apply_mask(data, self.key);
        }
        self.remaining = self.remaining.saturating_sub(data.len() as u64);
        // RFC 6455 §8.1: text is UTF-8 over the whole message; a fragment may end inside a character.
        if self.incoming.is_some_and(|message| message.kind == Kind::Text && !message.compressed) {
            self.utf8.push(data).map_err(|_| ProtocolError::TextNotUtf8)?;
        }
        if self.remaining == 0 {
            return self.end_of_frame(data);
        }
        Ok(self.chunk(data, false))
    }

    /// The data frame under way is complete; `data` are its last bytes.
    fn end_of_frame<'b>(&mut self, data: &'b [u8]) -> Result<Option<Event<'b>>, ProtocolError> {
        // RFC 6455 §6.2: a message has been received when its last frame has.
        if !self.incoming.is_some_and(|message| message.fin) {
            return Ok(self.chunk(data, false));
        }
        self.utf8.finish().map_err(|_| ProtocolError::TextNotUtf8)?;
        let event = self.chunk(data, true);
        self.incoming = None;
        Ok(event)
    }

    fn chunk<'b>(&self, data: &'b [u8], last: bool) -> Option<Event<'b>> {
        let Incoming { kind, compressed, .. } = self.incoming?;
        let worth_saying = last || !data.is_empty();
        worth_saying.then_some(Event::Chunk(Chunk { kind, compressed, last, data }))
    }

    /// Handles a control frame once all of it is there (RFC 6455 §5.5).
    fn receive_control<'b>(
        &mut self,
        frame: &Frame,
        input: &mut Input<'b>,
        control: &mut ControlFrames,
    ) -> Result<Option<Event<'b>>, ProtocolError> {
        let payload_len = usize::try_from(frame.payload_len).unwrap_or(usize::MAX);
        let frame_len = frame.header_len.saturating_add(payload_len);
        if input.len() < frame_len {
            return check_incomplete(frame, input.rest()).map(|()| None);
        }
        input.take(frame.header_len);
        let payload = input.take(payload_len);
        if let Some(key) = frame.key {
            apply_mask(payload, key);
        }
        match frame.start.opcode {
            OpCode::Ping => {
                // RFC 6455 §5.5.2: a Pong, unless a Close has been received; RFC 6455 §5.5.3: with
                // the same payload.
                control.push_pong(payload, self.mask_key());
                Ok(Some(Event::Ping(payload)))
            }
            // RFC 6455 §5.5.3: a Pong that nobody asked for is no error.
            OpCode::Pong => Ok(Some(Event::Pong(payload))),
            _ => {
                let close = Close::parse(payload)?;
                self.receive_close(close, control);
                input.discard();
                Ok(Some(Event::Close(close)))
            }
        }
    }

    fn receive_close(&mut self, close: Close<'_>, control: &mut ControlFrames) {
        self.peer_code = close.code.value();
        if self.phase == Phase::Closing {
            self.phase = Phase::ClosedByUs;
            return;
        }
        // RFC 6455 §5.5.1: a Close is answered with a Close, typically with the code received; one
        // without a code is answered with an empty one, never with 1005.
        let _sent = self.push_close(Close { code: close.code, reason: "" }, control);
        self.phase = Phase::ClosedByPeer;
    }

    // ---- sending ----

    /// A data frame has been sent.
    pub(crate) fn has_sent(&mut self, kind: Kind, fin: bool) {
        self.outgoing = if fin { None } else { Some(kind) };
    }

    fn push_close(&self, close: Close<'_>, control: &mut ControlFrames) -> Result<(), ApiMisuse> {
        let mut body = [0; MAX_CONTROL_PAYLOAD_BYTES];
        let len = close.encode(&mut body)?;
        control.push_close(body.get(..len).unwrap_or_default(), self.mask_key());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    const LIMITS: Limits = Limits { max_frame_bytes: 8, max_message_bytes: 10, max_fragments: 3 };

    /// A client, to whom frames come as they are, without masks. Its own key changes every bit.
    fn client() -> Connection {
        Connection::client(LIMITS, || [0xff; 4])
    }

    fn shown(event: Event<'_>) -> String {
        let bytes = |data: &[u8]| String::from_utf8_lossy(data).into_owned();
        match event {
            Event::Text(text) => format!("text {text}"),
            Event::Binary(data) => format!("binary {}", bytes(data)),
            Event::Ping(data) => format!("ping {}", bytes(data)),
            Event::Pong(data) => format!("pong {}", bytes(data)),
            Event::Close(Close { code, reason }) => format!("close {} {reason}", code.value()),
            Event::Chunk(Chunk { kind, compressed, last, data }) => {
                let compressed = if compressed { " compressed" } else { "" };
                let last = if last { " last" } else { "" };
                format!("{kind:?}{compressed} {}{last}", bytes(data))
            }
        }
    }

    /// What one read comes to: the events, the error, how much stays behind; and the bytes sent.
    fn receive(connection: &mut Connection, bytes: &[u8]) -> (String, Vec<u8>) {
        let (mut bytes, mut control) = (bytes.to_vec(), ControlFrames::new());
        let mut input = Input::new(&mut bytes);
        let mut said = Vec::new();
        loop {
            match connection.receive(&mut input, &mut control) {
                Ok(Some(event)) => said.push(shown(event)),
                Ok(None) => break,
                Err(error) => {
                    said.push(format!("{error:?}"));
                    break;
                }
            }
        }
        if !input.is_empty() {
            said.push(format!("{} left", input.len()));
        }
        (said.join("; "), control.poll_transmit().unwrap_or_default().to_vec())
    }

    #[test]
    fn one_read_and_what_it_comes_to() {
        let table: &[(&[u8], &str)] = &[
            (b"", ""),
            (b"\x81", "1 left"),
            (b"\x81\x02hi", "text hi"),
            (b"\x82\x02\xff\xff", "binary \u{fffd}\u{fffd}"),
            (b"\x81\x00\x82\x00", "text ; binary "),
            (b"\x8a\x01x", "pong x"),
            // §5.1, §5.2: what no server sends.
            (b"\x81\x82", "FrameMasked"),
            (b"\x89\x82", "FrameMasked"),
            (b"\x83\x00", "ReservedOpcode"),
            (b"\xc1\x00", "ReservedBits"),
            // §5.4: fragments. An empty one that is not the last says nothing.
            (b"\x01\x01a\x80\x01b", "Text a; Text b last"),
            (b"\x02\x01a\x80\x01b", "Binary a; Binary b last"),
            (b"\x01\x00\x80\x00\x81\x01c", "Text  last; text c"),
            (b"\x01\x01a\x89\x01x\x80\x01b", "Text a; ping x; Text b last"),
            (b"\x80\x01a", "UnexpectedContinuation"),
            (b"\x00\x01a", "UnexpectedContinuation"),
            (b"\x01\x01a\x81\x01b", "Text a; ExpectedContinuation"),
            (b"\x01\x01a\x80\x01b\x80", "Text a; Text b last; 1 left"),
            (b"\x01\x01a\x80\x01b\x80\x00", "Text a; Text b last; UnexpectedContinuation"),
            (b"\x02\x01a\x00\x01b\x80\x01c", "Binary a; Binary b; Binary c last"),
            (
                b"\x02\x01a\x00\x01b\x00\x01c\x80\x00",
                "Binary a; Binary b; Binary c; TooManyFragments",
            ),
            // Part of a frame.
            (b"\x82\x05ab", "Binary ab"),
            (b"\x82\x05", ""),
            (b"\x81\x02\xc3", "Text \u{fffd}"),
            // §10.4: limits, of a frame and of a message.
            (b"\x82\x0812345678", "binary 12345678"),
            (b"\x82\x09", "FrameTooBig"),
            (b"\x02\x0812345678\x80\x029a", "Binary 12345678; Binary 9a last"),
            (b"\x02\x0812345678\x80\x03", "Binary 12345678; MessageTooBig"),
            // §8.1: text is UTF-8 over the whole message.
            (b"\x01\x01\xc3\x80\x01\xa4", "Text \u{fffd}; Text \u{fffd} last"),
            (b"\x01\x01\xc3\x80\x00", "Text \u{fffd}; TextNotUtf8"),
            (b"\x01\x01\xff", "TextNotUtf8"),
            (b"\x81\x01\xff", "TextNotUtf8"),
            (b"\x81\x03a\xff", "TextNotUtf8"),
            (b"\x01\x01\xc3\x80\x01\xa4\x01\x01a", "Text \u{fffd}; Text \u{fffd} last; Text a"),
            // §5.5: a control frame waits for its last byte, but a hopeless Close does not.
            (b"\x89\x05abc", "5 left"),
            (b"\x88\x05\x03\xe8", "4 left"),
            (b"\x88\x05\x03\xed", "CloseCodeInvalid"),
            (b"\x88\x05\x03\xe8\xff", "CloseReasonNotUtf8"),
            (b"\x88\x01", "ClosePayloadOneByte"),
            (b"\x89\x01", "2 left"),
            (b"\x88\x02\x03\xed", "CloseCodeInvalid"),
            // §7.1.1: what comes behind a Close is not looked at.
            (b"\x88\x00\x81\x01a", "close 1005 "),
            (b"\x88\x05\x03\xe8bye\xff", "close 1000 bye"),
        ];
        for (bytes, said) in table {
            assert_eq!(receive(&mut client(), bytes).0, *said, "{bytes:02x?}");
        }
    }

    #[test]
    fn rfc7692_s6_rsv1_marks_compressed_messages_where_that_was_agreed_to() {
        let table: &[(&[u8], &str)] = &[
            (b"\xc1\x02a\xff", "Text compressed a\u{fffd} last"),
            (b"\x42\x01a\x80\x01b", "Binary compressed a; Binary compressed b last"),
            (b"\x42\x01a\xc0\x01b", "Binary compressed a; ReservedBits"),
            (b"\x81\x01\xff", "TextNotUtf8"),
            (b"\xc9\x00", "ReservedBits"),
            // The message may be longer as long as it is compressed; 74 bytes with this limit.
            (b"\xc2\x09", "FrameTooBig"),
            (b"\x42\x081234567", "Binary compressed 1234567"),
        ];
        for (bytes, said) in table {
            assert_eq!(receive(&mut client().with_deflate(), bytes).0, *said, "{bytes:02x?}");
        }
    }

    #[test]
    fn a_server_unmasks_in_pieces_and_wants_masks() {
        let mut server = Connection::server(LIMITS);
        let masked = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        assert_eq!(receive(&mut server, masked).0, "text Hello");
        assert_eq!(receive(&mut server, &masked[..5]).0, "5 left");
        assert_eq!(receive(&mut server, &masked[..8]).0, "Text He");
        assert_eq!(receive(&mut server, &masked[8..]).0, "Text llo last");
        assert_eq!(receive(&mut server, b"\x81\x00").0, "FrameNotMasked");
        // §7.1.7: for ever.
        assert_eq!(receive(&mut server, masked), ("FrameNotMasked".into(), Vec::new()));
        let mut server = Connection::server(LIMITS);
        let close = b"\x88\x85\x37\xfa\x21\x3d\x34\x12\xde";
        assert_eq!(receive(&mut server, close).0, "CloseReasonNotUtf8");
    }

    /// Each change of state in the table at the top, and what is sent with it.
    #[test]
    fn rfc6455_s7_how_it_comes_to_its_end() {
        const CLOSE: &[u8] = b"\x88\x02\x03\xe8";
        const BROKEN: &[u8] = b"\x83\x00";
        // Whether this end closes first; what comes; the phase, and the first bytes sent.
        let table: &[(bool, &[u8], Phase, &[u8])] = &[
            (false, b"\x81\x01a", Phase::Open, b""),
            (false, b"\x89\x01a", Phase::Open, b"\x8a\x81\xff\xff\xff\xff\x9e"),
            (false, CLOSE, Phase::ClosedByPeer, b"\x88\x82\xff\xff\xff\xff\xfc\x17"),
            (false, b"\x88\x00", Phase::ClosedByPeer, b"\x88\x80\xff\xff\xff\xff"),
            (
                false,
                BROKEN,
                Phase::Failed(ProtocolError::ReservedOpcode),
                b"\x88\x98\xff\xff\xff\xff\xfc\x15",
            ),
            (true, b"\x81\x01a", Phase::Closing, b""),
            (true, b"\x89\x01a", Phase::Closing, b"\x8a\x81\xff\xff\xff\xff\x9e"),
            (true, CLOSE, Phase::ClosedByUs, b""),
            (true, BROKEN, Phase::Failed(ProtocolError::ReservedOpcode), b""),
        ];
        for (closes_first, bytes, phase, sent) in table {
            let (mut client, mut control) = (client(), ControlFrames::new());
            if *closes_first {
                client.close(CloseCode::NORMAL, "", &mut control).unwrap();
                assert_eq!(control.poll_transmit(), Some(&b"\x88\x82\xff\xff\xff\xff\xfc\x17"[..]));
            }
            let (_, out) = receive(&mut client, bytes);
            assert_eq!(client.phase, *phase, "{bytes:02x?}");
            let as_expected = out.starts_with(sent) && out.is_empty() == sent.is_empty();
            assert!(as_expected, "{bytes:02x?}: {out:02x?}");

            // The end of the stream loses what was not at its end, and changes nothing else.
            let ended = client.state() == State::Closed;
            client.receive_eof();
            assert_eq!(client.phase, if ended { *phase } else { Phase::Lost }, "{bytes:02x?}");
            let again = client.close(CloseCode::NORMAL, "", &mut control);
            assert_eq!((again, control.is_empty()), (Err(ApiMisuse::NotOpen), true));
            client.fail(ProtocolError::DeflateInvalid, &mut control);
            assert!(client.phase != Phase::Failed(ProtocolError::DeflateInvalid));
            assert!(control.is_empty());
        }
    }

    #[test]
    fn a_layer_above_fails_the_connection_once() {
        for closes_first in [false, true] {
            let (mut client, mut control) = (client(), ControlFrames::new());
            if closes_first {
                client.close(CloseCode::NORMAL, "bye", &mut control).unwrap();
                control.poll_transmit();
            }
            client.fail(ProtocolError::TextNotUtf8, &mut control);
            assert_eq!(client.phase, Phase::Failed(ProtocolError::TextNotUtf8));
            assert_eq!(control.is_empty(), closes_first, "one Close is enough");
            control.poll_transmit();
            client.fail(ProtocolError::ReservedBits, &mut control);
            assert_eq!(client.phase, Phase::Failed(ProtocolError::TextNotUtf8));
            assert!(control.is_empty());
        }
        let mut control = ControlFrames::new();
        let refused = client().close(CloseCode::ABNORMAL, "", &mut control);
        assert_eq!((refused, control.is_empty()), (Err(ApiMisuse::CloseCodeNotAllowed), true));
    }
}
