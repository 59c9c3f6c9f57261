//! Who is at the other end of a session: its public name, its secret one, and what others are told.

use std::fmt;
use std::sync::Arc;

use crate::Json;

/// The name of one connection, which other clients see in presence and on publications.
///
/// Drawn at random for each connection; written as a UUID.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u128);

/// The secret name of one connection: whoever knows it may speak for it, which is what
/// transports with a separate way to the server do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u128);

/// Writes 128 bits as a UUID: 8-4-4-4-12 hexadecimal digits.
fn write_uuid(bits: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let part = |shift: u32, mask: u128| (bits >> shift) & mask;
    write!(
        f,
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        part(96, 0xffff_ffff),
        part(80, 0xffff),
        part(64, 0xffff),
        part(48, 0xffff),
        part(0, 0xffff_ffff_ffff)
    )
}

/// Reads what [`write_uuid`] wrote.
fn read_uuid(text: &str) -> Option<u128> {
    let parts: Vec<&str> = text.split('-').collect();
    let [a, b, c, d, e] = parts[..] else { return None };
    if [a, b, c, d, e].map(str::len) != [8, 4, 4, 4, 12] {
        return None;
    }
    let mut bits = 0_u128;
    for digit in [a, b, c, d, e].concat().chars() {
        bits = (bits << 4) | u128::from(digit.to_digit(16)?);
    }
    Some(bits)
}

/// Version 4 and variant 1 of RFC 9562 §5.4 on 128 random bits, so that others take it for a UUID.
pub(crate) fn uuid_from_random(bits: u128) -> u128 {
    let version = 0xf_u128 << 76;
    let variant = 0b11_u128 << 62;
    (bits & !version & !variant) | (4 << 76) | (0b10 << 62)
}

macro_rules! uuid_text {
    ($name:ident) => {
        impl $name {
            /// Reads the text of a UUID.
            pub fn parse(text: &str) -> Option<Self> {
                read_uuid(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(self.0, f)
            }
        }
    };
}

uuid_text!(ClientId);
uuid_text!(SessionId);

/// What others are told of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientInfo {
    /// Its connection.
    pub client: ClientId,
    /// Its user; empty for someone anonymous.
    pub user: Arc<str>,
    /// What its connection token says of it.
    pub conn_info: Option<Json>,
    /// What its subscription token says of it, for one channel.
    pub chan_info: Option<Json>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_written_and_read() {
        let rows = [
            (0, "00000000-0000-0000-0000-000000000000"),
            (0x0123_4567_89ab_cdef_0123_4567_89ab_cdef, "01234567-89ab-cdef-0123-456789abcdef"),
            (u128::MAX, "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        ];
        for (bits, text) in rows {
            assert_eq!(ClientId(bits).to_string(), text);
            assert_eq!(ClientId::parse(text), Some(ClientId(bits)));
        }
        assert_eq!(
            ClientId(uuid_from_random(u128::MAX)).to_string(),
            "ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
    }

    #[test]
    fn what_is_not_a_uuid() {
        for text in [
            "",
            "00000000-0000-0000-0000-00000000000",
            "00000000-0000-0000-0000-00000000000g",
            "0000000-00000-0000-0000-000000000000",
            "+0000000-0000-0000-0000-000000000000",
            "00000000000000000000000000000000",
        ] {
            assert_eq!(ClientId::parse(text), None, "{text}");
        }
    }
}
