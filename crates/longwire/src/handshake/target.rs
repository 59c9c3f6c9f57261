//! The target of a request (RFC 9112 §3.2): which resource of which host.

use super::authority::Authority;

/// The target, in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// The host and port of a target in absolute form.
    pub(crate) authority: Option<&'a str>,
    /// The path; `/` where an absolute target has none. The whole target where it is not a path at
    /// all: `OPTIONS *` and `CONNECT host:port`.
    pub(crate) path: &'a str,
    /// What stands behind the first `?`.
    pub(crate) query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Takes the target apart, by the form that the method allows.
    pub(crate) fn parse(method: &str, target: &'a str) -> Option<Self> {
        // RFC 9112 §3.2: a target is a part of a URI, which has nothing but visible ASCII; a fragment
        // is never sent (RFC 6455 §3).
        if !target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
            return None;
        }
        if method == "CONNECT" {
            // RFC 9112 §3.2.3: the authority-form, and it alone.
            let authority = Authority::parse(target).ok()?;
            return authority.port.map(|_| Self { authority: None, path: target, query: None });
        }
        if target == "*" {
            // RFC 9112 §3.2.4: the asterisk-form.
            return (method == "OPTIONS").then_some(Self {
                authority: None,
                path: target,
                query: None,
            });
        }
        if target.starts_with('/') {
            let (path, query) = split_query(target);
            return Some(Self { authority: None, path, query });
        }
        // RFC 9112 §3.2.2, RFC 6455 §4.2.1 item 1: the absolute form names the same resource as its
        // path.
        let (scheme, rest) = target.split_once("://")?;
        if !["http", "https", "ws", "wss"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return None;
        }
        let authority_len = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, resource) = rest.split_at_checked(authority_len)?;
        Authority::parse(authority).ok()?;
        let (path, query) = split_query(resource);
        Some(Self {
            authority: Some(authority),
            path: if path.is_empty() { "/" } else { path },
            query,
        })
    }
}

fn split_query(resource: &str) -> (&str, Option<&str>) {
    resource.split_once('?').map_or((resource, None), |(path, query)| (path, Some(query)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_and_what_is_none() {
        // Method and target; authority, path and query.
        type Case =
            (&'static str, &'static str, Option<&'static str>, &'static str, Option<&'static str>);
        let valid: &[Case] = &[
            ("GET", "/", None, "/", None),
            ("GET", "/chat", None, "/chat", None),
            ("GET", "/chat?", None, "/chat", Some("")),
            ("GET", "/chat?a=b?c/d", None, "/chat", Some("a=b?c/d")),
            ("GET", "//chat", None, "//chat", None),
            ("GET", "/a;b/%77s", None, "/a;b/%77s", None),
            ("GET", "/?url=http://x/", None, "/", Some("url=http://x/")),
            ("GET", "http://example.com/chat?a", Some("example.com"), "/chat", Some("a")),
            ("GET", "HTTP://example.com:80", Some("example.com:80"), "/", None),
            ("GET", "wss://[::1]:9001?a", Some("[::1]:9001"), "/", Some("a")),
            ("GET", "ws://example.com//chat", Some("example.com"), "//chat", None),
            ("OPTIONS", "*", None, "*", None),
            ("CONNECT", "example.com:443", None, "example.com:443", None),
        ];
        for &(method, target, authority, path, query) in valid {
            assert_eq!(
                Target::parse(method, target),
                Some(Target { authority, path, query }),
                "{method} {target}"
            );
        }
        let invalid = [
            ("GET", ""),
            ("GET", "chat"),
            ("GET", "*"),
            ("GET", "?a"),
            ("GET", "/chat#top"),
            ("GET", "/ch at"),
            ("GET", "/b\u{fc}cher"),
            ("GET", "/\u{7f}"),
            ("GET", "example.com:443"),
            ("GET", "http:/chat"),
            ("GET", "http:///chat"),
            ("GET", "http://user@example.com/chat"),
            ("GET", "http://example.com:x/chat"),
            ("GET", "ftp://example.com/chat"),
            ("CONNECT", "/chat"),
            ("CONNECT", "*"),
            ("CONNECT", "example.com"),
            ("OPTIONS", "**"),
        ];
        for (method, target) in invalid {
            assert_eq!(Target::parse(method, target), None, "{method} {target}");
        }
    }
}
