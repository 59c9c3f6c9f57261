//! A program's one receive buffer: what a read has brought, and the rest that was left of it.

use std::io::Read as _;

use crate::source::Source;

/// The socket and the buffer, of which `at..filled` has not been looked at.
pub(crate) struct Reader {
    source: Source,
    buffer: Vec<u8>,
    at: usize,
    filled: usize,
}

/// Frames up to this stay in the buffer until they are whole.
pub(crate) const BUFFER_BYTES: usize = 128 * 1024;

/// A read brings so much, or what a long frame lacks.
const READ_BYTES: usize = 8 * 1024;

impl Reader {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, buffer: vec![0; BUFFER_BYTES + READ_BYTES], at: 0, filled: 0 }
    }

    /// What has not been looked at.
    pub(crate) fn unread(&mut self) -> &mut [u8] {
        &mut self.buffer[self.at..self.filled]
    }

    /// The last `rest` bytes have not been looked at.
    pub(crate) fn keep(&mut self, rest: usize) {
        self.at = self.filled - rest;
    }

    /// Moves the rest to the front, and reads behind it: what is missing, if that is known.
    pub(crate) fn read(&mut self, missing: usize) {
        self.buffer.copy_within(self.at..self.filled, 0);
        let kept = self.filled - self.at;
        let room = &mut self.buffer[kept..][..missing.max(READ_BYTES)];
        let n = self.source.read(room).expect("always readable");
        (self.at, self.filled) = (0, kept + n);
    }
}
