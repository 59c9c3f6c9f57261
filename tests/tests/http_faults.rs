//! Each allocation of the event loop fails once, while it receives bodies, answers later and sends
//! streams: one connection at most ends, with a part of what it would have been sent, the others do
//! not notice, and everything is given back.
//!
//! The simulation has room for all that the clients send and are sent, and the application for all
//! that it notes, so what fails is the worker's.

mod faulty;

use std::net::SocketAddr;
use std::time::Duration;

use alloc_chaos::Attempt;
use faulty::each_allocation_fails;
use longwire_server::simulation::{Client, Simulation};
use longwire_server::{
    Accept, Answer, Application, Chunk, Config, ConnectionId, Context, Incoming, Message, Peers,
    Response, Upgrade,
};

const ROOM: usize = 100_000;
/// When the application has news.
const NEWS_AT: Duration = Duration::from_secs(10);

/// Answers `/later` and `/stream` so, when it has news, and everything else at once: with 200 if the
/// body is 3,000 times `b`.
struct Desk {
    waiting: Vec<ConnectionId>,
    streaming: Vec<ConnectionId>,
    news: [Chunk; 2],
    news_at: Option<Duration>,
}

fn response(status: u16, body: &'static [u8]) -> Response {
    Response { status, headers: Vec::new(), body: body.into() }
}

impl Application for Desk {
    type Session = ();

    fn upgrade(&mut self, _: &Upgrade<'_>, _: SocketAddr) -> Result<Accept<()>, Response> {
        Ok(Accept::new(()))
    }

    fn message(&mut self, _: &mut Context<'_, ()>, _: Message<'_>) {}

    fn http(&mut self, _: &mut Peers<'_, ()>, incoming: &Incoming<'_>) -> Answer {
        match incoming.request.path() {
            "/later" => {
                self.waiting.push(incoming.id);
                Answer::Later
            }
            "/stream" => {
                self.streaming.push(incoming.id);
                Answer::Stream(response(200, b"begin"))
            }
            _ if incoming.body == [b'b'; 3_000] => response(200, b"seen").into(),
            _ => response(400, b"").into(),
        }
    }

    fn gone(&mut self, _: &mut Peers<'_, ()>, id: ConnectionId) {
        self.waiting.retain(|one| *one != id);
        self.streaming.retain(|one| *one != id);
    }

    fn next_timeout(&self) -> Option<Duration> {
        self.news_at
    }

    fn timeout(&mut self, peers: &mut Peers<'_, ()>) {
        self.news_at = None;
        for id in self.waiting.drain(..) {
            peers.exchange(id).expect("it waits").respond(&response(200, &[b'n'; 2_000]).into());
        }
        for &id in &self.streaming {
            if let Some(mut stream) = peers.exchange(id) {
                for chunk in &self.news {
                    stream.send_chunk(chunk);
                }
                stream.send(&[b'p'; 1_000]);
            }
        }
    }
}

struct World {
    simulation: Simulation<Desk>,
    /// A name, the client, what it sends in each step, and what it takes until the last one.
    peers: Vec<(&'static str, Client, [Vec<u8>; 3], usize)>,
}

fn prepare() -> World {
    let body = "b".repeat(3_000);
    let sized = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n{body}");
    let chunked = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
         7d0\r\n{}\r\n3e8\r\n{}\r\n0\r\n\r\n",
        &body[..2_000],
        &body[2_000..]
    );
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
    let cut = |bytes: &str, at: [usize; 2]| {
        [&bytes[..at[0]], &bytes[at[0]..at[1]], &bytes[at[1]..]]
            .map(|part| part.as_bytes().to_vec())
    };
    let table = [
        ("sends a body in pieces", cut(&sized, [20, 1_000]), ROOM),
        ("sends chunks in pieces", cut(&chunked, [90, 1_000]), 30),
        ("sends both at once", [[sized, chunked].concat().into_bytes(), vec![], vec![]], ROOM),
        ("waits", [[get("/later"), get("/")].concat(), vec![], vec![]], 100),
        ("has a stream", [get("/stream"), vec![], vec![]], ROOM),
        ("has a stream and takes nothing", [get("/stream"), vec![], vec![]], 0),
        (
            "has a stream in HTTP/1.0",
            [b"GET /stream HTTP/1.0\r\n\r\n".to_vec(), vec![], vec![]],
            100,
        ),
    ];
    let news = [&[b'n'; 500][..], b"short"].map(|news| Chunk::new(news).expect("memory"));
    let (waiting, streaming) = (Vec::with_capacity(8), Vec::with_capacity(8));
    let desk = Desk { waiting, streaming, news, news_at: Some(NEWS_AT) };
    let config = Config { read_buffer_bytes: 8 * 1024, ..Config::default() };
    let mut simulation = Simulation::new(1, config, desk);
    let peers = table.map(|(name, steps, window)| {
        let client = simulation.connect();
        client.reserve(ROOM);
        client.set_window(window);
        (name, client, steps, window)
    });
    World { simulation, peers: peers.into() }
}

fn run(world: &mut World) {
    for step in 0..3 {
        for (_, client, steps, _) in &world.peers {
            client.send(&steps[step]);
        }
        world.simulation.run();
    }
    world.simulation.run_for(NEWS_AT);
    world.peers.iter().for_each(|(_, client, ..)| client.set_window(ROOM));
    world.simulation.run();
    world.peers.iter().for_each(|(_, client, ..)| client.end_stream());
    world.simulation.run();
}

fn received(world: &World) -> Vec<Vec<u8>> {
    world.peers.iter().map(|(_, client, ..)| client.receive()).collect()
}

fn check(world: Option<World>, usual: &[Vec<u8>], attempt: &Attempt) {
    let mut world = world.unwrap_or_else(|| panic!("the worker panics: {attempt:?}"));
    let mut hurt = Vec::new();
    for (((name, client, ..), usual), received) in
        world.peers.iter().zip(usual).zip(received(&world))
    {
        assert!(client.is_closed(), "{attempt:?}: who {name} is left open");
        if received != *usual {
            // What there was no memory for to be received may have an answer that says so.
            let same = received.iter().zip(usual).take_while(|(a, b)| a == b).count();
            let rest = String::from_utf8_lossy(&received[same..]);
            let says_so = rest.starts_with("503 Service Unavailable\r\nConnection: close\r\n");
            assert!(rest.is_empty() || says_so, "{attempt:?}: who {name} gets {rest}");
            hurt.push(name);
        }
    }
    assert!(hurt.len() <= 1, "{attempt:?}: {hurt:?}");
    let simulation = &mut world.simulation;
    let left = (simulation.connections(), simulation.connections_with_buffers());
    assert_eq!(left, (0, 0), "{attempt:?}");
    let desk = simulation.application();
    assert_eq!((desk.waiting.len(), desk.streaming.len()), (0, 0), "{attempt:?}");
}

#[test]
fn each_allocation_fails_once_and_one_connection_at_most_notices() {
    let mut world = prepare();
    run(&mut world);
    let usual = received(&world);
    let answers = [1, 1, 2, 2, 1, 1, 1];
    for ((received, answers), (name, ..)) in usual.iter().zip(answers).zip(&world.peers) {
        let text = String::from_utf8_lossy(received);
        assert_eq!(text.matches("HTTP/1.1 ").count(), answers, "who {name}: {text}");
    }
    drop(world);
    let failed = each_allocation_fails(
        "plain HTTP",
        prepare,
        run,
        |_, _| false,
        |attempt, world| check(world, &usual, attempt),
    );
    assert!(failed > 20, "{failed} allocations");
}
