//! The bytes that one read brought: a slice that the engine takes from, from the front.

use core::mem;

/// Received bytes, lent to the engine. It unmasks payloads in place and hands them out as parts
/// of events, which borrow from the caller's buffer and not from the `Input`.
///
/// What the engine could not use yet, an incomplete header or control frame, stays behind: at most
/// [`MAX_REST_BYTES`](crate::MAX_REST_BYTES), to be put in front of the next read.
///
/// ```
/// # use longwire::{Connection, ControlFrames, Input, Limits};
/// # let mut connection = Connection::server(Limits::default());
/// # let mut control = ControlFrames::new();
/// let mut buffer = [0; 4096];
/// let mut kept = 0;
/// # for read in [&b"\x81"[..], &b"\x80\x00\x00\x00\x00"[..]] {
/// # buffer[kept..kept + read.len()].copy_from_slice(read); let n = read.len();
/// // after a read of n bytes into buffer[kept..]:
/// let filled = kept + n;
/// let mut input = Input::new(&mut buffer[..filled]);
/// while let Some(_event) = connection.receive(&mut input, &mut control)? { /* … */ }
/// kept = input.len();
/// buffer.copy_within(filled - kept..filled, 0);
/// # }
/// # assert_eq!(kept, 0);
/// # Ok::<(), longwire::ProtocolError>(())
/// ```
#[derive(Debug)]
pub struct Input<'b> {
    bytes: &'b mut [u8],
    /// A whole message's frame up to this length stays in the input until all of it is there.
    max_held_bytes: usize,
    /// How many bytes such a frame lacks.
    missing: usize,
}

impl<'b> Input<'b> {
    /// All of `bytes` is to be processed.
    pub fn new(bytes: &'b mut [u8]) -> Self {
        Self::holding(bytes, 0)
    }

    /// All of `bytes` is to be processed, but what is there of a message in one frame of up to
    /// `max_held_bytes`, header included, stays behind until all of it is there: for a program that
    /// has a buffer for each connection, so that a message is handed out from where it was read to.
    /// How much more is to be read [`missing`](Self::missing) says.
    ///
    /// What is wrong with the payload of such a frame is found when it is whole. Compressed messages
    /// and fragments do not stay behind.
    pub fn holding(bytes: &'b mut [u8], max_held_bytes: usize) -> Self {
        Self { bytes, max_held_bytes, missing: 0 }
    }

    /// How many bytes the frame lacks that [stays behind](Self::holding). 0 where none does: any
    /// number of bytes may bring something new.
    pub fn missing(&self) -> usize {
        self.missing
    }

    /// Whether a frame of `len` bytes stays behind until it is whole.
    pub(crate) fn holds(&mut self, len: usize) -> bool {
        let holds = len <= self.max_held_bytes;
        self.missing = if holds { len.saturating_sub(self.bytes.len()) } else { 0 };
        holds
    }

    /// How many bytes are left.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What is left, untouched: neither unmasked nor looked at for good.
    pub fn rest(&self) -> &[u8] {
        self.bytes
    }

    /// Takes the first `len` bytes, or all there are when they are fewer.
    pub(crate) fn take(&mut self, len: usize) -> &'b mut [u8] {
        let bytes = mem::take(&mut self.bytes);
        let (taken, rest) = bytes.split_at_mut(len.min(bytes.len()));
        self.bytes = rest;
        taken
    }

    /// Takes a header and the payload behind it, if all of both is there.
    #[inline]
    pub(crate) fn take_frame(
        &mut self,
        header_len: usize,
        payload_len: usize,
    ) -> Option<(&'b [u8], &'b mut [u8])> {
        let behind_header = self.bytes.len().checked_sub(header_len)?;
        if payload_len > behind_header {
            return None;
        }
        let (header, rest) = mem::take(&mut self.bytes).split_at_mut(header_len);
        let (payload, rest) = rest.split_at_mut(payload_len);
        self.bytes = rest;
        Some((header, payload))
    }

    /// Drops everything: after a failure, or behind the peer's Close.
    pub(crate) fn discard(&mut self) {
        self.bytes = &mut [];
    }
}
