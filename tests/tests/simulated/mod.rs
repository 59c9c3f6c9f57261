//! The server over its simulated network, with an application that echoes, and frames by hand.
#![allow(dead_code, reason = "each file of tests uses a part of it")]

use std::net::SocketAddr;

use longwire_server::simulation::{Client, Simulation};
use longwire_server::{
    Accept, Application, CloseCode, Closure, Config, ConnectionId, Context, Message, Peers,
    Response, Upgrade,
};

/// A request of RFC 6455 §1.3's key, with other header lines.
pub(crate) fn request(target: &str, lines: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
    )
}

/// A frame from a client, masked with the key 01020304.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [1, 2, 3, 4];
    let len = payload.len() as u64;
    let mut frame = match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len @ 0..=125), _) => vec![first, 0x80 | len],
        (_, Ok(len)) => [&[first, 0x80 | 126], &len.to_be_bytes()[..]].concat(),
        _ => [&[first, 0x80 | 127], &len.to_be_bytes()[..]].concat(),
    };
    frame.extend_from_slice(&key);
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// Echoes, and notes what happens. A path `/bye` is closed as soon as it is open, `/no` is refused.
#[derive(Default)]
pub(crate) struct Echo {
    pub(crate) opened: usize,
    pub(crate) messages: usize,
    pub(crate) closures: Vec<Closure>,
}

impl Application for Echo {
    type Session = bool;

    fn upgrade(&mut self, upgrade: &Upgrade<'_>, _: SocketAddr) -> Result<Accept<bool>, Response> {
        match upgrade.request().path() {
            "/no" => Err(Response::text(403, "no\n")),
            path => Ok(Accept::new(path == "/bye")),
        }
    }

    fn open(&mut self, context: &mut Context<'_, bool>) {
        self.opened += 1;
        if *context.session() {
            context.close(CloseCode::GOING_AWAY, "bye").expect("an open connection");
        }
    }

    fn message(&mut self, context: &mut Context<'_, bool>, message: Message<'_>) {
        self.messages += 1;
        context.send(message);
    }

    fn close(&mut self, _: &mut Peers<'_, bool>, _: ConnectionId, _: bool, closure: Closure) {
        self.closures.push(closure);
    }
}

pub(crate) fn simulation(change: impl FnOnce(&mut Config)) -> Simulation<Echo> {
    let mut config = Config::default();
    change(&mut config);
    Simulation::new(1, config, Echo::default())
}

/// A client whose handshake, with these lines, is done.
pub(crate) fn open(simulation: &mut Simulation<Echo>, lines: &str) -> Client {
    let client = simulation.connect();
    client.send(request("/", lines).as_bytes());
    simulation.run();
    let answer = client.receive();
    assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
    client
}

/// What a new client is answered to these bytes, where the connection ends behind the answer: the
/// server ends the stream first, and closes when the client has ended its own.
pub(crate) fn refusal(bytes: &[u8]) -> String {
    let mut simulation = simulation(|_| {});
    let client = simulation.connect();
    client.send(bytes);
    simulation.run();
    let answer = String::from_utf8(client.receive()).expect("an answer in ASCII");
    assert!(client.is_ended() && !client.is_closed(), "it ends the stream first: {answer:?}");
    client.end_stream();
    simulation.run();
    assert!(client.is_closed() && !client.was_cut_off(), "{answer:?}");
    assert_eq!(simulation.connections(), 0);
    assert_eq!(simulation.application().opened, 0);
    answer
}

/// [`refusal`], checked: this status, one answer, and the end of the connection announced.
pub(crate) fn assert_refused(bytes: &[u8], status: u16) -> String {
    let answer = refusal(bytes);
    let shown = || String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer:?} to {:?}", shown());
    assert!(answer.contains("\r\nConnection: close"), "{answer:?}");
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer:?}");
    answer
}
