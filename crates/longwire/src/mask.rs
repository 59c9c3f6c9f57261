//! Masking, RFC 6455 §5.3: every byte of the payload is XORed with one of the four bytes of the
//! key, in turn. The same operation masks and unmasks.
//!
//! In place, 16 bytes at a time: short payloads, which are most, pay for no dispatch and for no loop
//! over their last bytes. Long ones are worth wider instructions, beginning at a line of the cache.

/// From this length on a payload is masked with wider instructions.
const LONG_BYTES: usize = 512;
/// Two of them are a line of the cache.
const CHUNK_BYTES: usize = 32;

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
        return mask_short(payload, key);
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

/// 32 bytes at a time from where no store crosses a line of the cache: memory is written twice as fast
/// so. The first 32 bytes and the last ones overlap with those, and are stored behind them.
#[inline(always)]
fn mask_lines(payload: &mut [u8], key: [u8; 4]) -> [u8; 4] {
    let turned = turn(key, payload.len());
    let (Some(first), Some(last)) =
        (payload.first_chunk::<CHUNK_BYTES>(), payload.last_chunk::<CHUNK_BYTES>())
    else {
        return mask_short(payload, key);
    };
    let (first, last) = (masked(*first, key), masked(*last, turned));
    let front_len = payload.as_ptr().align_offset(CHUNK_BYTES).min(payload.len());
    let (_, aligned) = payload.split_at_mut(front_len);
    for chunk in aligned.as_chunks_mut::<CHUNK_BYTES>().0 {
        *chunk = masked(*chunk, turn(key, front_len));
    }
    store_first(payload, first);
    store_last(payload, last);
    turned
}

/// RFC 6455 §5.3: byte i of the payload with byte i modulo 4 of the key.
#[inline(always)]
fn masked<const N: usize>(mut chunk: [u8; N], key: [u8; 4]) -> [u8; N] {
    for word in chunk.as_chunks_mut().0 {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(key)).to_ne_bytes();
    }
    chunk
}

/// Eight bytes and more in chunks of 32 and 16, or of 8. The last one overlaps the one before, where the
/// length has it so: it is masked before that one is, and stored behind it.
#[inline(always)]
fn mask_short(payload: &mut [u8], key: [u8; 4]) -> [u8; 4] {
    let turned = turn(key, payload.len());
    if let Some(last) = payload.last_chunk::<16>() {
        let last = masked(*last, turned);
        let (chunks, rest) = payload.as_chunks_mut::<32>();
        for chunk in chunks {
            *chunk = masked(*chunk, key);
        }
        if let Some(chunk) = rest.first_chunk_mut::<16>() {
            *chunk = masked(*chunk, key);
        }
        store_last(payload, last);
    } else if let Some(last) = payload.last_chunk::<8>() {
        let last = masked(*last, turned);
        if let Some(chunk) = payload.first_chunk_mut::<8>() {
            *chunk = masked(*chunk, key);
        }
        store_last(payload, last);
    } else {
        for (byte, key) in payload.iter_mut().zip(key.into_iter().cycle()) {
            *byte ^= key;
        }
    }
    turned
}

#[inline(always)]
fn store_first<const N: usize>(payload: &mut [u8], first: [u8; N]) {
    if let Some(place) = payload.first_chunk_mut() {
        *place = first;
    }
}

#[inline(always)]
fn store_last<const N: usize>(payload: &mut [u8], last: [u8; N]) {
    if let Some(place) = payload.last_chunk_mut() {
        *place = last;
    }
}

/// The key for what is behind `len` bytes.
#[inline(always)]
fn turn(key: [u8; 4], len: usize) -> [u8; 4] {
    let [low, ..] = len.to_le_bytes();
    u32::from_le_bytes(key).rotate_right(8 * u32::from(low % 4)).to_le_bytes()
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
