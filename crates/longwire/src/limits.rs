//! What one connection may cost: the limits on what is received, with their defaults in one place.

/// Limits on what a peer may send. What passes one fails the connection, at the header that
/// claims it: no limit is found out by filling memory.
///
/// RFC 6455 §10.4 asks for limits on both frames and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest payload of one frame, in bytes on the wire. A frame is also bounded by what its
    /// message has left of `max_message_bytes`. Default: no limit of its own.
    pub max_frame_bytes: u64,
    /// The longest message, in bytes: the sum over its frames, and, where it is compressed, its
    /// inflated size. Default: 1 MiB.
    pub max_message_bytes: u64,
    /// The most frames that one message may be cut into. Default: 131,072, enough for 8 MiB in
    /// frames of 64 bytes.
    pub max_fragments: u32,
}

impl Limits {
    /// The defaults, for a `const`.
    pub const DEFAULT: Self =
        Self { max_frame_bytes: u64::MAX, max_message_bytes: 1 << 20, max_fragments: 1 << 17 };

    /// How many bytes a message may take on the wire: its limit, and where it is compressed a
    /// little more, because DEFLATE makes incompressible bytes longer: by 5 bytes for each stored
    /// block (RFC 1951 §3.2.4), and zlib's blocks have no more than 127 bytes where it has been
    /// given the least memory. That is a twenty-fifth; a sixteenth is allowed.
    pub(crate) fn wire_allowance(&self, compressed: bool) -> u64 {
        if compressed {
            let overhead = (self.max_message_bytes >> 4).saturating_add(64);
            self.max_message_bytes.saturating_add(overhead)
        } else {
            self.max_message_bytes
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;

    #[test]
    fn a_message_of_the_limit_fits_however_little_memory_its_compressor_has() {
        // What zlib 1.2.13 adds to 1 MiB of random bytes, at most, for its `memLevel` 1 to 9.
        let overheads = [41_285, 20_561, 10_262, 5_130, 2_567, 1_285, 645, 325, 165];
        let limits = Limits { max_message_bytes: 1 << 20, ..Limits::DEFAULT };
        for overhead in overheads {
            assert!(limits.wire_allowance(true) >= (1 << 20) + overhead, "{overhead}");
        }
        assert_eq!(limits.wire_allowance(false), 1 << 20);
    }
}
