//! What the connections of a worker use in turn: the buffer for the output of the one whose input
//! is being processed, and the memory that the engine borrows for sending.

use longwire::{ControlFrames, Outbound, SendOptions};

/// Buffers that grew are kept for other output, up to this in all: getting large ones from the
/// system, page by page, costs as much as sending them.
const KEPT_BYTES: usize = 4 * 1024 * 1024;

pub(crate) struct Turn {
    /// The connection whose input is being processed.
    pub(crate) owner: Option<usize>,
    /// What that connection is sent: responses, perhaps, and then frames.
    pub(crate) output: Vec<u8>,
    /// Where in `output` the frames begin.
    pub(crate) frames_at: usize,
    /// Where in `output` the answer to the request begins that is being processed, behind those to
    /// requests before it.
    pub(crate) answer_at: usize,
    /// How much was written at once, or put into the outbox because it could not be, since the last
    /// flush.
    pub(crate) written_bytes: usize,
    /// Frames on their way to another connection's outbox.
    pub(crate) scratch: Vec<u8>,
    /// Frames that the engine has made of itself, one at a time.
    pub(crate) control: ControlFrames,
    pub(crate) outbound: Outbound,
    spare: Vec<Vec<u8>>,
    spare_bytes: usize,
}

impl Turn {
    pub(crate) fn new(options: SendOptions) -> Self {
        Self {
            owner: None,
            output: Vec::new(),
            frames_at: 0,
            answer_at: 0,
            written_bytes: 0,
            scratch: Vec::new(),
            control: ControlFrames::new(),
            outbound: Outbound::new(options),
            spare: Vec::new(),
            spare_bytes: 0,
        }
    }

    /// How much the owner was sent since the last flush.
    pub(crate) fn output_bytes(&self) -> usize {
        self.output.len() + self.written_bytes
    }

    /// The input of `key` is going to be processed.
    pub(crate) fn begin(&mut self, key: usize) {
        debug_assert!(self.output.is_empty() && self.frames_at == 0 && self.control.is_empty());
        self.owner = Some(key);
    }

    /// It has been. Output that is left has lost its socket.
    pub(crate) fn end(&mut self) {
        self.owner = None;
        self.written_bytes = 0;
        self.clear_output();
    }

    /// The output has been written, or its buffer has been moved elsewhere.
    #[inline]
    pub(crate) fn clear_output(&mut self) {
        self.frames_at = 0;
        self.output.clear();
        if self.output.capacity() > KEPT_BYTES {
            self.output = Vec::new();
        }
        if self.output.capacity() == 0
            && let Some(buffer) = self.spare.pop()
        {
            self.spare_bytes -= buffer.capacity();
            self.output = buffer;
        }
    }

    /// Takes a buffer back that a connection's outbox has sent.
    pub(crate) fn put_spare(&mut self, mut buffer: Vec<u8>) {
        let kept = self.spare_bytes + buffer.capacity() <= KEPT_BYTES;
        if kept && self.spare.try_reserve(1).is_ok() {
            buffer.clear();
            self.spare_bytes += buffer.capacity();
            self.spare.push(buffer);
        }
    }

    /// Takes the scratch buffer back.
    pub(crate) fn put_scratch(&mut self, mut scratch: Vec<u8>) {
        scratch.clear();
        if scratch.capacity() <= KEPT_BYTES {
            self.scratch = scratch;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT_BYTES, Turn};
    use longwire::SendOptions;

    #[test]
    fn a_buffer_that_was_moved_away_comes_back() {
        let mut turn = Turn::new(SendOptions::DEFAULT);
        turn.begin(0);
        turn.output.resize(100_000, 1);
        let place = turn.output.as_ptr();
        let moved = std::mem::take(&mut turn.output);
        turn.end();
        assert_eq!(turn.output.capacity(), 0);
        turn.put_spare(moved);
        turn.begin(1);
        turn.end();
        assert_eq!((turn.output.as_ptr(), turn.output.len()), (place, 0));
    }

    #[test]
    fn what_is_kept_is_limited() {
        let mut turn = Turn::new(SendOptions::DEFAULT);
        (0..10).for_each(|_| turn.put_spare(Vec::with_capacity(KEPT_BYTES / 4)));
        assert_eq!((turn.spare.len(), turn.spare_bytes), (4, KEPT_BYTES));
        turn.begin(0);
        turn.output.reserve_exact(KEPT_BYTES + 1);
        turn.end();
        assert_eq!(turn.output.capacity(), KEPT_BYTES / 4);
        assert_eq!((turn.spare.len(), turn.spare_bytes), (3, KEPT_BYTES / 4 * 3));
    }
}
