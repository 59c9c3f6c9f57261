//! Whose pages may use the server (RFC 6454, RFC 6455 §10.2; the Fetch standard, "CORS protocol"): one list
//! for WebSockets and for HTTP.
//!
//! A page from the server's own address may always. An entry is an origin, `https://example.com`; its
//! host may begin with `*.` for all names below it, and its port may be `*` for any. `*` alone is every
//! origin.
//!
//! A browser says in `Origin` whose page it is that asks; other clients say nothing, or anything: against
//! those this is no protection, and none is needed, since they carry nobody else's credentials.

/// What an entry looks like.
const FORM: &str =
    "an origin such as \"https://example.com\" or \"https://*.example.com\", or \"*\"";

/// The origins whose pages may come, beside the server's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
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

impl Origins {
    /// Pages that are served from this machine, on any port.
    pub fn of_this_machine() -> Self {
        let mut origins = Self::default();
        for origin in ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"] {
            // They are well formed; a test has them.
            let _ = origins.add(origin);
        }
        origins
    }

    /// Whether every origin is allowed, so that an answer may name `*`.
    pub fn allows_all(&self) -> bool {
        self.entries.contains(&Entry::All)
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// What an entry must be.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
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

    /// What a page of this `Origin` may do with the server that it addresses as this `Host`.
    ///
    /// The scheme of its own address a server behind a proxy does not know, so it is not compared.
    pub(crate) fn judge(&self, origin: Option<&str>, host: &str) -> Verdict {
        let Some(origin) = origin else { return Verdict::NoPage };
        let otherwise = if self.allows_all() { Verdict::Any } else { Verdict::Refused };
        let lower = origin.to_ascii_lowercase();
        // RFC 6454 §7: `null` is the origin of a page that has none, and equal to nothing.
        let Some((scheme, authority)) = lower.split_once("://") else { return otherwise };
        let (name, port) = split_port(authority);
        let port = without_default(scheme, port);
        let own = host.to_ascii_lowercase();
        let (own_name, own_port) = split_port(&own);
        let is_own = own_name == name && without_default(scheme, own_port) == port;
        if is_own && !name.is_empty() && matches!(scheme, "http" | "https") {
            return Verdict::SameOrigin;
        }
        let is_listed = self.entries.iter().any(|entry| entry.matches(scheme, name, port));
        if is_listed { Verdict::Listed } else { otherwise }
    }

    /// The entries as they were written.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| match entry {
            Entry::All => "*",
            Entry::Pattern { text, .. } => text,
        })
    }

    /// Takes all entries out.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

/// What is known of where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It says nothing, so it is from no page.
    NoPage,
    /// A page of this server.
    SameOrigin,
    /// A page of an origin that is on the list.
    Listed,
    /// A page of any origin, where any may come, but without its user's credentials.
    Any,
    /// A page of another origin.
    Refused,
}

impl Entry {
    fn matches(&self, of_scheme: &str, of_host: &str, of_port: Option<&str>) -> bool {
        let Self::Pattern { scheme, host, port, .. } = self else { return false };
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
        use Verdict::*;
        let table: [(&[&str], Option<&str>, &str, Verdict); 27] = [
            (&[], None, "localhost:8000", NoPage),
            // Its own address, always.
            (&[], Some("http://localhost:8000"), "localhost:8000", SameOrigin),
            (&[], Some("https://Push.example.com"), "push.EXAMPLE.com", SameOrigin),
            (&["*"], Some("https://push.example.com"), "push.example.com:443", SameOrigin),
            (&[], Some("http://[::1]:8000"), "[::1]:8000", SameOrigin),
            (&[], Some("http://localhost:3000"), "localhost:8000", Refused),
            (&[], Some("https://example.com"), "push.example.com", Refused),
            (&[], Some("https://example.com"), "", Refused),
            (&[], Some("null"), "null", Refused),
            (&[], Some("http://"), "", Refused),
            (&[], Some("app://localhost"), "localhost", Refused),
            // An origin.
            (&["https://example.com"], Some("https://example.com"), "here", Listed),
            (&["https://Example.com:443"], Some("https://example.com"), "here", Listed),
            (&["https://example.com"], Some("http://example.com"), "here", Refused),
            (&["https://example.com"], Some("https://example.com:8443"), "here", Refused),
            (&["https://example.com"], Some("https://example.com.evil.org"), "here", Refused),
            // All below a name.
            (&["https://*.example.com"], Some("https://www.example.com"), "here", Listed),
            (&["https://*.example.com"], Some("https://a.b.example.com"), "here", Listed),
            (&["https://*.example.com"], Some("https://example.com"), "here", Refused),
            (&["https://*.example.com"], Some("https://.example.com"), "here", Refused),
            (&["https://*.example.com"], Some("https://evilexample.com"), "here", Refused),
            // Any port.
            (&["http://localhost:*"], Some("http://localhost:3000"), "here", Listed),
            (&["http://localhost:*"], Some("http://localhost"), "here", Listed),
            (&["http://localhost:*"], Some("http://localhost.evil.org:3000"), "here", Refused),
            // One of several; all.
            (&["https://a.org", "https://b.org"], Some("https://b.org"), "here", Listed),
            (&["*", "https://b.org"], Some("https://b.org"), "here", Listed),
            (&["*"], Some("null"), "here", Any),
        ];
        for (entries, origin, host, verdict) in table {
            let mut origins = Origins::default();
            entries.iter().for_each(|entry| origins.add(entry).unwrap());
            assert_eq!(origins.judge(origin, host), verdict, "{entries:?} {origin:?} {host}");
        }
    }

    #[test]
    fn pages_of_this_machine() {
        let origins = Origins::of_this_machine();
        let table = [
            ("http://localhost:3000", Verdict::Listed),
            ("http://127.0.0.1:5173", Verdict::Listed),
            ("http://[::1]:8080", Verdict::Listed),
            ("http://localhost.example.com", Verdict::Refused),
            ("https://example.com", Verdict::Refused),
            ("null", Verdict::Refused),
        ];
        for (origin, verdict) in table {
            assert_eq!(origins.judge(Some(origin), "127.0.0.1:8000"), verdict, "{origin}");
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
            let mut origins = Origins::default();
            assert_eq!(origins.add(text).unwrap_err(), expected, "{text}");
        }
    }
}
