//! The server on real sockets: over loopback, with clients that are nothing but `std::net`.

use longwire_server::{Accept, Application, Config, Context, Message, Response, Server, Upgrade};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
    Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// RFC 6455 §1.3 has this answer to this key.
const ACCEPTED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

struct Echo;

impl Application for Echo {
    type Session = ();

    fn upgrade(&mut self, _: &Upgrade<'_>, peer: SocketAddr) -> Result<Accept<()>, Response> {
        assert_eq!(peer.ip(), Ipv4Addr::LOCALHOST);
        Ok(Accept::new(()))
    }

    fn message(&mut self, context: &mut Context<'_, ()>, message: Message<'_>) {
        context.send(message);
    }
}

/// A server in a thread, which is shut down at the end.
struct Running {
    address: SocketAddr,
    handle: longwire_server::Handle,
    thread: Option<JoinHandle<std::io::Result<()>>>,
}

impl Running {
    fn new(config: &Config) -> Self {
        let listen = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
        let server = Server::bind(Config { listen, ..config.clone() }).unwrap();
        let (address, handle) = (server.addresses()[0], server.handle());
        Self { address, handle, thread: Some(thread::spawn(|| server.run(|_| Echo))) }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        // Only a test that fails waits for this long.
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    fn open(&self) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(REQUEST).unwrap();
        assert_eq!(read(&mut stream, ACCEPTED.len()), ACCEPTED);
        stream
    }

    /// Shuts the server down. With clients that are still there it takes until they are given up.
    fn join(mut self, clients: impl IntoIterator<Item = TcpStream>) {
        clients.into_iter().for_each(drop);
        self.handle.shut_down();
        self.thread.take().unwrap().join().unwrap().unwrap();
    }
}

fn read(stream: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// A frame, masked with a key of zeros, which leaves the payload as it is.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(len @ 0..=125) => frame.push(0x80 | len),
        _ => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

#[test]
fn handshake_echo_and_closing_handshake() {
    let server = Running::new(&Config { threads: 1, ..Config::default() });
    let mut stream = server.connect();
    // Everything at once: frames stand behind the request.
    stream.write_all(&[REQUEST, &frame(0x81, b"hello")].concat()).unwrap();
    assert_eq!(read(&mut stream, ACCEPTED.len()), ACCEPTED);
    assert_eq!(read(&mut stream, 7), b"\x81\x05hello");
    stream.write_all(&[frame(0x89, b"ping"), frame(0x88, b"\x03\xe8")].concat()).unwrap();
    assert_eq!(read_to_end(&mut stream), b"\x8a\x04ping\x88\x02\x03\xe8");
    server.join([stream]);
}

#[test]
fn a_mebibyte_goes_out_in_fragments_to_a_peer_that_is_slow_to_read() {
    let server = Running::new(&Config { threads: 1, ..Config::default() });
    let mut stream = server.open();
    let payload: Vec<u8> = (0..1 << 20).map(|index: u32| index.to_le_bytes()[1]).collect();
    let mut writer = stream.try_clone().unwrap();
    let sent = frame(0x82, &payload);
    let writer = thread::spawn(move || (0..8).for_each(|_| writer.write_all(&sent).unwrap()));
    for _ in 0..8 {
        let mut echoed = Vec::new();
        loop {
            let head = read(&mut stream, 10);
            let len = u64::from_be_bytes(head[2..].try_into().unwrap());
            assert_eq!(head[1], 127);
            echoed.extend(read(&mut stream, usize::try_from(len).unwrap()));
            if head[0] & 0x80 != 0 {
                break;
            }
        }
        assert!(echoed == payload);
    }
    writer.join().unwrap();
    server.join([stream]);
}

#[test]
fn plain_http_is_answered_and_closed() {
    let server = Running::new(&Config { threads: 1, ..Config::default() });
    let mut stream = server.connect();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let answer = String::from_utf8(read_to_end(&mut stream)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    server.join([stream]);
}

#[test]
fn one_connection_too_many_is_answered_with_503() {
    // The limit is for all workers together.
    let config = Config { threads: 2, max_connections: 3, ..Config::default() };
    let server = Running::new(&config);
    let mut open: Vec<TcpStream> = (0..3).map(|_| server.open()).collect();
    let mut refused = server.connect();
    let answer = String::from_utf8(read_to_end(&mut refused)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{answer}");
    for stream in &mut open {
        stream.write_all(&frame(0x81, b"still here")).unwrap();
        assert_eq!(read(stream, 12), b"\x81\x0astill here");
    }
    server.join(open.into_iter().chain([refused]));
}

#[test]
fn a_shutdown_closes_with_1001_on_every_worker() {
    let server = Running::new(&Config { threads: 3, ..Config::default() });
    let mut open: Vec<TcpStream> = (0..12).map(|_| server.open()).collect();
    server.handle.shut_down();
    for stream in &mut open {
        let close = read(stream, 2);
        assert_eq!(close[0], 0x88);
        let body = read(stream, close[1].into());
        assert_eq!(body[..2], 1001_u16.to_be_bytes());
        stream.write_all(&frame(0x88, &1001_u16.to_be_bytes())).unwrap();
        assert_eq!(read_to_end(stream), b"");
    }
    server.join(open);
}

#[test]
fn a_busy_port_and_a_wrong_configuration_are_clear_errors() {
    let server = Running::new(&Config { threads: 2, ..Config::default() });
    let listen = vec![server.address];
    let error = Server::bind(Config { listen, ..Config::default() }).unwrap_err();
    let expected = format!("cannot listen on {}: ", server.address);
    assert!(error.to_string().starts_with(&expected), "{error}");
    server.join([]);
    let error = Server::bind(Config { threads: 0, ..Config::default() }).unwrap_err();
    assert_eq!(error.to_string(), "threads must be at least 1");
}
