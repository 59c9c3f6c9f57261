//! Masking, RFC 6455 §5.3: every byte of the payload is XORed with one of the four bytes of the
//! key, in turn. The same operation masks and unmasks.
//!
//! Eight bytes at a time, in place: the compiler turns this loop into vector instructions, and short
//! payloads, which are most, pay for no dispatch. Long ones are worth beginning at a line of the cache.

/// From this length on a payload is masked line by line.
const LONG_BYTES: usize = 512;
const CACHE_LINE_BYTES: usize = 64;

/// Masks or unmasks `payload` in place, and returns the key turned so that it fits the byte that
/// follows `payload`.
///
/// Masking a payload piece by piece with the returned keys is the same as masking it whole.
///
/// ```
/// let mut payload = *b"Hello";
/// longwire::apply_mask(&mut payload, [0x37, 0xfa, 0x21, 0x3d]);
/// assert_eq!(payload, [0x7f, 0x9f, 0x4d, 0x51, 0x58]); // the sample of RFC 6455 §5.7
/// ```
#[inline]
pub fn apply_mask(payload: &mut [u8], key: [u8; 4]) -> [u8; 4] {
    if payload.len() < LONG_BYTES {
        return mask_words(payload, key);
    }
    mask_long(payload, key)
}

/// With the widest instructions that the processor turns out to have.
#[cfg(feature = "simd")]
#[inline(never)]
fn mask_long(payload: &mut [u8], key: [u8; 4]) -> [u8; 4] {
    use fearless_simd::{Level, Simd as _, dispatch};
    dispatch!(Level::new(), simd => simd.vectorize(
        #[inline(always)]
        || mask_lines(payload, key),
    ))
}

/// With the instructions that every processor of the kind has.
#[cfg(not(feature = "simd"))]
#[inline(never)]
fn mask_long(payload: &mut [u8], key: [u8; 4]) -> [u8; 4] {
    mask_lines(payload, key)
}

/// Memory is written twice as fast where no store crosses a line of the cache.
#[inline(always)]
fn mask_lines(payload: &mut [u8], key: [u8; 4]) -> [u8; 4] {
    let front_len = payload.as_ptr().align_offset(CACHE_LINE_BYTES).min(payload.len());
    let (front, lines) = payload.split_at_mut(front_len);
    let key = mask_words(front, key);
    mask_words(lines, key)
}

#[inline(always)]
fn mask_words(payload: &mut [u8], key: [u8; 4]) -> [u8; 4] {
    // RFC 6455 §5.3: byte i of the payload with byte i modulo 4 of the key.
    let narrow = u32::from_ne_bytes(key);
    let wide = u64::from(narrow) << 32 | u64::from(narrow);
    let (words, tail) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    let (half, tail) = tail.as_chunks_mut::<4>();
    for word in half {
        *word = (u32::from_ne_bytes(*word) ^ narrow).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(key) {
        *byte ^= key;
    }
    let [a, b, c, d] = key;
    match tail.len() {
        0 => [a, b, c, d],
        1 => [b, c, d, a],
        2 => [c, d, a, b],
        _ => [d, a, b, c],
    }
}

#[cfg(test)]
mod tests {
    use super::apply_mask;
    use std::vec::Vec;

    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

    fn byte_loop(payload: &mut [u8], key: [u8; 4]) {
        for (i, byte) in payload.iter_mut().enumerate() {
            *byte ^= key[i % 4];
        }
    }

    #[test]
    fn equals_the_byte_loop_at_every_length_and_offset() {
        let source: Vec<u8> = (0..800_u32).map(|i| (i * 31 % 251) as u8).collect();
        for offset in 0..70 {
            let longest = source.len() - offset;
            // The short way, and the long one around where it begins.
            for len in (0..140).chain(500..530).chain([longest - 1, longest]) {
                let mut fast = source.clone();
                let mut slow = source.clone();
                apply_mask(&mut fast[offset..offset + len], KEY);
                byte_loop(&mut slow[offset..offset + len], KEY);
                assert_eq!(fast, slow, "offset {offset}, length {len}");
            }
        }
    }

    #[test]
    fn pieces_equal_the_whole_at_every_cut() {
        let source: Vec<u8> = (0..64).collect();
        let mut whole = source.clone();
        apply_mask(&mut whole, KEY);
        for cut in 0..=source.len() {
            let mut pieces = source.clone();
            let (front, back) = pieces.split_at_mut(cut);
            let next = apply_mask(front, KEY);
            apply_mask(back, next);
            assert_eq!(pieces, whole, "cut at {cut}");
        }
    }
}
