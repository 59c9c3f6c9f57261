//! Frames, written (RFC 6455 §6.1). Data frames: a header to go beside the caller's payload, or
//! header and payload in the caller's buffer. Pings and Pongs: among the control frames that wait.

use crate::connection::{Connection, Phase};
use crate::control::ControlFrames;
use crate::error::ApiMisuse;
use crate::event::{Kind, Message};
use crate::header::{EncodedHeader, Header, MAX_CONTROL_PAYLOAD_BYTES, OpCode};

impl Connection {
    /// Sends a message in one frame, without touching its payload: the header goes out before it,
    /// in one vectored write. A client has to [mask](EncodedHeader::mask) the payload as well.
    ///
    /// # Errors
    /// The connection is not open, or a fragmented message is being sent.
    pub fn send(&mut self, message: Message<'_>) -> Result<EncodedHeader, ApiMisuse> {
        self.data_header(message.kind(), message.as_bytes().len(), Fragment::WHOLE)
    }

    /// Sends one fragment of a message (RFC 6455 §5.4), as [`send`](Self::send) does.
    /// [`Message::fragments`] cuts a message into them. Control frames may go between two.
    ///
    /// # Errors
    /// The connection is not open, or a message of the other kind is being sent.
    pub fn send_fragment(
        &mut self,
        fragment: Message<'_>,
        last: bool,
    ) -> Result<EncodedHeader, ApiMisuse> {
        let len = fragment.as_bytes().len();
        self.data_header(fragment.kind(), len, Fragment { last, ..Fragment::PLAIN })
    }

    /// Encodes a message in one frame into `out`: how many bytes that took.
    ///
    /// # Errors
    /// As for [`send`](Self::send); or `out` is too small.
    pub fn encode(&mut self, message: Message<'_>, out: &mut [u8]) -> Result<usize, ApiMisuse> {
        self.encode_frame(message, Fragment::WHOLE, out)
    }

    /// Encodes one fragment of a message into `out`: how many bytes that took.
    ///
    /// # Errors
    /// As for [`send_fragment`](Self::send_fragment); or `out` is too small.
    pub fn encode_fragment(
        &mut self,
        fragment: Message<'_>,
        last: bool,
        out: &mut [u8],
    ) -> Result<usize, ApiMisuse> {
        self.encode_frame(fragment, Fragment { last, ..Fragment::PLAIN }, out)
    }

    /// Puts a Ping into `control` (RFC 6455 §5.5.2).
    ///
    /// # Errors
    /// The state is not [`State::Open`](crate::State::Open); the payload is over 125 bytes; `control` is full.
    pub fn ping(&mut self, payload: &[u8], control: &mut ControlFrames) -> Result<(), ApiMisuse> {
        self.push_control(OpCode::Ping, payload, control)
    }

    /// Puts a Pong that nobody asked for into `control`: a heartbeat in one direction (RFC 6455
    /// §5.5.3). Pings are answered without this.
    ///
    /// # Errors
    /// As for [`ping`](Self::ping).
    pub fn pong(&mut self, payload: &[u8], control: &mut ControlFrames) -> Result<(), ApiMisuse> {
        self.push_control(OpCode::Pong, payload, control)
    }

    fn push_control(
        &mut self,
        opcode: OpCode,
        payload: &[u8],
        control: &mut ControlFrames,
    ) -> Result<(), ApiMisuse> {
        if self.phase != Phase::Open {
            return Err(ApiMisuse::NotOpen);
        }
        // RFC 6455 §5.5: a control frame carries 125 bytes at most.
        if payload.len() > MAX_CONTROL_PAYLOAD_BYTES {
            return Err(ApiMisuse::ControlTooLong);
        }
        let inserted = control.insert(opcode, payload, self.mask_key());
        if inserted { Ok(()) } else { Err(ApiMisuse::ControlFramesFull) }
    }

    /// The key for the next frame, where this is a client: RFC 6455 §5.1 has it mask all that it
    /// sends, and RFC 6455 §5.3 with a fresh key for each frame. A server masks nothing.
    pub(crate) fn mask_key(&self) -> Option<[u8; 4]> {
        self.mask_keys.map(|next| next())
    }

    /// The opcode of the next data frame, if it may be sent.
    pub(crate) fn may_send(&self, kind: Kind, whole: bool) -> Result<OpCode, ApiMisuse> {
        // RFC 6455 §6.1: messages are sent while the connection is open; RFC 6455 §5.5.1: no data
        // behind a Close.
        if self.phase != Phase::Open {
            return Err(ApiMisuse::NotOpen);
        }
        // RFC 6455 §5.4: the first fragment has the opcode of the message, the others 0.
        match (self.outgoing, kind) {
            (None, Kind::Text) => Ok(OpCode::Text),
            (None, Kind::Binary) => Ok(OpCode::Binary),
            (Some(under_way), _) if under_way == kind && !whole => Ok(OpCode::Continuation),
            (Some(_), _) => Err(ApiMisuse::InsideFragmentedMessage),
        }
    }

    fn encode_frame(
        &mut self,
        message: Message<'_>,
        fragment: Fragment,
        out: &mut [u8],
    ) -> Result<usize, ApiMisuse> {
        let (kind, payload) = (message.kind(), message.as_bytes());
        let header = self.peek_header(kind, payload.len(), fragment)?;
        let head_len = header.as_bytes().len();
        let needed = head_len.saturating_add(payload.len());
        let too_small = ApiMisuse::BufferTooSmall { needed };
        let (head, body) = out.split_at_mut_checked(head_len).ok_or(too_small)?;
        let body = body.get_mut(..payload.len()).ok_or(too_small)?;
        head.copy_from_slice(header.as_bytes());
        body.copy_from_slice(payload);
        header.mask(body);
        self.has_sent(kind, fragment.last);
        Ok(needed)
    }

    /// The header of a data frame, and the change of state that sending it is.
    pub(crate) fn data_header(
        &mut self,
        kind: Kind,
        payload_len: usize,
        fragment: Fragment,
    ) -> Result<EncodedHeader, ApiMisuse> {
        let header = self.peek_header(kind, payload_len, fragment)?;
        self.has_sent(kind, fragment.last);
        Ok(header)
    }

    fn peek_header(
        &self,
        kind: Kind,
        payload_len: usize,
        fragment: Fragment,
    ) -> Result<EncodedHeader, ApiMisuse> {
        let opcode = self.may_send(kind, fragment.whole)?;
        let (rsv1, mask) = (fragment.compressed, self.mask_key());
        let payload_len = payload_len as u64;
        Ok(Header { fin: fragment.last, rsv1, opcode, mask, payload_len }.encode())
    }
}

/// Which part of a message a frame is.
#[derive(Clone, Copy)]
pub(crate) struct Fragment {
    /// All of it: not allowed inside a fragmented message.
    pub(crate) whole: bool,
    /// Its end.
    pub(crate) last: bool,
    /// Its beginning, where the message is compressed.
    pub(crate) compressed: bool,
}

impl Fragment {
    const PLAIN: Self = Self { whole: false, last: false, compressed: false };
    const WHOLE: Self = Self { whole: true, last: true, compressed: false };
}
