//! One run of the whole: clients over all transports, an application that publishes, and what chance does
//! to them. What must always hold is checked in each step, the rest when all has come to rest.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use longwire_realtime::{DropReason, Limits};
use longwire_server::simulation::Random;
use serde_json::{Value, json};

use super::book::{Book, Place};
use super::follower::{Follower, Transport};
use super::http::{Http, post};
use super::pipe::Pipe;
use super::reader::Reader;
use super::world::{MAX_DATA_BYTES, World};

pub(crate) const CHANNELS: [&str; 7] =
    ["chat:1", "chat:2", "gap:1", "latest:1", "new:1", "old:1", "room:1"];
const WORKERS: u16 = 3;
const MAX_IN_FLIGHT_BYTES: u32 = 2048;
const MAX_QUEUED_BYTES: usize = 4096;
/// Replies do not wait: so much more may be under way to a client that asks and does not read.
const MAX_REPLY_BYTES: usize = 256 * 1024;
/// Where histories are gone before their time.
const TIGHT_HISTORY_BYTES: usize = 20_000;
/// What one who may stall takes without reading.
const SMALL_WINDOW: usize = 1500;
const LARGE_WINDOW: usize = 1 << 20;

pub(crate) struct Run {
    random: Random,
    world: World,
    pub(crate) book: Book,
    followers: Vec<Follower>,
    readers: Vec<Reader>,
    /// Is in all channels from the beginning, and nothing happens to it.
    witness: Follower,
    /// The application's connection to each worker, and what it has asked to publish there.
    application: Vec<(Http, VecDeque<(&'static str, usize)>)>,
    max_history_bytes: usize,
}

impl Run {
    /// A run of so many clients, of which a third are readers.
    pub(crate) fn new(seed: u64, clients: usize) -> Self {
        let is_tight = seed % 5 == 4;
        let limits = Limits {
            max_in_flight_bytes: MAX_IN_FLIGHT_BYTES,
            max_queued_bytes: MAX_QUEUED_BYTES,
            max_history_bytes: if is_tight { TIGHT_HISTORY_BYTES } else { 1 << 24 },
            ..Limits::default()
        };
        let mut random = Random::new(seed ^ 0x5eed);
        let mut world = World::new(seed, WORKERS, limits);
        let follower = |at: usize| {
            let transports = [Transport::WebSocket, Transport::Sse, Transport::HttpStream];
            Follower::new(transports[at % 3], format!("u{}", at / 2))
        };
        let readers = clients / 3;
        let application = |worker| {
            let pipe = Pipe::open(&mut world, worker, LARGE_WINDOW, usize::MAX);
            (Http::new(pipe), VecDeque::new())
        };
        let mut run = Self {
            application: (0..usize::from(WORKERS)).map(application).collect(),
            followers: (0..clients - readers).map(follower).collect(),
            readers: Vec::new(),
            witness: Follower::new(Transport::WebSocket, "witness".into()),
            book: Book::new(is_tight),
            max_history_bytes: limits.max_history_bytes,
            world,
            random: random.clone(),
        };
        for at in 0..readers {
            let mut channels: BTreeSet<&'static str> = BTreeSet::new();
            for _ in 0..=random.below(3) {
                channels.insert(CHANNELS[random.below(CHANNELS.len())]);
            }
            run.readers.push(Reader::new(at % 2 == 1, channels.into_iter().collect()));
        }
        run.witness.connect(&mut run.world, &mut run.random, LARGE_WINDOW);
        CHANNELS.iter().for_each(|channel| run.witness.want(channel));
        while !run.witness.is_settled() {
            run.pass(Duration::from_millis(10));
        }
        run
    }

    /// Whether chance has it so, once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.random.below(times) == 0
    }

    fn channel(&mut self) -> &'static str {
        CHANNELS[self.random.below(CHANNELS.len())]
    }

    pub(crate) fn step(&mut self) {
        for at in 0..self.followers.len() {
            self.follower_acts(at);
        }
        for at in 0..self.readers.len() {
            let reader = &mut self.readers[at];
            if !reader.has_link() {
                reader.connect(&mut self.world, &mut self.random, SMALL_WINDOW);
            } else if reader.stalled {
                reader.stalled = self.random.below(12) > 0;
            } else {
                match self.random.below(40) {
                    0 => reader.cut(&mut self.random),
                    1 => reader.stalled = true,
                    _ => {}
                }
            }
        }
        for _ in 0..self.random.below(6) {
            let channel = self.channel();
            self.publish_by_application(channel, 1);
        }
        if self.once_in(12) {
            let channel = self.channel();
            let count = 1 + self.random.below(60);
            self.publish_by_application(channel, count);
        }
        let time = match self.random.below(25) {
            0 => 4_000,
            _ => self.random.below(200),
        };
        self.pass(Duration::from_millis(time as u64));
    }

    fn follower_acts(&mut self, at: usize) {
        let channel = self.channel();
        let Self { followers, random, world, .. } = self;
        let follower = &mut followers[at];
        if !follower.has_link() {
            let window = if random.below(2) == 0 { SMALL_WINDOW } else { LARGE_WINDOW };
            return follower.connect(world, random, window);
        }
        if follower.stalled {
            follower.stalled = random.below(12) > 0;
            return;
        }
        match random.below(40) {
            0 => follower.cut(random),
            1 => follower.stalled = follower.is_connected(),
            2..8 => follower.want(channel),
            8 | 9 => follower.leave(channel),
            10 if follower.is_in(channel) => follower.look(channel, random),
            11..14 if follower.is_in(channel) => {
                let (number, data) = self.data();
                self.followers[at].publish(channel, &data, number);
            }
            _ => {}
        }
    }

    fn data(&mut self) -> (usize, Value) {
        let number = self.book.number(self.world.now);
        let pad = "x".repeat(self.random.below(MAX_DATA_BYTES));
        (number, json!({ "n": number, "pad": pad }))
    }

    /// Publishes so much with one request.
    fn publish_by_application(&mut self, channel: &'static str, count: usize) {
        let worker = self.random.below(self.application.len());
        let mut commands = Vec::new();
        for _ in 0..count {
            let (number, data) = self.data();
            commands.push(json!({ "publish": { "channel": channel, "data": data } }));
            self.application[worker].1.push_back((channel, number));
        }
        let body = json!({ "commands": commands }).to_string();
        self.application[worker].0.ask(post("/api/batch", &body));
    }

    /// Some time goes by: what is under way arrives, or a part of it, the workers do their work, and the
    /// clients read.
    fn pass(&mut self, time: Duration) {
        let is_long = time > Duration::from_secs(1);
        for _ in 0..if is_long { 4 } else { 1 } {
            let Self { followers, readers, application, witness, random, world, .. } = self;
            followers.iter_mut().chain([witness]).for_each(|it| it.arrive(world, random));
            readers.iter_mut().for_each(|it| it.arrive(random));
            application.iter_mut().for_each(|(http, _)| http.arrive(random));
            self.world.run_for(Duration::from_millis(1), &mut self.random);
            self.read();
        }
        self.world.run_for(time, &mut self.random);
        self.read();
        self.check_bounds();
    }

    fn read(&mut self) {
        let Self { followers, readers, application, witness, book, world, .. } = self;
        followers.iter_mut().chain([witness]).for_each(|it| it.read(book, world.now));
        readers.iter_mut().for_each(|it| it.read(book, world.now));
        for (http, asked) in application {
            http.read();
            while let Some((status, body)) = http.answer() {
                let answer: Value =
                    serde_json::from_str(&body).unwrap_or_else(|_| panic!("{status} {body}"));
                for reply in answer["replies"].as_array().expect("replies") {
                    let (channel, number) = asked.pop_front().expect("a question");
                    let epoch = reply["publish"]["epoch"].as_str().map(str::to_owned);
                    let place = epoch.zip(reply["publish"]["offset"].as_u64());
                    let place = place.unwrap_or_else(|| panic!("{status} {body}"));
                    book.met(channel, &place, number);
                    book.acknowledged.insert((channel, number));
                }
            }
        }
    }

    fn check_bounds(&mut self) {
        for worker in &mut self.world.workers {
            let queue = worker.application().hub().longest_queue_bytes();
            assert!(queue <= MAX_QUEUED_BYTES, "{queue} bytes wait in a session");
            let outbox = worker.longest_outbox_bytes();
            let max = MAX_IN_FLIGHT_BYTES as usize + 2 * MAX_DATA_BYTES + MAX_REPLY_BYTES;
            assert!(outbox <= max, "{outbox} bytes wait for a connection");
        }
        let history = self.world.node.history_bytes();
        assert!(history <= self.max_history_bytes, "{history} bytes of history");
    }

    /// Everything comes to rest: all read, and come back, and get one publication more in each channel.
    pub(crate) fn finish(&mut self) {
        for _ in 0..40 {
            let Self { followers, readers, random, world, .. } = self;
            for follower in followers {
                follower.stalled = false;
                if !follower.has_link() {
                    follower.connect(world, random, LARGE_WINDOW);
                }
            }
            for reader in readers {
                reader.stalled = false;
                if !reader.has_link() {
                    reader.connect(world, random, LARGE_WINDOW);
                }
            }
            self.pass(Duration::from_millis(200));
        }
        while self.application.iter().any(|(http, _)| http.is_waiting()) {
            self.pass(Duration::from_millis(50));
        }
        // Those who left without a word are missed after a ping, or when they take nothing.
        (0..20).for_each(|_| self.pass(Duration::from_millis(2_500)));
        for channel in CHANNELS {
            self.publish_by_application(channel, 1);
        }
        (0..40).for_each(|_| {
            for reader in self.readers.iter_mut().filter(|it| it.polls && !it.has_link()) {
                reader.connect(&mut self.world, &mut self.random, LARGE_WINDOW);
            }
            self.pass(Duration::from_millis(100));
        });
        self.check_places();
        self.check_presence();
        self.check_drops();
    }

    /// All are where the witness is.
    fn check_places(&mut self) {
        assert!(self.witness.is_settled(), "the witness has seen all");
        let top = |channel: &str| -> Option<Place> {
            self.witness.places().find(|it| it.0 == channel)?.1.cloned()
        };
        for (at, follower) in self.followers.iter().enumerate() {
            let transport = follower.transport;
            assert!(follower.is_settled(), "{at}, {transport:?}, has not come back to all");
            for (channel, place) in follower.places() {
                assert_eq!(place, top(channel).as_ref(), "{at}, {transport:?}, in {channel}");
            }
        }
        for (at, reader) in self.readers.iter().enumerate() {
            for channel in reader.channels() {
                let place = reader.place(channel);
                assert_eq!(place, top(channel).as_ref(), "reader {at} in {channel}");
            }
        }
        for &(channel, number) in &self.book.acknowledged {
            assert!(self.book.is_known(channel, number), "{channel}: {number} came to nobody");
        }
        assert!(self.application.iter().all(|(http, _)| !http.is_waiting()));
    }

    /// In the room are those who are connected and subscribed, and nobody else.
    fn check_presence(&mut self) {
        let body = json!({ "channel": "room:1" }).to_string();
        let mut http = Http::new(Pipe::open(&mut self.world, 0, LARGE_WINDOW, usize::MAX));
        http.ask(post("/api/presence", &body));
        http.pipe.arrive_all();
        self.world.settle();
        http.read();
        let (_, body) = http.answer().expect("an answer at once");
        let answer: Value = serde_json::from_str(&body).expect("an answer of JSON");
        let presence = answer["result"]["presence"].as_object().expect("clients");
        let inside = self.followers.iter().chain([&self.witness]).filter(|it| it.is_in("room:1"));
        let clients: BTreeSet<String> = inside.filter_map(|it| it.client.clone()).collect();
        let streams = self.readers.iter().filter(|it| !it.polls && it.is_in);
        let streams = streams.filter(|it| it.channels().contains(&"room:1")).count();
        let missing: Vec<_> = clients.iter().filter(|it| !presence.contains_key(*it)).collect();
        assert!(missing.is_empty(), "not present, though connected: {missing:?}");
        assert_eq!(presence.len(), clients.len() + streams, "present: {body}");
    }

    /// What clients saw that they did not get was counted.
    fn check_drops(&mut self) {
        use DropReason::{Disconnect, Gap, New, Oldest, Superseded};
        for (namespace, reasons) in
            [("old", &[Oldest][..]), ("new", &[New]), ("latest", &[Superseded, Oldest])]
        {
            let counted = self.world.dropped(namespace, reasons);
            let seen = self.book.skipped.get(namespace).copied().unwrap_or_default();
            assert!(seen <= counted, "{namespace}: {seen} are missing, {counted} were dropped");
        }
        let counted: Vec<u64> = ["chat", "room"]
            .into_iter()
            .map(|namespace| self.world.dropped(namespace, &[Disconnect]))
            .collect();
        let ended = self.book.slow;
        assert!(ended <= counted.iter().sum(), "{ended} ended for being slow: {counted:?}");
        let told = self.book.gaps.get("gap").copied().unwrap_or_default();
        let counted = self.world.dropped("gap", &[Gap]);
        assert!(self.book.is_tight || told == 0 || counted > 0, "{told} gaps, none counted");
    }
}
