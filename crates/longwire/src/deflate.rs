//! Compressing the messages of permessage-deflate (RFC 7692 §7.2.1).

use crate::error::ApiMisuse;
use crate::heap::{Heap, has_room};
use alloc::vec::Vec;
use zlib_rs::{Deflate, DeflateFlush, Status};

/// What a sync flush ends with, and a message on the wire does not (RFC 7692 §7.2.1).
const TAIL: &[u8] = &[0x00, 0x00, 0xff, 0xff];

/// More than the library allocates for a compressor with the largest window.
const COMPRESSOR_BYTES: usize = 384 * 1024;

/// A compressor, and with it the window of the messages it has seen.
pub(crate) struct Deflater(Heap<Stream>);

struct Stream {
    stream: Deflate,
    window_bits: u8,
}

impl Deflater {
    /// `level` is zlib's, 0 to 9. The library cannot make windows of 8 bits: a handshake that asks
    /// for one is declined. `None` where there is no memory.
    pub(crate) fn new(level: u8, window_bits: u8) -> Option<Self> {
        let window_bits = window_bits.clamp(9, 15);
        // The library panics where there is none.
        let room = has_room(COMPRESSOR_BYTES);
        let stream = room.then(|| Deflate::new(i32::from(level.min(9)), false, window_bits))?;
        Heap::new(Stream { stream, window_bits }).map(Self)
    }

    /// The base-2 logarithm of the size of the window.
    pub(crate) fn window_bits(&self) -> u8 {
        self.0.window_bits
    }

    /// Forgets everything, for the first message of another connection or context.
    pub(crate) fn reset(&mut self) {
        self.0.stream.reset();
    }

    /// Compresses a whole message into the front of `out`, which grows as needed: its length.
    ///
    /// # Errors
    /// There is no memory for the output.
    pub(crate) fn compress(
        &mut self,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<usize, ApiMisuse> {
        if payload.is_empty() {
            // RFC 7692 §7.2.3.6. The library has nothing to flush for a second empty message.
            grow(out, 1)?;
            out.iter_mut().take(1).for_each(|byte| *byte = 0);
            return Ok(1);
        }
        let (mut payload, mut len) = (payload, 0_usize);
        loop {
            grow(out, len.saturating_add(payload.len() / 2).saturating_add(256))?;
            let space = out.get_mut(len..).unwrap_or_default();
            let space_len = space.len();
            let (read, made) = (self.0.stream.total_in(), self.0.stream.total_out());
            let status = self.0.stream.compress(payload, space, DeflateFlush::SyncFlush);
            // The only errors are a stream that is not set up and memory that is not there.
            let status = status.map_err(|_| ApiMisuse::OutOfMemory)?;
            let read = usize::try_from(self.0.stream.total_in().wrapping_sub(read));
            let made = usize::try_from(self.0.stream.total_out().wrapping_sub(made));
            payload = payload.get(read.unwrap_or(usize::MAX)..).unwrap_or_default();
            let made = made.unwrap_or(usize::MAX);
            len = len.saturating_add(made);
            if made < space_len || status == Status::BufError {
                break;
            }
        }
        let written = out.get(..len).unwrap_or_default();
        Ok(written.strip_suffix(TAIL).map_or(len, <[u8]>::len))
    }
}

fn grow(out: &mut Vec<u8>, len: usize) -> Result<(), ApiMisuse> {
    if out.len() < len {
        let missing = len.saturating_sub(out.len());
        out.try_reserve(missing).map_err(|_| ApiMisuse::OutOfMemory)?;
        out.resize(out.capacity(), 0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Deflater;
    use crate::inflate::Inflater;
    use std::vec::Vec;

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..len).map(next).collect()
    }

    /// Everything comes back, whatever the window, the order and the state of the buffer.
    #[test]
    fn round_trips() {
        let payloads: Vec<Vec<u8>> = std::vec![
            b"Hello".to_vec(),
            Vec::new(),
            Vec::new(),
            b"Hello".to_vec(),
            std::vec![b'a'; 100_000],
            noise(70_000),
            b"\0\0\xff\xff".to_vec(),
            (0..255).cycle().take(33_000).collect(),
        ];
        for window_bits in 9..=15 {
            for takeover in [false, true] {
                let mut deflater = Deflater::new(6, window_bits).unwrap();
                let mut inflater = Inflater::new().unwrap();
                let (mut packed, mut scratch) = (Vec::new(), Vec::new());
                for (i, payload) in payloads.iter().enumerate() {
                    if !takeover {
                        deflater.reset();
                        inflater.reset();
                    }
                    let len = deflater.compress(payload, &mut packed).unwrap();
                    let mut out = Vec::new();
                    let mut take = |piece: &[u8]| {
                        out.extend_from_slice(piece);
                        Ok(())
                    };
                    inflater.push(&packed[..len], &mut scratch, &mut take).unwrap();
                    inflater.finish(&mut scratch).unwrap();
                    assert_eq!(&out, payload, "message {i}, {window_bits} bits, {takeover}");
                }
            }
        }
    }
}
