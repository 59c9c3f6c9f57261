//! What the connections of a worker use in turn: the buffer for the output of the one whose input
//! is being processed, and the memory that the engine borrows for sending.

use longwire::{ControlFrames, Outbound, SendOptions};

/// A buffer that grew beyond this is given back.
const KEPT_BYTES: usize = 512 * 1024;

pub(crate) struct Turn {
    /// The connection whose input is being processed.
    pub(crate) owner: Option<usize>,
    /// What that connection is sent: a response, perhaps, and then frames.
    pub(crate) output: Vec<u8>,
    /// Where in `output` the frames begin.
    pub(crate) frames_at: usize,
    /// Frames on their way to another connection's outbox.
    pub(crate) scratch: Vec<u8>,
    /// Frames that the engine has made of itself, one at a time.
    pub(crate) control: ControlFrames,
    pub(crate) outbound: Outbound,
}

impl Turn {
    pub(crate) fn new(options: SendOptions) -> Self {
        Self {
            owner: None,
            output: Vec::new(),
            frames_at: 0,
            scratch: Vec::new(),
            control: ControlFrames::new(),
            outbound: Outbound::new(options),
        }
    }

    /// The input of `key` is going to be processed.
    pub(crate) fn begin(&mut self, key: usize) {
        debug_assert!(self.output.is_empty() && self.frames_at == 0);
        self.owner = Some(key);
    }

    /// It has been. Output that is left has lost its socket.
    pub(crate) fn end(&mut self) {
        self.owner = None;
        self.clear_output();
    }

    /// The output has been written, or moved elsewhere.
    pub(crate) fn clear_output(&mut self) {
        self.frames_at = 0;
        self.output = emptied(std::mem::take(&mut self.output));
    }

    /// Takes the scratch buffer back.
    pub(crate) fn put_scratch(&mut self, scratch: Vec<u8>) {
        self.scratch = emptied(scratch);
    }
}

fn emptied(mut buffer: Vec<u8>) -> Vec<u8> {
    if buffer.capacity() > KEPT_BYTES {
        return Vec::new();
    }
    buffer.clear();
    buffer
}
