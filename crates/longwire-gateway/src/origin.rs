//! Whose pages may talk to the server (RFC 6454, RFC 6455 §10.2; the Fetch standard, "CORS protocol").
//!
//! One list for WebSockets and for HTTP. A browser says in `Origin` whose page it is that asks; other
//! clients say nothing, or anything: against those this is no protection, and none is needed, since
//! they do not carry anybody's cookies.

use std::fmt;

/// The origins whose pages may come, beside the server's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    any: bool,
    patterns: Vec<Pattern>,
}

/// An origin of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    /// This one.
    Exact(String),
    /// Those of the hosts below a domain: what stands before their names, and what is behind.
    Below { scheme: String, domain: String },
}

/// Why a text is no origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginError {
    text: String,
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no origin: it has to be *, or a scheme, a host and maybe a port, like \
             https://example.com, https://*.example.com or http://localhost:8080, and nothing behind",
            self.text
        )
    }
}

impl std::error::Error for OriginError {}

impl Origins {
    /// Reads a list. `*` is every origin; `https://*.example.com` every host below that domain, at any
    /// depth, but not the domain itself.
    ///
    /// # Errors
    /// One of them is none of these.
    pub fn parse<'t>(list: impl IntoIterator<Item = &'t str>) -> Result<Self, OriginError> {
        let mut origins = Self::default();
        for text in list {
            if text == "*" {
                origins.any = true;
                continue;
            }
            let pattern = Pattern::parse(&text.to_ascii_lowercase());
            origins.patterns.push(pattern.ok_or_else(|| OriginError { text: text.into() })?);
        }
        Ok(origins)
    }

    /// What a request is allowed that says this of its origin, and was sent to `host`.
    pub(crate) fn judge(&self, origin: Option<&str>, host: &str) -> Verdict {
        let Some(origin) = origin else { return Verdict::NoBrowser };
        let lower = origin.to_ascii_lowercase();
        // The scheme cannot be compared: in front of the server, a proxy may have ended TLS.
        let authority = lower.split_once("://").map(|(_, authority)| authority);
        if authority == Some(host.to_ascii_lowercase().as_str()) {
            return Verdict::SameOrigin;
        }
        if self.patterns.iter().any(|pattern| pattern.matches(&lower)) {
            return Verdict::Listed;
        }
        if self.any { Verdict::Any } else { Verdict::Refused }
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let is_scheme = !scheme.is_empty()
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let host = authority.strip_prefix("*.").unwrap_or(authority);
        let is_host = !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
        if !is_scheme || !is_host {
            return None;
        }
        Some(match authority.strip_prefix('*') {
            Some(domain) => Self::Below { scheme: scheme.into(), domain: domain.into() },
            None => Self::Exact(text.into()),
        })
    }

    fn matches(&self, origin: &str) -> bool {
        match self {
            Self::Exact(known) => known == origin,
            Self::Below { scheme, domain } => {
                let authority =
                    origin.strip_prefix(scheme.as_str()).and_then(|rest| rest.strip_prefix("://"));
                authority.is_some_and(|host| {
                    host.len() > domain.len() && host.ends_with(domain.as_str())
                })
            }
        }
    }
}

/// What is known of where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It says nothing, so it is from no page.
    NoBrowser,
    /// A page of this server.
    SameOrigin,
    /// A page of an origin that is on the list.
    Listed,
    /// A page of any origin, where any may come, but without its user's credentials.
    Any,
    /// A page of another origin.
    Refused,
}

#[cfg(test)]
mod tests {
    use super::{Origins, Verdict};

    #[test]
    fn which_pages_may_come() {
        use Verdict::*;
        let list = ["https://example.com", "https://*.example.com", "HTTP://Localhost:3000"];
        let listed = Origins::parse(list).unwrap();
        let any = Origins::parse(["*", "https://example.com"]).unwrap();
        let none = Origins::default();
        let table = [
            (&listed, None, NoBrowser),
            (&listed, Some("https://example.com"), Listed),
            (&listed, Some("https://EXAMPLE.com"), Listed),
            (&listed, Some("https://a.example.com"), Listed),
            (&listed, Some("https://a.b.example.com"), Listed),
            (&listed, Some("http://localhost:3000"), Listed),
            (&listed, Some("http://here.example:8000"), SameOrigin),
            (&listed, Some("https://HERE.example:8000"), SameOrigin),
            (&listed, Some("http://here.example"), Refused),
            (&listed, Some("http://example.com"), Refused),
            (&listed, Some("https://example.com:444"), Refused),
            (&listed, Some("https://.example.com"), Refused),
            (&listed, Some("https://badexample.com"), Refused),
            (&listed, Some("https://example.com.bad"), Refused),
            (&listed, Some("http://localhost:3001"), Refused),
            (&listed, Some("null"), Refused),
            (&listed, Some(""), Refused),
            (&any, Some("https://example.com"), Listed),
            (&any, Some("https://other.example"), Any),
            (&any, Some("null"), Any),
            (&none, Some("https://example.com"), Refused),
            (&none, Some("http://here.example:8000"), SameOrigin),
            (&none, None, NoBrowser),
        ];
        for (origins, origin, verdict) in table {
            assert_eq!(origins.judge(origin, "here.example:8000"), verdict, "{origin:?}");
        }
    }

    #[test]
    fn what_is_no_origin() {
        for text in
            ["", "example.com", "https://", "://a", "https://a/", "https://*", "https://a*.b", "**"]
        {
            let error = Origins::parse([text]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{text:?} is no origin: ")), "{error}");
        }
    }
}
