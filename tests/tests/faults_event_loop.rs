//! Each allocation of the event loop fails once, while it accepts, shakes hands, receives, sends,
//! fans out and closes: one connection at most is refused or ends, the others do not notice, and
//! everything is given back.
//!
//! The simulation has room for all that the clients send and are sent, and the application for all
//! that it notes, so what fails is the worker's.

mod faulty;
mod simulated;

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use alloc_chaos::Attempt;
use faulty::each_allocation_fails;
use longwire::handshake::DeflateParams;
use longwire::{Connection, Outbound, WebSocket};
use longwire_server::simulation::{Client, Simulation};
use longwire_server::{
    Accept, Application, CloseCode, Closure, Compression, Config, ConnectionId, Context, Limits,
    Message, Peers, Prepared, Response, SendOptions, Sent, Upgrade,
};
use longwire_tests::vector::KEY;
use simulated::{frame, request};

const LARGE: usize = 60_000;
const ROOM: usize = 4 * LARGE;

/// Echoes; a text goes to everybody who is open. What cannot be sent closes the connection.
struct Hub {
    open: Vec<ConnectionId>,
    opened: usize,
    closures: Vec<Closure>,
    news: [Prepared; 2],
}

impl Application for Hub {
    type Session = ();

    fn upgrade(&mut self, _: &Upgrade<'_>, _: SocketAddr) -> Result<Accept<()>, Response> {
        Ok(Accept::new(()))
    }

    fn open(&mut self, context: &mut Context<'_, ()>) {
        self.opened += 1;
        self.open.push(context.id());
    }

    fn message(&mut self, context: &mut Context<'_, ()>, message: Message<'_>) {
        match message {
            Message::Binary(_) => {
                if context.send(message) == Sent::Dropped {
                    // Unless it is to be dropped anyway.
                    let _closed = context.close(CloseCode::TRY_AGAIN_LATER, "no memory");
                }
            }
            Message::Text(_) => {
                let mut peers = context.peers();
                for id in &self.open {
                    if let Some(mut peer) = peers.get(*id) {
                        for news in &self.news {
                            peer.send_prepared(news);
                        }
                    }
                }
            }
        }
    }

    fn close(&mut self, _: &mut Peers<'_, ()>, id: ConnectionId, _: (), closure: Closure) {
        self.open.retain(|open| *open != id);
        self.closures.push(closure);
    }
}

/// A client, and what it sends in each step.
struct Peer {
    name: &'static str,
    client: Client,
    steps: Vec<Vec<u8>>,
    /// How many bytes it takes from when it is open until the last step.
    window: usize,
}

struct World {
    simulation: Simulation<Hub>,
    peers: Vec<Peer>,
    turns: usize,
}

const TALKER: &str = "has news for everybody";
/// The step in which the windows become small, and the one before which they are opened again.
const NARROW: usize = 2;
const WIDE: usize = 8;
const DEFLATE: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

fn close() -> Vec<u8> {
    frame(0x88, b"\x03\xe8")
}

/// Compressed messages, as a client sends them.
fn compressed(payloads: &[&[u8]]) -> Vec<u8> {
    let params = DeflateParams {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        ..DeflateParams::default()
    };
    let mut socket = WebSocket::with_deflate(Connection::client(Limits::default(), || KEY), params);
    let (mut outbound, mut out) = (Outbound::new(SendOptions::default()), Vec::new());
    for payload in payloads {
        let message = Message::Binary(payload);
        socket.send(message, Compression::Auto, &mut outbound, &mut out).expect("memory");
    }
    out
}

/// Four clients that do different things at the same time, and one of them has news for all.
fn prepare(news: &[u8]) -> World {
    // There is room for these clients, and for none besides.
    let config = Config { read_buffer_bytes: 8 * 1024, max_connections: 4, ..Config::default() };
    let mut outbound = Outbound::new(SendOptions::default());
    let prepared: [&[u8]; 2] = [&[b'n'; 300], b"short"];
    let prepared = prepared.map(|payload| {
        Prepared::new(Message::Binary(payload), Compression::Never, &mut outbound).expect("memory")
    });
    let (open, closures) = (Vec::with_capacity(8), Vec::with_capacity(8));
    let mut simulation =
        Simulation::new(1, config, Hub { open, opened: 0, closures, news: prepared });
    let [small, large] = [&b"small"[..], &[b'l'; LARGE]];
    let cut = frame(0x82, &[b'c'; 1000]);
    // The news is alone in its step, so that it has one place among the echoes.
    let table: [(&str, &str, usize, [Vec<u8>; 7]); 4] = [
        ("sends a large message and takes nothing", "", 0, {
            let (header, payload) = cut.split_at(3);
            let (begin, end) = payload.split_at(500);
            let behind = [&frame(0x89, b"ping"), &frame(0x82, &[b'm'; 1000]), header].concat();
            let (begin, end) = (begin.to_vec(), end.to_vec());
            [frame(0x82, small), frame(0x82, large), behind, begin, end, Vec::new(), close()]
        }),
        ("compresses", DEFLATE, 1000, {
            let two = compressed(&[large, &[b'k'; 1000]]);
            let fragments = [frame(0x02, b"two "), frame(0x80, b"fragments")].concat();
            let third = compressed(&[&b"compress this ".repeat(10)]);
            let ping = frame(0x89, b"ping");
            [compressed(&[small]), two, fragments, third, ping, Vec::new(), close()]
        }),
        (TALKER, "", ROOM, {
            let mut steps = [(); 7].map(|()| Vec::new());
            (steps[0], steps[5], steps[6]) = (frame(0x82, small), news.to_vec(), close());
            steps
        }),
        ("listens late", "", 0, {
            let mut steps = [(); 7].map(|()| Vec::new());
            steps[6] = close();
            steps
        }),
    ];
    let peers = table.map(|(name, lines, window, rest)| {
        let client = simulation.connect();
        client.reserve(ROOM);
        client.set_window(ROOM);
        let request = request("/", lines);
        let (begin, end) = request.as_bytes().split_at(100);
        let steps = [begin.to_vec(), end.to_vec()].into_iter().chain(rest).collect();
        Peer { name, client, steps, window }
    });
    World { simulation, peers: peers.into(), turns: 0 }
}

fn run(world: &mut World) {
    let World { simulation, peers, turns } = world;
    for step in 0..=WIDE {
        for peer in peers.iter() {
            match step {
                NARROW => peer.client.set_window(peer.window),
                WIDE => peer.client.set_window(ROOM),
                _ => {}
            }
            peer.client.send(&peer.steps[step]);
        }
        *turns += simulation.run();
    }
    peers.iter().for_each(|peer| peer.client.end_stream());
    *turns += simulation.run();
}

/// Whether this is what a connection that ends early is sent: a part of what it would have been
/// sent, and at most a Close with 1011 or 1013. Behind that a Ping is still answered.
fn assert_cut_short(received: &[u8], usual: &[u8], name: &str) {
    let same = received.iter().zip(usual).take_while(|(a, b)| a == b).count();
    match &received[same..] {
        [] => {}
        [0x88, len, 0x03, 0xf3 | 0xf5, more @ ..]
            if matches!(more.get(usize::from(*len) - 2..), Some(b"" | b"\x8a\x04ping")) => {}
        rest => panic!(
            "{name}: after {same} bytes there should be {:02x?}, and are {:02x?}",
            &usual[same..usual.len().min(same + 20)],
            &rest[..rest.len().min(20)],
        ),
    }
}

/// What the clients are sent when nothing fails, and in how many turns.
struct Usual {
    with_news: Vec<Vec<u8>>,
    without: Vec<Vec<u8>>,
    turns: usize,
}

/// Says whether somebody was told that the server has failed: zlib-rs has panicked.
fn check(world: Option<World>, usual: &Usual, attempt: &Attempt) -> bool {
    let mut world = world.unwrap_or_else(|| panic!("the worker panics: {attempt:?}"));
    assert!(world.turns <= usual.turns + 20, "{} turns: {attempt:?}", world.turns);
    let mut hurt = Vec::new();
    let received: Vec<_> = world.peers.iter().map(|peer| peer.client.receive()).collect();
    // Where it was the one with the news that ended, there is no news.
    let talker = world.peers.iter().position(|peer| peer.name == TALKER).expect("it is there");
    let with_news = received[talker] == usual.with_news[talker];
    let usual = if with_news { &usual.with_news } else { &usual.without };
    for ((peer, usual), received) in world.peers.iter().zip(usual).zip(&received) {
        if received != usual {
            assert_cut_short(received, usual, &format!("{attempt:?}: who {}", peer.name));
            hurt.push(peer.name);
        }
        assert!(peer.client.is_closed(), "{attempt:?}: who {} is left open", peer.name);
    }
    assert!(hurt.len() <= 1, "{attempt:?}: {hurt:?}");
    let simulation = &mut world.simulation;
    assert_eq!(simulation.connections_with_buffers(), 0, "{attempt:?}");
    assert_eq!(simulation.connections(), 0, "{attempt:?}");
    let hub = simulation.application();
    assert_eq!((hub.open.len(), hub.closures.len()), (0, hub.opened), "{attempt:?}");

    // The server goes on, with room for as many as before.
    for client in [(); 4].map(|()| simulation.connect()) {
        client.send(&[request("/", "").as_bytes(), &frame(0x82, b"hello")].concat());
        simulation.run_for(Duration::from_secs(1));
        assert!(client.receive().ends_with(b"\r\n\r\n\x82\x05hello"), "{attempt:?}");
    }
    received.iter().any(|received| received.ends_with(b"\x03\xf3the server has failed"))
}

#[test]
fn each_allocation_fails_once_and_one_connection_at_most_notices() {
    let news = frame(0x81, b"news");
    let [(with_news, turns), (without, _)] = [&news[..], b""].map(|news| {
        let mut world = prepare(news);
        run(&mut world);
        let received: Vec<_> = world.peers.iter().map(|peer| peer.client.receive()).collect();
        assert!(received.iter().all(|bytes| bytes.ends_with(b"\x88\x02\x03\xe8")));
        (received, world.turns)
    });
    let usual = Usual { with_news, without, turns };
    let panics = Cell::new(0);
    let failed = each_allocation_fails(
        "the event loop",
        || prepare(&news),
        run,
        |_, _| false,
        |attempt, world| panics.set(panics.get() + usize::from(check(world, &usual, attempt))),
    );
    assert!(failed > 30, "{failed} allocations");
    assert_eq!(panics.get(), 2, "one for the decoder and one for the compressor");
}
