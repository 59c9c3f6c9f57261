//! A WebSocket client: it sends one line, prints what comes back, and closes.
//! Run it with `cargo run -p longwire --example client [URL [TEXT]]`.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use longwire::handshake::*;
use longwire::*;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or("ws://127.0.0.1:9001/".to_owned());
    let text = arguments.next().unwrap_or("Hello, WebSocket!".to_owned());

    let url = Url::parse(&url)?;
    if url.is_secure() {
        return Err("wss: is for a client with TLS".into());
    }
    let mut stream = TcpStream::connect((url.host(), url.port()))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut buffer = vec![0; 64 * 1024];
    let (mut socket, mut filled) = open(&mut stream, &mut buffer, url)?;
    let (mut inbound, mut outbound) = (Inbound::new(), Outbound::new(SendOptions::default()));
    let (mut control, mut out) = (ControlFrames::new(), Vec::new());
    socket.send(Message::Text(&text), Compression::Auto, &mut outbound, &mut out)?;
    loop {
        let mut input = Input::new(&mut buffer[..filled]);
        // An error ends this as a Close does: the Close that names it is in `control`.
        while let Ok(Some(event)) = socket.receive(&mut input, &mut control, &mut inbound) {
            if let Event::Text(echo) = event {
                println!("{echo}");
                if socket.connection().state() == State::Open {
                    socket.close(CloseCode::NORMAL, "", &mut control)?;
                }
            }
            out.extend_from_slice(control.poll_transmit().unwrap_or_default());
        }
        out.extend_from_slice(control.poll_transmit().unwrap_or_default());
        stream.write_all(&out)?;
        out.clear();
        // What the engine could not use yet goes in front of what is read next. After the closing
        // handshake a client waits for the server to close TCP (RFC 6455 §7.1.1).
        let kept = input.len();
        buffer.copy_within(filled - kept..filled, 0);
        let read = stream.read(&mut buffer[kept..])?;
        if read == 0 {
            socket.receive_eof();
            println!("{:?}", socket.connection().closure());
            return Ok(());
        }
        filled = kept + read;
    }
}

/// The opening handshake: the connection, and how many bytes of it are in `buffer` already.
fn open(stream: &mut TcpStream, buffer: &mut [u8], url: Url<'_>) -> Result<(WebSocket, usize)> {
    let mut request = ClientRequest::new(url, random());
    request.deflate = Some(DeflateOffer::default());
    let len = request.encode(buffer)?;
    stream.write_all(&buffer[..len])?;
    let (mut scanner, mut filled) = (HeadScanner::new(HeadLimits::default()), 0);
    let head = loop {
        match stream.read(&mut buffer[filled..])? {
            0 => return Err("end of stream in the handshake".into()),
            read => filled += read,
        }
        if let Status::Complete(head) = scanner.scan(&buffer[..filled])? {
            break head;
        }
    };
    let established = request.verify(&Response::parse(head)?)?;
    let connection = Connection::client(Limits::default(), random);
    let socket = match established.deflate {
        Some(params) => WebSocket::with_deflate(connection, params),
        None => WebSocket::new(connection),
    };
    buffer.copy_within(scanner.examined_bytes()..filled, 0);
    Ok((socket, filled - scanner.examined_bytes()))
}

/// The nonce and the masking keys: from the operating system's random numbers.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes
}
