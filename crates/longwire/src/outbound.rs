//! Memory lent for sending messages, and how they are sent. One for each thread serves any number
//! of connections.

#[cfg(feature = "deflate")]
use crate::deflate::Deflater;
#[cfg(feature = "deflate")]
use crate::error::ApiMisuse;
#[cfg(feature = "deflate")]
use alloc::vec::Vec;
use core::fmt;

/// How many compressors wait for the next message. Each costs some 372 KiB.
#[cfg(feature = "deflate")]
const KEPT_DEFLATERS: usize = 8;
/// The buffer for compressed payloads is given back when it grew beyond this.
#[cfg(feature = "deflate")]
const KEPT_BYTES: usize = 256 * 1024;

/// How messages are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendOptions {
    /// The longest payload of a frame: a longer message goes in fragments, so that control frames
    /// can pass between them (RFC 6455 §5.4). Default: 128 KiB.
    pub max_frame_bytes: usize,
    /// Messages shorter than this are not compressed: it would cost more than it saves. Default: 64.
    pub compress_from_bytes: usize,
    /// zlib's level of compression, 0 to 9. Default: 6, zlib's own.
    pub compression_level: u8,
}

impl SendOptions {
    /// The defaults, for a `const`.
    pub const DEFAULT: Self =
        Self { max_frame_bytes: 128 * 1024, compress_from_bytes: 64, compression_level: 6 };
}

impl Default for SendOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Memory that [`WebSocket::send`](crate::WebSocket::send) borrows: the compressors that no
/// connection keeps for itself, and the compressed message. Empty until it is used.
#[derive(Default)]
pub struct Outbound {
    pub(crate) options: SendOptions,
    #[cfg(feature = "deflate")]
    deflaters: Vec<Deflater>,
    #[cfg(feature = "deflate")]
    pub(crate) packed: Vec<u8>,
}

impl Outbound {
    /// Nothing allocated yet.
    pub fn new(options: SendOptions) -> Self {
        Self {
            options,
            #[cfg(feature = "deflate")]
            deflaters: Vec::new(),
            #[cfg(feature = "deflate")]
            packed: Vec::new(),
        }
    }

    /// A compressor with nothing in its window.
    #[cfg(feature = "deflate")]
    pub(crate) fn take_deflater(&mut self, window_bits: u8) -> Result<Deflater, ApiMisuse> {
        let fits = |waiting: &Deflater| waiting.window_bits() == window_bits.clamp(9, 15);
        match self.deflaters.iter().position(fits) {
            Some(at) => Ok(self.deflaters.swap_remove(at)),
            None => Deflater::new(self.options.compression_level, window_bits)
                .ok_or(ApiMisuse::OutOfMemory),
        }
    }

    /// Takes a compressor back, to serve another context.
    #[cfg(feature = "deflate")]
    pub(crate) fn put_deflater(&mut self, mut deflater: Deflater) {
        if self.deflaters.len() < KEPT_DEFLATERS && self.deflaters.try_reserve(1).is_ok() {
            deflater.reset();
            self.deflaters.push(deflater);
        }
    }

    /// Gives the buffer for compressed payloads back where one message made it large.
    #[cfg(feature = "deflate")]
    pub(crate) fn trim(&mut self) {
        if self.packed.len() > KEPT_BYTES {
            self.packed = Vec::new();
        }
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("options", &self.options).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Inbound;
    use std::format;

    /// What lies in the memory of a thread is its connections' payload: no log shows it.
    #[test]
    fn debug_output_shows_no_payload() {
        let outbound = format!("{:?}", Outbound::new(SendOptions::default()));
        assert!(outbound.starts_with("Outbound { options: SendOptions {"), "{outbound}");
        assert!(outbound.ends_with(", .. }"), "{outbound}");
        assert_eq!(format!("{:?}", Inbound::new()), "Inbound { .. }");
    }
}
