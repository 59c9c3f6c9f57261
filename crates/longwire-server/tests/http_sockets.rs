//! Plain HTTP on real sockets: streams and later answers that other threads feed, over loopback, with
//! clients that are nothing but `std::net`.

use longwire_server::{
    Accept, Answer, Application, Chunk, Config, ConnectionId, Context, Handle, Incoming, Message,
    Peers, Response, Server, Upgrade, Waker,
};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const STREAM: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// What the test and the workers share: news for each worker, its waker, and what was noted.
struct Newsroom {
    workers: Mutex<Vec<(Sender<Chunk>, Waker)>>,
    notes: Mutex<Sender<String>>,
}

impl Newsroom {
    fn note(&self, note: &str) {
        self.notes.lock().unwrap().send(note.into()).unwrap();
    }

    /// Sends a piece to every stream of every worker, framed once.
    fn publish(&self, piece: &[u8]) {
        let chunk = Chunk::new(piece).unwrap();
        for (news, waker) in &*self.workers.lock().unwrap() {
            news.send(chunk.clone()).unwrap();
            waker.wake();
        }
    }
}

/// `/stream` gets all news; `/later` waits for the next and has its length; everything else is
/// answered with its body.
struct Desk {
    room: Arc<Newsroom>,
    news: Receiver<Chunk>,
    streams: Vec<ConnectionId>,
    waiting: Vec<ConnectionId>,
}

impl Application for Desk {
    type Session = ();

    fn upgrade(&mut self, _: &Upgrade<'_>, _: SocketAddr) -> Result<Accept<()>, Response> {
        Err(Response::text(404, "there are no WebSockets here\n"))
    }

    fn message(&mut self, _: &mut Context<'_, ()>, _: Message<'_>) {}

    fn http(&mut self, _: &mut Peers<'_, ()>, incoming: &Incoming<'_>) -> Answer {
        let (list, answer) = match incoming.request.path() {
            "/stream" => {
                let head = Response { status: 200, headers: Vec::new(), body: b"".into() };
                (&mut self.streams, Answer::Stream(head))
            }
            "/later" => (&mut self.waiting, Answer::Later),
            _ => {
                let body = incoming.body.to_vec().into();
                return Response { status: 200, headers: Vec::new(), body }.into();
            }
        };
        list.push(incoming.id);
        self.room.note("asked");
        answer
    }

    fn gone(&mut self, _: &mut Peers<'_, ()>, id: ConnectionId) {
        self.streams.retain(|stream| *stream != id);
        self.waiting.retain(|waiting| *waiting != id);
        self.room.note("gone");
    }

    fn wake(&mut self, peers: &mut Peers<'_, ()>) {
        for chunk in self.news.try_iter() {
            for &id in &self.streams {
                peers.exchange(id).unwrap().send_chunk(&chunk);
            }
            for id in self.waiting.drain(..) {
                let answer = Response::text(200, chunk.framed().len().to_string()).into();
                peers.exchange(id).unwrap().respond(&answer);
            }
        }
    }
}

struct Running {
    address: SocketAddr,
    room: Arc<Newsroom>,
    notes: Receiver<String>,
    handle: Handle,
    thread: JoinHandle<std::io::Result<()>>,
}

impl Running {
    fn new(threads: usize) -> Self {
        let listen = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
        let server = Server::bind(Config { threads, listen, ..Config::default() }).unwrap();
        let (address, handle) = (server.addresses()[0], server.handle());
        let (sender, notes) = mpsc::channel();
        let room = Arc::new(Newsroom { workers: Mutex::default(), notes: Mutex::new(sender) });
        let shared = Arc::clone(&room);
        let factory = move |waker: Waker| {
            let (sender, news) = mpsc::channel();
            shared.workers.lock().unwrap().push((sender, waker));
            Desk { room: Arc::clone(&shared), news, streams: Vec::new(), waiting: Vec::new() }
        };
        Self { address, room, notes, handle, thread: thread::spawn(|| server.run(factory)) }
    }

    fn ask(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        // Only a test that fails waits for this long.
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).unwrap();
        stream
    }

    /// Waits until so many clients have been noted like this.
    fn expect(&self, note: &str, times: usize) {
        for _ in 0..times {
            assert_eq!(self.notes.recv_timeout(Duration::from_secs(30)).unwrap(), note);
        }
    }
}

fn read(stream: &mut TcpStream, len: usize) -> String {
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn news_from_another_thread_reaches_the_streams_of_all_workers() {
    let server = Running::new(2);
    let mut streams: Vec<TcpStream> = (0..8).map(|_| server.ask("/stream")).collect();
    let mut later = server.ask("/later");
    server.expect("asked", 9);
    for stream in &mut streams {
        assert_eq!(read(stream, STREAM.len()), STREAM);
    }
    server.room.publish(b"data: 1\n\n");
    let expected = "9\r\ndata: 1\n\n\r\n";
    for stream in &mut streams {
        assert_eq!(read(stream, expected.len()), expected);
    }
    let expected = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\
        Content-Type: text/plain; charset=utf-8\r\n\r\n14";
    assert_eq!(read(&mut later, expected.len()), expected, "the length of the chunk");
    // Who leaves is noticed; the others go on.
    drop(streams.split_off(4));
    server.expect("gone", 4);
    server.room.publish(b"2");
    for stream in &mut streams {
        assert_eq!(read(stream, 6), "1\r\n2\r\n");
    }
    // The connection of the later answer goes on too.
    later.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc").unwrap();
    let expected = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(read(&mut later, expected.len()), expected);
    server.handle.shut_down();
    for stream in &mut streams {
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "0\r\n\r\n");
    }
    drop((streams, later));
    server.expect("gone", 4);
    server.thread.join().unwrap().unwrap();
}

#[test]
fn a_large_body_comes_in_pieces_and_a_large_answer_goes_out_so() {
    let server = Running::new(1);
    let mut stream = server.ask("/");
    assert_eq!(read(&mut stream, 38), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let body = "b".repeat(1 << 20);
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    for piece in body.as_bytes().chunks(100_001) {
        stream.write_all(piece).unwrap();
    }
    let expected = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    assert!(read(&mut stream, expected.len()) == expected);
    drop(stream);
    server.handle.shut_down();
    server.thread.join().unwrap().unwrap();
}
