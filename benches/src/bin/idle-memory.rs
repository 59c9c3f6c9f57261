//! The user-space memory of an idle connection, of the servers here or of any other.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::{Parser, ValueEnum};
use longwire::Message;
use longwire_benches::idle::{Bytes, Speech, measure};
use longwire_benches::{listening, raw_echo};
use longwire_server::{Accept, Application, Config, Context as Connection, Response, Upgrade};

/// Measures the resident user-space memory of an idle connection.
///
/// Connections are opened and left idle, then each echoes one message and is idle again. The
/// figures are bytes a connection, from RssAnon of the server's process. Without arguments it
/// starts a raw TCP echo and Longwire itself.
#[derive(Parser)]
struct Options {
    /// How many connections. Client and server each need as many descriptors (ulimit -n).
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// Measures this echo server: ws://IP:PORT/, or tcp://IP:PORT for one without WebSocket. Prints
    /// JSON.
    #[arg(requires = "pid")]
    url: Option<String>,
    /// The process of that server.
    #[arg(long, requires = "url")]
    pid: Option<u32>,
    /// Offers permessage-deflate to that server, as browsers do, and sends a compressed message.
    #[arg(long, requires = "url")]
    deflate: bool,
    /// Serves instead of measuring: what the command starts for itself.
    #[arg(long, hide = true)]
    serve: Option<Server>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Server {
    Longwire,
    Raw,
}

fn main() -> Result<()> {
    let options = Options::parse();
    match (&options.url, options.pid, options.serve) {
        (_, _, Some(Server::Raw)) => Ok(raw_echo::serve(listening::listen()?)?),
        (_, _, Some(Server::Longwire)) => serve_longwire(),
        (Some(url), Some(pid), None) => {
            let (address, speech) = target(url, options.deflate)?;
            let Bytes { idle, after_an_echo } = measure(address, pid, speech, options.connections)?;
            println!("{{ \"idle\": {idle:.1}, \"after_an_echo\": {after_an_echo:.1} }}");
            Ok(())
        }
        _ => measure_own(options.connections),
    }
}

fn target(url: &str, deflate: bool) -> Result<(SocketAddr, Speech)> {
    let (address, speech) = match (url.split_once("://"), deflate) {
        (Some(("tcp", address)), false) => (address, Speech::Raw),
        (Some(("ws", address)), false) => (address, Speech::Plain),
        (Some(("ws", address)), true) => (address, Speech::Deflate),
        _ => bail!("{url} is neither ws://IP:PORT/ nor, without --deflate, tcp://IP:PORT"),
    };
    let address = address.trim_end_matches('/');
    Ok((address.parse().with_context(|| format!("{address} is no IP:PORT"))?, speech))
}

fn measure_own(connections: usize) -> Result<()> {
    println!("{connections} connections, bytes of resident user-space memory for each:\n");
    println!("{:<28} {:>8} {:>14}", "server", "idle", "after an echo");
    for (name, server, speech) in [
        ("raw TCP echo (mio)", Server::Raw, Speech::Raw),
        ("longwire", Server::Longwire, Speech::Plain),
        ("longwire, with deflate", Server::Longwire, Speech::Deflate),
    ] {
        let (server, address) = start(server)?;
        let Bytes { idle, after_an_echo } =
            measure(address, server.0.id(), speech, connections).context(name)?;
        println!("{name:<28} {idle:>8.0} {after_an_echo:>14.0}");
    }
    Ok(())
}

/// A server in a process of its own, which ends with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(server: Server) -> Result<(Running, SocketAddr)> {
    let name = server.to_possible_value().context("a server without a name")?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--serve", name.get_name()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().context("no output of the server")?;
    let running = Running(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let port = line.trim().strip_prefix("listening ").and_then(|port| port.parse().ok());
    let port: u16 = port.context("the server printed no port")?;
    Ok((running, SocketAddr::from(([127, 0, 0, 1], port))))
}

fn serve_longwire() -> Result<()> {
    let listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
    let config = Config { listen, threads: 1, ..Config::default() };
    let server = longwire_server::Server::bind(config)?;
    println!("listening {}", server.addresses().first().context("no address")?.port());
    Ok(server.run(|| Echo)?)
}

/// The application that the connections stand for.
struct Echo;

impl Application for Echo {
    type Session = ();

    fn upgrade(&mut self, _: &Upgrade<'_>, _: SocketAddr) -> Result<Accept<()>, Response> {
        Ok(Accept::new(()))
    }

    fn message(&mut self, context: &mut Connection<'_, ()>, message: Message<'_>) {
        context.send(message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_how() {
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        let table = [
            ("tcp://127.0.0.1:80", false, Some((address, Speech::Raw))),
            ("ws://127.0.0.1:80/", false, Some((address, Speech::Plain))),
            ("ws://127.0.0.1:80", true, Some((address, Speech::Deflate))),
            ("tcp://127.0.0.1:80", true, None),
            ("wss://127.0.0.1:80/", false, None),
            ("ws://localhost:80/", false, None),
            ("127.0.0.1:80", false, None),
        ];
        for (url, deflate, wanted) in table {
            assert_eq!(target(url, deflate).ok(), wanted, "{url} {deflate}");
        }
    }
}
