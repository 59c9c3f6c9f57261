//! A WebSocket echo server on blocking sockets, one thread for each connection.
//! Run it with `cargo run -p longwire --example echo_std [ADDRESS]`.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use longwire::handshake::*;
use longwire::*;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:9001".to_owned());
    let listener = TcpListener::bind(address)?;
    println!("listening on ws://{}/", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept()?;
        std::thread::spawn(move || eprintln!("{peer}: {:?}", serve(stream)));
    }
}

/// Sends every message back, until the connection is closed.
fn serve(mut stream: TcpStream) -> Result<Option<Closure>> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.set_write_timeout(Some(Duration::from_secs(60)))?;
    let mut buffer = vec![0; 64 * 1024];
    let (mut socket, mut filled) = open(&mut stream, &mut buffer)?;
    let (mut inbound, mut outbound) = (Inbound::new(), Outbound::new(SendOptions::default()));
    let (mut control, mut out) = (ControlFrames::new(), Vec::new());
    loop {
        let mut input = Input::new(&mut buffer[..filled]);
        // An error ends this as a Close does: the Close that names it is in `control`.
        while let Ok(Some(event)) = socket.receive(&mut input, &mut control, &mut inbound) {
            if let Some(message) = event.message() {
                socket.send(message, Compression::Auto, &mut outbound, &mut out)?;
            }
            out.extend_from_slice(control.poll_transmit().unwrap_or_default());
        }
        out.extend_from_slice(control.poll_transmit().unwrap_or_default());
        stream.write_all(&out)?;
        out.clear();
        if socket.connection().state() == State::Closed {
            break;
        }
        // What the engine could not use yet goes in front of what is read next.
        let kept = input.len();
        buffer.copy_within(filled - kept..filled, 0);
        let read = stream.read(&mut buffer[kept..])?;
        if read == 0 {
            socket.receive_eof();
        }
        filled = kept + read;
    }
    // A server closes TCP first (RFC 6455 §7.1.1), but not before the client has its Close.
    stream.shutdown(Shutdown::Write)?;
    while stream.read(&mut buffer)? > 0 {}
    Ok(socket.connection().closure())
}

/// The opening handshake: the connection, and how many bytes of it are in `buffer` already.
fn open(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<(WebSocket, usize)> {
    let (mut scanner, mut filled) = (HeadScanner::new(HeadLimits::default()), 0);
    let request = loop {
        match stream.read(&mut buffer[filled..])? {
            0 => return Err("end of stream in the handshake".into()),
            read => filled += read,
        }
        match scanner.scan(&buffer[..filled]) {
            Ok(Status::Complete(head)) => break Request::parse(head),
            Ok(Status::Partial) => {}
            Err(error) => break Err(error.into()),
        }
    };
    let upgrade = request.as_ref().map_err(|error| *error).and_then(Request::upgrade);
    let mut response = [0; 1024];
    if let Err(error) = upgrade {
        let len = Rejection::of(error).encode(&mut response)?;
        stream.write_all(&response[..len])?;
    }
    let deflate = Some(&DeflatePolicy::default());
    let accepted = upgrade?.accept(&Acceptance { deflate, ..Default::default() }, &mut response)?;
    stream.write_all(&response[..accepted.response_bytes])?;
    let connection = Connection::server(Limits::default());
    let socket = match accepted.deflate {
        Some(params) => WebSocket::with_deflate(connection, params),
        None => WebSocket::new(connection),
    };
    buffer.copy_within(scanner.examined_bytes()..filled, 0);
    Ok((socket, filled - scanner.examined_bytes()))
}
