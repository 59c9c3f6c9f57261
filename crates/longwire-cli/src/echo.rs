//! `longwire echo`: a server that sends every message back.

use std::io::{ErrorKind, Write as _};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use longwire::{Limits, Timeouts};
use longwire_server::{
    Accept, Answer, Application, Config, Context, Incoming, Message, Peers, Response, Server,
    Upgrade, shut_down_on_signals,
};
use tracing_subscriber::filter::LevelFilter;

use crate::arguments::{address, seconds};

const GREETING: &str = "This is longwire echo: it sends every WebSocket message back.\n";

/// Run a WebSocket server that sends every message back
///
/// It prints one line with the address that it listens on, and serves until SIGINT (Ctrl-C) or
/// SIGTERM. Then it closes every connection with 1001 and exits with 0; a second signal ends it at
/// once.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  longwire echo                                 listen on 127.0.0.1:9001
  longwire echo --listen 127.0.0.1:0            on a free port; the line printed says which
  longwire echo --listen 0.0.0.0:9001           on every IPv4 address of this machine
  longwire echo --listen '[::]:9001'            on every IPv6 address, and no IPv4 one
  longwire echo --max-message-bytes 16777216    take messages up to 16 MiB

Exit codes:
  0  shut down by a signal
  1  wrong usage, or it cannot listen there")]
pub(crate) struct Arguments {
    /// Where to listen, an IP address and a port; with port 0 the system chooses a port
    #[arg(long, value_name = "ADDRESS", value_parser = address, default_value = "127.0.0.1:9001")]
    listen: SocketAddr,
    /// Worker threads, each with an event loop of its own [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<NonZeroUsize>,
    /// The longest message taken; a longer one closes the connection with 1009
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.max_message_bytes)]
    max_message_bytes: u64,
    /// The most connections at a time; further ones are answered with 503 [default: 100000]
    #[arg(long, value_name = "N")]
    max_connections: Option<usize>,
    /// Do not agree to permessage-deflate
    #[arg(long)]
    no_deflate: bool,
    /// Ping a client after so many seconds of silence [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    ping_interval: Option<Duration>,
    /// Close a connection without a message for so many seconds, however alive it is [default: never]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    idle_timeout: Option<Duration>,
    /// What to log on standard error: off, error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    log: LevelFilter,
}

fn threads(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "a number of threads, 1 or more")
}

impl Arguments {
    fn config(&self) -> Config {
        let mut config = Config {
            listen: vec![self.listen],
            limits: Limits { max_message_bytes: self.max_message_bytes, ..Limits::DEFAULT },
            idle_timeout: self.idle_timeout,
            ..Config::default()
        };
        if let Some(threads) = self.threads {
            config.threads = threads.get();
        }
        if let Some(max_connections) = self.max_connections {
            config.max_connections = max_connections;
        }
        if self.no_deflate {
            config.deflate = None;
        }
        if self.ping_interval.is_some() {
            config.timeouts = Timeouts { ping_interval: self.ping_interval, ..config.timeouts };
        }
        config
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    tracing_subscriber::fmt().with_max_level(arguments.log).with_writer(std::io::stderr).init();
    let server = match Server::bind(arguments.config()) {
        Ok(server) => server,
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("{error}; choose another port with --listen, or port 0 for a free one")
        }
        Err(error) => return Err(error.into()),
    };
    let address = server.addresses().first().context("the server has no address")?;
    // Before the line is out: who has read it may send a signal at once.
    shut_down_on_signals(server.handle()).context("cannot handle signals")?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "listening on ws://{address}/")
        .and_then(|()| stdout.flush())
        .context("cannot print the address")?;
    drop(stdout);
    server.run(|_| Echo).context("the server has failed")?;
    Ok(ExitCode::SUCCESS)
}

struct Echo;

impl Application for Echo {
    type Session = ();

    fn upgrade(&mut self, _: &Upgrade<'_>, _: SocketAddr) -> Result<Accept<()>, Response> {
        Ok(Accept::new(()))
    }

    // In line where messages are handed out: it is hardly more than a call.
    #[inline(always)]
    fn message(&mut self, context: &mut Context<'_, ()>, message: Message<'_>) {
        context.send(message);
    }

    fn http(&mut self, _: &mut Peers<'_, ()>, incoming: &Incoming<'_>) -> Answer {
        let response = match (incoming.request.method(), incoming.request.path()) {
            ("GET" | "HEAD", "/") => Response::text(200, GREETING),
            ("GET" | "HEAD", _) => Response::text(404, "There is nothing here but /\n"),
            _ => {
                let mut response = Response::text(405, "GET and HEAD alone are allowed here\n");
                response.headers.push(("Allow".into(), "GET, HEAD".into()));
                response
            }
        };
        // There is nothing else to ask for.
        Answer::Last(response)
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use clap::Parser;
    use longwire_server::Config;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn config(arguments: &[&str]) -> Config {
        Cli::parse_from([&["echo"], arguments].concat()).arguments.config()
    }

    #[test]
    fn without_options_the_defaults_hold() {
        assert_eq!(format!("{:?}", config(&[])), format!("{:?}", Config::default()));
        // The help names them.
        assert_eq!(Config::default().max_connections, 100_000);
        assert_eq!(Config::default().timeouts.ping_interval.unwrap().as_secs(), 30);
    }

    #[test]
    fn every_option_reaches_the_server() {
        let arguments = "--listen [::1]:0 --threads 3 --max-message-bytes 5 --max-connections 7 \
             --no-deflate --ping-interval 2 --idle-timeout 4";
        let config = config(&arguments.split_whitespace().collect::<Vec<_>>());
        assert_eq!(config.listen, ["[::1]:0".parse().unwrap()]);
        assert_eq!((config.threads, config.max_connections), (3, 7));
        assert_eq!((config.limits.max_message_bytes, config.deflate), (5, None));
        assert_eq!(config.timeouts.ping_interval.unwrap().as_secs(), 2);
        assert_eq!(config.idle_timeout.unwrap().as_secs(), 4);
    }
}
