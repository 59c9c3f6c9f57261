//! The user-space memory of an idle connection: opens many to a server in a process of its own and
//! divides what that process has grown by.

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use longwire::handshake::{
    ClientRequest, DeflateOffer, HeadLimits, HeadScanner, Status, Upgrade, Url,
};
use longwire::{Header, Message, OpCode, handshake};
use longwire_benches::{memory::resident_bytes, raw_echo};
use longwire_server::{Accept, Application, Config, Context as Connection, Response};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Measures the resident user-space memory of an idle connection.
///
/// For each server: connections are opened and left idle, then each echoes one message and is
/// idle again. The figures are bytes a connection, from RssAnon of the server's process.
#[derive(Parser)]
struct Options {
    /// How many connections. Client and server each need as many descriptors (ulimit -n).
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
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
    match options.serve {
        Some(Server::Raw) => raw_echo::serve(local(), announce),
        Some(Server::Longwire) => serve_longwire(),
        None => measure_all(options.connections),
    }
}

fn local() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn announce(address: SocketAddr) {
    println!("{address}");
}

fn serve_longwire() -> Result<()> {
    let config = Config { listen: vec![local()], threads: 1, ..Config::default() };
    let server = longwire_server::Server::bind(config)?;
    announce(*server.addresses().first().context("no address")?);
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

fn measure_all(connections: usize) -> Result<()> {
    println!("{connections} connections, bytes of resident user-space memory for each:\n");
    println!("{:<28} {:>8} {:>14}", "server", "idle", "after an echo");
    for (name, server, hello) in [
        ("raw TCP echo (mio)", Server::Raw, None),
        ("longwire", Server::Longwire, Some(false)),
        ("longwire, with deflate", Server::Longwire, Some(true)),
    ] {
        let (idle, echoed) = measure(server, hello, connections).context(name)?;
        println!("{name:<28} {idle:>8.0} {echoed:>14.0}");
    }
    Ok(())
}

/// `hello` says whether to do the opening handshake, and whether to offer permessage-deflate.
fn measure(server: Server, hello: Option<bool>, connections: usize) -> Result<(f64, f64)> {
    let (server, address) = start(server)?;
    // The first connections bring what every worker has once: buffers, a compressor.
    let mut warm_up = Vec::new();
    for _ in 0..64 {
        warm_up.push(connect(address, hello)?);
    }
    for stream in &mut warm_up {
        echo(stream, hello.is_some())?;
    }
    let before = resident_bytes(server.0.id())?;
    let mut streams = Vec::with_capacity(connections);
    for _ in 0..connections {
        streams.push(connect(address, hello)?);
    }
    let idle = resident_bytes(server.0.id())?;
    for stream in &mut streams {
        echo(stream, hello.is_some())?;
    }
    let echoed = resident_bytes(server.0.id())?;
    let each = |after: u64| (after as f64 - before as f64) / connections as f64;
    Ok((each(idle), each(echoed)))
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
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().context("no output of the server")?;
    let running = Running(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    Ok((running, line.trim().parse().context("the server printed no address")?))
}

fn connect(address: SocketAddr, hello: Option<bool>) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    if let Some(deflate) = hello {
        shake_hands(&mut stream, address, deflate)?;
    }
    Ok(stream)
}

fn shake_hands(stream: &mut TcpStream, address: SocketAddr, deflate: bool) -> Result<()> {
    let url = format!("ws://{address}/");
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce)?;
    let mut request = ClientRequest::new(Url::parse(&url)?, nonce);
    request.deflate = deflate.then(DeflateOffer::default);
    let mut buffer = [0; 1024];
    let sent = request.encode(&mut buffer)?;
    stream.write_all(&buffer[..sent])?;
    let mut scanner = HeadScanner::new(HeadLimits::default());
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..])?;
        ensure!(read > 0, "the server closed the connection in the handshake");
        filled += read;
        if let Status::Complete(head) = scanner.scan(&buffer[..filled])? {
            let established = request.verify(&handshake::Response::parse(head)?)?;
            ensure!(established.deflate.is_some() == deflate, "deflate was not agreed to");
            return Ok(());
        }
    }
}

/// Sends a message of 128 bytes and reads its echo, whatever form that has.
fn echo(stream: &mut TcpStream, framed: bool) -> Result<()> {
    let payload = [b'm'; 128];
    let mut message = Vec::new();
    if framed {
        let mask = Some([0; 4]);
        let payload_len = payload.len() as u64;
        let header = Header { fin: true, rsv1: false, opcode: OpCode::Binary, mask, payload_len };
        message.extend_from_slice(header.encode().as_bytes());
    }
    message.extend_from_slice(&payload);
    stream.write_all(&message)?;
    let mut reply = [0; 256];
    let read = stream.read(&mut reply)?;
    ensure!(read > 0, "no echo");
    Ok(())
}
