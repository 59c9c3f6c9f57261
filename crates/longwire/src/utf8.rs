//! UTF-8 as bytes arrive (RFC 6455 §8.1, RFC 3629).
//!
//! `core::str` does the validation, or with the feature `simd` the crate `simdutf8`. What is added here
//! is the cut: at most three bytes of a sequence that is not complete are carried over, and a prefix
//! that no byte can complete (`C0`, `E0 80`, `ED A0`, `F4 90`) is refused at once, not when the
//! sequence would have ended.

use core::fmt;

/// The bytes are not UTF-8, and nothing that follows can make them so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUtf8;

impl fmt::Display for InvalidUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes are not UTF-8")
    }
}

impl core::error::Error for InvalidUtf8 {}

/// An incremental UTF-8 validator: four bytes of state.
///
/// ```
/// use longwire::Utf8;
/// let mut text = Utf8::default();
/// text.push(b"na\xc3").unwrap();          // cut inside "ï"
/// assert!(text.finish().is_err());
/// text.push(b"\xafve").unwrap();
/// text.finish().unwrap();
/// assert!(Utf8::default().push(b"\xed\xa0").is_err()); // a surrogate, hopeless after two bytes
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Utf8 {
    carried: [u8; 3],
    len: u8,
}

impl Utf8 {
    /// Validates the next bytes of the text (RFC 6455 §8.1).
    ///
    /// # Errors
    /// [`InvalidUtf8`] at the earliest byte that rules UTF-8 out.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), InvalidUtf8> {
        let rest = if self.len == 0 { bytes } else { self.complete_carried(bytes)? };
        match validate(rest) {
            Ok(_) => Ok(()),
            Err(Flaw { incomplete: false, .. }) => Err(InvalidUtf8),
            Err(Flaw { valid_up_to, .. }) => {
                self.carry(rest.get(valid_up_to..).unwrap_or_default());
                Ok(())
            }
        }
    }

    /// Says whether the text may end here.
    ///
    /// # Errors
    /// [`InvalidUtf8`] when the last sequence is not complete.
    pub fn finish(&self) -> Result<(), InvalidUtf8> {
        if self.len == 0 { Ok(()) } else { Err(InvalidUtf8) }
    }

    /// Adds bytes to the carried ones until they are a whole sequence; returns what follows it.
    fn complete_carried<'a>(&mut self, mut bytes: &'a [u8]) -> Result<&'a [u8], InvalidUtf8> {
        let [a, b, c] = self.carried;
        let mut sequence = [a, b, c, 0];
        let mut len = usize::from(self.len);
        while let Some((&next, rest)) = bytes.split_first() {
            bytes = rest;
            if let Some(place) = sequence.get_mut(len) {
                *place = next;
            }
            len = len.saturating_add(1);
            let so_far = sequence.get(..len).unwrap_or_default();
            match validate(so_far) {
                Ok(_) => {
                    self.len = 0;
                    return Ok(bytes);
                }
                Err(Flaw { incomplete: false, .. }) => return Err(InvalidUtf8),
                Err(_) => self.carry(so_far),
            }
        }
        Ok(bytes)
    }

    fn carry(&mut self, sequence: &[u8]) {
        for (place, &byte) in self.carried.iter_mut().zip(sequence) {
            *place = byte;
        }
        self.len = u8::try_from(sequence.len()).unwrap_or(u8::MAX);
    }
}

/// Where bytes stop being UTF-8.
pub(crate) struct Flaw {
    valid_up_to: usize,
    /// Nothing is wrong but that they end inside a character.
    incomplete: bool,
}

/// Shorter text gains nothing from vector instructions.
#[cfg(feature = "simd")]
const SIMD_FROM_BYTES: usize = 64;

/// The bytes as text: the one place where it is decided what UTF-8 is.
#[inline]
pub(crate) fn validate(bytes: &[u8]) -> Result<&str, Flaw> {
    #[cfg(feature = "simd")]
    if bytes.len() >= SIMD_FROM_BYTES {
        return simdutf8::compat::from_utf8(bytes).map_err(|error| Flaw {
            valid_up_to: error.valid_up_to(),
            incomplete: error.error_len().is_none(),
        });
    }
    core::str::from_utf8(bytes).map_err(|error| Flaw {
        valid_up_to: error.valid_up_to(),
        incomplete: error.error_len().is_none(),
    })
}

#[cfg(test)]
mod tests {
    use super::{InvalidUtf8, Utf8};
    use std::string::ToString;

    #[test]
    fn the_error_says_what_is_wrong() {
        assert_eq!(InvalidUtf8.to_string(), "the bytes are not UTF-8");
    }

    /// Where the bytes stop being a possible prefix of UTF-8, found one byte at a time.
    fn fails_at(bytes: &[u8]) -> Option<usize> {
        let mut utf8 = Utf8::default();
        bytes.iter().position(|byte| utf8.push(&[*byte]).is_err())
    }

    #[test]
    fn hopeless_prefixes_fail_at_the_byte_that_decides() {
        const TABLE: &[(&[u8], Option<usize>)] = &[
            (b"plain", None),
            ("κόσμε \u{10FFFF}".as_bytes(), None),
            (b"\x80", Some(0)),
            (b"\xc0\x80", Some(0)),
            (b"\xc1", Some(0)),
            (b"\xe0\x80\x80", Some(1)),
            (b"\xe0\x9f\xbf", Some(1)),
            (b"\xed\xa0\x80", Some(1)),
            (b"\xed\x9f\xbf", None),
            (b"\xf0\x80\x80\x80", Some(1)),
            (b"\xf0\x90\x80\x80", None),
            (b"\xf4\x8f\xbf\xbf", None),
            (b"\xf4\x90\x80\x80", Some(1)),
            (b"\xf5", Some(0)),
            (b"\xff", Some(0)),
            (b"a\xe2\x82b", Some(3)),
        ];
        for (bytes, expected) in TABLE {
            assert_eq!(fails_at(bytes), *expected, "{bytes:02x?}");
            let whole = Utf8::default().push(bytes).is_err();
            assert_eq!(whole, expected.is_some(), "{bytes:02x?} whole");
        }
    }

    #[test]
    fn every_two_way_cut_agrees_with_the_whole() {
        for text in ["κόσμε", "a\u{7ff}\u{800}\u{ffff}\u{10000}z", "日本語テキスト🦀"]
        {
            let bytes = text.as_bytes();
            for cut in 0..=bytes.len() {
                let mut utf8 = Utf8::default();
                utf8.push(&bytes[..cut]).unwrap();
                assert_eq!(utf8.finish().is_ok(), text.is_char_boundary(cut), "{text} at {cut}");
                utf8.push(&bytes[cut..]).unwrap();
                utf8.finish().unwrap();
            }
        }
    }
}
