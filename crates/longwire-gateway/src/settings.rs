//! What the gateway is told when it starts, apart from what the hub and the event loop are told.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use crate::Origins;
use crate::credential::Credential;
use crate::origin::Verdict;

/// What the gateway is told when it starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whose pages may come, beside those of the server's own origin.
    pub origins: Origins,
    /// Who may use the API.
    pub api: ApiAccess,
    /// How long a long poll waits at most. Default: 25 seconds.
    pub max_poll_wait: Duration,
    /// How long `EventSource` is to wait before it comes back. Default: one second.
    pub sse_retry: Duration,
    /// Whether `GET /` is a page on which people can try the server. Default: no.
    pub page: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            origins: Origins::default(),
            api: ApiAccess::default(),
            max_poll_wait: Duration::from_secs(25),
            sse_retry: Duration::from_secs(1),
            page: false,
        }
    }
}

impl Settings {
    /// What a page of this `Origin` may do with the server that it addresses as this `Host`.
    ///
    /// Where the API is open, the name has to be this machine's own: a page whose own name was pointed at
    /// this machine would be of the same origin otherwise, and need not even say so.
    pub(crate) fn judge(&self, origin: Option<&str>, host: Option<&str>) -> Verdict {
        if self.api.open && !host.is_some_and(is_this_machine) {
            return Verdict::Refused;
        }
        // No page is from a server that is not named.
        self.origins.judge(origin, host.unwrap_or_default())
    }

    /// What those are told who are [refused](Verdict::Refused).
    pub(crate) fn refusal(&self, host: Option<&str>) -> &'static str {
        match host {
            None if self.api.open => {
                "in development mode a request has to name this machine in Host, as localhost or so\n"
            }
            _ => "pages of this origin may not come here, or not to a server of this name\n",
        }
    }
}

/// Who may use the API. By default nobody.
#[derive(Clone, Default)]
pub struct ApiAccess {
    keys: Vec<Credential>,
    open: bool,
}

impl ApiAccess {
    /// Whoever knows one of these keys; nobody where there are none.
    pub fn with_keys<'k>(keys: impl IntoIterator<Item = &'k str>) -> Self {
        Self { keys: keys.into_iter().map(Credential::new).collect(), open: false }
    }

    /// Everyone who can reach the server, which then answers as `localhost`, `127.…` and `[::1]` alone: for
    /// development. No page of another origin can, not even one whose name leads to this machine.
    pub fn open() -> Self {
        Self { keys: Vec::new(), open: true }
    }

    /// Whether there is an API at all.
    pub(crate) fn is_on(&self) -> bool {
        self.open || !self.keys.is_empty()
    }

    /// Whether this key, or none, is enough.
    pub fn admits(&self, key: Option<&str>) -> bool {
        if self.open {
            return true;
        }
        // All are compared, so that the time says nothing of which one is alike.
        key.is_some_and(|key| self.keys.iter().fold(false, |known, it| known | it.is(key)))
    }
}

/// Whether a `Host` is a name that no one else can give to this machine.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Keys are not shown.
impl fmt::Debug for ApiAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ApiAccess");
        debug.field("keys", &self.keys.len()).field("open", &self.open).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiAccess, Settings};
    use crate::origin::Verdict;

    #[test]
    fn who_may_use_the_api() {
        let (off, open) = (ApiAccess::default(), ApiAccess::open());
        let keys = ApiAccess::with_keys(["first key", "second key"]);
        let table = [
            (&off, None, false),
            (&off, Some(""), false),
            (&open, None, true),
            (&open, Some("any"), true),
            (&keys, None, false),
            (&keys, Some(""), false),
            (&keys, Some("first key"), true),
            (&keys, Some("second key"), true),
            (&keys, Some("first key "), false),
            (&keys, Some("third key"), false),
        ];
        for (access, key, admitted) in table {
            assert_eq!(access.admits(key), admitted, "{access:?} {key:?}");
        }
        let hosts = [
            // HTTP/1.0 may leave it out.
            (None, false),
            (Some("localhost:8000"), true),
            (Some("LOCALHOST"), true),
            (Some("127.0.0.1"), true),
            (Some("127.1.2.3:80"), true),
            (Some("[::1]:8000"), true),
            (Some("[::1]"), true),
            (Some("localhost.example"), false),
            (Some("127.0.0.1.example:8000"), false),
            (Some("10.0.0.1"), false),
            (Some("0.0.0.0:8000"), false),
            (Some(""), false),
        ];
        for (host, admitted) in hosts {
            let verdict = |api: &ApiAccess, origin| {
                Settings { api: api.clone(), ..Settings::default() }.judge(origin, host)
            };
            let expected = if admitted { Verdict::NoPage } else { Verdict::Refused };
            assert_eq!(verdict(&open, None), expected, "{host:?}");
            assert_eq!(verdict(&keys, None), Verdict::NoPage, "{host:?}");
            // The page of a name that was pointed here.
            let own = format!("http://{}", host.unwrap_or_default());
            assert_eq!(verdict(&open, Some(&own)) == Verdict::SameOrigin, admitted, "{host:?}");
            let told = Settings { api: open.clone(), ..Settings::default() }.refusal(host);
            assert_eq!(told.contains("in development mode"), host.is_none(), "{host:?}");
        }
        assert_eq!(Settings::default().judge(Some("http://a.example"), None), Verdict::Refused);
        assert!(Settings::default().refusal(None).starts_with("pages of this origin"));
        assert_eq!((off.is_on(), open.is_on(), keys.is_on()), (false, true, true));
        assert!(!format!("{keys:?}").contains("first"));
    }
}
