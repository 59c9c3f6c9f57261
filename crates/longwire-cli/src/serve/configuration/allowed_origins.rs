//! The origins whose pages may use this server: one list for WebSockets and for CORS.
//!
//! A page from the server's own address may always. An entry is an origin, `https://example.com`; its
//! host may begin with `*.` for all names below it, and its port may be `*` for any. `*` alone is every
//! origin.

/// What an entry looks like.
const FORM: &str =
    "an origin such as \"https://example.com\" or \"https://*.example.com\", or \"*\"";

/// The list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AllowedOrigins {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    All,
    Pattern { text: String, scheme: String, host: Host, port: Port },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Exactly(String),
    /// With the dot in front.
    Below(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Port {
    Any,
    /// `None` is the scheme's own.
    Exactly(Option<String>),
}

impl AllowedOrigins {
    /// Pages that are served from this machine, on any port.
    pub(super) fn of_this_machine() -> Self {
        let mut origins = Self::default();
        for origin in ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"] {
            // They are well formed; a test has them.
            let _ = origins.add(origin);
        }
        origins
    }

    /// Whether every origin is allowed, so that an answer may name `*`.
    pub(crate) fn allows_all(&self) -> bool {
        self.entries.contains(&Entry::All)
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// What an entry must be.
    pub(crate) fn add(&mut self, text: &str) -> Result<(), String> {
        if text == "*" {
            self.entries.push(Entry::All);
            return Ok(());
        }
        let lower = text.to_ascii_lowercase();
        let (scheme, authority) = lower.split_once("://").ok_or_else(|| FORM.to_owned())?;
        let end = authority.find(['/', '?', '#']);
        let authority = authority.get(..end.unwrap_or(authority.len())).unwrap_or(authority);
        let (host, port) = split_port(authority);
        let port = match port {
            Some("*") => Port::Any,
            Some(number) if number.parse::<u16>().is_err() => return Err(FORM.to_owned()),
            number => Port::Exactly(without_default(scheme, number).map(str::to_owned)),
        };
        let (host, name) = match host.strip_prefix('*') {
            Some(below) => (Host::Below(below.to_owned()), below.strip_prefix('.')),
            None => (Host::Exactly(host.to_owned()), Some(host)),
        };
        // Browsers send names of other alphabets in their ASCII form.
        let is_made_of = |text: &str, others: &str| {
            !text.is_empty()
                && text.chars().all(|it| it.is_ascii_alphanumeric() || others.contains(it))
        };
        let is_right = is_made_of(scheme, "+-.") && name.is_some_and(|it| is_made_of(it, "-._[]:"));
        if !is_right {
            return Err(FORM.to_owned());
        }
        if end.is_some() {
            return Err(format!("an origin, which has no path: \"{scheme}://{authority}\""));
        }
        self.entries.push(Entry::Pattern {
            text: text.to_owned(),
            scheme: scheme.to_owned(),
            host,
            port,
        });
        Ok(())
    }

    /// Whether pages of this `Origin` may use the server that they address as this `Host`.
    ///
    /// The scheme of its own address a server behind a proxy does not know, so it is not compared.
    #[allow(dead_code, reason = "the realtime server asks for it")]
    pub(crate) fn allows(&self, origin: &str, host: Option<&str>) -> bool {
        if self.allows_all() {
            return true;
        }
        let lower = origin.to_ascii_lowercase();
        // RFC 6454 §7: `null` is the origin of a page that has none, and equal to nothing.
        let Some((scheme, authority)) = lower.split_once("://") else { return false };
        let (name, port) = split_port(authority);
        let port = without_default(scheme, port);
        let own = host.map(str::to_ascii_lowercase);
        let is_own = own.as_deref().map(split_port).is_some_and(|(own_name, own_port)| {
            own_name == name && without_default(scheme, own_port) == port
        });
        let is_own = is_own && !name.is_empty() && matches!(scheme, "http" | "https");
        is_own || self.entries.iter().any(|entry| entry.matches(scheme, name, port))
    }

    /// The entries as they were written.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| match entry {
            Entry::All => "*",
            Entry::Pattern { text, .. } => text,
        })
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

impl Entry {
    fn matches(&self, of_scheme: &str, of_host: &str, of_port: Option<&str>) -> bool {
        let Self::Pattern { scheme, host, port, .. } = self else { return true };
        let has_host = match host {
            Host::Exactly(name) => name == of_host,
            Host::Below(dot_name) => {
                of_host.strip_suffix(dot_name.as_str()).is_some_and(|label| !label.is_empty())
            }
        };
        let has_port = match port {
            Port::Any => true,
            Port::Exactly(number) => number.as_deref() == of_port,
        };
        scheme == of_scheme && has_host && has_port
    }
}

/// Host and port; the colons inside of `[::1]` belong to the host.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// RFC 6454 §4: the port that is the scheme's own is not written.
fn without_default<'a>(scheme: &str, port: Option<&'a str>) -> Option<&'a str> {
    port.filter(|port| !matches!((scheme, *port), ("http", "80") | ("https", "443")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_allowed() {
        let table: [(&[&str], &str, Option<&str>, bool); 25] = [
            // Its own address, always.
            (&[], "http://localhost:8000", Some("localhost:8000"), true),
            (&[], "https://Push.example.com", Some("push.EXAMPLE.com"), true),
            (&[], "https://push.example.com", Some("push.example.com:443"), true),
            (&[], "http://[::1]:8000", Some("[::1]:8000"), true),
            (&[], "http://localhost:3000", Some("localhost:8000"), false),
            (&[], "https://example.com", Some("push.example.com"), false),
            (&[], "https://example.com", None, false),
            (&[], "null", Some("null"), false),
            (&[], "http://", Some(""), false),
            (&[], "app://localhost", Some("localhost"), false),
            // An origin.
            (&["https://example.com"], "https://example.com", None, true),
            (&["https://Example.com:443"], "https://example.com", None, true),
            (&["https://example.com"], "http://example.com", None, false),
            (&["https://example.com"], "https://example.com:8443", None, false),
            (&["https://example.com"], "https://example.com.evil.org", None, false),
            // All below a name.
            (&["https://*.example.com"], "https://www.example.com", None, true),
            (&["https://*.example.com"], "https://a.b.example.com", None, true),
            (&["https://*.example.com"], "https://example.com", None, false),
            (&["https://*.example.com"], "https://.example.com", None, false),
            (&["https://*.example.com"], "https://evilexample.com", None, false),
            // Any port.
            (&["http://localhost:*"], "http://localhost:3000", None, true),
            (&["http://localhost:*"], "http://localhost", None, true),
            (&["http://localhost:*"], "http://localhost.evil.org:3000", None, false),
            // One of several; all.
            (&["https://a.org", "https://b.org"], "https://b.org", None, true),
            (&["*"], "null", None, true),
        ];
        for (entries, origin, host, allowed) in table {
            let mut origins = AllowedOrigins::default();
            entries.iter().for_each(|entry| origins.add(entry).unwrap());
            assert_eq!(origins.allows(origin, host), allowed, "{entries:?} {origin} {host:?}");
        }
    }

    #[test]
    fn pages_of_this_machine() {
        let origins = AllowedOrigins::of_this_machine();
        let table = [
            ("http://localhost:3000", true),
            ("http://127.0.0.1:5173", true),
            ("http://[::1]:8080", true),
            ("http://localhost.example.com", false),
            ("https://example.com", false),
            ("null", false),
        ];
        for (origin, allowed) in table {
            assert_eq!(origins.allows(origin, Some("127.0.0.1:8000")), allowed, "{origin}");
        }
    }

    #[test]
    fn what_is_no_origin() {
        let path = "an origin, which has no path: \"https://example.com\"";
        let table = [
            ("example.com", FORM),
            ("https://", FORM),
            ("https://*", FORM),
            ("https://*example.com", FORM),
            ("https://a.*.com", FORM),
            ("*://example.com", FORM),
            ("https://example.com:port", FORM),
            ("https://a.org, https://b.org", FORM),
            ("https://user@example.com", FORM),
            ("https://bücher.example", FORM),
            ("null", FORM),
            ("https://example.com/", path),
            ("https://example.com/chat?x", path),
        ];
        for (text, expected) in table {
            let mut origins = AllowedOrigins::default();
            assert_eq!(origins.add(text).unwrap_err(), expected, "{text}");
        }
    }
}
