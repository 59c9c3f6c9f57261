//! All that `longwire serve` is told, and what becomes of it: the configuration of the event loop, that
//! of the realtime layer, the keys for tokens and for the API.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use longwire_gateway::{ApiAccess, Origins};
use longwire_realtime::token::Verifier;
use longwire_realtime::{Config, Limits, Namespace, Times};
use tracing_subscriber::filter::LevelFilter;

use super::secret::Secret;

/// The settings. Their default lets nobody do anything.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The event loop, but for what [`Settings::server`] adds.
    pub(super) server: longwire_server::Config,
    /// Whether to agree to permessage-deflate.
    pub(super) compression: bool,
    /// The node's name.
    pub(super) node: Arc<str>,
    /// Whether a client without a token is let in, as nobody.
    pub(super) allow_anonymous: bool,
    pub(super) limits: Limits,
    pub(super) times: Times,
    /// The policy of channels without a namespace.
    pub(super) default_namespace: Namespace,
    pub(super) namespaces: BTreeMap<String, Namespace>,
    pub(crate) tokens: TokenKeys,
    pub(crate) api: Api,
    pub(crate) http: Http,
    pub(crate) log: Log,
}

/// The keys with which tokens are verified, and what their claims have to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct TokenKeys {
    pub(super) hmac_secret: Option<Secret>,
    pub(super) hmac_secret_file: Option<PathBuf>,
    pub(super) rsa_public_key_file: Option<PathBuf>,
    pub(super) ecdsa_public_key_file: Option<PathBuf>,
    pub(super) ed25519_public_key_file: Option<PathBuf>,
    pub(super) audience: Option<String>,
    pub(super) issuer: Option<String>,
    /// What the files hold, once they are read.
    pub(super) verifier: Verifier,
}

/// Who may use the HTTP API.
#[derive(Clone, Debug, Default)]
pub(crate) struct Api {
    pub(super) keys: Vec<Secret>,
    pub(super) keys_file: Option<PathBuf>,
    /// Those in the file.
    pub(super) keys_of_file: Vec<Secret>,
    /// In development mode everybody may.
    pub(super) is_open: bool,
}

/// What plain HTTP serves.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    /// Whose pages may use the server.
    pub(crate) allowed_origins: Origins,
    /// Whether the built-in page is at `/`.
    pub(crate) page: bool,
    /// How long a long poll waits at most.
    pub(crate) poll_timeout: Duration,
    /// How long the client of an event stream waits before it connects again.
    pub(crate) sse_retry: Duration,
}

/// What is logged, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log {
    pub(crate) level: LevelFilter,
    pub(crate) format: LogFormat,
}

/// The form of a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Settings {
    fn default() -> Self {
        let realtime = Config::default();
        let server = longwire_server::Config {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8000))],
            ..longwire_server::Config::default()
        };
        Self {
            compression: server.deflate.is_some(),
            server,
            node: realtime.node,
            allow_anonymous: realtime.allow_anonymous,
            limits: realtime.limits,
            times: realtime.times,
            default_namespace: Namespace::default(),
            namespaces: BTreeMap::new(),
            tokens: TokenKeys::default(),
            api: Api::default(),
            http: Http {
                allowed_origins: Origins::default(),
                page: false,
                poll_timeout: Duration::from_secs(25),
                sse_retry: Duration::from_secs(1),
            },
            log: Log { level: LevelFilter::INFO, format: LogFormat::Text },
        }
    }
}

impl Settings {
    /// Those of development mode: everybody may do everything.
    pub(super) fn development() -> Self {
        let mut settings = Self {
            allow_anonymous: true,
            default_namespace: Namespace::for_everyone(),
            ..Self::default()
        };
        settings.api.is_open = true;
        settings.http.page = true;
        settings.http.allowed_origins = Origins::of_this_machine();
        settings
    }

    /// The policy of a namespace, to be filled; of channels without one where there is no name.
    pub(super) fn namespace_mut(&mut self, name: Option<&str>) -> &mut Namespace {
        match name {
            None => &mut self.default_namespace,
            Some(name) => self.namespaces.entry(name.to_owned()).or_default(),
        }
    }

    /// How the event loop is set.
    pub(crate) fn server(&self) -> longwire_server::Config {
        let mut server = self.server.clone();
        if !self.compression {
            server.deflate = None;
        }
        if !self.times.ping_interval.is_zero() {
            // Sessions have pings of their own, which say more: that the client's program is alive.
            server.timeouts.ping_interval = None;
        }
        server
    }

    /// How the realtime layer is set, for a clock that was at zero at this Unix time.
    pub(crate) fn realtime(&self, unix_time_at_zero: Duration) -> Config {
        let share = |(name, it): (&String, &Namespace)| (name.clone(), Arc::new(it.clone()));
        Config {
            node: Arc::clone(&self.node),
            namespaces: self.namespaces.iter().map(share).collect(),
            default_namespace: Arc::new(self.default_namespace.clone()),
            allow_anonymous: self.allow_anonymous,
            limits: self.limits,
            times: Times { unix_time_at_zero, ..self.times },
            ..Config::default()
        }
    }
}

impl TokenKeys {
    /// What verifies tokens with these keys.
    pub(crate) fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Whether there is a key at all: without one no token is valid.
    pub(crate) fn has_key(&self) -> bool {
        self.hmac_secret.is_some()
            || self.hmac_secret_file.is_some()
            || self.rsa_public_key_file.is_some()
            || self.ecdsa_public_key_file.is_some()
            || self.ed25519_public_key_file.is_some()
    }
}

impl Api {
    /// Whether it is served at all.
    pub(crate) fn is_on(&self) -> bool {
        self.is_open || self.key_count() > 0
    }

    /// How many keys there are.
    pub(super) fn key_count(&self) -> usize {
        self.keys.len() + self.keys_of_file.len()
    }

    /// Whether nobody needs a key.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Who may use it.
    pub(crate) fn access(&self) -> ApiAccess {
        if self.is_open {
            return ApiAccess::open();
        }
        ApiAccess::with_keys(self.keys.iter().chain(&self.keys_of_file).map(Secret::reveal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_reach_the_server_and_the_realtime_layer() {
        let mut settings = Settings::default();
        assert_eq!(settings.server().timeouts.ping_interval, None);
        settings.compression = false;
        settings.times.ping_interval = Duration::ZERO;
        settings.namespace_mut(Some("chat")).history_size = 7;
        let server = settings.server();
        assert_eq!(server.deflate, None);
        // Without pings of the sessions there are those of WebSocket.
        assert_eq!(server.timeouts.ping_interval, Some(Duration::from_secs(30)));
        let realtime = settings.realtime(Duration::from_secs(1_700_000_000));
        assert_eq!(realtime.namespaces["chat"].history_size, 7);
        assert_eq!(realtime.default_namespace.history_size, 0);
        assert_eq!(realtime.times.unix_time_at_zero.as_secs(), 1_700_000_000);
        assert_eq!(server.check(), Ok(()));
    }
}
