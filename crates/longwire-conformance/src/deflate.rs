//! DEFLATE as the suite writes it: fixed Huffman codes, stored blocks, and references to any place,
//! right or wrong (RFC 1951). Not to make anything small, but to say exactly what is in a message.

/// Compressed bytes in the making.
#[derive(Debug, Default)]
pub(crate) struct Deflate {
    bytes: Vec<u8>,
    /// How many bits of the last byte are taken, 0 for all.
    bits: usize,
}

impl Deflate {
    /// Begins with a block of fixed codes, which is not the last.
    pub(crate) fn fixed() -> Self {
        let mut deflate = Self::default();
        deflate.put(0b010, 3);
        deflate
    }

    /// These bytes as they are.
    pub(crate) fn literal(mut self, bytes: &[u8]) -> Self {
        for &byte in bytes {
            match u16::from(byte) {
                byte @ 0..144 => self.code(0x30 + byte, 8),
                byte => self.code(0x190 + byte - 144, 9),
            }
        }
        self
    }

    /// 258 bytes, copied from `distance` bytes back, `times` times. The distance is 1, or 32,768, or
    /// 2^n + 1 from 3 on.
    pub(crate) fn copy_258(mut self, distance: u16, times: usize) -> Self {
        // RFC 1951 §3.2.5: 2^n + 1 is the base of the distance code 2n, with n - 1 extra bits.
        let (code, extra, extra_bits) = match distance {
            1 => (0, 0, 0),
            32768 => (29, 0x1fff, 13),
            _ => {
                let n = (distance - 1).ilog2();
                (n * 2, 0, n - 1)
            }
        };
        for _ in 0..times {
            self.code(0b1100_0101, 8);
            self.code(u16::try_from(code).unwrap_or_default(), 5);
            self.put(extra, extra_bits as usize);
        }
        self
    }

    /// Ends the message as RFC 7692 §7.2.1 has it: end of block, an empty stored block, whose last
    /// four bytes are left out.
    pub(crate) fn end(mut self) -> Vec<u8> {
        self.code(0, 7);
        self.put(0, 3);
        self.bytes
    }

    /// A Huffman code: its highest bit first.
    fn code(&mut self, code: u16, bits: usize) {
        for at in (0..bits).rev() {
            self.put(code >> at & 1, 1);
        }
    }

    /// The lowest bit first.
    fn put(&mut self, value: u16, bits: usize) {
        for at in 0..bits {
            if self.bits == 0 {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= u8::from(value >> at & 1 == 1) << self.bits;
            }
            self.bits = (self.bits + 1) % 8;
        }
    }
}

/// `bytes` as one message of literals.
pub(crate) fn literal(bytes: &[u8]) -> Vec<u8> {
    Deflate::fixed().literal(bytes).end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inflate::Inflater;

    #[test]
    fn the_example_of_rfc_7692_is_the_same() {
        assert_eq!(literal(b"Hello"), b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    }

    #[test]
    fn says_what_it_says() {
        let all: Vec<u8> = (0..=255).collect();
        let inflated = Inflater::new(15).message(&literal(&all), 1000);
        assert_eq!(inflated.as_deref(), Ok(&all[..]));
        for (distance, bits) in [(1, 8), (3, 8), (5, 8), (257, 9), (16385, 15), (32768, 15)] {
            let text: Vec<u8> = (0..u32::from(distance)).map(|n| (n % 251) as u8).collect();
            let message = Deflate::fixed().literal(&text).copy_258(distance, 2).end();
            let inflated = Inflater::new(bits).message(&message, 100_000).unwrap();
            let cycled: Vec<u8> = text.iter().copied().cycle().take(text.len() + 516).collect();
            assert!(inflated == cycled, "{distance}");
            if distance > 256 {
                assert!(Inflater::new(bits - 1).message(&message, 100_000).is_err());
            }
        }
    }
}
