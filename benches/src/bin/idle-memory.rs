//! The user-space memory of an idle connection, of the servers here or of any other.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use longwire::Message;
use longwire_benches::client::{Speech, Target};
use longwire_benches::idle::{Bytes, measure};
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
    /// Keeps the connections until standard input ends. Nobody answers a Ping on them.
    #[arg(long, requires = "url")]
    hold: bool,
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
            let target = Target::parse(url, options.deflate)?;
            let (Bytes { idle, after_an_echo }, connections) =
                measure(&target, pid, options.connections)?;
            println!("{{ \"idle\": {idle:.1}, \"after_an_echo\": {after_an_echo:.1} }}");
            if options.hold {
                std::io::stdin().read_to_end(&mut Vec::new())?;
            }
            drop(connections);
            Ok(())
        }
        _ => measure_own(options.connections),
    }
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
            measure(&Target { address, speech }, server.0.id(), connections).context(name)?.0;
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
    Ok(server.run(|_| Echo)?)
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
