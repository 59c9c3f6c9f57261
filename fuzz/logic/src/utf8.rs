//! The incremental UTF-8 validator against `core::str`: cuts, then text.

use crate::shape::{CUTS, Cuts, product};
use arbitrary::{Result, Unstructured};
use longwire::Utf8;

/// Runs one input.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let cuts = Cuts::read(&mut u)?;
    let text = u.take_rest();
    let mut utf8 = Utf8::default();
    let mut received = 0;
    for piece in cuts.pieces(text) {
        received += piece.len();
        let pushed = utf8.push(piece);
        let expected = core::str::from_utf8(&text[..received]);
        // At the earliest byte: a prefix that is only incomplete may still become text.
        let hopeless = expected.is_err_and(|error| error.error_len().is_some());
        assert_eq!(pushed.is_err(), hopeless, "after {received} bytes");
        if hopeless {
            return Ok(());
        }
        assert_eq!(utf8.finish().is_ok(), expected.is_ok(), "ended after {received} bytes");
    }
    Ok(())
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let texts: [&[u8]; 10] = [
        "Hello, κόσμε, 世界, 🌍".as_bytes(),
        b"\xc2\x80\xdf\xbf",
        b"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
        b"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
        b"ab\xc0\xaf",
        b"\xe0\x80\xaf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"abcdefgh\xce",
        b"\x80",
    ];
    product(&CUTS, &texts.map(Vec::from))
}
