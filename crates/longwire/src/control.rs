//! Control frames that wait to be sent: Pongs and Pings in order, and behind them at most a Close.
//!
//! The memory is the caller's: one of these serves any number of connections in turn, as long as
//! it is emptied before the next one's bytes are received. While the peer does not take output, a
//! connection needs one of its own.

use crate::header::{EncodedHeader, Header, MAX_CONTROL_PAYLOAD_BYTES, OpCode};

/// The longest control frame, masked.
const MAX_FRAME_BYTES: usize = 2 + 4 + MAX_CONTROL_PAYLOAD_BYTES;
const CAPACITY: usize = 512;
/// Pings and Pongs leave room for a Close, which must never be lost.
const CAPACITY_BEFORE_CLOSE: usize = CAPACITY - MAX_FRAME_BYTES;
/// What the application sends leaves room for the answer to a Ping, which RFC 6455 §5.5.2 asks for as
/// well.
const CAPACITY_BEFORE_PONG: usize = CAPACITY_BEFORE_CLOSE - MAX_FRAME_BYTES;

/// Bytes of control frames that the connection wants to send.
///
/// Every Ping is answered, in order, while the caller takes the answers; when there is no room for
/// another Pong, the older ones give way to it: RFC 6455 §5.5.3 lets an endpoint answer only the
/// newest Ping.
#[derive(Clone, Debug)]
pub struct ControlFrames {
    bytes: [u8; CAPACITY],
    /// Where the Close begins, or would.
    close_at: usize,
    len: usize,
}

impl Default for ControlFrames {
    fn default() -> Self {
        Self::new()
    }
}

impl ControlFrames {
    /// No frames yet.
    pub const fn new() -> Self {
        Self { bytes: [0; CAPACITY], close_at: 0, len: 0 }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes everything that waits: whole frames, to be sent between two frames of data. From here
    /// on they are the caller's to send.
    pub fn poll_transmit(&mut self) -> Option<&[u8]> {
        let waiting = self.bytes.get(..self.len).filter(|bytes| !bytes.is_empty());
        self.len = 0;
        self.close_at = 0;
        waiting
    }

    /// Adds a Pong; where there is no room, in place of the Pongs that wait.
    pub(crate) fn push_pong(&mut self, payload: &[u8], mask: Option<[u8; 4]>) {
        let header = control_header(OpCode::Pong, payload, mask);
        if !self.insert_within(CAPACITY_BEFORE_CLOSE, &header, payload) {
            self.drop_pongs();
            self.insert_within(CAPACITY_BEFORE_CLOSE, &header, payload);
        }
    }

    /// Adds a Ping or a Pong that the application wants to send. `false` when there is no room.
    pub(crate) fn insert(&mut self, opcode: OpCode, payload: &[u8], mask: Option<[u8; 4]>) -> bool {
        self.insert_within(CAPACITY_BEFORE_PONG, &control_header(opcode, payload, mask), payload)
    }

    /// Adds a frame in front of the Close, where what stands there then is within `capacity`.
    fn insert_within(&mut self, capacity: usize, header: &EncodedHeader, payload: &[u8]) -> bool {
        let (front, close_len) = (self.close_at, self.len.saturating_sub(self.close_at));
        let frame_len = header.as_bytes().len().saturating_add(payload.len());
        if front.saturating_add(frame_len) > capacity {
            return false;
        }
        self.append(header, payload);
        // A Close that waits stays the last frame.
        if let Some(unordered) = self.bytes.get_mut(front..self.len) {
            unordered.rotate_left(close_len.min(unordered.len()));
        }
        self.close_at = front.saturating_add(frame_len);
        true
    }

    /// Adds the Close.
    pub(crate) fn push_close(&mut self, payload: &[u8], mask: Option<[u8; 4]>) {
        self.append(&control_header(OpCode::Close, payload, mask), payload);
    }

    fn append(&mut self, header: &EncodedHeader, payload: &[u8]) {
        let places = self.bytes.get_mut(self.len..).unwrap_or_default();
        let Some((head, body)) = places.split_at_mut_checked(header.as_bytes().len()) else {
            return;
        };
        let Some(body) = body.get_mut(..payload.len()) else { return };
        head.copy_from_slice(header.as_bytes());
        body.copy_from_slice(payload);
        header.mask(body);
        self.len = self.len.saturating_add(head.len()).saturating_add(body.len());
    }

    /// Removes the Pongs that wait, and keeps everything else in order.
    fn drop_pongs(&mut self) {
        let (mut from, mut to) = (0_usize, 0_usize);
        let (mut close_at, len) = (self.close_at, self.len);
        while let Some(&[first, second]) =
            self.bytes.get(from..len).and_then(<[u8]>::first_chunk::<2>)
        {
            let mask_len = if second & 0x80 == 0 { 0 } else { 4 };
            let frame_len = usize::from(second & 0x7f).saturating_add(2).saturating_add(mask_len);
            let end = from.saturating_add(frame_len);
            if first & 0x0f == OpCode::Pong as u8 {
                close_at = close_at.saturating_sub(frame_len);
            } else {
                self.bytes.copy_within(from..end.min(len), to);
                to = to.saturating_add(frame_len);
            }
            from = end;
        }
        self.len = to;
        self.close_at = close_at;
    }
}

fn control_header(opcode: OpCode, payload: &[u8], mask: Option<[u8; 4]>) -> EncodedHeader {
    Header { fin: true, rsv1: false, opcode, mask, payload_len: payload.len() as u64 }.encode()
}

#[cfg(test)]
mod tests {
    use super::ControlFrames;
    use crate::header::OpCode;
    use std::vec::Vec;

    fn pong(payload: &[u8]) -> Vec<u8> {
        [&[0x8a, u8::try_from(payload.len()).unwrap()], payload].concat()
    }

    #[test]
    fn pongs_keep_their_order_while_there_is_room() {
        let mut control = ControlFrames::new();
        assert_eq!(control.poll_transmit(), None);
        control.push_pong(b"one", None);
        control.push_pong(b"two", None);
        let expected = [pong(b"one"), pong(b"two")].concat();
        assert_eq!(control.poll_transmit(), Some(&expected[..]));
        assert_eq!(control.poll_transmit(), None);
    }

    #[test]
    fn the_newest_pong_wins_and_pings_and_the_close_stay() {
        let mut control = ControlFrames::new();
        assert!(control.insert(OpCode::Ping, b"ours", None));
        control.push_pong(&[1; 125], None);
        control.push_close(b"\x03\xe8", None);
        control.push_pong(&[2; 125], None);
        control.push_pong(&[3; 119], None);
        let expected =
            [&b"\x89\x04ours"[..], &pong(&[1; 125]), &pong(&[2; 125]), &pong(&[3; 119])].concat();
        assert_eq!(&control.bytes[..control.close_at], expected, "the fourth still fits");
        control.push_pong(&[4; 125], None);
        let expected = [&b"\x89\x04ours"[..], &pong(&[4; 125]), b"\x88\x02\x03\xe8"].concat();
        assert_eq!(control.poll_transmit(), Some(&expected[..]));
    }

    #[test]
    fn a_ping_without_room_is_refused_and_a_close_always_fits() {
        let mut control = ControlFrames::new();
        while control.insert(OpCode::Ping, &[9; 125], Some([1, 2, 3, 4])) {}
        let before = control.len;
        control.push_close(&[0; 125], Some([1, 2, 3, 4]));
        assert_eq!(control.len, before + 131);
    }

    /// Found by fuzzing: Pings of the application filled the room, and the Pong owed was dropped.
    #[test]
    fn pings_of_the_application_leave_room_for_the_answer_to_the_newest_ping() {
        for len in [125, 124, 60, 10, 0] {
            let mut control = ControlFrames::new();
            let mut pings = 0;
            while control.insert(OpCode::Ping, &std::vec![9; len], None) {
                pings += 1;
            }
            control.push_pong(&[1; 125], None);
            control.push_pong(&[2; 125], None);
            control.push_close(&[0; 125], None);
            control.push_pong(&[3; 125], None);
            let bytes = control.poll_transmit().unwrap();
            assert!(pings >= 1 && bytes.len() >= pings * (2 + len), "{len} bytes");
            let close = [&b"\x88\x7d"[..], &[0; 125]].concat();
            let end = [pong(&[3; 125]), close].concat();
            assert!(bytes.ends_with(&end), "{len} bytes");
        }
    }

    #[test]
    fn a_client_masks() {
        let mut control = ControlFrames::new();
        control.push_pong(b"Hello", Some([0x37, 0xfa, 0x21, 0x3d]));
        let expected = b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"; // RFC 6455 §5.7
        assert_eq!(control.poll_transmit(), Some(&expected[..]));
    }
}
