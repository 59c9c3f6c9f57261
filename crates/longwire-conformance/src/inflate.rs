//! DEFLATE, read as plainly as RFC 1951 says it, for the judge of compressed messages.
//!
//! Slow and small. It knows how far back a reference may reach, so that it sees whether a peer
//! keeps to the window and to the context that were agreed on (RFC 7692 §7.1).

/// What is left of a compressed message's context, and how far a reference may reach into it.
#[derive(Debug)]
pub(crate) struct Inflater {
    window: Vec<u8>,
    window_bytes: usize,
}

/// The base of a length and its extra bits (RFC 1951 §3.2.5), for the symbols from 257.
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
/// The base of a distance and its extra bits.
const DISTANCES: [(u16, u8); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];
/// The order in which the lengths of the code length codes come.
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

type Result<T> = std::result::Result<T, String>;

impl Inflater {
    /// For a window of `1 << window_bits` bytes.
    pub(crate) fn new(window_bits: u8) -> Self {
        Self { window: Vec::new(), window_bytes: 1 << window_bits }
    }

    /// Forgets the messages before: no context takeover.
    pub(crate) fn reset(&mut self) {
        self.window.clear();
    }

    /// Inflates one message, without its tail of `00 00 ff ff` (RFC 7692 §7.2.2).
    ///
    /// # Errors
    ///
    /// It is no DEFLATE, reaches farther back than agreed, or is longer than `max_bytes`.
    pub(crate) fn message(&mut self, compressed: &[u8], max_bytes: usize) -> Result<Vec<u8>> {
        let mut input = compressed.to_vec();
        input.extend_from_slice(&[0, 0, 0xff, 0xff]);
        let mut bits = Bits { bytes: &input, at: 0 };
        let context = std::mem::take(&mut self.window);
        let kept = context.len();
        let mut out = Output { bytes: context, kept, window: self.window_bytes, max_bytes };
        while bits.left() >= 3 {
            let last = bits.take(1)? == 1;
            block(&mut bits, &mut out)?;
            // RFC 7692 §7.2.3.4: further blocks follow a last one, from the next byte on.
            if last {
                bits.align();
            }
        }
        let message = out.bytes.split_off(kept);
        self.window = out.bytes;
        self.window.extend_from_slice(&message);
        let surplus = self.window.len().saturating_sub(self.window_bytes);
        self.window.drain(..surplus);
        Ok(message)
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    /// In bits.
    at: usize,
}

impl Bits<'_> {
    fn left(&self) -> usize {
        self.bytes.len() * 8 - self.at
    }

    /// The lowest bit first.
    fn take(&mut self, count: u8) -> Result<usize> {
        let mut value = 0;
        for shift in 0..count {
            let byte = self.bytes.get(self.at / 8).ok_or("its DEFLATE ends too early")?;
            value |= usize::from(byte >> (self.at % 8) & 1) << shift;
            self.at += 1;
        }
        Ok(value)
    }

    fn align(&mut self) {
        self.at = self.at.div_ceil(8) * 8;
    }
}

struct Output {
    bytes: Vec<u8>,
    /// How much of `bytes` is context.
    kept: usize,
    window: usize,
    max_bytes: usize,
}

impl Output {
    fn push(&mut self, byte: u8) -> Result<()> {
        if self.bytes.len() - self.kept >= self.max_bytes {
            return Err(format!("its message inflates to more than {} bytes", self.max_bytes));
        }
        self.bytes.push(byte);
        Ok(())
    }

    fn copy(&mut self, length: usize, distance: usize) -> Result<()> {
        if distance > self.window || distance > self.bytes.len() {
            return Err(format!(
                "its DEFLATE refers {distance} bytes back: the window is of {} bytes, of which {} \
                 are filled (RFC 7692 §7.1)",
                self.window,
                self.bytes.len().min(self.window)
            ));
        }
        for _ in 0..length {
            self.push(self.bytes[self.bytes.len() - distance])?;
        }
        Ok(())
    }
}

/// The symbols of a Huffman code, by length and then by code (RFC 1951 §3.2.2).
struct Huffman {
    counts: [u16; 16],
    symbols: Vec<u16>,
}

impl Huffman {
    fn new(lengths: &[u8]) -> Result<Self> {
        let mut counts = [0; 16];
        let mut symbols = Vec::new();
        for length in 1..16 {
            for (symbol, _) in (0u16..).zip(lengths).filter(|&(_, &of)| of == length) {
                counts[usize::from(length)] += 1;
                symbols.push(symbol);
            }
        }
        let mut free = 1i32;
        for count in &counts[1..] {
            free = free * 2 - i32::from(*count);
            if free < 0 {
                return Err("its DEFLATE has a Huffman code with too many symbols".into());
            }
        }
        Ok(Self { counts, symbols })
    }

    fn symbol(&self, bits: &mut Bits<'_>) -> Result<usize> {
        let (mut code, mut first, mut index) = (0usize, 0usize, 0usize);
        for count in &self.counts[1..] {
            let count = usize::from(*count);
            code = code << 1 | bits.take(1)?;
            first <<= 1;
            if code < first + count {
                return Ok(usize::from(self.symbols[index + code - first]));
            }
            index += count;
            first += count;
        }
        Err("its DEFLATE has a Huffman code that means nothing".into())
    }
}

fn block(bits: &mut Bits<'_>, out: &mut Output) -> Result<()> {
    match bits.take(2)? {
        0 => stored(bits, out),
        1 => {
            let mut lengths = [8; 288];
            lengths[144..256].fill(9);
            lengths[256..280].fill(7);
            compressed(bits, out, &Huffman::new(&lengths)?, &Huffman::new(&[5; 30])?)
        }
        2 => {
            let (literals, distances) = dynamic(bits)?;
            compressed(bits, out, &literals, &distances)
        }
        _ => Err("its DEFLATE has a block of the reserved type".into()),
    }
}

fn stored(bits: &mut Bits<'_>, out: &mut Output) -> Result<()> {
    bits.align();
    let (length, inverse) = (bits.take(16)?, bits.take(16)?);
    if length != !inverse & 0xffff {
        return Err("its DEFLATE has a stored block whose length does not match".into());
    }
    for _ in 0..length {
        let byte = bits.take(8)?.to_le_bytes()[0];
        out.push(byte)?;
    }
    Ok(())
}

fn compressed(
    bits: &mut Bits<'_>,
    out: &mut Output,
    literals: &Huffman,
    distances: &Huffman,
) -> Result<()> {
    loop {
        match literals.symbol(bits)? {
            symbol @ 0..256 => out.push(symbol.to_le_bytes()[0])?,
            256 => return Ok(()),
            symbol => {
                let &(base, extra) = LENGTHS.get(symbol - 257).ok_or("a length that is none")?;
                let length = usize::from(base) + bits.take(extra)?;
                let symbol = distances.symbol(bits)?;
                let &(base, extra) = DISTANCES.get(symbol).ok_or("a distance that is none")?;
                out.copy(length, usize::from(base) + bits.take(extra)?)?;
            }
        }
    }
}

fn dynamic(bits: &mut Bits<'_>) -> Result<(Huffman, Huffman)> {
    let (literals, distances) = (bits.take(5)? + 257, bits.take(5)? + 1);
    let mut code_lengths = [0; 19];
    for &at in &ORDER[..bits.take(4)? + 4] {
        code_lengths[at] = bits.take(3)?.to_le_bytes()[0];
    }
    let code = Huffman::new(&code_lengths)?;
    let mut lengths: Vec<u8> = Vec::new();
    while lengths.len() < literals + distances {
        let (value, times) = match code.symbol(bits)? {
            16 => {
                let &before = lengths.last().ok_or("its DEFLATE repeats a length before any")?;
                (before, 3 + bits.take(2)?)
            }
            17 => (0, 3 + bits.take(3)?),
            18 => (0, 11 + bits.take(7)?),
            length => (length.to_le_bytes()[0], 1),
        };
        lengths.resize(lengths.len() + times, value);
    }
    if lengths.len() > literals + distances {
        return Err("its DEFLATE has too many code lengths".into());
    }
    Ok((Huffman::new(&lengths[..literals])?, Huffman::new(&lengths[literals..])?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unhex(hex: &str) -> Vec<u8> {
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn the_examples_of_rfc_7692() {
        for hex in [
            "f248cdc9c90700",
            "000500faff48656c6c6f00",
            "f348cdc9c9070000",
            "f24805000000ffffcac9c90700",
        ] {
            let message = Inflater::new(15).message(&unhex(hex), 100);
            assert_eq!(message.as_deref(), Ok(&b"Hello"[..]), "{hex}");
        }
        assert_eq!(Inflater::new(15).message(&[0], 100).as_deref(), Ok(&b""[..]));
    }

    #[test]
    fn context_is_kept_until_it_is_reset() {
        let mut inflater = Inflater::new(15);
        inflater.message(&unhex("f248cdc9c90700"), 100).unwrap();
        assert_eq!(inflater.message(&unhex("f200110000"), 100).as_deref(), Ok(&b"Hello"[..]));
        inflater.reset();
        assert!(inflater.message(&unhex("f200110000"), 100).is_err());
    }

    #[test]
    fn dynamic_codes() {
        // Python: zlib.compressobj(9, zlib.DEFLATED, -15) over the numbers 0..300 in decimal, each
        // with a space behind, flushed with Z_SYNC_FLUSH, without the tail.
        let text: String = (0..300).map(|n| format!("{n} ")).collect();
        let hex = include_str!("inflate-dynamic.hex").trim();
        assert_eq!(unhex(hex)[0] & 6, 4, "it is a dynamic block");
        assert_eq!(Inflater::new(15).message(&unhex(hex), 2000).as_deref(), Ok(text.as_bytes()));
    }

    #[test]
    fn what_is_wrong_is_an_error() {
        for hex in ["06", "000500fbff48656c6c6f00", "f248cd", "ffffffff", "050000"] {
            assert!(Inflater::new(15).message(&unhex(hex), 100).is_err(), "{hex}");
        }
        assert!(Inflater::new(15).message(&unhex("f248cdc9c90700"), 4).is_err());
    }
}
