//! What comes over the wire: the frames of many messages, received over and over.

use std::rc::Rc;

use anyhow::{Result, ensure};
use fastrand::Rng;
use longwire::{Header, OpCode, Role};

use crate::outgoing::Outgoing;
use crate::payload::Payload;
use crate::source::Source;

/// About as many bytes as there are of different messages: two of the longest reads, and little enough
/// that these and a reader's buffer stay in the cache of one processor, where a packet that has just come
/// in is too. That is 512 KiB on some, which strangers may have a part of.
const WIRE_BYTES: usize = 128 * 1024;

/// The frames of some messages, as a peer sends them.
pub(crate) struct Wire {
    bytes: Rc<[u8]>,
    text: bool,
    messages: Vec<Vec<u8>>,
}

impl Wire {
    /// Messages of `len` bytes for an endpoint with the role of `receiver`, one frame each.
    pub(crate) fn new(receiver: Role, payload: Payload, len: usize) -> Self {
        let mut rng = Rng::with_seed(len as u64);
        let (mut bytes, mut messages) = (Vec::new(), Vec::new());
        while bytes.len() < WIRE_BYTES {
            let message = payload.make(len, &mut rng);
            let mask = (receiver == Role::Server).then(|| rng.u32(..).to_ne_bytes());
            let opcode = if payload.is_text() { OpCode::Text } else { OpCode::Binary };
            push_frame(&mut bytes, opcode, mask, &message);
            messages.push(message);
        }
        Self { bytes: bytes.into(), text: payload.is_text(), messages }
    }

    /// What a peer has sent.
    pub(crate) fn of(frames: Vec<u8>, outgoing: Outgoing) -> Self {
        Self { bytes: frames.into(), text: outgoing.text, messages: outgoing.messages }
    }

    /// The stream of these frames, without an end.
    pub(crate) fn source(&self) -> Source {
        Source::new(Rc::clone(&self.bytes))
    }

    /// Someone who compares what is received with what was sent.
    pub(crate) fn comparer(&self) -> Comparer<'_> {
        Comparer::new(self.text, &self.messages)
    }

    /// Different messages.
    pub(crate) fn messages(&self) -> u64 {
        self.messages.len() as u64
    }
}

/// Appends one frame.
fn push_frame(bytes: &mut Vec<u8>, opcode: OpCode, mask: Option<[u8; 4]>, payload: &[u8]) {
    let header = Header { fin: true, rsv1: false, opcode, mask, payload_len: payload.len() as u64 };
    let header = header.encode();
    bytes.extend_from_slice(header.as_bytes());
    let at = bytes.len();
    bytes.extend_from_slice(payload);
    header.mask(&mut bytes[at..]);
}

/// Who is shown each message that was received.
pub(crate) trait Eye {
    /// The message, and whether it is text.
    fn see(&mut self, text: bool, payload: &[u8]);
}

/// Takes of each message its length and its first byte: what no program can do without.
#[derive(Default)]
pub(crate) struct Glance {
    sum: u64,
}

impl Eye for Glance {
    #[inline(always)]
    fn see(&mut self, text: bool, payload: &[u8]) {
        let first = std::hint::black_box(payload).first().copied().unwrap_or_default();
        self.sum = self.sum.wrapping_add(payload.len() as u64);
        self.sum = self.sum.wrapping_add(u64::from(first)).wrapping_add(u64::from(text));
    }
}

impl Drop for Glance {
    fn drop(&mut self) {
        std::hint::black_box(self.sum);
    }
}

/// Compares each message with what was sent.
pub(crate) struct Comparer<'w> {
    text: bool,
    messages: &'w [Vec<u8>],
    seen: u64,
    wrong: Option<u64>,
}

impl<'w> Comparer<'w> {
    /// For messages that were sent over and over.
    pub(crate) fn new(text: bool, messages: &'w [Vec<u8>]) -> Self {
        Self { text, messages, seen: 0, wrong: None }
    }
}

impl Eye for Comparer<'_> {
    fn see(&mut self, text: bool, payload: &[u8]) {
        let at = usize::try_from(self.seen).expect("an index") % self.messages.len();
        if text != self.text || payload != self.messages[at] {
            self.wrong.get_or_insert(self.seen);
        }
        self.seen += 1;
    }
}

impl Comparer<'_> {
    /// Whether all messages came, in order, with the right bytes.
    pub(crate) fn finish(self, expected: u64) -> Result<()> {
        ensure!(self.wrong.is_none(), "message {} is wrong", self.wrong.unwrap_or_default());
        ensure!(self.seen == expected, "{} messages of {expected}", self.seen);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparer_notices_what_is_wrong() {
        let wire = Wire::new(Role::Client, Payload::Ascii, 5);
        let (first, second) = (wire.messages[0].clone(), wire.messages[1].clone());
        let verdict = |shown: &[(bool, &[u8])]| {
            let mut comparer = wire.comparer();
            shown.iter().for_each(|(text, payload)| comparer.see(*text, payload));
            comparer.finish(2).map_err(|error| error.to_string())
        };
        assert_eq!(verdict(&[(true, &first), (true, &second)]), Ok(()));
        let wrong = |text: &str| Err(text.to_owned());
        assert_eq!(verdict(&[(true, &first), (false, &second)]), wrong("message 1 is wrong"));
        assert_eq!(verdict(&[(true, &second), (true, &first)]), wrong("message 0 is wrong"));
        assert_eq!(verdict(&[(true, &first)]), wrong("1 messages of 2"));
    }

    #[test]
    fn a_frame_is_written_like_the_sample_of_the_standard() {
        let mut bytes = Vec::new();
        let key = Some([0x37, 0xfa, 0x21, 0x3d]);
        push_frame(&mut bytes, OpCode::Text, key, b"Hello");
        assert_eq!(bytes, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    }
}
