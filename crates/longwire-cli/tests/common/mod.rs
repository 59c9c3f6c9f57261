//! The binary `longwire` as a child process, and the other end of its connections in bytes.

// Each test file uses its own part of this.
#![allow(dead_code)]

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use longwire::handshake::{
    Acceptance, DeflateParams, DeflatePolicy, HeadLimits, HeadScanner, Request, Status,
};

/// How long any wait may take. It takes milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A run of `longwire`, with its standard input held open.
pub(crate) struct Longwire {
    child: Child,
    lines: Receiver<String>,
    stderr: Receiver<String>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// The lines on standard output that have not been waited for.
    pub(crate) stdout: Vec<String>,
    pub(crate) stderr: String,
}

impl Longwire {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_longwire"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut stderr = child.stderr.take().unwrap();
        let (line, lines) = mpsc::channel();
        thread::spawn(move || stdout.lines().try_for_each(|text| line.send(text.unwrap())));
        let (text, texts) = mpsc::channel();
        thread::spawn(move || {
            let mut complaint = String::new();
            stderr.read_to_string(&mut complaint).unwrap();
            text.send(complaint)
        });
        Self { child, lines, stderr: texts }
    }

    /// Starts `longwire echo` on a free port: with the address that it prints.
    pub(crate) fn echo(arguments: &[&str]) -> (Self, String) {
        let echo = Self::start(&[&["echo", "--listen", "127.0.0.1:0"], arguments].concat());
        let line = echo.line();
        let url = line.strip_prefix("listening on ws://").expect("the address");
        let address = url.strip_suffix('/').expect("an URL with a path").to_owned();
        (echo, address)
    }

    /// The next line on standard output.
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line on standard output")
    }

    /// Writes to standard input, from a thread of its own: the pipe is shorter than the text may be.
    pub(crate) fn type_text(&mut self, text: impl Into<Vec<u8>>) {
        let (mut stdin, text) = (self.child.stdin.take().unwrap(), text.into());
        thread::spawn(move || stdin.write_all(&text));
    }

    /// Writes to standard input what fits the pipe, and returns when it is there to be read.
    pub(crate) fn type_at_once(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().expect("standard input, still open");
        stdin.write_all(text.as_bytes()).unwrap();
    }

    pub(crate) fn end_input(&mut self) {
        self.child.stdin = None;
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Ended {
        let stderr = self.stderr.recv_timeout(PATIENCE).expect("the end of standard error");
        let stdout = std::iter::from_fn(|| self.lines.recv_timeout(PATIENCE).ok()).collect();
        Ended { code: self.child.wait().unwrap().code(), stdout, stderr }
    }
}

impl Drop for Longwire {
    fn drop(&mut self) {
        // It has ended already, or it ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An end of a TCP connection that is not `longwire`.
pub(crate) struct Peer(TcpStream);

impl Peer {
    pub(crate) fn connect(address: &str) -> Self {
        Self::new(TcpStream::connect(address).unwrap())
    }

    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).unwrap();
    }

    /// Receives as many bytes as `expected` has, which have to be the same.
    pub(crate) fn expect(&mut self, expected: impl AsRef<[u8]>) {
        let expected = expected.as_ref();
        let mut bytes = vec![0; expected.len()];
        self.0.read_exact(&mut bytes).unwrap();
        assert_eq!(bytes, expected, "{:?}", String::from_utf8_lossy(&bytes));
    }

    /// Receives up to the empty line that ends a head.
    pub(crate) fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        String::from_utf8(head).unwrap()
    }

    /// Receives exactly so many bytes.
    pub(crate) fn receive(&mut self, bytes: usize) -> Vec<u8> {
        let mut received = vec![0; bytes];
        self.0.read_exact(&mut received).unwrap();
        received
    }

    /// Receives what there is, at least a byte; `None` at the end of the stream.
    pub(crate) fn some(&mut self) -> Option<Vec<u8>> {
        let mut received = vec![0; 64 * 1024];
        let bytes = self.0.read(&mut received).unwrap();
        received.truncate(bytes);
        (bytes > 0).then_some(received)
    }

    /// Receives a client's frame that is shorter than 126 bytes: its first byte, and its payload,
    /// unmasked.
    pub(crate) fn masked_frame(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 6];
        self.0.read_exact(&mut head).unwrap();
        let [first, length, key @ ..] = head;
        assert!((0x80..0x80 + 126).contains(&length), "masked and short: {length:#x}");
        let mut payload = vec![0; usize::from(length & 0x7f)];
        self.0.read_exact(&mut payload).unwrap();
        longwire::apply_mask(&mut payload, key);
        (first, payload)
    }

    /// Receives a server's Close with this code, whatever its reason.
    pub(crate) fn expect_close(&mut self, code: u16) {
        let mut head = [0; 4];
        self.0.read_exact(&mut head).unwrap();
        let [first, length, code_bytes @ ..] = head;
        assert_eq!((first, u16::from_be_bytes(code_bytes)), (0x88, code));
        let mut reason = vec![0; usize::from(length) - 2];
        self.0.read_exact(&mut reason).unwrap();
    }

    /// Expects the end of the stream.
    pub(crate) fn expect_end(&mut self) {
        assert_eq!(self.0.read(&mut [0]).unwrap(), 0);
    }

    /// Ends the stream from this side.
    pub(crate) fn end_stream(&self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }

    /// Everything up to the end of the stream.
    pub(crate) fn rest(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).unwrap();
        rest
    }
}

/// A client's frame, masked with a key that changes nothing.
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let len = u8::try_from(payload.len()).unwrap();
    assert!(len < 126);
    [&[first, 0x80 | len, 0, 0, 0, 0], payload].concat()
}

/// A server that follows a script: its URL, and what tells the script's end.
pub(crate) fn scripted(script: impl FnOnce(Peer) + Send + 'static) -> (String, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/path?query", listener.local_addr().unwrap());
    let (end, ended) = mpsc::channel();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        script(Peer::new(stream));
        end.send(())
    });
    (url, ended)
}

/// Answers the client's handshake with 101: the request.
pub(crate) fn accept(peer: &mut Peer) -> String {
    accept_with(peer, None).0
}

/// Answers the client's handshake with 101: the request, and what is agreed about compression.
pub(crate) fn accept_with(
    peer: &mut Peer,
    policy: Option<&DeflatePolicy>,
) -> (String, Option<DeflateParams>) {
    let head = peer.head();
    let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
    let Ok(Status::Complete(complete)) = scanner.scan(head.as_bytes()) else { panic!("{head}") };
    let request = Request::parse(complete).unwrap();
    let upgrade = request.upgrade().unwrap();
    let mut answer = [0; 512];
    let acceptance = Acceptance { deflate: policy, ..Acceptance::default() };
    let accepted = upgrade.accept(&acceptance, &mut answer).unwrap();
    peer.send(&answer[..accepted.response_bytes]);
    (head, accepted.deflate)
}
