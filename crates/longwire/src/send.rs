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
        let len = message.as_bytes().len();
        Ok(self.data_header(message.kind(), len, Fragment::WHOLE)?.encode())
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
        Ok(self.data_header(fragment.kind(), len, Fragment { last, ..Fragment::PLAIN })?.encode())
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
    #[inline]
    pub(crate) fn mask_key(&self) -> Option<[u8; 4]> {
        self.mask_keys.map(|next| next())
    }

    /// The header of a message in one frame, where it is of the shortest form and may be sent: that of a
    /// server, with a length of up to 125. Sending it changes nothing.
    #[cfg(feature = "alloc")]
    #[inline(always)]
    pub(crate) fn short_header(&self, message: Message<'_>) -> Option<[u8; 2]> {
        let len = message.as_bytes().len();
        let is_short = len <= MAX_CONTROL_PAYLOAD_BYTES
            && self.mask_keys.is_none()
            && self.phase == Phase::Open
            && self.outgoing.is_none();
        is_short.then(|| OpCode::from(message.kind()).short_header(len))
    }

    /// The opcode of the next data frame, if it may be sent.
    #[inline]
    pub(crate) fn may_send(&self, kind: Kind, whole: bool) -> Result<OpCode, ApiMisuse> {
        // RFC 6455 §6.1: messages are sent while the connection is open; RFC 6455 §5.5.1: no data
        // behind a Close.
        if self.phase != Phase::Open {
            return Err(ApiMisuse::NotOpen);
        }
        // RFC 6455 §5.4: the first fragment has the opcode of the message, the others 0.
        match (self.outgoing, kind) {
            (None, kind) => Ok(kind.into()),
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
        let header = self.peek_header(kind, payload.len(), fragment)?.encode();
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
    #[inline]
    pub(crate) fn data_header(
        &mut self,
        kind: Kind,
        payload_len: usize,
        fragment: Fragment,
    ) -> Result<Header, ApiMisuse> {
        let header = self.peek_header(kind, payload_len, fragment)?;
        self.has_sent(kind, fragment.last);
        Ok(header)
    }

    #[inline]
    fn peek_header(
        &self,
        kind: Kind,
        payload_len: usize,
        fragment: Fragment,
    ) -> Result<Header, ApiMisuse> {
        let opcode = self.may_send(kind, fragment.whole)?;
        let (rsv1, mask) = (fragment.compressed, self.mask_key());
        let payload_len = payload_len as u64;
        Ok(Header { fin: fragment.last, rsv1, opcode, mask, payload_len })
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
    pub(crate) const WHOLE: Self = Self { whole: true, last: true, compressed: false };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CloseCode, Limits, State};
    use std::vec::Vec;

    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    const TEXT: Message<'static> = Message::Text("Hello");
    const BINARY: Message<'static> = Message::Binary(b"Hello");

    /// The short way to a header gives what the long one does, and nothing where that refuses.
    #[cfg(feature = "alloc")]
    #[test]
    fn a_short_header_is_the_one_that_the_long_way_writes() {
        let bytes = [b'a'; 127];
        let mut short = 0;
        let phases = [
            Phase::Open,
            Phase::Closing,
            Phase::ClosedByPeer,
            Phase::ClosedByUs,
            Phase::Lost,
            Phase::Failed(crate::ProtocolError::ReservedBits),
        ];
        for phase in phases {
            for outgoing in [None, Some(Kind::Text), Some(Kind::Binary)] {
                for mut connection in [server(), Connection::client(Limits::DEFAULT, || KEY)] {
                    (connection.phase, connection.outgoing) = (phase, outgoing);
                    for message in
                        (0..=bytes.len()).map(|len| Message::Binary(&bytes[..len])).chain([TEXT])
                    {
                        let Some(header) = connection.short_header(message) else { continue };
                        short += 1;
                        let sent = connection.send(message).unwrap();
                        assert_eq!(sent.as_bytes(), header, "{message:?}");
                        assert_eq!(connection.outgoing, None);
                    }
                }
            }
        }
        // A server between messages: lengths of 0 to 125, and the text.
        assert_eq!(short, 126 + 1);
    }

    fn server() -> Connection {
        Connection::server(Limits::DEFAULT)
    }

    fn client() -> Connection {
        Connection::client(Limits::DEFAULT, || KEY)
    }

    /// What is sent: a whole message, or a fragment that is the last or not.
    #[derive(Clone, Copy, Debug)]
    enum Sent {
        Whole(Message<'static>),
        Part(Message<'static>),
        Last(Message<'static>),
    }

    /// Sends it in both ways, from the same state: beside the payload, and into a buffer. Both have
    /// to come to the same bytes.
    fn send(connection: &mut Connection, what: Sent) -> Result<Vec<u8>, ApiMisuse> {
        let (message, last) = match what {
            Sent::Whole(message) | Sent::Last(message) => (message, true),
            Sent::Part(message) => (message, false),
        };
        let before = connection.outgoing;
        let mut out = [0; 32];
        let encoded = match what {
            Sent::Whole(_) => connection.encode(message, &mut out),
            _ => connection.encode_fragment(message, last, &mut out),
        };
        let after = core::mem::replace(&mut connection.outgoing, before);
        let header = match what {
            Sent::Whole(_) => connection.send(message),
            _ => connection.send_fragment(message, last),
        };
        assert_eq!(connection.outgoing, after, "{what:?}");
        assert_eq!(encoded.err(), header.err(), "{what:?}");
        let mut payload = message.as_bytes().to_vec();
        header?.mask(&mut payload);
        let bytes = [header?.as_bytes(), &payload].concat();
        assert_eq!(out.get(..encoded?), Some(&*bytes), "{what:?}");
        Ok(bytes)
    }

    #[test]
    fn rfc6455_s5_4_messages_and_fragments_in_order() {
        use ApiMisuse::InsideFragmentedMessage;
        use Sent::*;
        let table: &[(Sent, Result<&[u8], ApiMisuse>)] = &[
            (Whole(TEXT), Ok(b"\x81\x05Hello")),
            (Whole(BINARY), Ok(b"\x82\x05Hello")),
            (Last(TEXT), Ok(b"\x81\x05Hello")),
            (Part(TEXT), Ok(b"\x01\x05Hello")),
            (Whole(TEXT), Err(InsideFragmentedMessage)),
            (Whole(BINARY), Err(InsideFragmentedMessage)),
            (Part(BINARY), Err(InsideFragmentedMessage)),
            (Last(BINARY), Err(InsideFragmentedMessage)),
            (Part(TEXT), Ok(b"\x00\x05Hello")),
            (Last(TEXT), Ok(b"\x80\x05Hello")),
            (Part(BINARY), Ok(b"\x02\x05Hello")),
            (Last(BINARY), Ok(b"\x80\x05Hello")),
            (Whole(TEXT), Ok(b"\x81\x05Hello")),
        ];
        let mut server = server();
        for (step, (what, expected)) in table.iter().enumerate() {
            assert_eq!(send(&mut server, *what), expected.map(Vec::from), "step {step}");
        }
        let masked = send(&mut client(), Whole(TEXT));
        assert_eq!(masked.as_deref(), Ok(&b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"[..]));
    }

    #[test]
    fn a_buffer_that_is_too_small_changes_nothing() {
        for room in 0..11 {
            let mut client = client();
            let too_small = Err(ApiMisuse::BufferTooSmall { needed: 11 });
            assert_eq!(client.encode(TEXT, &mut [0; 11][..room]), too_small, "{room}");
            assert_eq!(client.encode_fragment(TEXT, false, &mut [0; 11][..room]), too_small);
            assert_eq!(client.outgoing, None);
            assert_eq!(client.encode(TEXT, &mut [0; 11]), Ok(11));
        }
    }

    #[test]
    fn rfc6455_s5_5_pings_and_pongs() {
        let full = [b'x'; MAX_CONTROL_PAYLOAD_BYTES + 1];
        let mut control = ControlFrames::new();
        let (mut server, mut client) = (server(), client());
        server.ping(b"Hello", &mut control).unwrap();
        server.pong(b"", &mut control).unwrap();
        client.ping(b"Hello", &mut control).unwrap();
        let frames = b"\x89\x05Hello\x8a\x00\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        assert_eq!(control.poll_transmit(), Some(&frames[..]));

        assert_eq!(server.ping(&full, &mut control), Err(ApiMisuse::ControlTooLong));
        assert_eq!(server.pong(&full, &mut control), Err(ApiMisuse::ControlTooLong));
        assert!(control.is_empty());
        // There is room for one of the longest, and behind it for the answer to a Ping.
        server.ping(&full[..125], &mut control).unwrap();
        assert_eq!(server.pong(&full[..125], &mut control), Err(ApiMisuse::ControlFramesFull));
        assert_eq!(control.poll_transmit().map(<[u8]>::len), Some(127));
        server.pong(&full[..125], &mut control).unwrap();
        assert_eq!(control.poll_transmit().map(<[u8]>::len), Some(127));
    }

    #[test]
    fn rfc6455_s5_5_1_nothing_is_sent_behind_a_close() {
        let (mut server, mut control) = (server(), ControlFrames::new());
        server.close(CloseCode::NORMAL, "", &mut control).unwrap();
        control.poll_transmit();
        assert_eq!(server.state(), State::Closing);
        for what in [Sent::Whole(TEXT), Sent::Part(BINARY), Sent::Last(TEXT)] {
            assert_eq!(send(&mut server, what), Err(ApiMisuse::NotOpen));
        }
        assert_eq!(server.ping(b"", &mut control), Err(ApiMisuse::NotOpen));
        assert_eq!(server.pong(b"", &mut control), Err(ApiMisuse::NotOpen));
        assert!(control.is_empty());
    }
}
