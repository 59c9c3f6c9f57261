//! What a worker reads into, from whichever connection.

use longwire::MAX_REST_BYTES;
use std::ops::Range;

const PAGE_BYTES: usize = 4096;

/// Room for a read, and before it for what was left of the read before.
///
/// Reads go to the middle of a page: the kernel's `rep movsb` takes twelve times as long on some
/// processors where the destination is 1 to 31 bytes further into its page than the source is into its
/// own, and packets begin where a page does, or a header behind it.
pub(crate) struct ReadBuffer {
    bytes: Box<[u8]>,
    /// Where a read goes.
    room: Range<usize>,
}

impl ReadBuffer {
    /// Room for reads of up to `read_bytes`.
    pub(crate) fn new(read_bytes: usize) -> Self {
        const { assert!(MAX_REST_BYTES <= PAGE_BYTES / 2) };
        let bytes = vec![0; 2 * PAGE_BYTES + read_bytes].into_boxed_slice();
        let page = bytes.as_ptr().align_offset(PAGE_BYTES).min(PAGE_BYTES);
        let begin = page + PAGE_BYTES / 2;
        Self { bytes, room: begin..begin + read_bytes }
    }

    /// Where a read goes.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes[self.room.clone()]
    }

    /// Puts the rest of the read before in front of the bytes just read, and gives the place of both.
    pub(crate) fn join(&mut self, rest: &[u8], read: usize) -> Range<usize> {
        let begin = self.room.start - rest.len();
        self.bytes[begin..self.room.start].copy_from_slice(rest);
        begin..self.room.start + read
    }

    /// Puts back bytes that were read before, and gives their place.
    pub(crate) fn put_back(&mut self, rest: &[u8]) -> Range<usize> {
        self.bytes[..rest.len()].copy_from_slice(rest);
        0..rest.len()
    }

    /// The bytes at a place.
    pub(crate) fn at(&mut self, place: Range<usize>) -> &mut [u8] {
        &mut self.bytes[place]
    }
}

#[cfg(test)]
mod tests {
    use super::{PAGE_BYTES, ReadBuffer};
    use longwire::MAX_REST_BYTES;

    #[test]
    fn reads_go_to_the_middle_of_a_page_and_the_rest_before_them() {
        for read_bytes in [1, 1024, 64 * 1024, 1 << 20] {
            let mut buffer = ReadBuffer::new(read_bytes);
            assert_eq!(buffer.room().len(), read_bytes);
            assert_eq!(buffer.room().as_ptr().addr() % PAGE_BYTES, PAGE_BYTES / 2);
            buffer.room()[0] = b'!';
            let rest = [b'r'; MAX_REST_BYTES];
            let place = buffer.join(&rest, 1);
            assert_eq!(buffer.at(place), [&rest[..], b"!"].concat());
            let all = vec![b'a'; read_bytes + rest.len()];
            let place = buffer.put_back(&all);
            assert_eq!(buffer.at(place), all, "what was left of a whole read");
        }
    }
}
