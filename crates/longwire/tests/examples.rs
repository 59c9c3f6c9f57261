//! The examples, run: each echo server against the client, and against bytes written by hand.
//!
//! `cargo test` has built them before it runs this; they lie beside this test in the target
//! directory.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const SERVERS: [&str; 2] = ["echo_std", "echo_tokio"];
/// How long any wait may take. It takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    let path = profile.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    assert!(path.exists(), "{} is not built: `cargo build --examples`", path.display());
    Command::new(path)
}

/// A process that ends with the test, however that ends.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already, or it ends now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs `work` in a thread, and waits for it no longer than `PATIENCE`.
fn in_time<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(work()));
    receiver.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// Starts an echo server: the process, and its URL.
fn start(server: &str) -> (Process, String) {
    let mut command = example(server);
    command.arg("127.0.0.1:0").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = Process(command.spawn().unwrap());
    let mut stdout = BufReader::new(process.0.stdout.take().unwrap());
    let line = in_time("the server's address", move || {
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        line
    });
    let url = line.strip_prefix("listening on ").expect("an address");
    (process, url.trim_end().to_owned())
}

/// Runs the client: what it printed.
fn run_client(url: &str, text: &str) -> String {
    let mut command = example("client");
    command.args([url, text]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = Process(command.spawn().unwrap());
    let mut stdout = process.0.stdout.take().unwrap();
    let mut stderr = process.0.stderr.take().unwrap();
    let printed = in_time("the client's output", move || {
        let (mut printed, mut complaint) = (String::new(), String::new());
        stdout.read_to_string(&mut printed).unwrap();
        stderr.read_to_string(&mut complaint).unwrap();
        assert_eq!(complaint, "");
        printed
    });
    assert!(process.0.wait().unwrap().success());
    printed
}

/// Sends `request`, and reads to the end of the stream.
fn exchange(url: &str, request: &[u8]) -> Vec<u8> {
    let address = url.strip_prefix("ws://").unwrap().trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

#[test]
fn the_client_gets_its_line_back_and_closes() {
    // Longer than a server's buffer, and than a frame: it comes in pieces.
    let long = "Zwölf Boxkämpfer jagen Viktor quer über den Sylter Deich. ".repeat(1_700);
    for server in SERVERS {
        let (_process, url) = start(server);
        for text in ["Hello", "naïve żółć 漢字 😀", "", &long] {
            let printed = run_client(&url, text);
            let closure =
                "Some(Closure { code: 1000 (normal closure), initiator: Us, failure: None })";
            assert_eq!(printed, format!("{text}\n{closure}\n"), "{server}");
        }
    }
}

/// The handshake of RFC 6455 §1.3 and the masked "Hello" of §5.7, in one write, and a Close.
#[test]
fn the_servers_answer_as_the_rfc_has_it() {
    let request = b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Version: 13\r\n\r\n\
        \x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x88\x82\x00\x00\x00\x00\x03\xe8";
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\
        \x81\x05Hello\x88\x02\x03\xe8";
    for server in SERVERS {
        let (_process, url) = start(server);
        assert_eq!(exchange(&url, request), answer, "{server}");
    }
}

#[test]
fn the_servers_tell_a_peer_what_it_did_wrong() {
    const HANDSHAKE: &str = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Version: 13\r\n\r\n";
    // A request, and how the answer to it begins and ends.
    let cases: [(String, &[u8], &[u8]); 3] = [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n".into(), b"HTTP/1.1 426 ", b"websocket"),
        ("GET / HTTP/1.1\nHost: a\n\n".into(), b"HTTP/1.1 400 ", b""),
        (
            format!("{HANDSHAKE}\x01\x00"),
            b"HTTP/1.1 101 ",
            b"\x88\x20\x03\xeaa client must mask every frame",
        ),
    ];
    for server in SERVERS {
        let (_process, url) = start(server);
        for (request, begin, end) in &cases {
            let answer = exchange(&url, request.as_bytes());
            let shown = String::from_utf8_lossy(&answer);
            assert!(answer.starts_with(begin), "{server}: {shown}");
            assert!(answer.ends_with(end), "{server}: {shown}");
        }
    }
}

#[test]
fn every_example_is_shorter_than_100_lines() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut examples = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines < 100, "{} has {lines} lines", path.display());
        examples += 1;
    }
    assert_eq!(examples, SERVERS.len() + 1);
}
