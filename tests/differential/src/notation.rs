//! Bytes as people read them, for reports and for tests/divergences.md.

/// Text in quotes where it is plain ASCII, else hexadecimal; the middle of something long is left
/// out.
pub(crate) fn show(bytes: &[u8]) -> String {
    let plain = bytes.iter().all(|byte| matches!(byte, b' '..=b'~'));
    match bytes {
        _ if plain && bytes.len() <= 40 => format!("{:?}", String::from_utf8_lossy(bytes)),
        _ if bytes.len() <= 40 => hex(bytes),
        _ => format!("{} … ({} bytes)", hex(&bytes[..24]), bytes.len()),
    }
}

/// `81 05 48`
pub(crate) fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}

/// Reads what [`hex`] writes.
pub(crate) fn parse_hex(text: &str) -> Option<Vec<u8>> {
    let byte = |pair: &str| (pair.len() == 2).then(|| u8::from_str_radix(pair, 16).ok())?;
    text.split_whitespace().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::{hex, parse_hex, show};

    #[test]
    fn bytes_are_text_or_hexadecimal() {
        assert_eq!(show(b"Hello"), "\"Hello\"");
        assert_eq!(show(b""), "\"\"");
        assert_eq!(show(b"\xc3("), "c3 28");
        assert!(show(&[0; 41]).ends_with("… (41 bytes)"));
        assert_eq!(parse_hex(&hex(b"\x81\x05Hi")), Some(b"\x81\x05Hi".to_vec()));
        assert_eq!(parse_hex(""), Some(Vec::new()));
        assert_eq!(parse_hex("8"), None);
        assert_eq!(parse_hex("81 x5"), None);
    }
}
