//! `host [ ":" port ]`, as it stands in a Host header, in an absolute request target and in a ws:
//! URL (RFC 3986 §3.2).

use core::net::Ipv6Addr;

/// A valid host, and the port where one is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Authority<'a> {
    /// A name, an IPv4 address, or an IPv6 address with its brackets. Never empty.
    pub(crate) host: &'a str,
    pub(crate) port: Option<u16>,
}

/// What is wrong with an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invalid {
    Host,
    Port,
}

impl<'a> Authority<'a> {
    /// Reads it strictly: user information, IPvFuture and zone identifiers are not accepted.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Invalid> {
        let (host, port) = if text.starts_with('[') {
            let end = text.find(']').ok_or(Invalid::Host)?;
            let (literal, rest) =
                text.split_at_checked(end.saturating_add(1)).ok_or(Invalid::Host)?;
            let address = literal.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            address.and_then(|address| address.parse::<Ipv6Addr>().ok()).ok_or(Invalid::Host)?;
            match rest.strip_prefix(':') {
                Some(port) => (literal, port),
                None if rest.is_empty() => (literal, ""),
                None => return Err(Invalid::Host),
            }
        } else {
            let (host, port) = text.split_once(':').unwrap_or((text, ""));
            if !is_registered_name(host) {
                return Err(Invalid::Host);
            }
            (host, port)
        };
        Ok(Self { host, port: parse_port(port)? })
    }
}

/// RFC 3986 §3.2.3: `*DIGIT`. Empty is the same as absent.
fn parse_port(digits: &str) -> Result<Option<u16>, Invalid> {
    if digits.is_empty() {
        return Ok(None);
    }
    // `parse` alone would take a sign.
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Invalid::Port);
    }
    digits.parse().map(Some).map_err(|_| Invalid::Port)
}

/// RFC 3986 §3.2.2: `reg-name`, which an IPv4 address is too; here it may not be empty.
fn is_registered_name(host: &str) -> bool {
    !host.is_empty() && is_made_of(host, |byte| is_unreserved(byte) || is_sub_delim(byte))
}

/// Whether the text holds nothing but the characters allowed and whole percent-encoded bytes.
pub(crate) fn is_made_of(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let valid = match byte {
            b'%' => {
                let mut hex_digit = || bytes.next().is_some_and(|byte| byte.is_ascii_hexdigit());
                hex_digit() && hex_digit()
            }
            _ => allowed(byte),
        };
        if !valid {
            return false;
        }
    }
    true
}

/// RFC 3986 §2.3.
pub(crate) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986 §2.2.
pub(crate) const fn is_sub_delim(byte: u8) -> bool {
    matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_a_port() {
        type Case = (&'static str, Result<(&'static str, Option<u16>), Invalid>);
        let cases: &[Case] = &[
            ("example.com", Ok(("example.com", None))),
            ("example.com:80", Ok(("example.com", Some(80)))),
            ("example.com:65535", Ok(("example.com", Some(65535)))),
            ("example.com:", Ok(("example.com", None))),
            ("under_score.example", Ok(("under_score.example", None))),
            ("xn--bcher-kva.example", Ok(("xn--bcher-kva.example", None))),
            ("a%2Fb", Ok(("a%2Fb", None))),
            ("127.0.0.1:9001", Ok(("127.0.0.1", Some(9001)))),
            ("[::1]", Ok(("[::1]", None))),
            ("[::1]:9001", Ok(("[::1]", Some(9001)))),
            ("[::ffff:1.2.3.4]", Ok(("[::ffff:1.2.3.4]", None))),
            ("", Err(Invalid::Host)),
            (":80", Err(Invalid::Host)),
            ("not a host[:port", Err(Invalid::Host)),
            ("a b", Err(Invalid::Host)),
            ("a/b", Err(Invalid::Host)),
            ("a?b", Err(Invalid::Host)),
            ("user@host", Err(Invalid::Host)),
            ("a,b", Ok(("a,b", None))),
            ("a%2", Err(Invalid::Host)),
            ("a%zz", Err(Invalid::Host)),
            ("b\u{fc}cher.example", Err(Invalid::Host)),
            ("example.com:65536", Err(Invalid::Port)),
            ("example.com:+80", Err(Invalid::Port)),
            ("example.com:-1", Err(Invalid::Port)),
            ("example.com:80:80", Err(Invalid::Port)),
            ("example.com: 80", Err(Invalid::Port)),
            ("example.com:http", Err(Invalid::Port)),
            ("::1", Err(Invalid::Host)),
            ("[::1", Err(Invalid::Host)),
            ("[]", Err(Invalid::Host)),
            ("[::1]x", Err(Invalid::Host)),
            ("[::1%25eth0]", Err(Invalid::Host)),
            ("[v1.a]", Err(Invalid::Host)),
            ("[g::]", Err(Invalid::Host)),
            ("[::1]:x", Err(Invalid::Port)),
        ];
        for &(text, expected) in cases {
            let expected = expected.map(|(host, port)| Authority { host, port });
            assert_eq!(Authority::parse(text), expected, "{text:?}");
        }
    }
}
