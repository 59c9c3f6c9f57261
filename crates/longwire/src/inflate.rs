//! Inflating the messages of permessage-deflate (RFC 7692 §7.2.2), in pieces, each of which is
//! handed on and can be refused before the next is made: a bomb never gets large.

use crate::error::ProtocolError;
use crate::heap::{Heap, has_room};
use alloc::vec::Vec;
use zlib_rs::{Inflate, InflateFlush, Status};

/// How much is inflated at a time.
const PIECE_BYTES: usize = 16 * 1024;

/// The window of the decoder is the largest: it can read what was written with any smaller one,
/// 8 bits included, which the library cannot be asked for.
const WINDOW_BITS: u8 = 15;

/// More than the library allocates for a decoder, which is a window of 32 KiB and its tables.
const DECODER_BYTES: usize = 56 * 1024;

/// The end of an empty stored block, which the sender cuts off (RFC 7692 §7.2.1), and one byte
/// more: a decoder that stops in front of it has come to the end of a block just there.
const TAIL_AND_PROBE: &[u8] = &[0x00, 0x00, 0xff, 0xff, 0x00];

/// A decoder, and with it the window of the messages it has seen.
pub(crate) struct Inflater {
    stream: Heap<Inflate>,
}

impl Inflater {
    /// `None` where there is no memory.
    pub(crate) fn new() -> Option<Self> {
        // The library panics where there is none.
        let room = has_room(DECODER_BYTES);
        let stream = room.then(|| Inflate::new(false, WINDOW_BITS))?;
        Heap::new(stream).map(|stream| Self { stream })
    }

    /// Forgets everything, for the first message of another connection or context.
    pub(crate) fn reset(&mut self) {
        self.stream.reset(false);
    }

    /// Inflates the next bytes of a message, piece by piece, by way of `scratch`.
    ///
    /// # Errors
    /// The data is not DEFLATE; or an error of `take`.
    pub(crate) fn push(
        &mut self,
        data: &[u8],
        scratch: &mut Vec<u8>,
        take: &mut dyn FnMut(&[u8]) -> Result<(), ProtocolError>,
    ) -> Result<(), ProtocolError> {
        let rest = self.run(data, InflateFlush::NoFlush, scratch, take)?;
        if rest == 0 { Ok(()) } else { Err(ProtocolError::DeflateInvalid) }
    }

    /// The message ends here (RFC 7692 §7.2.2 step 1): just behind the header of a stored block.
    ///
    /// # Errors
    /// It does not.
    pub(crate) fn finish(&mut self, scratch: &mut Vec<u8>) -> Result<(), ProtocolError> {
        // Where a stored block is cut short, the tail would be taken for what it lacks.
        let mut nothing = |piece: &[u8]| match piece {
            [] => Ok(()),
            _ => Err(ProtocolError::DeflateInvalid),
        };
        match self.run(TAIL_AND_PROBE, InflateFlush::Block, scratch, &mut nothing)? {
            1 => Ok(()),
            _ => Err(ProtocolError::DeflateInvalid),
        }
    }

    /// Runs the decoder until it stops: how many bytes of `data` it has left.
    fn run(
        &mut self,
        mut data: &[u8],
        flush: InflateFlush,
        scratch: &mut Vec<u8>,
        take: &mut dyn FnMut(&[u8]) -> Result<(), ProtocolError>,
    ) -> Result<usize, ProtocolError> {
        let missing = PIECE_BYTES.saturating_sub(scratch.len());
        scratch.try_reserve_exact(missing).map_err(|_| ProtocolError::OutOfMemory)?;
        scratch.resize(PIECE_BYTES, 0);
        loop {
            let (read, made) = (self.stream.total_in(), self.stream.total_out());
            let status = self.stream.decompress(data, scratch, flush);
            let read = count(self.stream.total_in(), read);
            let made = count(self.stream.total_out(), made);
            data = data.get(read..).unwrap_or_default();
            // What was made before an error comes before it, as if the bytes had come one by one.
            take(scratch.get(..made).unwrap_or_default())?;
            // RFC 7692 §6.2: a message that does not inflate fails the connection.
            match status.map_err(|_| ProtocolError::DeflateInvalid)? {
                // RFC 7692 §7.2.3.4: after a block with BFINAL more blocks may follow.
                Status::StreamEnd => self.reset(),
                // Room was left, so the decoder stopped for another reason.
                _ if made < PIECE_BYTES => return Ok(data.len()),
                _ => {}
            }
            if data.is_empty() && made < PIECE_BYTES {
                return Ok(0);
            }
        }
    }
}

fn count(after: u64, before: u64) -> usize {
    usize::try_from(after.wrapping_sub(before)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::Inflater;
    use crate::error::ProtocolError;
    use std::vec::Vec;

    fn inflate(inflater: &mut Inflater, pieces: &[&[u8]]) -> Result<Vec<u8>, ProtocolError> {
        let (mut scratch, mut out) = (Vec::new(), Vec::new());
        let mut take = |piece: &[u8]| {
            out.extend_from_slice(piece);
            Ok(())
        };
        for piece in pieces {
            inflater.push(piece, &mut scratch, &mut take)?;
        }
        inflater.finish(&mut scratch)?;
        Ok(out)
    }

    /// The examples of RFC 7692 §7.2.3, and what is wrong in one way each.
    #[test]
    fn messages() {
        let invalid = Err(ProtocolError::DeflateInvalid);
        type Row = (&'static str, &'static [u8], Result<&'static [u8], ProtocolError>);
        let table: &[Row] = &[
            ("one block", b"\xf2\x48\xcd\xc9\xc9\x07\x00", Ok(b"Hello")),
            ("stored", b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", Ok(b"Hello")),
            ("BFINAL", b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", Ok(b"Hello")),
            (
                "BFINAL twice",
                b"\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
                Ok(b"HelloHello"),
            ),
            ("two blocks", b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", Ok(b"Hello")),
            ("empty", b"\x00", Ok(b"")),
            ("back-reference into nothing", b"\xf2\x00\x11\x00\x00", invalid),
            ("block type 3", b"\x07", invalid),
            ("stored, length not repeated", b"\x00\x05\x00\x00\x00\x48", invalid),
            ("no data", b"", invalid),
            ("truncated in a code", b"\xf2\x48\xcd", invalid),
            ("truncated in a stored block", b"\x00\x05\x00\xfa\xff\x48", invalid),
            ("nothing after BFINAL", b"\xf3\x48\xcd\xc9\xc9\x07\x00", invalid),
        ];
        for (name, data, expected) in table {
            let expected = expected.map(Vec::from);
            assert_eq!(inflate(&mut Inflater::new().unwrap(), &[data]), expected, "{name}");
            for cut in 0..=data.len() {
                let (front, back) = data.split_at(cut);
                let got = inflate(&mut Inflater::new().unwrap(), &[front, back]);
                assert_eq!(got, expected, "{name}, cut at {cut}");
            }
        }
    }

    #[test]
    fn the_window_lasts_until_it_is_reset() {
        let mut inflater = Inflater::new().unwrap();
        assert_eq!(inflate(&mut inflater, &[b"\xf2\x48\xcd\xc9\xc9\x07\x00"]).unwrap(), b"Hello");
        assert_eq!(inflate(&mut inflater, &[b"\xf2\x00\x11\x00\x00"]).unwrap(), b"Hello");
        inflater.reset();
        let again = inflate(&mut inflater, &[b"\xf2\x00\x11\x00\x00"]);
        assert_eq!(again, Err(ProtocolError::DeflateInvalid));
    }

    #[test]
    fn what_take_refuses_ends_it() {
        let mut bomb = crate::deflate::Deflater::new(9, 15).unwrap();
        let mut packed = Vec::new();
        let len = bomb.compress(&std::vec![0; 10 << 20], &mut packed).unwrap();
        let (mut seen, mut scratch) = (0, Vec::new());
        let result = Inflater::new().unwrap().push(&packed[..len], &mut scratch, &mut |piece| {
            seen += piece.len();
            if seen > 100_000 { Err(ProtocolError::MessageTooBig) } else { Ok(()) }
        });
        assert_eq!(result, Err(ProtocolError::MessageTooBig));
        assert!(seen <= 100_000 + super::PIECE_BYTES);
    }
}
