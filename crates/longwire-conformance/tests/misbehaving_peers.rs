//! Whatever the peer does, a run ends, and says that the peer is wrong. No assertion here is about
//! time: a run that does not end is caught by a guard that waits far longer than any should take.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use longwire_conformance::{
    Level, Options, Report, TargetError, Verdict, test_client, test_server,
};

/// Long after any run here should have ended.
const GUARD: Duration = Duration::from_secs(120);

/// What a peer is, and what it does with a connection.
type Peer = (&'static str, fn(TcpStream));

/// A 101 for whatever key: the suite must not get as far as to believe it.
const WRONG_101: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

fn options() -> Options {
    Options {
        timeout: Duration::from_millis(40),
        quiet: Duration::from_millis(10),
        accept_timeout: Duration::from_millis(200),
        max_received_bytes: 1 << 20,
        sections: ["5.5.3", "5.6", "6.2", "7.1.1"].map(str::to_owned).to_vec(),
        ..Options::default()
    }
}

/// Runs `suite` in a thread of its own, and gives up after a long time.
fn guarded(suite: impl FnOnce() -> Report + Send + 'static) -> Report {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(suite()));
    receiver.recv_timeout(GUARD).expect("the run does not end")
}

/// A server that does `with` to each connection, until it is dropped.
struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl Server {
    fn new(with: fn(TcpStream)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let stream = stream.unwrap();
                thread::spawn(move || with(stream));
            }
        });
        Self { address, stop }
    }

    fn tested(&self) -> Report {
        let url = format!("ws://{}/", self.address);
        guarded(move || test_server(&url, &options(), |_| {}).unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the listener up.
        let _ = TcpStream::connect(self.address);
    }
}

/// Reads until the suite has gone.
fn read_on(mut stream: TcpStream) {
    let mut buffer = [0; 4096];
    while matches!(stream.read(&mut buffer), Ok(1..)) {}
}

/// Writes until the suite has gone.
fn write_on(mut stream: TcpStream, bytes: &[u8]) {
    while stream.write_all(bytes).is_ok() {}
}

/// Reads a head, and finds the key in it.
fn read_key(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    key.map(str::to_owned)
}

/// Opens the connection as a server should.
fn accept(stream: &mut TcpStream) -> Option<()> {
    use base64::Engine as _;
    use sha1::Digest as _;
    let key = read_key(stream)?;
    let digest = sha1::Sha1::new()
        .chain_update(key)
        .chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
        .finalize();
    let accept = base64::engine::general_purpose::STANDARD.encode(digest);
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(response.as_bytes()).ok()
}

/// No MUST passes but for those that a refusal or a closed connection satisfies.
fn assert_wrong(report: &Report, what: &str) {
    assert!(!report.passed(), "{what}");
    assert!(report.count(Level::Must, None).failed > 10, "{what}:\n{}", report.table());
}

/// Tests all servers at once.
fn assert_all_wrong(servers: &[Peer]) {
    thread::scope(|scope| {
        for &(what, with) in servers {
            scope.spawn(move || {
                let report = Server::new(with).tested();
                assert!(!report.gone, "{what}");
                assert_wrong(&report, what);
            });
        }
    });
}

#[test]
fn servers_that_never_open_the_connection() {
    let servers: &[Peer] = &[
        ("silent", read_on),
        ("closes at once", drop),
        ("does not even read", |stream| {
            thread::sleep(Duration::from_secs(1));
            drop(stream);
        }),
        ("no HTTP", |mut stream| {
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n\r\n");
            read_on(stream);
        }),
        ("floods without a line end", |stream| write_on(stream, &[b'a'; 4096])),
        ("floods with headers", |mut stream| {
            let _ = stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n");
            write_on(stream, b"A: b\r\n");
        }),
        ("half a head", |mut stream| {
            let _ = stream.write_all(&WRONG_101[..40]);
            read_on(stream);
        }),
        ("wrong accept value", |mut stream| {
            let _ = stream.write_all(WRONG_101);
            read_on(stream);
        }),
        ("one byte now and then", |mut stream| {
            for byte in WRONG_101.iter().cycle() {
                if stream.write_all(&[*byte]).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(15));
            }
        }),
    ];
    assert_all_wrong(servers);
}

#[test]
fn servers_that_open_the_connection_and_misbehave() {
    let servers: &[Peer] = &[
        ("silent", |mut stream| {
            accept(&mut stream);
            read_on(stream);
        }),
        ("ends TCP", |mut stream| {
            accept(&mut stream);
        }),
        ("floods with Pings", |mut stream| {
            accept(&mut stream);
            write_on(stream, &b"\x89\x00".repeat(1000));
        }),
        ("floods with Pongs", |mut stream| {
            accept(&mut stream);
            write_on(stream, &b"\x8a\x01x".repeat(1000));
        }),
        ("floods with messages", |mut stream| {
            accept(&mut stream);
            write_on(stream, &b"\x81\x01x".repeat(1000));
        }),
        ("floods with fragments", |mut stream| {
            accept(&mut stream);
            let _ = stream.write_all(b"\x01\x00");
            write_on(stream, &b"\x00\x7d".iter().copied().chain([b'a'; 125]).collect::<Vec<_>>());
        }),
        ("floods with one frame", |mut stream| {
            accept(&mut stream);
            let _ = stream.write_all(b"\x82\x7f\0\0\0\0\x01\0\0\0");
            write_on(stream, &[0; 4096]);
        }),
        ("claims without end", |mut stream| {
            accept(&mut stream);
            let _ = stream.write_all(b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff");
            read_on(stream);
        }),
        ("garbage", |mut stream| {
            accept(&mut stream);
            write_on(stream, b"\xf7\xff\x13\x37");
        }),
        ("masks", |mut stream| {
            accept(&mut stream);
            let _ = stream.write_all(b"\x81\x81\0\0\0\0a");
            read_on(stream);
        }),
        ("closes with 1006", |mut stream| {
            accept(&mut stream);
            let _ = stream.write_all(b"\x88\x02\x03\xee");
            read_on(stream);
        }),
    ];
    assert_all_wrong(servers);
}

#[test]
fn a_server_that_goes_away() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    // It takes one connection, and then there is nobody to connect to.
    thread::spawn(move || drop(listener.accept().unwrap()));
    let report = guarded(move || test_server(&url, &options(), |_| {}).unwrap());
    assert!(report.gone && !report.passed());
    let failed = report.outcomes.iter().filter(|of| matches!(of.verdict, Verdict::Fail(_)));
    assert!(failed.count() <= 3, "the others are skipped");
}

#[test]
fn no_server_at_all() {
    // A port that nobody is given, unlike one that was free a moment ago.
    let tested = test_server("ws://127.0.0.1:1/", &options(), |_| {});
    assert!(matches!(tested, Err(TargetError::Connect(_))), "{tested:?}");
}

#[test]
fn urls_that_cannot_be_tested() {
    for url in ["http://localhost/", "wss://localhost/", "ws://", "ws://no.such.host.invalid/"] {
        assert!(test_server(url, &options(), |_| {}).is_err(), "{url}");
    }
}

#[test]
fn no_client_at_all() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let report = guarded(move || test_client(&listener, &options(), |_| {}).unwrap());
    assert!(report.gone && !report.passed());
}

#[test]
fn clients_that_misbehave() {
    const REQUEST: &[u8] =
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\
        \r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let clients: &[Peer] = &[
        ("silent", read_on),
        ("leaves at once", drop),
        ("floods", |stream| write_on(stream, &[b'a'; 4096])),
        ("opens and is silent", |mut stream| {
            let _ = stream.write_all(REQUEST);
            read_on(stream);
        }),
        ("opens and leaves", |mut stream| {
            let _ = stream.write_all(REQUEST);
        }),
        ("opens and floods with Pings", |mut stream| {
            let _ = stream.write_all(REQUEST);
            write_on(stream, &b"\x89\x80\0\0\0\0".repeat(1000));
        }),
        ("opens and does not mask", |mut stream| {
            let _ = stream.write_all(REQUEST);
            write_on(stream, b"\x81\x01a");
        }),
    ];
    let test = |what: &str, with: fn(TcpStream)| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // It connects for as long as somebody listens.
        let client = thread::spawn(move || {
            while let Ok(stream) = TcpStream::connect(address) {
                with(stream);
            }
        });
        let report = guarded(move || test_client(&listener, &options(), |_| {}).unwrap());
        assert_wrong(&report, what);
        client.join().unwrap();
    };
    thread::scope(|scope| {
        for &(what, with) in clients {
            scope.spawn(move || test(what, with));
        }
    });
}
