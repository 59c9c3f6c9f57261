//! UTF-8 against the grammar of RFC 3629 §4: every byte behind every prefix that can still become a
//! character.

use longwire::Utf8;

/// The bytes that may follow the prefix of a character, written down from the RFC's grammar.
fn may_follow(prefix: &[u8]) -> &'static [std::ops::RangeInclusive<u8>] {
    const TAIL: &[std::ops::RangeInclusive<u8>] = &[0x80..=0xbf];
    match prefix {
        [] => &[0x00..=0x7f, 0xc2..=0xdf, 0xe0..=0xef, 0xf0..=0xf4],
        [0xe0] => &[0xa0..=0xbf],
        [0xed] => &[0x80..=0x9f],
        [0xf0] => &[0x90..=0xbf],
        [0xf4] => &[0x80..=0x8f],
        _ => TAIL,
    }
}

/// How many bytes a character has that begins with this one.
fn character_len(lead: u8) -> usize {
    match lead {
        0x00..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    }
}

/// Tries every byte behind `prefix`, and goes on behind those that leave a character incomplete:
/// how many characters there are.
fn walk(prefix: &mut Vec<u8>, state: Utf8) -> usize {
    let mut characters = 0;
    for byte in 0..=u8::MAX {
        let expected = may_follow(prefix).iter().any(|range| range.contains(&byte));
        prefix.push(byte);
        let mut next = state;
        assert_eq!(next.push(&[byte]).is_ok(), expected, "byte by byte: {prefix:02x?}");
        assert_eq!(Utf8::default().push(prefix).is_ok(), expected, "whole: {prefix:02x?}");
        if expected {
            let complete = prefix.len() == character_len(prefix[0]);
            assert_eq!(next.finish().is_ok(), complete, "{prefix:02x?}");
            characters += if complete { 1 } else { walk(prefix, next) };
        }
        prefix.pop();
    }
    characters
}

#[test]
fn rfc6455_s8_1_every_byte_behind_every_prefix_of_a_character() {
    // U+0000 to U+10FFFF without the surrogates.
    assert_eq!(walk(&mut Vec::new(), Utf8::default()), 0x11_0000 - 0x800);
}
