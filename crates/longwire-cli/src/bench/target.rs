//! A server to be measured, as its URL says.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use longwire::handshake::Url;

/// Where to connect, and what is spoken there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    url: String,
    /// `tcp://`: no handshake, and the bytes come back as they were sent.
    pub(super) is_raw: bool,
}

impl Target {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let target = Self { url: text.to_owned(), is_raw: text.starts_with("tcp://") };
        if target.is_raw {
            let address = text.trim_start_matches("tcp://");
            let (host, port) = address.rsplit_once(':').unwrap_or_default();
            let is_right = !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0);
            return if is_right {
                Ok(target)
            } else {
                Err("a host and a port, as in tcp://127.0.0.1:7".to_owned())
            };
        }
        match Url::parse(text) {
            // RFC 6455 §4.1: a wss URL is for TLS alone.
            Ok(url) if url.is_secure() => Err("TLS is not supported yet: use ws://".to_owned()),
            Ok(_) => Ok(target),
            Err(error) => Err(error.to_string()),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.url
    }

    /// The URL for the handshake; `None` where there is none.
    pub(super) fn websocket_url(&self) -> Option<Url<'_>> {
        Url::parse(&self.url).ok()
    }

    /// The first address of the host at which somebody listens.
    pub(super) fn resolve(&self, timeout: Duration) -> Result<SocketAddr> {
        let addresses: Vec<_> = match self.websocket_url() {
            Some(url) => (url.host(), url.port()).to_socket_addrs().map(Iterator::collect),
            None => self.url.trim_start_matches("tcp://").to_socket_addrs().map(Iterator::collect),
        }
        .with_context(|| format!("{}: cannot find the host", self.url))?;
        let mut failure = anyhow!("the host has no address");
        let deadline = Instant::now() + timeout;
        for address in &addresses {
            if addresses.len() == 1 {
                return Ok(*address);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match TcpStream::connect_timeout(address, left.max(Duration::from_millis(1))) {
                Ok(_) => return Ok(*address),
                Err(error) => failure = error.into(),
            }
        }
        Err(failure.context(format!("{}: cannot connect", self.url)))
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn what_a_url_may_be() {
        let tcp = "a host and a port, as in tcp://127.0.0.1:7";
        let table = [
            ("ws://127.0.0.1:9001/", Ok(false)),
            ("ws://localhost", Ok(false)),
            ("tcp://127.0.0.1:7", Ok(true)),
            ("tcp://[::1]:7", Ok(true)),
            ("tcp://localhost:7", Ok(true)),
            ("tcp://127.0.0.1", Err(tcp)),
            ("tcp://127.0.0.1:0", Err(tcp)),
            ("tcp://:7", Err(tcp)),
            ("tcp://127.0.0.1:7/", Err(tcp)),
            ("wss://127.0.0.1/", Err("TLS is not supported yet: use ws://")),
            ("http://127.0.0.1/", Err("the URL must begin with ws:// or wss://")),
            ("127.0.0.1:9001", Err("the URL must begin with ws:// or wss://")),
        ];
        for (text, expected) in table {
            let parsed = Target::parse(text).map(|target| target.is_raw);
            assert_eq!(parsed.as_ref().map_err(String::as_str), expected.as_ref().map_err(|e| *e));
        }
    }
}
