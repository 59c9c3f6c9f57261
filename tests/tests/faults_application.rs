//! The application panics, in each of its callbacks: the connection that it was called for ends,
//! with 1011 or 500, the others do not notice, and each end is told once.

mod simulated;

use std::net::SocketAddr;
use std::panic;
use std::time::Duration;

use longwire_server::simulation::{Client, Simulation};
use longwire_server::{
    Accept, Answer, Application, CloseCode, Closure, Config, ConnectionId, Context, Incoming,
    Initiator, Message, Peers, Response, Sent, Upgrade,
};
use simulated::{frame, request};

/// Echoes, and panics in the callback that is called as the path, or the message, says.
#[derive(Default)]
struct Fragile {
    opened: usize,
    closures: Vec<Closure>,
}

const FAULT: &str = "the application is wrong";

fn panic_if(wanted: bool) {
    if wanted {
        panic::panic_any(FAULT);
    }
}

impl Application for Fragile {
    type Session = String;

    fn upgrade(
        &mut self,
        upgrade: &Upgrade<'_>,
        _: SocketAddr,
    ) -> Result<Accept<String>, Response> {
        let path = upgrade.request().path();
        panic_if(path == "/upgrade");
        Ok(Accept::new(path.to_owned()))
    }

    fn open(&mut self, context: &mut Context<'_, String>) {
        self.opened += 1;
        context.send(Message::Text("welcome"));
        panic_if(context.session() == "/open");
    }

    fn message(&mut self, context: &mut Context<'_, String>, message: Message<'_>) {
        context.send(message);
        panic_if(message == Message::Text("panic"));
    }

    fn ping(&mut self, _: &mut Context<'_, String>, payload: &[u8]) {
        panic_if(payload == b"panic");
    }

    fn pong(&mut self, context: &mut Context<'_, String>, payload: &[u8]) {
        if payload == b"close and panic" {
            context.close(CloseCode::NORMAL, "").expect("an open connection");
        }
        panic_if(payload.ends_with(b"panic"));
    }

    fn close(
        &mut self,
        _: &mut Peers<'_, String>,
        _: ConnectionId,
        session: String,
        closure: Closure,
    ) {
        self.closures.push(closure);
        panic_if(session == "/close");
    }

    fn http(&mut self, _: &mut Peers<'_, String>, _: &Incoming<'_>) -> Answer {
        panic::panic_any(FAULT)
    }
}

fn connect(simulation: &mut Simulation<Fragile>, path: &str) -> Client {
    let client = simulation.connect();
    client.send(request(path, "").as_bytes());
    simulation.run();
    client
}

/// What came behind the 101.
fn frames(received: &[u8]) -> &[u8] {
    assert!(received.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(received));
    let head = received.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a whole head");
    &received[head + 4..]
}

const WELCOME: &[u8] = b"\x81\x07welcome";
const FAILED: &[u8] = b"\x88\x17\x03\xf3the server has failed";
const LOST: (CloseCode, Initiator) = (CloseCode::ABNORMAL, Initiator::Nobody);

/// Where it panics, the path, what the client sends, what it is sent behind the welcome, and what
/// the application is told.
type Row = (&'static str, &'static str, Vec<u8>, Vec<u8>, (CloseCode, Initiator));

fn table() -> Vec<Row> {
    // What comes behind the input that it panics at is not looked at.
    let behind = frame(0x81, b"more");
    let with = |first: &[u8]| [first, &behind].concat();
    let peer = (CloseCode::NORMAL, Initiator::Peer);
    vec![
        ("open", "/open", behind.clone(), FAILED.to_vec(), LOST),
        ("message", "/", with(&frame(0x81, b"panic")), [b"\x81\x05panic", FAILED].concat(), LOST),
        ("ping", "/", with(&frame(0x89, b"panic")), [b"\x8a\x05panic", FAILED].concat(), LOST),
        ("pong", "/", with(&frame(0x8a, b"panic")), FAILED.to_vec(), LOST),
        // The one Close that it may send is out already.
        (
            "closing",
            "/",
            with(&frame(0x8a, b"close and panic")),
            b"\x88\x02\x03\xe8".to_vec(),
            LOST,
        ),
        ("close", "/close", frame(0x88, b"\x03\xe8"), b"\x88\x02\x03\xe8".to_vec(), peer),
    ]
}

#[test]
fn a_panic_of_the_application_ends_the_connection_that_it_was_called_for() {
    hide_expected_panics();
    for (callback, path, sent, expected, told) in table() {
        let config = Config { max_connections: 2, ..Config::default() };
        let mut simulation = Simulation::new(1, config, Fragile::default());
        let other = connect(&mut simulation, "/");
        let hurt = connect(&mut simulation, path);
        hurt.send(&sent);
        other.send(&frame(0x81, b"before"));
        simulation.run();
        other.send(&frame(0x81, b"behind"));
        simulation.run();
        let received = hurt.receive();
        assert_eq!(frames(&received), [WELCOME, &expected].concat(), "{callback}");
        let received = other.receive();
        let echoes = [WELCOME, b"\x81\x06before\x81\x06behind"].concat();
        assert_eq!(frames(&received), echoes, "{callback}");
        // The end of the stream is announced, as it is behind every Close.
        assert!(hurt.is_ended() && !hurt.is_closed(), "{callback}");
        hurt.end_stream();
        simulation.run_for(Duration::from_secs(1));
        assert!(hurt.is_closed() && !hurt.was_cut_off(), "{callback}");
        assert_eq!((simulation.connections(), simulation.connections_with_buffers()), (1, 0));
        let [closure] = simulation.application().closures[..] else {
            panic!("{callback}: told once")
        };
        assert_eq!((closure.code, closure.initiator), told, "{callback}");
        assert_eq!(simulation.application().opened, 2);
        // Its place is free again.
        let next = connect(&mut simulation, "/").receive();
        assert_eq!(frames(&next), WELCOME, "{callback}: the next connection");
    }
}

#[test]
fn a_panic_at_a_request_is_answered_with_500() {
    hide_expected_panics();
    let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned();
    for (callback, head) in [("http", get), ("upgrade", request("/upgrade", ""))] {
        for cut in [0, 20] {
            let config = Config { max_connections: 1, ..Config::default() };
            let mut simulation = Simulation::new(1, config, Fragile::default());
            let client = simulation.connect();
            client.send(&head.as_bytes()[..cut]);
            simulation.run();
            client.send(&head.as_bytes()[cut..]);
            simulation.run();
            let answer = String::from_utf8(client.receive()).expect("ASCII");
            assert!(answer.starts_with("HTTP/1.1 500 "), "{callback}: {answer}");
            assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{callback}: {answer}");
            client.end_stream();
            simulation.run();
            assert!(client.is_closed(), "{callback}");
            assert_eq!(simulation.connections(), 0, "{callback}");
            let application = simulation.application();
            assert_eq!((application.opened, application.closures.len()), (0, 0), "{callback}");
            let next = connect(&mut simulation, "/").receive();
            assert_eq!(frames(&next), WELCOME, "{callback}: the next connection");
        }
    }
}

#[test]
fn a_session_that_panics_when_it_is_dropped_ends_its_own_connection() {
    hide_expected_panics();
    // The path, the answer to the handshake, and how often the end is told.
    for (path, answer, closures) in [("/", "101", 1), ("/wrong-answer", "500", 0)] {
        let config = Config { max_connections: 1, ..Config::default() };
        let mut simulation = Simulation::new(1, config, Brittle::default());
        for round in 1..=2 {
            let client = simulation.connect();
            client.send(request(path, "").as_bytes());
            simulation.run();
            client.end_stream();
            simulation.run();
            let received = String::from_utf8(client.receive()).expect("ASCII");
            assert!(received.starts_with(&format!("HTTP/1.1 {answer} ")), "{path}: {received}");
            assert_eq!(received.matches("HTTP/1.1").count(), 1, "{path}: {received}");
            assert!(client.is_closed(), "{path}");
            assert_eq!(simulation.connections(), 0, "{path}");
            assert_eq!(simulation.application().closures, round * closures, "{path}");
        }
    }
}

/// Accepts with sessions that panic when they are dropped, and, where the path says so, with a
/// header that cannot be sent.
#[derive(Default)]
struct Brittle {
    closures: usize,
}

struct Shard;

impl Drop for Shard {
    fn drop(&mut self) {
        panic_if(true);
    }
}

impl Application for Brittle {
    type Session = Shard;

    fn upgrade(&mut self, upgrade: &Upgrade<'_>, _: SocketAddr) -> Result<Accept<Shard>, Response> {
        let mut accept = Accept::new(Shard);
        if upgrade.request().path() == "/wrong-answer" {
            accept.headers.push(("A".into(), "\r\n".into()));
        }
        Ok(accept)
    }

    fn message(&mut self, _: &mut Context<'_, Shard>, _: Message<'_>) {}

    fn close(&mut self, _: &mut Peers<'_, Shard>, _: ConnectionId, _: Shard, _: Closure) {
        self.closures += 1;
    }
}

/// What was sent to others before the panic is whole, and goes out.
#[test]
fn what_a_panic_leaves_for_others_is_sent() {
    hide_expected_panics();
    let mut simulation = Simulation::new(1, Config::default(), Relay::default());
    let [from, to] = [(); 2].map(|()| {
        let client = simulation.connect();
        client.send(request("/", "").as_bytes());
        simulation.run();
        assert_eq!(frames(&client.receive()), b"");
        client
    });
    from.send(&[frame(0x81, b"news"), frame(0x81, b"more")].concat());
    simulation.run();
    assert_eq!(from.receive(), FAILED);
    // Of the end it was told in a call that panics too.
    assert_eq!(to.receive(), b"\x81\x04news\x81\x03end");
    simulation.shut_down();
    simulation.run_for(Duration::from_secs(60));
    assert!(simulation.is_over() && to.is_closed());
}

/// Sends each message, and word of each end, to everybody else, and panics then.
#[derive(Default)]
struct Relay(Vec<ConnectionId>);

impl Relay {
    fn tell(&self, peers: &mut Peers<'_, ()>, from: ConnectionId, message: Message<'_>) {
        for id in self.0.iter().filter(|id| **id != from) {
            if let Some(mut peer) = peers.get(*id) {
                assert_eq!(peer.send(message), Sent::Now);
            }
        }
        panic_if(true);
    }
}

impl Application for Relay {
    type Session = ();

    fn upgrade(&mut self, _: &Upgrade<'_>, _: SocketAddr) -> Result<Accept<()>, Response> {
        Ok(Accept::new(()))
    }

    fn open(&mut self, context: &mut Context<'_, ()>) {
        self.0.push(context.id());
    }

    fn message(&mut self, context: &mut Context<'_, ()>, message: Message<'_>) {
        let from = context.id();
        self.tell(&mut context.peers(), from, message);
    }

    fn close(&mut self, peers: &mut Peers<'_, ()>, id: ConnectionId, (): (), _: Closure) {
        self.tell(peers, id, Message::Text("end"));
    }
}

/// The panics of this application are not shown; others are.
fn hide_expected_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let show = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if panic.payload().downcast_ref::<&str>() != Some(&FAULT) {
                show(panic);
            }
        }));
    });
}
