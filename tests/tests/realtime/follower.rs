//! A client of Centrifugo's protocol, as the SDKs are: over a WebSocket, or over one of the two streams
//! with `POST /emulation`. It comes back after each end with its places, and holds all that it is told
//! against the book.

use std::collections::BTreeMap;
use std::time::Duration;

use longwire_server::simulation::Random;
use serde_json::{Value, json};

use super::book::{Book, Place, namespace_of};
use super::http::{Http, get, post};
use super::pipe::Pipe;
use super::socket::Socket;
use super::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    WebSocket,
    Sse,
    HttpStream,
}

enum Link {
    Socket(Box<Socket>),
    /// The stream, and where the commands go.
    Stream {
        stream: Box<Http>,
        commands: Box<Http>,
    },
}

/// What a command asked for.
enum Asked {
    Connect,
    Subscribe(&'static str),
    Unsubscribe(&'static str),
    Publish(&'static str, usize),
    /// What changes nothing.
    Other,
}

/// What it knows of one channel.
#[derive(Default)]
struct Following {
    wanted: bool,
    /// Its subscribe command has not been answered.
    asking: bool,
    subscribed: bool,
    place: Option<Place>,
}

pub(crate) struct Follower {
    pub(crate) transport: Transport,
    user: String,
    link: Option<Link>,
    /// Absent until the connect command is answered.
    pub(crate) client: Option<String>,
    session: (String, String),
    channels: BTreeMap<&'static str, Following>,
    next_id: u64,
    asked: BTreeMap<u64, Asked>,
    /// It reads nothing.
    pub(crate) stalled: bool,
}

impl Follower {
    pub(crate) fn new(transport: Transport, user: String) -> Self {
        Self {
            transport,
            user,
            link: None,
            client: None,
            session: Default::default(),
            channels: BTreeMap::new(),
            next_id: 0,
            asked: BTreeMap::new(),
            stalled: false,
        }
    }

    /// Connects to some worker. A window of a few thousand bytes is full soon, and such a network may
    /// take only a part of each write: in a burst its client is slow, however it reads.
    pub(crate) fn connect(&mut self, world: &mut World, random: &mut Random, window: usize) {
        let mut pipe = |random: &mut Random| {
            let worker = random.below(world.workers.len());
            let is_narrow = window < 1 << 20 && random.below(2) == 0;
            let max_write = if is_narrow { 700 } else { usize::MAX };
            Pipe::open(world, worker, window, max_write)
        };
        self.lose();
        self.next_id = 1;
        self.asked = BTreeMap::from([(1, Asked::Connect)]);
        let connect = json!({ "id": 1, "connect": { "token": self.user } }).to_string();
        let mut stream = |random: &mut Random, request: String| {
            let mut stream = Box::new(Http::new(pipe(random)));
            stream.ask(request);
            Link::Stream { stream, commands: Box::new(Http::new(pipe(random))) }
        };
        self.link = Some(match self.transport {
            Transport::WebSocket => {
                let mut socket = Socket::new(pipe(random), random.below(3) == 0);
                socket.say(&connect);
                Link::Socket(Box::new(socket))
            }
            Transport::Sse => {
                let escaped = connect.replace('{', "%7B").replace('}', "%7D").replace('"', "%22");
                stream(random, get(&format!("/connection/sse?cf_connect={escaped}"), ""))
            }
            Transport::HttpStream => stream(random, post("/connection/http_stream", &connect)),
        });
    }

    /// Forgets the connection, and keeps its places.
    fn lose(&mut self) {
        (self.link, self.client, self.stalled) = (None, None, false);
        for following in self.channels.values_mut() {
            (following.subscribed, following.asking) = (false, false);
        }
    }

    /// The connection breaks, or ends, or is left without a word.
    pub(crate) fn cut(&mut self, random: &mut Random) {
        let pipes = match &self.link {
            Some(Link::Socket(socket)) => vec![&socket.pipe],
            Some(Link::Stream { stream, commands }) => vec![&stream.pipe, &commands.pipe],
            None => Vec::new(),
        };
        let how = random.below(3);
        for pipe in pipes {
            match how {
                0 => pipe.end(),
                1 => pipe.cut(),
                _ => {}
            }
        }
        self.lose();
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.client.is_some()
    }

    pub(crate) fn has_link(&self) -> bool {
        self.link.is_some()
    }

    pub(crate) fn is_in(&self, channel: &str) -> bool {
        self.channels.get(channel).is_some_and(|it| it.subscribed)
    }

    /// Where it is in the channels that it is subscribed to.
    pub(crate) fn places(&self) -> impl Iterator<Item = (&'static str, Option<&Place>)> {
        let subscribed = self.channels.iter().filter(|(_, it)| it.subscribed);
        subscribed.map(|(&channel, it)| (channel, it.place.as_ref()))
    }

    /// Whether it has all that it wants.
    pub(crate) fn is_settled(&self) -> bool {
        self.is_connected()
            && self.channels.values().all(|it| it.wanted == it.subscribed && !it.asking)
    }

    pub(crate) fn want(&mut self, channel: &'static str) {
        self.channels.entry(channel).or_default().wanted = true;
        self.subscribe(channel);
    }

    fn subscribe(&mut self, channel: &'static str) {
        let Some(following) = self.channels.get_mut(channel).filter(|_| self.client.is_some())
        else {
            return;
        };
        if following.subscribed || following.asking || !following.wanted {
            return;
        }
        following.asking = true;
        let mut subscribe = json!({ "channel": channel, "join_leave": true });
        if let Some((epoch, offset)) = &following.place {
            subscribe["recover"] = true.into();
            subscribe["epoch"] = epoch.clone().into();
            subscribe["offset"] = (*offset).into();
        }
        self.command(Asked::Subscribe(channel), "subscribe", &subscribe);
    }

    pub(crate) fn leave(&mut self, channel: &'static str) {
        if let Some(following) = self.channels.get_mut(channel)
            && following.subscribed
            && self.client.is_some()
        {
            following.wanted = false;
            let body = json!({ "channel": channel });
            self.command(Asked::Unsubscribe(channel), "unsubscribe", &body);
        }
    }

    pub(crate) fn publish(&mut self, channel: &'static str, data: &Value, number: usize) {
        let body = json!({ "channel": channel, "data": data });
        self.command(Asked::Publish(channel, number), "publish", &body);
    }

    /// Asks for something that changes nothing.
    pub(crate) fn look(&mut self, channel: &'static str, random: &mut Random) {
        let methods = ["presence", "presence_stats", "history"];
        let method = methods[random.below(methods.len())];
        self.command(Asked::Other, method, &json!({ "channel": channel, "limit": 10 }));
    }

    fn command(&mut self, asked: Asked, method: &str, body: &Value) {
        self.next_id += 1;
        self.asked.insert(self.next_id, asked);
        self.say(&json!({ "id": self.next_id, method: body }).to_string());
    }

    fn say(&mut self, line: &str) {
        match &mut self.link {
            Some(Link::Socket(socket)) => socket.say(line),
            Some(Link::Stream { commands, .. }) => {
                let (session, node) = &self.session;
                let body = json!({ "session": session, "node": node, "data": line });
                commands.ask(post("/emulation", &body.to_string()));
            }
            None => {}
        }
    }

    pub(crate) fn arrive(&mut self, world: &mut World, random: &mut Random) {
        match &mut self.link {
            Some(Link::Socket(socket)) => socket.arrive(random),
            Some(Link::Stream { stream, commands }) => {
                if commands.pipe.is_ended() {
                    let worker = random.below(world.workers.len());
                    commands.reopen(Pipe::open(world, worker, 1 << 16, usize::MAX));
                }
                stream.arrive(random);
                commands.arrive(random);
            }
            None => {}
        }
    }

    /// Takes what has come, unless it is stalled, and sees whether the connection is over.
    pub(crate) fn read(&mut self, book: &mut Book, now: Duration) {
        if self.stalled {
            return;
        }
        let (lines, over) = match &mut self.link {
            Some(Link::Socket(socket)) => {
                let messages = socket.read();
                let over = socket.closed.is_some() || socket.pipe.is_ended();
                if let Some(code) = socket.closed {
                    book.note_end(code.into());
                }
                (messages.iter().flat_map(|it| it.lines()).map(str::to_owned).collect(), over)
            }
            Some(Link::Stream { stream, commands }) => {
                commands.read();
                while let Some((status, body)) = commands.answer() {
                    assert_eq!(status, 204, "{body}");
                }
                stream.read();
                let end = stream.body.iter().rposition(|&byte| byte == b'\n');
                let whole = stream.body.drain(..end.map_or(0, |end| end + 1)).collect();
                let text = String::from_utf8(whole).expect("text");
                let lines = text.lines().map(|it| it.strip_prefix("data: ").unwrap_or(it));
                (lines.map(str::to_owned).collect(), stream.is_over())
            }
            None => return,
        };
        let lines: Vec<String> = lines;
        for line in lines.iter().filter(|line| !line.is_empty()) {
            if self.link.is_none() {
                return;
            }
            let told: Value = serde_json::from_str(line).expect("a line of JSON");
            self.told(&told, book, now);
        }
        if over {
            self.lose();
        }
    }

    fn told(&mut self, told: &Value, book: &mut Book, now: Duration) {
        if let Some(push) = told.get("push") {
            self.pushed(push, book);
        } else if let Some(id) = told["id"].as_u64() {
            let asked = self.asked.remove(&id).expect("an answer to a command");
            self.answered(&asked, told, book, now);
        } else {
            assert_eq!(*told, json!({}));
            self.say("{}");
        }
    }

    fn answered(&mut self, asked: &Asked, reply: &Value, book: &mut Book, now: Duration) {
        let error = reply.get("error");
        match *asked {
            Asked::Connect => {
                let connect = &reply["connect"];
                let text = |name: &str| connect[name].as_str().unwrap_or_default().to_owned();
                self.client = Some(text("client"));
                self.session = (text("session"), text("node"));
                assert!(error.is_none() && !text("client").is_empty(), "{reply}");
                let channels: Vec<_> = self.channels.keys().copied().collect();
                channels.into_iter().for_each(|channel| self.subscribe(channel));
            }
            Asked::Subscribe(channel) => {
                assert!(error.is_none(), "{reply}");
                self.subscribed(channel, &reply["subscribe"], book, now);
            }
            Asked::Unsubscribe(channel) => {
                assert!(error.is_none(), "{reply}");
                let following = self.channels.get_mut(channel).expect("a channel of it");
                following.subscribed = false;
                self.subscribe(channel);
            }
            Asked::Publish(channel, number) => {
                assert!(error.is_none(), "{reply}");
                book.acknowledged.insert((channel, number));
            }
            // Most channels do not know who is there.
            Asked::Other => assert!(error.is_none_or(|it| it["code"] == 108), "{reply}"),
        }
    }

    fn subscribed(&mut self, channel: &'static str, reply: &Value, book: &mut Book, now: Duration) {
        let following = self.channels.get_mut(channel).expect("a channel of it");
        let epoch = reply["epoch"].as_str().expect("an epoch").to_owned();
        let place = (epoch, reply["offset"].as_u64().unwrap_or(0));
        let publications = reply["publications"].as_array();
        if let Some(before) = &following.place {
            assert_eq!(reply["was_recovering"], true, "{reply}");
            if reply["recovered"] == true {
                book.recoveries[0] += 1;
                let mut at = before.clone();
                for publication in publications.into_iter().flatten() {
                    let here = (place.0.clone(), publication["offset"].as_u64().expect("one"));
                    book.got(channel, Some(&at), &here, number(publication), false);
                    at = here;
                }
                assert_eq!(at, place, "{channel}: not all of what was missed");
            } else {
                assert!(publications.is_none_or(Vec::is_empty), "{reply}");
                book.missed(channel, before, &place, now);
            }
        }
        following.place = Some(place);
        (following.subscribed, following.asking) = (true, false);
        if !following.wanted {
            self.leave(channel);
        }
    }

    fn pushed(&mut self, push: &Value, book: &mut Book) {
        if let Some(disconnect) = push.get("disconnect") {
            book.note_end(disconnect["code"].as_u64().expect("a code"));
            return self.lose();
        }
        let name = push["channel"].as_str().expect("a channel");
        let (&channel, following) =
            self.channels.iter_mut().find(|(it, _)| **it == name).expect("a channel of it");
        assert!(following.subscribed, "{push}: not subscribed");
        if let Some(publication) = push.get("pub") {
            let before = following.place.as_ref().expect("a place");
            let offset = publication["offset"].as_u64().expect("an offset");
            let place = (before.0.clone(), offset);
            book.got(channel, Some(before), &place, number(publication), true);
            following.place = Some(place);
        } else if let Some(unsubscribe) = push.get("unsubscribe") {
            assert_eq!(unsubscribe["code"], 2500, "{push}");
            *book.gaps.entry(namespace_of(channel)).or_default() += 1;
            following.subscribed = false;
            self.subscribe(channel);
        }
    }
}

/// The number of a publication, from its JSON.
pub(crate) fn number(publication: &Value) -> usize {
    let number = publication["data"]["n"].as_u64().expect("a number");
    usize::try_from(number).expect("a number of this run")
}
