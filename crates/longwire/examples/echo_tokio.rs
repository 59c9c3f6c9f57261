//! A WebSocket echo server on tokio, with heartbeats: a silent client is pinged, then given up.
//! Run it with `cargo run -p longwire --example echo_tokio [ADDRESS]`.

use longwire::{handshake::*, *};
use tokio::{io::*, net::*, time::*};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:9001".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}/", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        tokio::spawn(async move { eprintln!("{peer}: {:?}", serve(stream).await) });
    }
}

/// Sends every message back, until the connection is closed.
async fn serve(mut stream: TcpStream) -> Result<Option<Closure>> {
    let (start, timeouts, patience) = (Instant::now(), Timeouts::DEFAULT, Duration::from_secs(10));
    let mut buffer = vec![0; 64 * 1024];
    let (mut socket, mut filled) = timeout(patience, open(&mut stream, &mut buffer)).await??;
    let (mut deadlines, mut heard) = (Deadlines::new(start.elapsed()), true);
    let (mut inbound, mut outbound) = (Inbound::new(), Outbound::new(SendOptions::default()));
    let (mut control, mut out) = (ControlFrames::new(), Vec::new());
    loop {
        let mut input = Input::new(&mut buffer[..filled]);
        // An error ends this as a Close does: the Close that names it is in `control`.
        while let Ok(Some(event)) = socket.receive(&mut input, &mut control, &mut inbound) {
            if let Some(message) = event.message() {
                deadlines.end_of_message();
                socket.send(message, Compression::Auto, &mut outbound, &mut out)?;
            }
            out.extend_from_slice(control.poll_transmit().unwrap_or_default());
        }
        out.extend_from_slice(control.poll_transmit().unwrap_or_default());
        timeout(patience, stream.write_all(&out)).await??;
        out.clear();
        if socket.connection().state() == State::Closed {
            // A server closes TCP first (RFC 6455 §7.1.1): the client's end of stream follows.
            deadlines.closing(start.elapsed());
            stream.shutdown().await?;
        }
        let kept = input.len();
        buffer.copy_within(filled - kept..filled, 0);
        if heard {
            let incomplete = kept > 0 || socket.connection().is_receiving_message();
            deadlines.receive(start.elapsed(), incomplete);
        }
        let deadline = start + deadlines.poll_timeout(&timeouts).expect("the defaults have pings");
        let read = timeout_at(deadline, stream.read(&mut buffer[kept..])).await;
        (heard, filled) = (read.is_ok(), kept);
        match read {
            Ok(Ok(0)) => {
                socket.receive_eof();
                return Ok(socket.connection().closure());
            }
            Ok(read) => filled += read?,
            Err(_) => match deadlines.handle_timeout(start.elapsed(), &timeouts) {
                Some(Expired::Ping) => socket.ping(b"", &mut control)?,
                expired => return Err(format!("{expired:?}").into()),
            },
        }
    }
}

/// The opening handshake: the connection, and how many bytes of it are in `buffer` already.
async fn open(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<(WebSocket, usize)> {
    let mut scanner = HeadScanner::new(HeadLimits::default());
    let (mut filled, mut response) = (0, [0; 1024]);
    let request = loop {
        match stream.read(&mut buffer[filled..]).await? {
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
    let len = match upgrade {
        Ok(upgrade) => upgrade.accept(&Acceptance::default(), &mut response)?.response_bytes,
        Err(error) => Rejection::of(error).encode(&mut response)?,
    };
    stream.write_all(&response[..len]).await?;
    upgrade?;
    buffer.copy_within(scanner.examined_bytes()..filled, 0);
    let socket = WebSocket::new(Connection::server(Limits::default()));
    Ok((socket, filled - scanner.examined_bytes()))
}
