//! The realtime server of a configuration, from its start to its end.

use std::io::{ErrorKind, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use longwire_gateway::{Node, Settings};
use longwire_server::{Server, shut_down_on_signals};

use super::configuration::Configuration;
use crate::random::random;

/// Serves until a signal ends it.
pub(super) fn serve(configuration: &Configuration) -> Result<ExitCode> {
    let settings = &configuration.settings;
    let server = match Server::bind(settings.server()) {
        Ok(server) => server,
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("{error}; choose another port with --listen, or port 0 for a free one")
        }
        Err(error) => return Err(error.into()),
    };
    // The event loop's clock begins here, within what tokens are given for clocks that differ.
    let unix_time_at_zero =
        SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    let gateway = Settings {
        origins: settings.http.allowed_origins.clone(),
        api: settings.api.access(),
        max_poll_wait: settings.http.poll_timeout,
        sse_retry: settings.http.sse_retry,
        page: settings.http.page,
    };
    let verifier = settings.tokens.verifier().clone();
    let chance = || u128::from_ne_bytes(random());
    let node = Node::new(settings.realtime(unix_time_at_zero), gateway, verifier, chance);
    let addresses = server.addresses().to_vec();
    // Before the lines are out: who has read them may send a signal at once.
    shut_down_on_signals(server.handle()).context("cannot handle signals")?;
    greet(&addresses, configuration.is_development).context("cannot print the addresses")?;
    server.run(|waker| node.gateway(waker)).context("the server has failed")?;
    Ok(ExitCode::SUCCESS)
}

/// Says where the server is, and in development mode what to try.
fn greet(addresses: &[SocketAddr], is_development: bool) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    for address in addresses {
        writeln!(stdout, "listening on http://{address}/")?;
    }
    if let Some(address) = addresses.first().filter(|_| is_development) {
        let hints = hints(*address);
        stdout.write_all(hints.as_bytes())?;
    }
    stdout.flush()
}

fn hints(address: SocketAddr) -> String {
    format!(
        "
  in a browser   http://{address}/
  for SDKs       ws://{address}/connection/websocket
  subscribe      curl -N 'http://{address}/sse?channel=news'
  publish        curl -d '{{\"channel\":\"news\",\"data\":\"hello\"}}' http://{address}/api/publish

"
    )
}

#[cfg(test)]
mod tests {
    use super::hints;

    #[test]
    fn what_to_try() {
        let hints = hints(([127, 0, 0, 1], 8000).into());
        for line in [
            "  subscribe      curl -N 'http://127.0.0.1:8000/sse?channel=news'\n",
            "  publish        curl -d '{\"channel\":\"news\",\"data\":\"hello\"}' \
             http://127.0.0.1:8000/api/publish\n",
        ] {
            assert!(hints.contains(line), "{hints}");
        }
    }
}
