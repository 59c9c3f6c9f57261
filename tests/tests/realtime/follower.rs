//! A client of Centrifugo's protocol, as the SDKs are: over a WebSocket, or over one of the two streams
//! with `POST /emulation`. It comes back after each end with its places, and holds all that it is told
//! against the book.

use std::collections::BTreeMap;
use std::time::Duration;

use longwire_server::simulation::Random;
use serde_json::json;

use super::book::{Book, Place, namespace_of};
use super::following::{Asked, Following};
use super::link::{Link, Transport};
use super::orders::{UNSUBSCRIBED, is_of_order};
use super::told::{Line, Told};
use super::world::{LOBBY, PRIVATE, World, token};

pub(crate) struct Follower {
    pub(crate) transport: Transport,
    pub(crate) user: String,
    pub(crate) link: Option<Link>,
    /// It takes all that may come.
    pub(crate) has_room: bool,
    /// Absent until the connect command is answered.
    pub(crate) client: Option<String>,
    /// Which tick it is; in which it connected last, and in which it was told that it had.
    pub(crate) tick: u64,
    pub(crate) came_in: u64,
    pub(crate) connected_in: Option<u64>,
    pub(crate) channels: BTreeMap<&'static str, Following>,
    pub(crate) next_id: u64,
    pub(crate) asked: BTreeMap<u64, Asked>,
    /// It reads nothing.
    pub(crate) stalled: bool,
    /// What it is told of others is written down.
    is_witness: bool,
    pub(crate) now: Duration,
    /// The end of the token that it connected with.
    pub(crate) expires: Option<Duration>,
    /// It cares for its tokens.
    pub(crate) renews: bool,
    /// From now on its tokens are good for ever, and nothing is late on its way.
    pub(crate) is_calm: bool,
    /// How often others in the lobby may have been told at most that it comes.
    pub(crate) entries: usize,
    /// What waited at the server when it was first seen that something did.
    waited_bytes: usize,
}

impl Follower {
    pub(crate) fn new(transport: Transport, user: String) -> Self {
        Self {
            transport,
            user,
            link: None,
            has_room: false,
            client: None,
            tick: 0,
            came_in: 0,
            connected_in: None,
            channels: BTreeMap::new(),
            next_id: 0,
            asked: BTreeMap::new(),
            stalled: false,
            is_witness: false,
            now: Duration::ZERO,
            expires: None,
            renews: false,
            is_calm: false,
            entries: 0,
            waited_bytes: 0,
        }
    }

    /// One to whom nothing happens.
    pub(crate) fn witness() -> Self {
        let new = Self::new(Transport::WebSocket, "witness".into());
        Self { is_witness: true, is_calm: true, ..new }
    }

    /// From now on it does all that it can to be where it wants to be.
    pub(crate) fn calm_down(&mut self) {
        (self.stalled, self.is_calm, self.renews) = (false, true, true);
    }

    /// The server is no more: it notices at once.
    pub(crate) fn lose_server(&mut self, book: &mut Book) {
        self.stalled = false;
        self.read(book, self.now);
        assert!(self.link.is_none(), "a link to a server that is no more");
        self.entries = 0;
        self.channels.values_mut().for_each(|it| it.cut_at = None);
    }

    /// Connects to some worker, by a network that takes so many bytes without being read.
    pub(crate) fn connect(&mut self, world: &mut World, random: &mut Random, window: usize) {
        self.lose();
        (self.now, self.came_in) = (world.now, self.tick);
        self.next_id = 1;
        self.asked = BTreeMap::from([(1, Asked::Connect)]);
        self.has_room = window >= 1 << 20;
        self.renews = self.is_calm || random.below(4) > 0;
        self.expires = match random.below(if self.is_calm { 1 } else { 40 }) {
            // Too late.
            39 => Some(self.now),
            lifetime @ 25.. => Some(self.now + Duration::from_millis(60 * lifetime as u64)),
            _ => None,
        };
        let token = token(&self.user, "", self.expires);
        let connect = json!({ "id": 1, "connect": { "token": token } }).to_string();
        self.link = Some(Link::open(self.transport, &connect, world, random, window));
    }

    /// Forgets the connection, and keeps its places.
    pub(crate) fn lose(&mut self) {
        (self.link, self.client, self.stalled) = (None, None, false);
        self.connected_in = None;
        for following in self.channels.values_mut() {
            (following.subscribed, following.asking) = (false, false);
            following.ended_behind = 0;
        }
    }

    /// The connection breaks, or ends, or is left without a word.
    pub(crate) fn cut(&mut self, random: &mut Random, book: &Book) {
        let is_heard = self.link.take().is_some_and(|link| link.cut(random))
            && !self.may_be_ordered_away(book);
        for following in self.channels.values_mut() {
            let is_sure = is_heard && self.has_room && following.subscribed;
            following.cut_at = is_sure.then_some(self.now);
        }
        self.lose();
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.client.is_some()
    }

    pub(crate) fn has_link(&self) -> bool {
        self.link.is_some()
    }

    /// The bytes that wait at the server for one that reads nothing, if it is no reply that waits: when
    /// it was first seen that some did, and now.
    pub(crate) fn waiting_bytes(&mut self, world: &World) -> (usize, usize) {
        let link = self.link.as_ref().filter(|_| self.stalled && self.asked.is_empty());
        let waiting = link.map_or(0, |link| link.pipe().waiting_bytes(world));
        if waiting == 0 || self.waited_bytes == 0 {
            self.waited_bytes = waiting;
        }
        (self.waited_bytes, waiting)
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

    pub(crate) fn subscribe(&mut self, channel: &'static str) {
        let expires = self.lifetime().filter(|_| channel == PRIVATE);
        let Some(following) = self.channels.get_mut(channel).filter(|_| self.client.is_some())
        else {
            return;
        };
        if following.subscribed || following.asking || !following.wanted {
            return;
        }
        following.asking = true;
        following.asked_in = self.tick;
        following.expires = expires;
        let mut subscribe = json!({ "channel": channel, "join_leave": true });
        if channel == PRIVATE {
            subscribe["token"] = token(&self.user, channel, expires).into();
        }
        if let Some((epoch, offset)) = &following.place {
            subscribe["recover"] = true.into();
            subscribe["epoch"] = epoch.clone().into();
            subscribe["offset"] = (*offset).into();
        }
        self.entries += usize::from(channel == LOBBY);
        self.command(Asked::Subscribe(channel), "subscribe", &subscribe.to_string());
    }

    pub(crate) fn leave(&mut self, channel: &'static str) {
        if let Some(following) = self.channels.get_mut(channel)
            && following.subscribed
            && self.client.is_some()
        {
            following.wanted = false;
            let body = format!(r#"{{"channel":"{channel}"}}"#);
            self.command(Asked::Unsubscribe(channel), "unsubscribe", &body);
        }
    }

    pub(crate) fn publish(&mut self, channel: &'static str, data: &str, number: usize) {
        let body = format!(r#"{{"channel":"{channel}","data":{data}}}"#);
        self.command(Asked::Publish(channel, number), "publish", &body);
    }

    /// Asks for something that changes nothing.
    pub(crate) fn look(&mut self, channel: &'static str, random: &mut Random) {
        let methods = ["presence", "presence_stats", "history"];
        let method = methods[random.below(methods.len())];
        let body = format!(r#"{{"channel":"{channel}","limit":10}}"#);
        self.command(Asked::Look(channel), method, &body);
    }

    pub(crate) fn command(&mut self, asked: Asked, method: &str, body: &str) {
        self.next_id += 1;
        self.asked.insert(self.next_id, asked);
        self.say(&format!(r#"{{"id":{},"{method}":{body}}}"#, self.next_id));
    }

    fn say(&mut self, line: &str) {
        if let Some(link) = &mut self.link {
            link.say(line);
        }
    }

    pub(crate) fn arrive(&mut self, world: &mut World, random: &mut Random) {
        if let Some(link) = &mut self.link {
            link.arrive(world, random, self.is_calm);
        }
    }

    /// Takes what has come, unless it is stalled, and sees whether the connection is over.
    pub(crate) fn read(&mut self, book: &mut Book, now: Duration) {
        self.now = now;
        let Some(link) = self.link.as_mut().filter(|_| !self.stalled) else { return };
        let received = link.read();
        for line in received.lines {
            if self.link.is_none() {
                return;
            }
            match book.memory.line(&line) {
                Line::Ping => self.say("{}"),
                Line::Push(told) => self.told(told, book),
                Line::Reply(id, reply) => {
                    let asked = self.asked.remove(&id).expect("an answer to a command");
                    self.answered(id, &asked, &reply, book);
                }
            }
        }
        if let Some(code) = received.closed {
            self.ended(code.into(), book);
        }
        if received.is_over {
            self.lose();
        }
        self.renew();
    }

    /// The server has ended the session.
    fn ended(&mut self, code: u64, book: &mut Book) {
        assert!(!self.is_witness || book.is_ending, "the witness was ended with {code}");
        if code == 3005 {
            assert!(self.is_over(self.expires), "it has not expired: {:?}", self.expires);
            book.expired += 1;
        } else if is_of_order(code) {
            self.ordered_away(code, book);
        } else {
            book.note_end(code);
        }
        self.lose();
    }

    fn told(&mut self, told: Told, book: &mut Book) {
        let (Told::Publication { channel, .. }
        | Told::News { channel, .. }
        | Told::Unsubscribe { channel, .. }
        | Told::Gap { channel }) = told
        else {
            let Told::Disconnect { code } = told else { unreachable!() };
            return self.ended(code, book);
        };
        let expires = self.channels.get(channel).and_then(|it| it.expires);
        let is_over = self.is_over(expires);
        let following = self.channels.get_mut(channel).expect("a channel of it");
        assert!(following.subscribed, "{told:?}: not subscribed");
        match told {
            Told::Publication { offset, number, .. } => {
                let before = following.place.as_ref().expect("a place");
                let place = (before.0.clone(), offset);
                book.got(channel, Some(before), &place, number, true);
                following.place = Some(place);
            }
            Told::News { news, .. } => {
                following.met(channel, &news);
                if self.is_witness {
                    book.attendance.told(channel, &news);
                }
            }
            Told::Unsubscribe { code, .. } => {
                match code {
                    2500 => *book.gaps.entry(namespace_of(channel)).or_default() += 1,
                    2501 => book.expired += 1,
                    UNSUBSCRIBED => {}
                    _ => panic!("{told:?}"),
                }
                assert!(code != 2501 || is_over, "it has not expired: {expires:?}");
                (following.subscribed, following.ended_behind) = (false, self.next_id);
                let asked_in = following.asked_in;
                if code == UNSUBSCRIBED {
                    self.ordered_out(channel, asked_in, book);
                }
                self.subscribe(channel);
            }
            Told::Gap { .. } | Told::Disconnect { .. } => panic!("{told:?}"),
        }
    }
}
