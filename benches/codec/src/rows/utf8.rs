//! Validating UTF-8.

use std::hint::black_box;

use anyhow::{Result, ensure};
use fastrand::Rng;

use crate::payload::Payload;
use crate::row::{Entry, Row, Side, Work, size};

/// How many different texts there are, so that no branch is learnt by heart.
const TEXTS: usize = 64;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for payload in [Payload::Ascii, Payload::Mixed] {
        for len in [20, 125, 1024, 64 * 1024] {
            let name = format!("{} {}", payload.name(), size(len));
            rows.push(Row::new("utf8", name, len, move || entries(payload, len)));
        }
    }
    rows
}

fn entries(payload: Payload, len: usize) -> Vec<Entry> {
    let entry = |side, name, valid: fn(&[u8]) -> bool| {
        let (verify, work) = (move || verify(valid), move || work(payload, len, valid));
        Entry::new(side, name, verify, work)
    };
    vec![
        entry(Side::Ours, "longwire", |bytes| {
            let mut utf8 = longwire::Utf8::default();
            utf8.push(bytes).is_ok() && utf8.finish().is_ok()
        }),
        entry(Side::Peer, "sockudo-ws", |bytes| {
            let mut utf8 = sockudo_ws::utf8::Utf8Stream::new();
            utf8.push(bytes) && utf8.finish()
        }),
        entry(Side::Reference, "core", |bytes| std::str::from_utf8(bytes).is_ok()),
        entry(Side::Reference, "simdutf8", |bytes| simdutf8::basic::from_utf8(bytes).is_ok()),
    ]
}

fn verify(valid: impl Fn(&[u8]) -> bool) -> Result<()> {
    let mut rng = Rng::with_seed(1);
    for len in [0, 1, 5, 31, 200, 5000] {
        let mut text = Payload::Mixed.make(len, &mut rng);
        ensure!(valid(&text), "valid text of {len} bytes is refused");
        text.push(0xc3);
        ensure!(!valid(&text), "a character that is cut off passes, behind {len} bytes");
        text.insert(0, 0xff);
        ensure!(!valid(&text), "FF passes, in front of {len} bytes");
    }
    Ok(())
}

fn work(payload: Payload, len: usize, valid: impl Fn(&[u8]) -> bool + 'static) -> Work {
    let mut rng = Rng::with_seed(len as u64);
    let texts: Vec<Vec<u8>> = (0..TEXTS).map(|_| payload.make(len, &mut rng)).collect();
    let mut at = 0;
    Box::new(move |count| {
        for _ in 0..count {
            assert!(valid(black_box(&texts[at])), "valid text");
            at = (at + 1) % TEXTS;
        }
    })
}
