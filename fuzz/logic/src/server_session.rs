//! A whole echo server over the simulated network, and clients that do anything: it sends nothing
//! but a response and valid frames, it lets nobody's misbehaviour reach another, and when its
//! deadlines have passed nothing is left.

use crate::shape;
use arbitrary::{Result, Unstructured};
use longwire::handshake::{HeadLimits, HeadScanner, Response as Answer, Status};
use longwire::{CloseCode, Closure, Connection, ControlFrames, Event, Input, Limits};
use longwire_server::simulation::{Client, Simulation};
use longwire_server::{
    Accept, Application, Config, ConnectionId, Context, Message, Peers, Response, Upgrade,
};
use longwire_tests::vector::KEY;
use std::net::SocketAddr;
use std::time::Duration;

const MAX_CLIENTS: usize = 4;
const MAX_OPERATIONS: usize = 200;
const HANDSHAKE: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
/// A masked text frame, and its echo.
const HELLO: (&[u8], &[u8]) = (b"\x81\x85\x00\x00\x00\x00Hello", b"\x81\x05Hello");

/// An echo server that counts who comes and goes.
#[derive(Default)]
struct Echo {
    open: usize,
}

impl Application for Echo {
    type Session = ();

    fn upgrade(
        &mut self,
        _: &Upgrade<'_>,
        _: SocketAddr,
    ) -> core::result::Result<Accept<()>, Response> {
        Ok(Accept::new(()))
    }

    fn open(&mut self, _: &mut Context<'_, ()>) {
        self.open += 1;
    }

    fn message(&mut self, context: &mut Context<'_, ()>, message: Message<'_>) {
        context.send(message);
    }

    fn close(&mut self, _: &mut Peers<'_, ()>, _: ConnectionId, (): (), _: Closure) {
        self.open -= 1;
    }
}

struct Peer {
    client: Client,
    received: Vec<u8>,
}

/// Runs one input: a seed and the sizes of buffers, then operations of the clients.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let u = &mut Unstructured::new(data);
    let (seed, sizes): (u8, u8) = u.arbitrary()?;
    let mut config = Config::default();
    if sizes & 1 != 0 {
        config.read_buffer_bytes = 520;
        config.outbox_low_water_bytes = 10;
        config.outbox_high_water_bytes = 300;
        config.max_outbox_bytes = 2000;
    }
    config.limits.max_message_bytes = if sizes & 2 != 0 { 1000 } else { 100_000 };
    config.deflate = config.deflate.filter(|_| sizes & 4 == 0);
    config.max_connections = if sizes & 8 != 0 { 2 } else { 100 };
    let mut simulation = Simulation::new(seed.into(), config, Echo::default());
    let mut peers = Vec::new();
    for _ in 0..MAX_OPERATIONS {
        if u.is_empty() {
            break;
        }
        operate(u, &mut simulation, &mut peers)?;
    }
    finish(&mut simulation, &mut peers);
    Ok(())
}

fn operate(
    u: &mut Unstructured<'_>,
    simulation: &mut Simulation<Echo>,
    peers: &mut Vec<Peer>,
) -> Result<()> {
    let operation: u8 = u.arbitrary()?;
    if operation < 16 && peers.len() < MAX_CLIENTS {
        let client = simulation.connect();
        if operation & 1 == 0 {
            client.send(HANDSHAKE);
        }
        peers.push(Peer { client, received: Vec::new() });
        return Ok(());
    }
    let count = peers.len();
    let Some(peer) = peers.get_mut(usize::from(operation) % count.max(1)) else { return Ok(()) };
    match operation >> 4 {
        0..6 => peer.client.send(shape::short(u)?),
        6..8 => peer.client.send(HELLO.0),
        8 => peer.receive(),
        9 => peer.client.set_window(u.arbitrary::<u8>()?.into()),
        10 => peer.client.set_max_write(usize::from(u.arbitrary::<u8>()?) + 1),
        11 if operation & 8 == 0 => peer.client.end_stream(),
        11 => peer.client.reset(),
        12 if operation & 12 == 0 => peer.client.refuse_writes(),
        12 if operation & 12 == 4 => simulation.shut_down(),
        13 => drop(simulation.run_for(Duration::from_millis(u64::from(u.arbitrary::<u8>()?) * 100))),
        _ => drop(simulation.run()),
    }
    Ok(())
}

fn finish(simulation: &mut Simulation<Echo>, peers: &mut [Peer]) {
    for peer in peers.iter_mut() {
        peer.client.set_window(usize::MAX / 2);
    }
    simulation.run();
    peers.iter_mut().for_each(Peer::receive);
    // Longer than all deadlines together, with a Ping that nobody answers.
    simulation.run_for(Duration::from_secs(600));
    assert_eq!(simulation.connections(), 0, "somebody is still there");
    assert_eq!(simulation.application().open, 0, "opened, and not closed");
    if !simulation.is_over() {
        let client = simulation.connect();
        client.send(HANDSHAKE);
        simulation.run();
        client.send(HELLO.0);
        simulation.run();
        assert!(client.receive().ends_with(HELLO.1), "the next client gets no echo");
    }
    peers.iter_mut().for_each(Peer::check);
}

impl Peer {
    fn receive(&mut self) {
        self.received.extend(self.client.receive());
    }

    /// Holds what has come to the rules: a response, then frames, and nothing but Pongs behind a
    /// Close.
    fn check(&mut self) {
        self.receive();
        let mut scanner = HeadScanner::new(HeadLimits::default());
        let Ok(Status::Complete(head)) = scanner.scan(&self.received) else {
            // Cut off, where the client took no more.
            let (begun, len) = (self.received.starts_with(b"HTTP/1.1 "), self.received.len());
            return assert!(len < 9 || (begun && len < 1000), "{len} bytes, and no response");
        };
        let response = Answer::parse(head).expect("a response");
        if response.status() != 101 {
            return;
        }
        let is_deflate = response.headers().values("Sec-WebSocket-Extensions").next().is_some();
        let sent = &self.received[head.bytes().len()..];
        let mut frames = sent.to_vec();
        let mut connection = Connection::client(Limits::default(), || KEY);
        if is_deflate {
            connection = connection.with_deflate();
        }
        let mut control = ControlFrames::new();
        let mut input = Input::new(&mut frames);
        loop {
            let left = input.len();
            match connection.receive(&mut input, &mut control) {
                Ok(Some(Event::Close(close))) => {
                    // RFC 6455 §5.5.1: no data behind a Close. A Ping may still be answered, until
                    // the peer's Close comes (§5.5.2). The last Pong may be cut off.
                    let has_code = close.code != CloseCode::NO_STATUS;
                    let close_len = 2 + close.reason.len() + if has_code { 2 } else { 0 };
                    let mut behind = &sent[sent.len() - left + close_len..];
                    while let [0x8a, rest @ ..] = behind {
                        let len = rest.first().map_or(0, |&len| usize::from(len));
                        behind = rest.get(1 + len..).unwrap_or_default();
                    }
                    assert!(behind.is_empty(), "behind the Close: {behind:02x?}");
                }
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => panic!("the server sends: {error}"),
            }
        }
    }
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let operations: [&[u8]; 11] = [
        b"\x00\xf0\x60\xf0\x80\x10\x08\x88\x82\0\0\0\0\x03\xe8\xf0",
        b"\x00\x10\x0c\x01\x83\0\0\0\0Hel\x80\x82\0\0\0\0\xf0\xd0\x20",
        b"\x00\xf0\x10\x0d\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\0\xf0",
        b"\x01\x10\x12GET / HTTP/1.1\r\n\r\n\xf0",
        b"\x01\x10\x05GET /\xd0\xff",
        b"\x00\x90\x05\xa0\x01\x60\x60\x60\x60\xf0\x80\xf0\x80\xf0",
        b"\x00\x00\x00\x60\x61\x62\xf0\xb8\xb1\xc2\xf0",
        b"\x00\xf0\xc4\x60\xf0\xd0\xff",
        b"\x00\xf0\x10\x06\x81\x05Hello\xf0\xd0\xff",
        b"\x00\x90\x00\x10\x08\x89\x82\0\0\0\0hi\x10\x08\x89\x82\0\0\0\0ho\xf0\x90\xff\xf0",
        // A Ping behind the server's Close.
        b"\x00\xf0\xc4\xf0\x10\x08\x89\x82\0\0\0\0hi\xf0",
    ];
    shape::product(&[&[0, 0], &[1, 1], &[2, 0x0e]], &operations.map(Vec::from))
}
