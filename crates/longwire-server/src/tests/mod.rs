//! The worker over the simulated network: an application that does what it is told in messages, and
//! clients that write frames by hand.

mod accepting;
mod backpressure;
mod calls;
mod chaos;
mod closing;
mod deadlines;
mod desk;
mod handshaking;
mod http10;
mod long_messages;
mod prepared;
mod requests;
mod shutdown;
mod streams;

use crate::simulation::{Client, Simulation};
use crate::{
    Accept, Answer, Application, Closure, Compression, Config, ConnectionId, Context, Incoming,
    Message, Peers, Response, Sent, Upgrade,
};
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) const REQUEST: &str = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// The same, with an offer to compress.
pub(crate) fn request_with_deflate() -> String {
    REQUEST.replace("\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
}

pub(crate) const TEXT: u8 = 0x81;
pub(crate) const BINARY: u8 = 0x82;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8a;

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A frame from a client. The masking key does not matter to anybody here.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(len @ 0..=125), _) => frame.push(0x80 | len),
        (_, Ok(len)) => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&len.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    let key = [1, 2, 3, 4];
    frame.extend_from_slice(&key);
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// A frame from the server.
pub(crate) fn reply(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = frame(first, payload);
    frame[1] &= !0x80;
    let header_len = frame.len() - payload.len();
    frame.truncate(header_len - 4);
    frame.extend_from_slice(payload);
    frame
}

/// The server's frames: the first byte of each, and its payload.
pub(crate) fn frames(mut wire: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut found = Vec::new();
    while let [first, length, rest @ ..] = wire {
        let (len, rest) = match (length, rest) {
            (126, [a, b, rest @ ..]) => (usize::from(u16::from_be_bytes([*a, *b])), rest),
            (127, [a, b, c, d, e, f, g, h, rest @ ..]) => {
                let len = u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
                (usize::try_from(len).unwrap(), rest)
            }
            (len, rest) => (usize::from(*len), rest),
        };
        assert!(len <= rest.len(), "the last frame is cut off");
        found.push((*first, rest[..len].to_vec()));
        wire = &rest[len..];
    }
    assert!(wire.is_empty(), "the last frame is cut off");
    found
}

pub(crate) fn close_code(payload: &[u8]) -> u16 {
    u16::from_be_bytes([payload[0], payload[1]])
}

/// An echo server that notes what happens, and does some other things when a text asks for them:
/// `burst COUNT BYTES` sends so many messages, `bye CODE` closes, `ping`, and `all TEXT` sends the
/// text to everybody.
#[derive(Default)]
pub(crate) struct Probe {
    pub(crate) open: Vec<ConnectionId>,
    pub(crate) messages: usize,
    pub(crate) sent: Vec<Sent>,
    /// Whether what went to everybody was there in both forms.
    pub(crate) compressed: Vec<bool>,
    pub(crate) pongs: usize,
    pub(crate) closures: Vec<Closure>,
}

impl Application for Probe {
    type Session = usize;

    fn upgrade(
        &mut self,
        upgrade: &Upgrade<'_>,
        _peer: SocketAddr,
    ) -> Result<Accept<usize>, Response> {
        let mut accept = Accept::new(0);
        accept.subprotocol = upgrade.select_subprotocol(&["probe"]).map(Into::into);
        match upgrade.request().path() {
            "/forbidden" => return Err(Response::text(403, "not you\n")),
            "/wrong" => accept.headers.push(("X-Wrong".into(), "a\r\nb".into())),
            "/header" => accept.headers.push(("X-Right".into(), "yes".into())),
            _ => {}
        }
        Ok(accept)
    }

    fn open(&mut self, context: &mut Context<'_, usize>) {
        self.open.push(context.id());
    }

    fn message(&mut self, context: &mut Context<'_, usize>, message: Message<'_>) {
        self.messages += 1;
        *context.session() += 1;
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => "",
        };
        let words: Vec<&str> = text.split(' ').collect();
        let number = |index: usize| words[index].parse::<u16>().unwrap();
        match words[0] {
            "burst" => {
                let payload = vec![b'b'; usize::from(number(2))];
                for _ in 0..number(1) {
                    self.sent.push(context.send(Message::Binary(&payload)));
                }
            }
            "bye" => context.close(number(1).into(), "bye").unwrap(),
            "ping" => context.ping(b"probe").unwrap(),
            "all" => {
                let mut peers = context.peers();
                let prepared = peers.prepare(Message::Text(words[1]), Compression::Auto).unwrap();
                self.compressed.push(prepared.compressed().is_some());
                for &id in &self.open {
                    if let Some(mut peer) = peers.get(id) {
                        self.sent.push(peer.send_prepared(&prepared));
                    }
                }
            }
            _ => self.sent.push(context.send(message)),
        }
    }

    fn pong(&mut self, _: &mut Context<'_, usize>, _: &[u8]) {
        self.pongs += 1;
    }

    fn close(
        &mut self,
        peers: &mut Peers<'_, usize>,
        id: ConnectionId,
        _: usize,
        closure: Closure,
    ) {
        assert!(peers.get(id).is_none(), "a connection that is closed cannot be reached");
        self.open.retain(|open| *open != id);
        self.closures.push(closure);
    }

    fn http(&mut self, _: &mut Peers<'_, usize>, incoming: &Incoming<'_>) -> Answer {
        Answer::Last(match incoming.request.path() {
            "/hello" => Response::text(200, "hello\n"),
            _ => Response::text(404, ""),
        })
    }
}

/// A worker without compression, and otherwise with the defaults but for what a test changes.
pub(crate) fn simulation(change: impl FnOnce(&mut Config)) -> Simulation<Probe> {
    let mut config = Config { deflate: None, ..Config::default() };
    change(&mut config);
    Simulation::new(1, config, Probe::default())
}

/// A client whose handshake is done.
pub(crate) fn open(simulation: &mut Simulation<Probe>) -> Client {
    let client = simulation.connect();
    client.send(REQUEST.as_bytes());
    simulation.run();
    let response = client.receive();
    assert!(response.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&response));
    assert!(response.ends_with(b"\r\n\r\n"));
    client
}
