//! Compressed messages to receive: as a good sender makes them, in every way that RFC 7692 §7.2.3
//! shows.

use fastrand::Rng;
use zlib_rs::{Deflate, DeflateFlush};

/// What a sync flush ends with, and a message on the wire does not (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// A compressor, and with it the messages it has seen.
pub(crate) struct Deflater(Deflate);

impl Deflater {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        // Level 0 stores; others use fixed and dynamic codes.
        Self(Deflate::new(rng.i32(0..=9), false, 15))
    }

    pub(crate) fn reset(&mut self) {
        self.0.reset();
    }

    /// A message in the fewest blocks.
    pub(crate) fn compress(&mut self, message: &[u8]) -> Vec<u8> {
        if message.is_empty() {
            // §7.2.3.6.
            return vec![0];
        }
        let mut packed = self.run(message, DeflateFlush::SyncFlush);
        if packed.ends_with(&TAIL) {
            packed.truncate(packed.len() - TAIL.len());
        }
        packed
    }

    /// A message that ends with a block with BFINAL, and an empty one behind it (§7.2.3.4).
    pub(crate) fn compress_final(&mut self, message: &[u8]) -> Vec<u8> {
        let mut packed = self.run(message, DeflateFlush::Finish);
        packed.push(0);
        self.0.reset();
        packed
    }

    fn run(&mut self, message: &[u8], flush: DeflateFlush) -> Vec<u8> {
        let mut packed = vec![0; message.len() * 2 + 1024];
        let before = self.0.total_out();
        self.0.compress(message, &mut packed, flush).expect("there is room for the output");
        let made = usize::try_from(self.0.total_out() - before).expect("short");
        packed.truncate(made);
        packed
    }
}
