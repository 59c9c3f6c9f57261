//! Masking against the byte loop that RFC 6455 §5.3 spells out, over lengths, places in memory and
//! places in the key.

use longwire::apply_mask;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const MAX_LEN: usize = 4096;
/// Two of the widest vector registers there are.
const OFFSETS: usize = 128;

/// RFC 6455 §5.3: octet i is XORed with octet i modulo 4 of the key.
fn byte_loop(payload: &mut [u8], key: [u8; 4], phase: usize) {
    for (index, byte) in payload.iter_mut().enumerate() {
        *byte ^= key[(phase + index) % 4];
    }
}

fn source() -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..OFFSETS + 4 + MAX_LEN + 16).map(|_| next()).collect()
}

/// Masks `len` bytes that stand `offset` bytes into memory and `phase` bytes into the payload: what
/// is there then is what the byte loop makes of it, and nothing beside it has changed.
fn check(source: &[u8], memory: &mut Vec<u8>, expected: &mut Vec<u8>, at: (usize, usize, usize)) {
    let (len, offset, phase) = at;
    let range = offset..offset + len;
    memory.clear();
    memory.extend_from_slice(source);
    expected.clear();
    expected.extend_from_slice(source);
    let turned = apply_mask(&mut [0; 4][..phase], KEY);
    let next = apply_mask(&mut memory[range.clone()], turned);
    byte_loop(&mut expected[range], KEY, phase);
    assert!(memory == expected, "length {len}, offset {offset}, phase {phase}");
    let after = [0, 1, 2, 3].map(|index| KEY[(phase + len + index) % 4]);
    assert_eq!(next, after, "the key behind length {len}, phase {phase}");
}

fn run(lens: impl Iterator<Item = usize>, offsets: usize) {
    let (source, mut memory, mut expected) = (source(), Vec::new(), Vec::new());
    for len in lens {
        for offset in 0..offsets {
            // Only what is looked at has to be copied.
            let source = &source[..offset + len + 16];
            for phase in 0..4 {
                check(source, &mut memory, &mut expected, (len, offset, phase));
            }
        }
    }
}

#[test]
fn rfc6455_s5_3_masking_is_the_byte_loop_at_a_sample_of_lengths() {
    run(0..=80, 16);
    let around_powers = (7..=12).flat_map(|power| (1 << power) - 2..=(1 << power) + 2);
    run(around_powers.filter(|len| *len <= MAX_LEN), 16);
    run((81..=MAX_LEN).step_by(61), 3);
}

#[test]
#[ignore = "masks 4 GB: run it with --release --include-ignored"]
fn rfc6455_s5_3_masking_is_the_byte_loop_at_every_length_to_4096() {
    run(0..=MAX_LEN, OFFSETS);
}
