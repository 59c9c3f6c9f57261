//! What is sent: many different messages over and over, and when they are written.

use fastrand::Rng;

use crate::payload::Payload;

/// About as many bytes as there are of different messages.
const PAYLOAD_BYTES: usize = 256 * 1024;
/// About as many bytes leave in one write.
const WRITE_BYTES: usize = 64 * 1024;

/// Messages to be sent.
pub(crate) struct Outgoing {
    pub(crate) text: bool,
    pub(crate) messages: Vec<Vec<u8>>,
}

impl Outgoing {
    /// Messages of `len` bytes.
    pub(crate) fn new(payload: Payload, len: usize) -> Self {
        let mut rng = Rng::with_seed(len as u64);
        let count = PAYLOAD_BYTES.div_ceil(len);
        let messages = (0..count).map(|_| payload.make(len, &mut rng)).collect();
        Self { text: payload.is_text(), messages }
    }

    /// Different messages.
    pub(crate) fn messages(&self) -> u64 {
        self.messages.len() as u64
    }

    /// The messages in the form in which a library takes them, in turn without an end.
    pub(crate) fn turn<T>(&self, form: impl FnMut(&Vec<u8>) -> T) -> Turn<T> {
        let len = self.messages.first().map_or(1, Vec::len);
        let write_after = (WRITE_BYTES / len).max(1);
        Turn { messages: self.messages.iter().map(form).collect(), at: 0, write_after, unsent: 0 }
    }
}

/// One message after the other.
pub(crate) struct Turn<T> {
    messages: Vec<T>,
    at: usize,
    write_after: usize,
    unsent: usize,
}

impl<T> Turn<T> {
    /// The next message, and whether what has been sent is to be written behind it.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> (&T, bool) {
        let at = self.at;
        self.at = if at + 1 == self.messages.len() { 0 } else { at + 1 };
        self.unsent += 1;
        let write = self.unsent == self.write_after;
        if write {
            self.unsent = 0;
        }
        (&self.messages[at], write)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_go_round_and_are_written_every_64_kib() {
        let outgoing = Outgoing::new(Payload::Binary, 16 * 1024);
        let mut turn = outgoing.turn(Vec::len);
        let writes: Vec<bool> = (0..17).map(|_| turn.next().1).collect();
        let behind: Vec<usize> = (0..17).filter(|at| writes[*at]).collect();
        assert_eq!((outgoing.messages(), behind), (16, vec![3, 7, 11, 15]));
        assert_eq!(
            Outgoing::new(Payload::Binary, 1 << 20).turn(Vec::len).next(),
            (&(1 << 20), true)
        );
    }
}
