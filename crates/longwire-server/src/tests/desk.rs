//! An application for tests of plain HTTP: it answers as the path says, notes what it is called for,
//! and does what the test has written down for it when it is woken.

use crate::simulation::{Client, Simulation};
use crate::{
    Accept, Answer, Application, Chunk, CloseCode, Closure, Config, ConnectionId, Context,
    Incoming, Message, Peers, Response, Sent, Upgrade, Waker,
};
use std::net::SocketAddr;
use std::time::Duration;

/// What it does when it is woken, or when a turn ends.
#[derive(Clone, Debug)]
pub(super) enum Order {
    /// Answers with this body and keeps the connection.
    Respond(ConnectionId, &'static str),
    /// Begins a stream.
    Stream(ConnectionId),
    Send(ConnectionId, Vec<u8>),
    SendShared(Vec<ConnectionId>, Vec<u8>),
    End(ConnectionId),
    Abort(ConnectionId),
    /// Sends a WebSocket's message.
    Message(ConnectionId, Vec<u8>),
    /// Closes a WebSocket.
    Close(ConnectionId, CloseCode),
    Panic,
}

/// Paths: `/later` and `/stream` are answered so, `/last` ends the connection, `/wrong` has an answer
/// that cannot be sent, `/large` one of 100,000 bytes, `/panic` panics; everything else is answered
/// with its method, path and body.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) waker: Option<Waker>,
    pub(super) log: Vec<String>,
    /// The connections of all requests and WebSockets, in order.
    pub(super) ids: Vec<ConnectionId>,
    pub(super) when_woken: Vec<Order>,
    pub(super) at_end_of_turn: Vec<Order>,
    pub(super) sent: Vec<Sent>,
    pub(super) next_timeout: Option<Duration>,
    /// How many turns have ended.
    pub(super) turns: usize,
}

impl Desk {
    fn carry_out(&mut self, peers: &mut Peers<'_, ()>, orders: Vec<Order>) {
        for order in orders {
            let sent = match order {
                Order::Panic => panic!("as ordered"),
                Order::Message(id, message) => {
                    peers.get(id).map(|mut context| context.send(Message::Binary(&message)))
                }
                Order::Close(id, code) => peers.get(id).map(|mut context| {
                    context.close(code, "").unwrap();
                    Sent::Now
                }),
                Order::SendShared(ids, piece) => {
                    let chunk = Chunk::new(&piece).unwrap();
                    for id in ids {
                        let exchange = peers.exchange(id);
                        self.sent.extend(exchange.map(|mut exchange| exchange.send_chunk(&chunk)));
                    }
                    continue;
                }
                Order::Respond(id, body) => peers
                    .exchange(id)
                    .map(|mut exchange| exchange.respond(&Response::text(200, body).into())),
                Order::Stream(id) => {
                    peers.exchange(id).map(|mut exchange| exchange.respond(&stream("late\n")))
                }
                Order::Send(id, piece) => {
                    peers.exchange(id).map(|mut exchange| exchange.send(&piece))
                }
                Order::End(id) => peers.exchange(id).map(|mut exchange| exchange.end()),
                Order::Abort(id) => peers.exchange(id).map(|mut exchange| {
                    exchange.abort();
                    Sent::Now
                }),
            };
            self.sent.push(sent.unwrap_or(Sent::Dropped));
        }
    }
}

fn stream(begin: &'static str) -> Answer {
    Answer::Stream(Response { status: 200, headers: Vec::new(), body: begin.as_bytes().into() })
}

impl Application for Desk {
    type Session = ();

    fn upgrade(&mut self, _: &Upgrade<'_>, _: SocketAddr) -> Result<Accept<()>, Response> {
        Ok(Accept::new(()))
    }

    fn open(&mut self, context: &mut Context<'_, ()>) {
        self.ids.push(context.id());
        self.log.push("open".into());
    }

    fn message(&mut self, context: &mut Context<'_, ()>, message: Message<'_>) {
        context.send(message);
    }

    fn close(&mut self, _: &mut Peers<'_, ()>, _: ConnectionId, (): (), closure: Closure) {
        self.log.push(format!("close {}", closure.code.value()));
    }

    fn http(&mut self, peers: &mut Peers<'_, ()>, incoming: &Incoming<'_>) -> Answer {
        let (method, path) = (incoming.request.method(), incoming.request.path());
        let body = String::from_utf8_lossy(incoming.body);
        assert!(peers.exchange(incoming.id).is_none(), "it is not answered yet");
        self.ids.push(incoming.id);
        self.log.push(format!("{method} {path} {body}").trim_end().to_owned());
        match path {
            "/later" => Answer::Later,
            "/stream" => stream("begin\n"),
            "/empty-stream" => stream(""),
            "/last" => Answer::Last(Response::text(200, "last")),
            "/wrong" => {
                let mut response = Response::text(200, "wrong");
                response.headers.push(("X-Wrong".into(), "a\r\nb: c".into()));
                response.into()
            }
            "/large" => Response::text(200, "l".repeat(100_000)).into(),
            "/panic" => panic!("as asked"),
            _ => Response::text(200, format!("{method} {path} {body}")).into(),
        }
    }

    fn gone(&mut self, peers: &mut Peers<'_, ()>, id: ConnectionId) {
        assert!(peers.exchange(id).is_none(), "who is gone cannot be reached");
        self.log.push(format!("gone {}", self.place(id)));
    }

    fn drained(&mut self, _: &mut Peers<'_, ()>, id: ConnectionId) {
        self.log.push(format!("drained {}", self.place(id)));
    }

    fn wake(&mut self, peers: &mut Peers<'_, ()>) {
        self.log.push("wake".into());
        let orders = std::mem::take(&mut self.when_woken);
        self.carry_out(peers, orders);
    }

    fn next_timeout(&self) -> Option<Duration> {
        self.next_timeout
    }

    fn timeout(&mut self, peers: &mut Peers<'_, ()>) {
        self.log.push(format!("timeout {:?}", peers.now()));
        self.next_timeout = None;
    }

    fn end_of_turn(&mut self, peers: &mut Peers<'_, ()>) {
        self.turns += 1;
        let orders = std::mem::take(&mut self.at_end_of_turn);
        self.carry_out(peers, orders);
    }

    fn shutdown(&mut self, peers: &mut Peers<'_, ()>) {
        self.log.push("shutdown".into());
        let orders = std::mem::take(&mut self.when_woken);
        self.carry_out(peers, orders);
    }
}

impl Desk {
    /// Which of its connections this is, counted from 0.
    fn place(&self, id: ConnectionId) -> usize {
        self.ids.iter().position(|&one| one == id).unwrap()
    }
}

pub(super) fn desk(change: impl FnOnce(&mut Config)) -> Simulation<Desk> {
    let mut config = Config { deflate: None, ..Config::default() };
    change(&mut config);
    Simulation::with_waker(1, config, |waker| Desk { waker: Some(waker), ..Desk::default() })
}

/// Has the application carry these out, and everything that follows.
pub(super) fn order(simulation: &mut Simulation<Desk>, orders: impl IntoIterator<Item = Order>) {
    let desk = simulation.application();
    desk.when_woken.extend(orders);
    desk.waker.as_ref().unwrap().wake();
    simulation.run();
}

/// A client that has sent this, of which everything was processed; and its connection.
pub(super) fn ask(simulation: &mut Simulation<Desk>, request: &str) -> (Client, ConnectionId) {
    let client = simulation.connect();
    client.send(request.as_bytes());
    simulation.run();
    let id = *simulation.application().ids.last().unwrap();
    (client, id)
}

pub(super) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// What has come, which has to be text.
pub(super) fn text(client: &Client) -> String {
    String::from_utf8(client.receive()).unwrap()
}

/// An answer with this body, behind which the connection goes on.
pub(super) fn answer(body: &str) -> String {
    let len = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{body}"
    )
}

/// The head of a stream.
pub(super) const STREAM: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
