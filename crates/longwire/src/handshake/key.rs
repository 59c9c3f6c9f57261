//! Sec-WebSocket-Key, and the Sec-WebSocket-Accept that proves that the server has read it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha1::{Digest as _, Sha1};

/// What the server hashes behind the key (RFC 6455 §1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A key: 16 bytes in base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key([u8; 24]);

impl Key {
    /// The key that a client sends for its nonce (RFC 6455 §4.1, request item 7).
    pub(crate) fn from_nonce(nonce: [u8; 16]) -> Self {
        Self(encode_base64(&nonce))
    }

    /// Checks the shape of a key: 22 characters of the alphabet, then `==`.
    ///
    /// It is not decoded, since a strict decoder refuses the RFC's own sample:
    /// `AQIDBAUGBwgJCgsMDQ4PEC==` has bits behind its sixteenth byte that are not zero (erratum
    /// 3150).
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        let data = value.strip_suffix(b"==")?;
        let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        if !data.iter().all(in_alphabet) {
            return None;
        }
        value.try_into().ok().map(Self)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// base64 of the SHA-1 of the key, as it was sent, and the GUID (RFC 6455 §4.2.2 item 5.4).
    pub(crate) fn accept(&self) -> [u8; 28] {
        let digest: [u8; 20] =
            Sha1::new().chain_update(self.0).chain_update(GUID).finalize().into();
        encode_base64(&digest)
    }
}

/// base64 with padding, for an `N` that is the length of just that.
fn encode_base64<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut text = [0; N];
    let written = STANDARD.encode_slice(bytes, &mut text);
    debug_assert_eq!(written.ok(), Some(N));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc6455_s1_3_sample() {
        let key = Key::from_nonce(*b"the sample nonce");
        assert_eq!(key.as_bytes(), b"dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(&key.accept(), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn rfc6455_s4_1_sample_has_pad_bits_that_are_not_zero() {
        // RFC 6455 §4.1 and erratum 3150. The value was computed with Python's hashlib.
        let key = Key::parse(b"AQIDBAUGBwgJCgsMDQ4PEC==").unwrap();
        assert_eq!(&key.accept(), b"OfS0wDaT5NoxF2gqm7Zj2YtetzM=");
    }

    #[test]
    fn a_key_is_22_characters_and_two_pads() {
        let cases: &[(&str, bool)] = &[
            ("dGhlIHNhbXBsZSBub25jZQ==", true),
            ("AAAAAAAAAAAAAAAAAAAAAA==", true),
            ("+/+/+/+/+/+/+/+/+/+/+/==", true),
            ("", false),
            ("==", false),
            ("dGhlIHNhbXBsZSBub25jZQ=", false),
            ("dGhlIHNhbXBsZSBub25jZQ", false),
            ("dGhlIHNhbXBsZSBub25jZQ===", false),
            ("dGhlIHNhbXBsZSBub25jZQA=", false),
            ("dGhlIHNhbXBsZSBub25jZQAA", false),
            ("dGhlIHNhbXBsZSBub25jZ===", false),
            ("dGhlIHNhbXBsZSBub25j====", false),
            ("dGhlIHNhbXBsZSBub25jZQAA==", false),
            ("dGhlIHNhbXBsZSBub25=ZQ==", false),
            ("dGhlIHNhbXBsZSBub25 ZQ==", false),
            ("dGhlIHNhbXBsZSBub25-ZQ==", false),
            ("dGhlIHNhbXBsZSBub25_ZQ==", false),
            ("dGhlIHNhbXBsZSBub25,ZQ==", false),
        ];
        for &(text, valid) in cases {
            assert_eq!(Key::parse(text.as_bytes()).is_some(), valid, "{text:?}");
        }
    }
}
