//! Some hubs on one broker and one presence store, their clients, and a clock that tests turn.
//!
//! What a client is told is written in a dialect of the tests, one short line each, so that a test
//! reads like a protocol of what happened.
#![allow(dead_code)] // no test needs all of it

pub(crate) mod orders;
pub(crate) mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use longwire_realtime::broker::Broker;
use longwire_realtime::{
    Access, Codec, Command, Config, Connect, Dialect, Disconnect, Error, Hub, Json, Limits,
    MemoryNode, MemoryPresence, Namespace, Outgoing, Output, Publish, Recover, Request, Response,
    Seams, SessionKey, Subscribe, Times,
};

use words::{PlainTokens, Words};

/// A client by its number.
pub(crate) type Client = usize;

struct Connection {
    hub: usize,
    key: SessionKey,
    lines: Vec<String>,
    /// Whether its connection takes what it is given.
    reads: bool,
    next_command: u32,
    closed: Option<Disconnect>,
}

pub(crate) struct World {
    pub(crate) config: Arc<Config>,
    pub(crate) node: MemoryNode,
    pub(crate) presence: MemoryPresence,
    pub(crate) hubs: Vec<Hub>,
    woken: Vec<Arc<AtomicBool>>,
    connections: Vec<Connection>,
    by_key: BTreeMap<(usize, SessionKey), Client>,
    answers: Vec<Result<Response, Error>>,
    pub(crate) now: Duration,
}

/// A namespace in which everybody may do everything, with ten publications of history.
pub(crate) fn open_namespace() -> Namespace {
    Namespace {
        history_size: 10,
        history_ttl: Duration::from_secs(60),
        recover: true,
        subscribe: Access::Anyone,
        publish: Access::Anyone,
        see_presence: Access::Anyone,
        see_history: Access::Anyone,
        ..Namespace::default()
    }
}

pub(crate) fn config(namespaces: &[(&str, Namespace)]) -> Config {
    let entry =
        |(name, namespace): &(&str, Namespace)| ((*name).to_string(), Arc::new(namespace.clone()));
    Config {
        namespaces: namespaces.iter().map(entry).collect(),
        default_namespace: Arc::new(open_namespace()),
        allow_anonymous: true,
        limits: Limits { max_in_flight_bytes: 1000, max_queued_bytes: 1000, ..Limits::default() },
        times: Times { ping_interval: Duration::ZERO, ..Times::default() },
        ..Config::default()
    }
}

/// One hub, and the open namespace.
pub(crate) fn world() -> World {
    World::new(1, config(&[]))
}

impl World {
    pub(crate) fn new(hubs: usize, config: Config) -> Self {
        Self::with_brokers(hubs, config, |broker| broker)
    }

    /// A world whose hubs see the broker through something.
    pub(crate) fn with_brokers(
        hubs: usize,
        config: Config,
        mut through: impl FnMut(Box<dyn Broker>) -> Box<dyn Broker>,
    ) -> Self {
        let mut epoch = 0;
        let chance = Box::new(move || {
            epoch += 1;
            epoch
        });
        let mut world = Self {
            node: MemoryNode::new(&config.limits, &config.times, chance),
            presence: MemoryPresence::new(config.times.presence_lease),
            config: Arc::new(config),
            hubs: Vec::new(),
            woken: Vec::new(),
            connections: Vec::new(),
            by_key: BTreeMap::new(),
            answers: Vec::new(),
            now: Duration::ZERO,
        };
        for hub in 0..hubs {
            let woken = Arc::new(AtomicBool::new(false));
            let flag = Arc::clone(&woken);
            let wake = Box::new(move || flag.store(true, Ordering::Relaxed));
            let mut name = hub as u128 * 1_000_000;
            let seams = Seams {
                broker: through(Box::new(world.node.broker(wake))),
                presence: Box::new(world.presence.hub()),
                codec: Box::new(Words),
                tokens: Box::new(PlainTokens),
                chance: Box::new(move || {
                    name += 1;
                    name
                }),
            };
            world.hubs.push(Hub::new(Arc::clone(&world.config), seams, Duration::ZERO));
            world.woken.push(woken);
        }
        world
    }

    /// A connection that has said nothing.
    pub(crate) fn open(&mut self, hub: usize) -> Client {
        self.open_dialect(hub, Dialect::CentrifugeWebSocket)
    }

    pub(crate) fn open_dialect(&mut self, hub: usize, dialect: Dialect) -> Client {
        let key = self.hubs[hub].open(dialect, self.now).expect("there is room");
        let client = self.connections.len();
        self.connections.push(Connection {
            hub,
            key,
            lines: Vec::new(),
            reads: true,
            next_command: 1,
            closed: None,
        });
        self.by_key.insert((hub, key), client);
        client
    }

    /// A client that has connected with this token; none if it is empty.
    pub(crate) fn connect(&mut self, hub: usize, token: &str) -> Client {
        let client = self.open(hub);
        self.send(client, connect(token));
        self.lines(client);
        client
    }

    /// The same; other hubs have not woken up yet, and what the client was told is there to be read.
    pub(crate) fn connect_alone(&mut self, hub: usize, token: &str) -> Client {
        let client = self.open(hub);
        self.send_alone(client, connect(token));
        client
    }

    /// A client that has connected and subscribed, and has been told so.
    pub(crate) fn subscriber(&mut self, hub: usize, token: &str, channel: &str) -> Client {
        let client = self.connect(hub, token);
        let lines = self.send(client, subscribe(channel));
        assert!(lines[0].contains("subscribed"), "{lines:?}");
        client
    }

    pub(crate) fn hub_of(&self, client: Client) -> usize {
        self.connections[client].hub
    }

    pub(crate) fn key(&self, client: Client) -> SessionKey {
        self.connections[client].key
    }

    /// Carries out a command, lets all hubs settle, and says what the client was told.
    pub(crate) fn send(&mut self, client: Client, command: Command) -> Vec<String> {
        self.send_alone(client, command);
        self.settle();
        self.lines(client)
    }

    /// Carries out a command; other hubs have not woken up yet.
    pub(crate) fn send_alone(&mut self, client: Client, command: Command) {
        let connection = &mut self.connections[client];
        let id = connection.next_command;
        connection.next_command += 1;
        let (hub, key) = (connection.hub, connection.key);
        self.hubs[hub].command(key, id, command, self.now);
        self.collect(hub);
    }

    /// The connection breaks.
    pub(crate) fn cut(&mut self, client: Client) {
        self.cut_alone(client);
        self.settle();
    }

    /// The connection breaks; other hubs have not woken up yet.
    pub(crate) fn cut_alone(&mut self, client: Client) {
        let (hub, key) = (self.hub_of(client), self.key(client));
        self.hubs[hub].close(key, self.now);
        self.collect(hub);
    }

    /// From now on the connection takes nothing.
    pub(crate) fn stall(&mut self, client: Client) {
        self.connections[client].reads = false;
    }

    /// The connection takes everything again.
    pub(crate) fn resume(&mut self, client: Client) -> Vec<String> {
        self.connections[client].reads = true;
        let (hub, key) = (self.hub_of(client), self.key(client));
        let max = self.config.limits.max_in_flight_bytes as usize;
        while self.hubs[hub].queued_bytes(key) > 0 {
            self.hubs[hub].room(key, max);
            self.collect(hub);
        }
        self.hubs[hub].room(key, max);
        self.collect(hub);
        self.settle();
        self.lines(client)
    }

    /// An application's request to a hub, and the answer.
    pub(crate) fn api(&mut self, hub: usize, request: Request) -> Result<Response, Error> {
        self.api_alone(hub, request);
        self.settle();
        self.answer().expect("an answer")
    }

    /// The last answer that an application got.
    pub(crate) fn answer(&mut self) -> Option<Result<Response, Error>> {
        self.answers.pop()
    }

    /// An application's request to a hub; other hubs have not woken up yet.
    pub(crate) fn api_alone(&mut self, hub: usize, request: Request) {
        self.hubs[hub].api(1, request, self.now);
        self.collect(hub);
    }

    /// What a client was told since it was last asked.
    pub(crate) fn lines(&mut self, client: Client) -> Vec<String> {
        std::mem::take(&mut self.connections[client].lines)
    }

    pub(crate) fn is_closed(&self, client: Client) -> bool {
        self.connections[client].closed.is_some()
    }

    /// The code its session was ended with.
    pub(crate) fn close_code(&self, client: Client) -> Option<u16> {
        self.connections[client].closed.as_ref().map(|disconnect| disconnect.code)
    }

    /// Lets a hub deal with what others have for it.
    pub(crate) fn wake(&mut self, hub: usize) {
        self.woken[hub].store(false, Ordering::Relaxed);
        self.hubs[hub].wake(self.now);
        self.collect(hub);
    }

    /// Lets hubs work until none has anything to do.
    pub(crate) fn settle(&mut self) {
        while let Some(hub) = self.woken.iter().position(|woken| woken.load(Ordering::Relaxed)) {
            self.wake(hub);
        }
    }

    /// Turns the clock on, from deadline to deadline.
    pub(crate) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            let next = self.hubs.iter().filter_map(Hub::poll_timeout).min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.now = self.now.max(next);
            for hub in 0..self.hubs.len() {
                self.hubs[hub].handle_timeout(self.now);
                self.collect(hub);
            }
            self.settle();
        }
        self.now = until;
    }

    /// Takes the output of a hub to its clients, and gives those who read new room.
    fn collect(&mut self, hub: usize) {
        let mut reached = Vec::new();
        while let Some(output) = self.hubs[hub].poll_output() {
            let mut tell = |key: SessionKey, payload: &[u8]| {
                let client = self.by_key[&(hub, key)];
                let text = String::from_utf8(payload.to_vec()).unwrap();
                self.connections[client].lines.push(text);
                reached.push(client);
            };
            match output {
                Output::Frame { session, payload } => tell(session, &payload),
                Output::Fanout { payload, sessions } => {
                    sessions.iter().for_each(|&session| tell(session, &payload));
                }
                Output::Close { session, disconnect } => {
                    let client = self.by_key[&(hub, session)];
                    self.connections[client].closed = Some(disconnect);
                }
                Output::Answer { result, .. } => self.answers.push(result),
                // To readers, in the same words.
                Output::Reply { session, id, reply } => {
                    let mut bytes = Vec::new();
                    Words.encode_reply(Dialect::Sse, id, &reply, &mut bytes);
                    tell(session, &bytes);
                }
                Output::Push { session, push } => {
                    let mut bytes = Vec::new();
                    Words.encode_push(Dialect::Sse, &push, &mut bytes);
                    tell(session, &bytes);
                }
            }
        }
        for client in reached {
            if self.connections[client].reads {
                let key = self.key(client);
                self.hubs[hub].room(key, self.config.limits.max_in_flight_bytes as usize);
            }
        }
        // What left a queue just now.
        while let Some(output) = self.hubs[hub].poll_output() {
            let (session, bytes) = match output {
                Output::Frame { session, payload } => (session, payload.to_vec()),
                Output::Push { session, push } => {
                    let mut bytes = Vec::new();
                    Words.encode_push(Dialect::Sse, &push, &mut bytes);
                    (session, bytes)
                }
                _ => continue,
            };
            let client = self.by_key[&(hub, session)];
            self.connections[client].lines.push(String::from_utf8(bytes).unwrap());
        }
        // What was held back until that was taken.
        if self.hubs[hub].has_more() {
            self.hubs[hub].wake(self.now);
            self.collect(hub);
        }
    }
}

pub(crate) fn connect(token: &str) -> Command {
    let token = (!token.is_empty()).then(|| token.to_string());
    Command::Connect(Connect { token, ..Connect::default() })
}

pub(crate) fn subscribe(channel: &str) -> Command {
    Command::Subscribe(Subscribe {
        channel: channel.into(),
        join_leave: true,
        ..Subscribe::default()
    })
}

pub(crate) fn recover(channel: &str, epoch: &str, offset: u64) -> Command {
    let recover = Some(Recover { epoch: words::epoch(epoch), offset });
    let channel = channel.into();
    Command::Subscribe(Subscribe { channel, recover, join_leave: true, ..Subscribe::default() })
}

pub(crate) fn unsubscribe(channel: &str) -> Command {
    Command::Unsubscribe { channel: channel.into() }
}

pub(crate) fn publish(channel: &str, data: &str) -> Command {
    Command::Publish(Publish {
        channel: channel.into(),
        data: Json::from_valid(data),
        exclude_self: false,
        key: None,
    })
}

pub(crate) fn message(data: &str) -> Outgoing {
    Outgoing {
        data: Json::from_valid(data),
        tags: Vec::new(),
        key: None,
        exclude: None,
        idempotency_key: None,
        skip_history: false,
    }
}

pub(crate) fn api_publish(channel: &str, data: &str) -> Request {
    Request::Publish { channel: channel.into(), message: message(data) }
}

pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
