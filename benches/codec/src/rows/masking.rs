//! Masking in place, in a buffer that begins six bytes behind a multiple of what a vector holds:
//! where a payload lies behind the header of a small masked frame.

use std::hint::black_box;

use anyhow::{Result, ensure};

use crate::payload::Payload;
use crate::row::{Entry, Row, Side, Work, size};

const OFFSET: usize = 6;
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub(crate) fn rows() -> Vec<Row> {
    let sizes = [20, 125, 1024, 16 * 1024, 64 * 1024, 1024 * 1024];
    sizes.map(|len| Row::new("masking", size(len), len, move || entries(len))).into()
}

fn entries(len: usize) -> Vec<Entry> {
    vec![
        entry(Side::Ours, "longwire", len, |payload, key| {
            longwire::apply_mask(payload, key);
        }),
        entry(Side::Peer, "fastwebsockets", len, fastwebsockets::unmask),
        entry(Side::Peer, "yawc", len, yawc::mask::apply_mask),
        entry(Side::Peer, "sockudo-ws", len, sockudo_ws::mask::apply_mask),
        entry(Side::Reference, "byte by byte", len, byte_by_byte),
    ]
}

fn byte_by_byte(payload: &mut [u8], key: [u8; 4]) {
    payload.iter_mut().enumerate().for_each(|(i, byte)| *byte ^= key[i & 3]);
}

fn entry<F>(side: Side, implementation: &'static str, len: usize, mask: F) -> Entry
where
    F: Fn(&mut [u8], [u8; 4]) + Copy + 'static,
{
    Entry::new(side, implementation, move || verify(len, mask), move || work(len, mask))
}

fn verify(len: usize, mask: impl Fn(&mut [u8], [u8; 4])) -> Result<()> {
    let mut expected = Payload::Binary.make(OFFSET + len, &mut fastrand::Rng::with_seed(1));
    let mut masked = expected.clone();
    byte_by_byte(&mut expected[OFFSET..], KEY);
    mask(&mut masked[OFFSET..], KEY);
    ensure!(masked == expected, "masked to something else");
    Ok(())
}

fn work(len: usize, mask: impl Fn(&mut [u8], [u8; 4]) + 'static) -> Work {
    let mut buffer = vec![0_u8; OFFSET + len + 64];
    let begin = buffer.as_ptr().align_offset(64) + OFFSET;
    Box::new(move |count| {
        for _ in 0..count {
            mask(black_box(&mut buffer[begin..begin + len]), black_box(KEY));
        }
        black_box(&buffer);
    })
}
