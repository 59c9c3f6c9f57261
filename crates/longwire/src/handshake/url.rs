//! ws: and wss: URLs (RFC 6455 §3), as a client needs them.

use core::fmt;

use super::authority::{Authority, Invalid, is_made_of, is_sub_delim, is_unreserved};

/// A valid WebSocket URL.
///
/// ```
/// use longwire::handshake::Url;
///
/// let url = Url::parse("ws://[::1]:9001/chat?room=1")?;
/// assert_eq!((url.is_secure(), url.host(), url.port()), (false, "::1", 9001));
/// assert_eq!((url.path(), url.query()), ("/chat", Some("room=1")));
/// # Ok::<(), longwire::handshake::UrlError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Url<'a> {
    secure: bool,
    authority: Authority<'a>,
    path: &'a str,
    query: Option<&'a str>,
}

/// Why a URL is not a WebSocket URL (RFC 6455 §3). The caller's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlError {
    /// The scheme is neither `ws` nor `wss`.
    Scheme,
    /// There is a fragment: `#` has to be written `%23`.
    Fragment,
    /// There is a user name or a password in front of the host.
    UserInfo,
    /// The host is empty or malformed. A name outside ASCII has to be in Punycode.
    Host,
    /// The port is no number from 1 to 65,535.
    Port,
    /// Path or query have a character that has to be percent-encoded.
    Resource,
}

impl<'a> Url<'a> {
    /// Takes a URL apart.
    ///
    /// # Errors
    ///
    /// It is not `ws:` or `wss:`, or a part of it is not valid (RFC 3986). RFC 6455 §4.1 wants such
    /// a connection to fail.
    pub fn parse(url: &'a str) -> Result<Self, UrlError> {
        let (scheme, rest) = url.split_once("://").ok_or(UrlError::Scheme)?;
        let secure = scheme.eq_ignore_ascii_case("wss");
        if !secure && !scheme.eq_ignore_ascii_case("ws") {
            return Err(UrlError::Scheme);
        }
        if rest.contains('#') {
            return Err(UrlError::Fragment);
        }
        let authority_len = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, resource) = rest.split_at_checked(authority_len).unwrap_or((rest, ""));
        if authority.contains('@') {
            return Err(UrlError::UserInfo);
        }
        let authority = Authority::parse(authority).map_err(|invalid| match invalid {
            Invalid::Host => UrlError::Host,
            Invalid::Port => UrlError::Port,
        })?;
        if authority.port == Some(0) {
            return Err(UrlError::Port);
        }
        let is_resource = |byte| {
            is_unreserved(byte) || is_sub_delim(byte) || matches!(byte, b':' | b'@' | b'/' | b'?')
        };
        if !is_made_of(resource, is_resource) {
            return Err(UrlError::Resource);
        }
        let (path, query) =
            resource.split_once('?').map_or((resource, None), |(path, query)| (path, Some(query)));
        // RFC 6455 §3: the resource name of an empty path is "/".
        Ok(Self { secure, authority, path: if path.is_empty() { "/" } else { path }, query })
    }

    /// Whether the connection has to be over TLS: the scheme is `wss`.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host to look up and to check the certificate against. An IPv6 address stands without
    /// brackets.
    pub fn host(&self) -> &'a str {
        let host = self.authority.host;
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    /// The port: where none is named, 80 for `ws` and 443 for `wss`.
    pub fn port(&self) -> u16 {
        self.authority.port.unwrap_or(self.default_port())
    }

    /// The path, `/` where the URL has none.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// What stands behind the `?`.
    pub fn query(&self) -> Option<&'a str> {
        self.query
    }

    /// Host and port as they stand in the Host header: the port only where it is not the default
    /// (RFC 6455 §4.1, request item 4).
    pub(crate) fn host_header(&self) -> impl fmt::Display {
        struct HostHeader<'a>(&'a str, Option<u16>);
        impl fmt::Display for HostHeader<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0)?;
                self.1.map_or(Ok(()), |port| write!(f, ":{port}"))
            }
        }
        HostHeader(
            self.authority.host,
            self.authority.port.filter(|port| *port != self.default_port()),
        )
    }

    fn default_port(&self) -> u16 {
        if self.secure { 443 } else { 80 }
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "the URL must begin with ws:// or wss://",
            Self::Fragment => "a WebSocket URL has no fragment: # must be written %23",
            Self::UserInfo => "a WebSocket URL has no user name or password",
            Self::Host => {
                "the host is empty or malformed; a name outside ASCII must be in Punycode"
            }
            Self::Port => "the port must be a number from 1 to 65535",
            Self::Resource => "a character in the path or query must be percent-encoded",
        })
    }
}

impl core::error::Error for UrlError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn rfc6455_s3_every_part_of_a_url() {
        // The URL; secure, host, port, Host header, path, query.
        type Case = (
            &'static str,
            bool,
            &'static str,
            u16,
            &'static str,
            &'static str,
            Option<&'static str>,
        );
        let cases: &[Case] = &[
            ("ws://example.com", false, "example.com", 80, "example.com", "/", None),
            ("wss://example.com", true, "example.com", 443, "example.com", "/", None),
            ("WSS://Example.COM/", true, "Example.COM", 443, "Example.COM", "/", None),
            ("ws://example.com:80/", false, "example.com", 80, "example.com", "/", None),
            ("ws://example.com:443/", false, "example.com", 443, "example.com:443", "/", None),
            ("wss://example.com:443/", true, "example.com", 443, "example.com", "/", None),
            ("wss://example.com:80/", true, "example.com", 80, "example.com:80", "/", None),
            ("ws://example.com:/", false, "example.com", 80, "example.com", "/", None),
            ("ws://a?b", false, "a", 80, "a", "/", Some("b")),
            ("ws://a/?", false, "a", 80, "a", "/", Some("")),
            ("ws://a/b/c;d?e=f?g&h=%23", false, "a", 80, "a", "/b/c;d", Some("e=f?g&h=%23")),
            ("ws://a//b@c:d", false, "a", 80, "a", "//b@c:d", None),
            ("ws://127.0.0.1:65535", false, "127.0.0.1", 65535, "127.0.0.1:65535", "/", None),
            ("ws://[::1]/", false, "::1", 80, "[::1]", "/", None),
            (
                "wss://[2001:db8::1]:9001",
                true,
                "2001:db8::1",
                9001,
                "[2001:db8::1]:9001",
                "/",
                None,
            ),
        ];
        for &(text, secure, host, port, host_header, path, query) in cases {
            let url = Url::parse(text).unwrap();
            assert_eq!((url.is_secure(), url.host(), url.port()), (secure, host, port), "{text}");
            assert_eq!(url.host_header().to_string(), host_header, "{text}");
            assert_eq!((url.path(), url.query()), (path, query), "{text}");
        }
    }

    #[test]
    fn rfc6455_s4_1_an_invalid_url_is_refused() {
        let cases = [
            ("", UrlError::Scheme),
            ("example.com", UrlError::Scheme),
            ("http://example.com", UrlError::Scheme),
            ("wsss://example.com", UrlError::Scheme),
            ("ws:/example.com", UrlError::Scheme),
            (" ws://example.com", UrlError::Scheme),
            ("ws://example.com/#", UrlError::Fragment),
            ("ws://example.com#top", UrlError::Fragment),
            ("ws://example.com/?a#b", UrlError::Fragment),
            ("ws://user@example.com", UrlError::UserInfo),
            ("ws://user:secret@example.com/", UrlError::UserInfo),
            ("ws://", UrlError::Host),
            ("ws:///chat", UrlError::Host),
            ("ws://:80/", UrlError::Host),
            ("ws://a b/", UrlError::Host),
            ("ws://b\u{fc}cher.example/", UrlError::Host),
            ("ws://[::1/", UrlError::Host),
            ("ws://[::1]a/", UrlError::Host),
            ("ws://a\r\nb/", UrlError::Host),
            ("ws://a:0/", UrlError::Port),
            ("ws://a:65536/", UrlError::Port),
            ("ws://a:-1/", UrlError::Port),
            ("ws://a:b/", UrlError::Port),
            ("ws://a/b c", UrlError::Resource),
            ("ws://a/b\r\nc", UrlError::Resource),
            ("ws://a/\0", UrlError::Resource),
            ("ws://a/b\u{fc}cher", UrlError::Resource),
            ("ws://a/%2", UrlError::Resource),
            ("ws://a/%zz", UrlError::Resource),
            ("ws://a/?b|c", UrlError::Resource),
            ("ws://a/\"b\"", UrlError::Resource),
        ];
        for (text, error) in cases {
            assert_eq!(Url::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn an_error_says_what_would_be_right() {
        let cases = [
            ("http://a/", "the URL must begin with ws:// or wss://"),
            ("ws://a/#b", "a WebSocket URL has no fragment: # must be written %23"),
            ("ws://a@b/", "a WebSocket URL has no user name or password"),
            ("ws:///", "the host is empty or malformed; a name outside ASCII must be in Punycode"),
            ("ws://a:0/", "the port must be a number from 1 to 65535"),
            ("ws://a/ ", "a character in the path or query must be percent-encoded"),
        ];
        for (url, said) in cases {
            assert_eq!(Url::parse(url).unwrap_err().to_string(), said, "{url:?}");
        }
    }
}
