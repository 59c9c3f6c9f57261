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
use crate::header::{MAX_CONTROL_PAYLOAD_BYTES, OpCode, Start};
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
    compressed: bool,
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
        match self.phase {
            Phase::Open | Phase::Closing => {
                let event = self.next_event(input, control);
                if let Err(error) = event {
                    input.discard();
                    self.fail(error, control);
                }
                event
            }
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

    /// Begins the closing handshake: puts a Close into `control`, behind which nothing but Pongs
    /// is sent. With [`CloseCode::NO_STATUS`] and no reason its body is empty.
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

    #[inline]
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
            if let Some(payload) = whole_message(&frame, input) {
                if let Some(key) = frame.key {
                    apply_mask(payload, key);
                }
                return whole_event(frame.start.opcode, payload).map(Some);
            }
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

/// The payload of `frame` where it is a whole message, not compressed, and all of it has come.
#[inline]
fn whole_message<'b>(frame: &Frame, input: &mut Input<'b>) -> Option<&'b mut [u8]> {
    let Start { fin, rsv1, opcode, .. } = frame.start;
    let len = usize::try_from(frame.payload_len).ok()?;
    let whole = fin && !rsv1 && opcode != OpCode::Continuation && len <= input.len();
    whole.then(|| input.take(len))
}

#[inline]
fn whole_event(opcode: OpCode, payload: &[u8]) -> Result<Event<'_>, ProtocolError> {
    match opcode {
        // RFC 6455 §8.1: text that is not UTF-8 fails the connection.
        OpCode::Text => {
            core::str::from_utf8(payload).map(Event::Text).map_err(|_| ProtocolError::TextNotUtf8)
        }
        _ => Ok(Event::Binary(payload)),
    }
}
