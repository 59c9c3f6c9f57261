//! One run of the whole: clients over all transports, an application that publishes, and what chance does
//! to them. What must always hold is checked in each step, the rest when all has come to rest.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use longwire_realtime::Limits;
use longwire_server::simulation::Random;
use serde_json::Value;

use super::book::Book;
use super::follower::Follower;
use super::http::{Http, post};
use super::link::Transport;
use super::pipe::Pipe;
use super::reader::Reader;
use super::world::{CHANNELS, MAX_DATA_BYTES, PRIVATE, World};

/// Followers, on three transports, and readers, on two.
const FOLLOWERS: usize = 66;
const READERS: usize = 36;
const STEPS: usize = 20;
const WORKERS: u16 = 3;
const MAX_IN_FLIGHT_BYTES: u32 = 1024;
pub(crate) const MAX_QUEUED_BYTES: usize = 3072;
/// Bytes of a publication as a client is told it, at most: its data, and from whom it is.
pub(crate) const MAX_MESSAGE_BYTES: usize = MAX_DATA_BYTES + 400;
/// What does not wait and may be under way: pings, and the ends of subscriptions.
const MAX_PUSHES_BYTES: usize = 800;
/// Replies do not wait: so much more may be under way to a client that asks and does not read.
const MAX_REPLY_BYTES: usize = 256 * 1024;
/// Where histories are gone before their time.
const TIGHT_HISTORY_BYTES: usize = 20_000;
/// What one who may stall takes without reading.
const SMALL_WINDOW: usize = 1500;
pub(crate) const LARGE_WINDOW: usize = 1 << 20;
/// Time does not go on for longer without anyone doing anything.
const MAX_PASS: Duration = Duration::from_secs(1);

/// What the application asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// A publication, by its channel and number.
    Publication(&'static str, usize),
    /// Something of a user, by the order's number.
    Order(usize),
}

pub(crate) struct Run {
    pub(crate) random: Random,
    pub(crate) world: World,
    pub(crate) book: Book,
    pub(crate) followers: Vec<Follower>,
    pub(crate) readers: Vec<Reader>,
    /// Is in all channels from the beginning, and nothing happens to it but the end of the server.
    pub(crate) witness: Follower,
    /// The application's connection to each worker, and what it has asked for there.
    pub(crate) application: Vec<(Http, VecDeque<Wanted>)>,
    max_history_bytes: usize,
    /// In which step the server ends and another one begins.
    restarts_in: Option<usize>,
}

impl Run {
    /// The whole of a seed: what stands in its book.
    pub(crate) fn of(seed: u64) -> Book {
        let mut run = Self::new(seed);
        for step in 0..STEPS {
            run.step();
            if run.restarts_in == Some(step) {
                run.restart();
            }
        }
        run.finish();
        run.book
    }

    fn new(seed: u64) -> Self {
        let is_tight = seed % 5 == 4;
        let limits = Limits {
            max_in_flight_bytes: MAX_IN_FLIGHT_BYTES,
            max_queued_bytes: MAX_QUEUED_BYTES,
            max_history_bytes: if is_tight { TIGHT_HISTORY_BYTES } else { 1 << 24 },
            ..Limits::default()
        };
        let mut random = Random::new(seed ^ 0x5eed);
        let follower = |at: usize| {
            let transports = [Transport::WebSocket, Transport::Sse, Transport::HttpStream];
            // Some users are there twice.
            let user = if at % 4 < 2 { format!("s{}", at / 4) } else { format!("u{at}") };
            let mut follower = Follower::new(transports[at % 3], user);
            (0..3).for_each(|_| follower.want(CHANNELS[random.below(CHANNELS.len())]));
            follower
        };
        let followers = (0..FOLLOWERS).map(follower).collect();
        let open: Vec<_> = CHANNELS.into_iter().filter(|it| *it != PRIVATE).collect();
        let reader = |at: usize| {
            let count = 1 + random.below(3);
            let channels: BTreeSet<_> =
                (0..count).map(|_| open[random.below(open.len())]).collect();
            Reader::new(at % 2 == 1, channels.into_iter().collect())
        };
        let mut run = Self {
            followers,
            readers: (0..READERS).map(reader).collect(),
            witness: Follower::witness(),
            application: Vec::new(),
            book: Book::new(is_tight),
            max_history_bytes: limits.max_history_bytes,
            restarts_in: (seed % 4 == 1).then(|| random.below(STEPS)),
            world: World::new(seed, WORKERS, limits),
            random,
        };
        run.begin();
        run
    }

    /// With the server begin the application and the witness.
    fn begin(&mut self) {
        let application = |worker| {
            let pipe = Pipe::open(&mut self.world, worker, LARGE_WINDOW, usize::MAX);
            (Http::new(pipe), VecDeque::new())
        };
        self.application = (0..usize::from(WORKERS)).map(application).collect();
        self.witness.connect(&mut self.world, &mut self.random, LARGE_WINDOW);
        CHANNELS.iter().for_each(|channel| self.witness.want(channel));
        while !self.witness.is_settled() {
            self.pass(Duration::from_millis(10));
        }
    }

    /// The server ends, politely or not, and another one begins, which knows nothing of what was.
    fn restart(&mut self) {
        if self.once_in(2) {
            self.book.is_ending = true;
            self.world.workers.iter_mut().for_each(|it| it.shut_down());
            self.pass(Duration::from_millis(100));
        }
        self.check_entries();
        self.world.restart();
        self.read();
        let Self { followers, readers, witness, book, world, .. } = self;
        followers.iter_mut().chain([witness]).for_each(|it| it.lose_server(book));
        readers.iter_mut().for_each(|it| it.lose_server(book, world.now));
        self.book.begin_anew();
        self.begin();
    }

    /// Whether chance has it so, once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.random.below(times) == 0
    }

    fn channel(&mut self) -> &'static str {
        CHANNELS[self.random.below(CHANNELS.len())]
    }

    fn step(&mut self) {
        for at in 0..self.followers.len() {
            self.follower_acts(at);
        }
        for reader in &mut self.readers {
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
        for _ in 0..self.random.below(5) {
            let channel = self.channel();
            self.publish_by_application(channel, 1);
        }
        if self.once_in(12) {
            let channel = self.channel();
            let count = 1 + self.random.below(60);
            self.publish_by_application(channel, count);
        }
        if self.once_in(2) {
            self.order();
        }
        let time = match self.random.below(25) {
            0 => 4_000,
            _ => self.random.below(400),
        };
        self.pass(Duration::from_millis(time as u64));
    }

    fn follower_acts(&mut self, at: usize) {
        let channel = self.channel();
        let Self { followers, random, world, book, .. } = self;
        let follower = &mut followers[at];
        if !follower.has_link() {
            let window = if random.below(2) == 0 { SMALL_WINDOW } else { LARGE_WINDOW };
            return follower.connect(world, random, window);
        }
        if follower.stalled {
            follower.stalled = random.below(12) > 0;
            return;
        }
        match random.below(80) {
            0..3 => follower.cut(random, book),
            3 | 4 => follower.stalled = follower.is_connected(),
            5..14 => follower.want(channel),
            14..17 => follower.leave(channel),
            17 if follower.is_in(channel) => follower.look(channel, random),
            18..21 if follower.is_in(channel) => {
                let (number, data) = self.data();
                self.followers[at].publish(channel, &data, number);
            }
            _ => {}
        }
    }

    /// The number of a publication, and its data, as JSON.
    fn data(&mut self) -> (usize, String) {
        let number = self.book.number(self.world.now);
        let pad = "x".repeat(self.random.below(MAX_DATA_BYTES));
        (number, format!(r#"{{"n":{number},"pad":"{pad}"}}"#))
    }

    /// Publishes so much with one request.
    pub(crate) fn publish_by_application(&mut self, channel: &'static str, count: usize) {
        let publications: Vec<_> = (0..count).map(|_| self.publication(channel)).collect();
        self.batch(publications);
    }

    fn publication(&mut self, channel: &'static str) -> (Wanted, String) {
        let (number, data) = self.data();
        let command = format!(r#"{{"publish":{{"channel":"{channel}","data":{data}}}}}"#);
        (Wanted::Publication(channel, number), command)
    }

    /// Has the users of some followers disconnected, or unsubscribed, among publications.
    fn order(&mut self) {
        let mut commands = Vec::new();
        for _ in 0..1 + self.random.below(3) {
            let (at, channel) = (self.random.below(self.followers.len()), self.channel());
            let channel = (self.random.below(2) == 0).then_some(channel);
            let (number, command) = self.book.orders.give(&self.followers[at].user, channel);
            commands.push((Wanted::Order(number), command));
            let channel = self.channel();
            commands.push(self.publication(channel));
        }
        self.batch(commands);
    }

    /// Asks some worker for all of this, one behind the other or at once.
    fn batch(&mut self, commands: Vec<(Wanted, String)>) {
        let (http, wanted) = &mut self.application[self.random.below(WORKERS.into())];
        let parallel = self.random.below(2) == 0;
        let (asked, commands): (Vec<_>, Vec<_>) = commands.into_iter().unzip();
        wanted.extend(asked);
        let body = format!(r#"{{"commands":[{}],"parallel":{parallel}}}"#, commands.join(","));
        http.ask(post("/api/batch", &body));
    }

    /// Some time goes by: what is under way arrives, or a part of it, the workers do their work, and the
    /// clients read.
    pub(crate) fn pass(&mut self, time: Duration) {
        let mut left = time;
        loop {
            let part = left.min(MAX_PASS);
            let Self { followers, readers, application, witness, random, world, .. } = self;
            let calm = world.is_calm;
            followers.iter_mut().chain([witness]).for_each(|it| it.arrive(world, random));
            readers.iter_mut().for_each(|it| it.arrive(random, calm));
            for (http, _) in application {
                // The server closes a connection on which nothing is asked for long.
                if http.pipe.is_ended() {
                    let worker = http.pipe.worker;
                    http.reopen(Pipe::open(world, worker, LARGE_WINDOW, usize::MAX));
                }
                http.pipe.arrive(random, calm);
            }
            world.run_for(part, random);
            self.read();
            left -= part;
            if left.is_zero() {
                break;
            }
        }
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
                    let (channel, number) = match asked.pop_front().expect("a question") {
                        Wanted::Publication(channel, number) => (channel, number),
                        Wanted::Order(number) => {
                            assert!(reply.get("error").is_none(), "{reply}");
                            book.orders.answered(number);
                            continue;
                        }
                    };
                    let epoch = reply["publish"]["epoch"].as_str().map(str::to_owned);
                    let place = epoch.zip(reply["publish"]["offset"].as_u64());
                    let place = place.unwrap_or_else(|| panic!("{status} {body}"));
                    book.met(channel, &place, number);
                    book.acknowledged.insert((channel, number));
                }
            }
        }
        followers.iter().for_each(|it| it.check_orders(book));
        book.orders.tick += 1;
        followers.iter_mut().for_each(|it| it.tick = book.orders.tick);
    }

    fn check_bounds(&mut self) {
        for worker in &mut self.world.workers {
            let queue = worker.application().hub().longest_queue_bytes();
            assert!(queue <= MAX_QUEUED_BYTES, "{queue} bytes wait in a session");
            let outbox = worker.longest_outbox_bytes();
            let max = MAX_IN_FLIGHT_BYTES as usize + MAX_MESSAGE_BYTES + MAX_REPLY_BYTES;
            assert!(outbox <= max, "{outbox} bytes wait for a connection");
        }
        // What comes in one turn is given to a connection before it is known that it takes no more, and
        // then as much as may be under way.
        let max = MAX_IN_FLIGHT_BYTES as usize + MAX_MESSAGE_BYTES + MAX_PUSHES_BYTES;
        for follower in &mut self.followers {
            let (first, now) = follower.waiting_bytes(&self.world);
            assert!(now <= first + max, "{now} bytes, first {first}, wait for one that is stalled");
        }
        let history = self.world.node.history_bytes();
        assert!(history <= self.max_history_bytes, "{history} bytes of history");
    }
}
