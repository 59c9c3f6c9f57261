//! The load on one server: its publisher, its subscribers, and the slices of time in which they are
//! busy.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use hdrhistogram::Histogram;
use mio::{Events, Interest, Poll, Token};

use super::link::{Asked, Link, Memory};
use super::protocol::{Heard, Protocol, Role, find};
use super::publication::publication;
use super::publisher::Publisher;
use super::stalled::Stalled;
use super::tally::Tally;
use crate::client::Target;
use crate::cpu::cpu_time;
use crate::memory::resident_bytes;

const PUBLISHER: Token = Token(usize::MAX);
pub(super) const STALLED: Token = Token(usize::MAX - 1);

/// How long nothing may come that is outstanding.
pub(super) const STALL: Duration = Duration::from_secs(10);

/// How long a turn sleeps at most.
pub(super) const LONGEST_SLEEP: Duration = Duration::from_millis(100);

/// So many subscribers are opened at a time: fewer than the queue of any listener takes.
const AT_A_TIME: usize = 64;

/// The subscribers before the first figure of memory. They bring what a server has once.
const WARM_UP: usize = 64;

/// The publications that each subscriber gets before the second figure of memory, and their length.
const WARM_PUBLICATIONS: usize = 16;
const WARM_BYTES: usize = 128;

/// What is to be measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What the server speaks.
    pub protocol: Protocol,
    /// Where it listens.
    pub target: Target,
    /// The process whose CPU time and memory count.
    pub pid: u32,
    /// How many subscribers there are: more than 64.
    pub subscribers: usize,
}

/// Bytes of resident user-space memory a subscriber.
#[derive(Clone, Copy, Debug)]
pub struct Bytes {
    /// Subscribed, and nothing received yet.
    pub subscribed: f64,
    /// After 16 publications of 128 bytes, one at a time.
    pub after_publications: f64,
}

/// A slice with a number of publications in flight.
#[derive(Clone, Copy, Debug)]
pub struct Saturated {
    /// Publications times subscribers.
    pub deliveries: u64,
    /// From the first publication to the last delivery.
    pub length: Duration,
    /// What the server used of it.
    pub server_cpu: Duration,
    /// What the load used of it.
    pub load_cpu: Duration,
}

/// A subscriber.
#[derive(Debug)]
pub(super) struct Subscriber {
    link: Link,
    has_joined: bool,
}

/// The publisher and all subscribers of one server.
#[derive(Debug)]
pub struct Load {
    pub(super) plan: Plan,
    pub(super) poll: Poll,
    pub(super) memory: Memory,
    pub(super) publisher: Publisher,
    pub(super) subscribers: Vec<Subscriber>,
    /// How many subscribers have joined.
    joined: usize,
    pub(super) tally: Tally,
    /// The one that does not read.
    pub(super) stalled: Option<Stalled>,
    /// The time that publications count from.
    pub(super) start: Instant,
    pub(super) latencies_us: Histogram<u64>,
}

impl Load {
    /// Opens all connections, and measures what they cost.
    ///
    /// # Errors
    /// The server refuses one, or there is no such process.
    pub fn open(plan: Plan) -> Result<(Self, Bytes)> {
        ensure!(plan.subscribers > WARM_UP, "give more than {WARM_UP} subscribers");
        let mut memory = Memory::new();
        let poll = Poll::new()?;
        let mut publisher = Publisher::open(plan.protocol, &plan.target, &mut memory)?;
        let both = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(publisher.stream(), PUBLISHER, both)?;
        let mut load = Self {
            plan,
            poll,
            memory,
            publisher,
            subscribers: Vec::with_capacity(plan.subscribers),
            joined: 0,
            tally: Tally::default(),
            stalled: None,
            start: Instant::now(),
            latencies_us: Histogram::new(3)?,
        };
        load.join(WARM_UP)?;
        load.publish_all(WARM_PUBLICATIONS, 1, WARM_BYTES)?;
        let before = resident_bytes(plan.pid)?;
        load.join(plan.subscribers)?;
        let subscribed = resident_bytes(plan.pid)?;
        load.publish_all(WARM_PUBLICATIONS, 1, WARM_BYTES)?;
        let after = resident_bytes(plan.pid)?;
        let all = (plan.subscribers - WARM_UP) as f64;
        let each = |now: u64| (now as f64 - before as f64) / all;
        let bytes = Bytes { subscribed: each(subscribed), after_publications: each(after) };
        Ok((load, bytes))
    }

    /// Has so many publications outstanding for as long as a slice lasts, then waits for the last.
    ///
    /// # Errors
    /// A delivery does not come, or is not the right one.
    pub fn saturate(
        &mut self,
        in_flight: usize,
        size_bytes: usize,
        length: Duration,
    ) -> Result<Saturated> {
        let own = std::process::id();
        let (server_before, load_before) = (cpu_time(self.plan.pid)?, cpu_time(own)?);
        let deliveries_before = self.tally.deliveries();
        let start = Instant::now();
        while start.elapsed() < length {
            for _ in self.tally.outstanding()..in_flight {
                self.publish(self.start.elapsed(), size_bytes)?;
            }
            self.publisher.flush()?;
            self.turn(LONGEST_SLEEP)?;
        }
        self.settle()?;
        Ok(Saturated {
            deliveries: self.tally.deliveries() - deliveries_before,
            length: start.elapsed(),
            server_cpu: cpu_time(self.plan.pid)?.saturating_sub(server_before),
            load_cpu: cpu_time(own)?.saturating_sub(load_before),
        })
    }

    /// Publishes `count` times, so many of them outstanding at a time, and waits for the last delivery.
    ///
    /// # Errors
    /// As for [`saturate`](Self::saturate).
    pub fn publish_all(&mut self, count: usize, in_flight: usize, size_bytes: usize) -> Result<()> {
        let mut left = count;
        while left > 0 {
            for _ in self.tally.outstanding()..in_flight.max(1) {
                if left > 0 {
                    self.publish(self.start.elapsed(), size_bytes)?;
                    left -= 1;
                }
            }
            self.publisher.flush()?;
            self.turn(LONGEST_SLEEP)?;
        }
        self.settle()
    }

    /// Answers what the server asks, when there is nothing else to do.
    ///
    /// # Errors
    /// The server has ended a connection.
    pub fn idle(&mut self) -> Result<()> {
        self.turn(Duration::ZERO)
    }

    /// Opens subscribers until there are so many, and waits until all have joined.
    fn join(&mut self, wanted: usize) -> Result<()> {
        let Plan { protocol, target, .. } = self.plan;
        let resource = protocol.resource(Role::Subscriber);
        while self.subscribers.len() < wanted {
            let first = self.subscribers.len();
            let asked: Result<Vec<Asked>> = (first..wanted.min(first + AT_A_TIME))
                .map(|number| Asked::new(target.dial(number + 1)?, resource))
                .collect();
            for asked in asked? {
                let number = self.subscribers.len();
                let link = asked.answer().with_context(|| format!("subscriber {number}"))?;
                self.begin(link)?;
            }
            self.turn(Duration::ZERO)?;
        }
        let deadline = Instant::now() + STALL;
        while self.joined < wanted || !self.publisher.has_joined {
            let (joined, left) = (self.joined, deadline.saturating_duration_since(Instant::now()));
            ensure!(!left.is_zero(), "{joined} of {wanted} subscribers have joined, and no more");
            self.turn(left.min(LONGEST_SLEEP))?;
        }
        Ok(())
    }

    /// Has one more subscriber say what it says first.
    fn begin(&mut self, mut link: Link) -> Result<()> {
        let number = self.subscribers.len();
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut link.socket.stream, Token(number), both)?;
        let greeting = self.plan.protocol.greeting(Role::Subscriber);
        if let Some(greeting) = greeting.filter(|text| !text.is_empty()) {
            link.say(greeting, &mut self.memory)?;
            link.socket.flush()?;
        }
        let has_joined = greeting.is_none();
        self.joined += usize::from(has_joined);
        self.subscribers.push(Subscriber { link, has_joined });
        self.tally.join();
        self.receive(number, true)
    }

    pub(super) fn publish(&mut self, due: Duration, size_bytes: usize) -> Result<()> {
        let number = self.tally.next_number();
        let text = publication(number, due, size_bytes)?;
        self.publisher.publish(number, &text, &mut self.memory)?;
        self.tally.publish(text, due);
        Ok(())
    }

    /// Waits until nothing is outstanding.
    pub(super) fn settle(&mut self) -> Result<()> {
        let (mut deliveries, mut since) = (self.tally.deliveries(), Instant::now());
        while self.tally.outstanding() > 0 {
            self.turn(LONGEST_SLEEP)?;
            if self.tally.deliveries() > deliveries {
                (deliveries, since) = (self.tally.deliveries(), Instant::now());
            }
            let outstanding = self.tally.outstanding();
            ensure!(since.elapsed() < STALL, "{outstanding} publications do not arrive");
        }
        Ok(())
    }

    /// Takes what has come, once something has or the time is up.
    pub(super) fn turn(&mut self, patience: Duration) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        match self.poll.poll(&mut events, Some(patience)) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        for event in &events {
            match event.token() {
                PUBLISHER => {
                    self.publisher.flush()?;
                    self.publisher.read(&mut self.memory).context("the publisher")?;
                }
                STALLED => {
                    // It may be gone since the poll.
                    let Some(stalled) = &mut self.stalled else { continue };
                    stalled.read(self.plan.protocol, &mut self.memory, false)?;
                }
                Token(number) => self.receive(number, false)?,
            }
        }
        Ok(())
    }

    /// Takes what a subscriber has got.
    fn receive(&mut self, number: usize, begins: bool) -> Result<()> {
        let Self { plan, memory, subscribers, joined, tally, start, latencies_us, .. } = self;
        let protocol = plan.protocol;
        let subscriber = subscribers.get_mut(number).context("an event of nobody")?;
        let Subscriber { link, has_joined } = subscriber;
        let mut says = Vec::new();
        let mut now = None;
        let on_text = |text: &str| {
            for part in protocol.parts(text) {
                if let Some(found) = find(part) {
                    let due = tally.deliver(number, found)?;
                    // What came in one read came at the same time.
                    let now = *now.get_or_insert_with(|| start.elapsed());
                    let micros = now.saturating_sub(due).as_micros();
                    latencies_us.record(u64::try_from(micros)?)?;
                    continue;
                }
                match protocol.hear(Role::Subscriber, part)? {
                    Heard::Nothing => {}
                    Heard::Say(text) => says.push(text),
                    Heard::Joined => {
                        *joined += usize::from(!*has_joined);
                        *has_joined = true;
                    }
                    Heard::Ended(code) => bail!("the server ends its subscription with {code}"),
                }
            }
            Ok(())
        };
        let taken = if begins { link.begin(memory, on_text) } else { link.read(memory, on_text) };
        taken.with_context(|| format!("subscriber {number}"))?;
        for text in says {
            link.say(text, memory)?;
        }
        link.socket.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::super::stalled::Fate;
    use super::*;
    use crate::client::Speech;
    use longwire::handshake::{Acceptance, HeadLimits, HeadScanner, Request, Status};
    use longwire::{Connection, ControlFrames, Header, Input, Limits, OpCode};
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::{Arc, Mutex};
    use std::thread;

    /// The bytes that a subscriber gets for a publication.
    type Deliver = fn(&[u8]) -> Vec<u8>;

    /// A server that speaks [`Protocol::Plain`].
    fn serve(deliver: Deliver) -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let subscribers = Arc::new(Mutex::new(Vec::new()));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                // Held, so that nothing is published between the response and the subscription.
                let mut all = subscribers.lock().unwrap();
                if upgrade(&mut stream) == "/subscribe" {
                    all.push(stream);
                } else {
                    let subscribers = Arc::clone(&subscribers);
                    thread::spawn(move || publish(stream, &subscribers, deliver));
                }
            }
        });
        Target { address, speech: Speech::Plain }
    }

    /// The opening handshake: what was asked for.
    fn upgrade(stream: &mut TcpStream) -> String {
        let (mut received, mut byte) = (Vec::new(), [0]);
        let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
        loop {
            stream.read_exact(&mut byte).unwrap();
            received.extend(byte);
            if let Status::Complete(head) = scanner.scan(&received).unwrap() {
                let request = Request::parse(head).unwrap();
                let mut response = [0; 1024];
                let upgrade = request.upgrade().unwrap();
                let accepted = upgrade.accept(&Acceptance::default(), &mut response).unwrap();
                stream.write_all(&response[..accepted.response_bytes]).unwrap();
                return request.path().to_owned();
            }
        }
    }

    fn publish(mut publisher: TcpStream, subscribers: &Mutex<Vec<TcpStream>>, deliver: Deliver) {
        let mut connection = Connection::server(Limits::DEFAULT);
        let mut control = ControlFrames::new();
        let (mut buffer, mut kept) = (vec![0; 64 * 1024], 0);
        let mut message = Vec::new();
        while let Ok(read @ 1..) = publisher.read(&mut buffer[kept..]) {
            let filled = kept + read;
            let mut input = Input::new(&mut buffer[..filled]);
            while let Some(event) = connection.receive(&mut input, &mut control).unwrap() {
                let last = match event {
                    longwire::Event::Text(text) => {
                        message.extend_from_slice(text.as_bytes());
                        true
                    }
                    longwire::Event::Chunk(chunk) => {
                        message.extend_from_slice(chunk.data);
                        chunk.last
                    }
                    _ => panic!("the publisher sends something else"),
                };
                if !last {
                    continue;
                }
                let bytes = deliver(&std::mem::take(&mut message));
                for subscriber in &mut *subscribers.lock().unwrap() {
                    // It is gone when the test is over.
                    let _ = subscriber.write_all(&bytes);
                }
            }
            kept = input.len();
            buffer.copy_within(filled - kept..filled, 0);
        }
    }

    fn frame(payload: &[u8]) -> Vec<u8> {
        let header = Header {
            fin: true,
            rsv1: false,
            opcode: OpCode::Text,
            mask: None,
            payload_len: payload.len() as u64,
        };
        [header.encode().as_bytes(), payload].concat()
    }

    fn open(deliver: Deliver) -> Result<(Load, Bytes)> {
        let (target, pid) = (serve(deliver), std::process::id());
        Load::open(Plan { protocol: Protocol::Plain, target, pid, subscribers: 100 })
    }

    #[test]
    fn all_that_is_published_is_delivered_to_all() {
        let (mut load, _) = open(frame).unwrap();
        // 16 to the first 64, then 16 to all of them.
        assert_eq!(load.tally.deliveries(), 16 * 64 + 16 * 100);
        // 250 a second for 20 ms.
        let paced = load.pace(250, 128, Duration::from_millis(20)).unwrap();
        assert_eq!(paced.latencies_us.len() + paced.left_out * 100, 5 * 100);
        for (in_flight, size_bytes) in [(1, 128), (16, 2048)] {
            let slice = load.saturate(in_flight, size_bytes, Duration::from_millis(5)).unwrap();
            let publications = slice.deliveries / 100;
            assert!(publications >= in_flight as u64 && slice.deliveries % 100 == 0, "{slice:?}");
            assert_eq!(load.tally.outstanding(), 0);
        }
    }

    #[test]
    fn one_that_does_not_read_is_nobody_whom_others_wait_for() {
        let (mut load, _) = open(frame).unwrap();
        for published in [5, 0] {
            load.stall().unwrap();
            let before = load.tally.deliveries();
            load.publish_all(published, 2, 128).unwrap();
            assert_eq!(load.tally.deliveries() - before, published as u64 * 100);
            assert_eq!(load.stalled.as_ref().map(Stalled::received), Some(0));
            let fate = load.release(128).unwrap();
            let published = published as u64;
            assert_eq!(fate, Fate { published, received: published, end: None });
            assert!(load.release(128).is_err());
        }
    }

    #[test]
    fn what_a_server_does_wrong_ends_the_load() {
        let table: [(Deliver, &str); 3] = [
            (|text| [frame(text), frame(text)].concat(), "which it had already"),
            (|text| frame(&text[..text.len() - 1]), "not publication 0 as it was"),
            (|_| frame(b"something else"), "unexpected"),
        ];
        for (deliver, wanted) in table {
            let error = open(deliver).map(|_| ()).unwrap_err();
            assert!(format!("{error:#}").contains(wanted), "{error:#}");
        }
    }
}
