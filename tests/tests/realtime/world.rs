//! Some workers of one node, each over a simulated network of its own, and their clocks; and the next
//! node, where that one is no more.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use longwire::SendOptions;
use longwire_gateway::{ApiAccess, Gateway, Node, Settings};
use longwire_realtime::{
    Access, ClaimedChannel, ConnectionClaims, DropReason, Limits, Namespace, SlowConsumer,
    SubscriptionClaims, Times, TokenError, Tokens,
};
use longwire_server::simulation::{Random, Simulation};

/// One for each policy; `room`, which knows who is there; `lobby`, which waits for those who blink; and
/// `private`, to which one needs a token.
pub(crate) const CHANNELS: [&str; 9] =
    ["chat:1", "chat:2", "gap:1", "latest:1", "lobby:1", "new:1", "old:1", "private:1", "room:1"];
pub(crate) const PRIVATE: &str = "private:1";
pub(crate) const LOBBY: &str = "lobby:1";
pub(crate) const ROOM: &str = "room:1";

pub(crate) const HISTORY_SIZE: usize = 40;
pub(crate) const HISTORY_TTL: Duration = Duration::from_secs(60);
/// What the application says with its requests.
pub(crate) const API_KEY: &str = "key of the application";
/// Bytes that the data of a publication has at most, about.
pub(crate) const MAX_DATA_BYTES: usize = 400;
/// How long one who blinks stays in the lobby.
pub(crate) const GRACE: Duration = Duration::from_secs(2);
/// How long after the end of a token the server goes on.
pub(crate) const LEEWAY: Duration = Duration::from_secs(1);
/// Less than the whole life of a silent connection, so that all of it happens in a short run.
const PING_INTERVAL: Duration = Duration::from_secs(4);
const PONG_TIMEOUT: Duration = Duration::from_secs(2);
/// After so long nobody is there any more who left without a word.
pub(crate) const SILENCE: Duration = Duration::from_secs(9);
const PRESENCE_LEASE: Duration = Duration::from_secs(6);
/// When the simulation begins, in Unix time.
const BEGINNING: Duration = Duration::from_secs(1_800_000_000);

thread_local! {
    /// Where the names of clients and epochs, nonces and masking keys come from.
    static CHANCE: RefCell<Random> = RefCell::new(Random::new(0));
}

fn chance() -> u128 {
    CHANCE.with_borrow_mut(|random| {
        let mut half = || random.below(usize::MAX) as u128;
        half() << 64 | half()
    })
}

/// Bytes for masking keys and nonces.
pub(crate) fn nonce<const N: usize>() -> [u8; N] {
    let bytes = chance().to_be_bytes();
    std::array::from_fn(|at| bytes[at])
}

/// The channel of this name.
pub(crate) fn channel_of(name: &str) -> &'static str {
    CHANNELS.into_iter().find(|it| *it == name).expect("a channel of the world")
}

/// A token for a connection, or for a subscription to a channel, until then.
pub(crate) fn token(user: &str, channel: &str, expires_at: Option<Duration>) -> String {
    let until = expires_at.map_or(String::new(), |at| (BEGINNING + at).as_millis().to_string());
    format!("{user}|{channel}|{until}")
}

/// Tokens as [`token`] makes them. The name of a user alone is one as well.
#[derive(Clone)]
struct Names;

/// What stands in a token.
fn read(token: &str, now: Duration) -> Result<(&str, &str, Option<Duration>), TokenError> {
    let mut parts = token.split('|');
    let mut next = || parts.next().unwrap_or_default();
    let (user, channel, until) = (next(), next(), next());
    let expires_at = until.parse().ok().map(Duration::from_millis);
    if expires_at.is_some_and(|at| at <= now) {
        return Err(TokenError::Expired);
    }
    Ok((user, channel, expires_at))
}

impl Tokens for Names {
    fn connection(&self, token: &str, now: Duration) -> Result<ConnectionClaims, TokenError> {
        let (user, _, expires_at) = read(token, now)?;
        let channels: Vec<ClaimedChannel> = Vec::new();
        Ok(ConnectionClaims { user: user.into(), expires_at, channels, info: None })
    }

    fn subscription(&self, token: &str, now: Duration) -> Result<SubscriptionClaims, TokenError> {
        let (user, channel, expires_at) = read(token, now)?;
        Ok(SubscriptionClaims {
            user: user.into(),
            channel: channel.into(),
            expires_at,
            info: None,
        })
    }
}

/// A namespace in which everybody may do everything, with this for those who do not read.
pub(crate) fn namespace(slow_consumer: SlowConsumer) -> Namespace {
    Namespace {
        history_size: HISTORY_SIZE,
        history_ttl: HISTORY_TTL,
        recover: true,
        subscribe: Access::Anyone,
        publish: Access::Anyone,
        see_presence: Access::Anyone,
        see_history: Access::Anyone,
        slow_consumer,
        // By name, however many there are: all of it is checked.
        coalesce_above_clients: usize::MAX,
        ..Namespace::default()
    }
}

/// The configuration of a node that starts now.
fn config(limits: Limits, now: Duration) -> longwire_realtime::Config {
    let chat = namespace(SlowConsumer::Disconnect);
    let room = Namespace { presence: true, join_leave: true, ..chat };
    let gap = namespace(SlowConsumer::Gap);
    let lobby = Namespace { presence_grace: GRACE, slow_consumer: gap.slow_consumer, ..room };
    let private = Namespace { subscribe: Access::Nobody, ..chat };
    let namespaces = [
        ("chat", chat),
        ("room", room),
        ("lobby", lobby),
        ("private", private),
        ("gap", gap),
        ("old", namespace(SlowConsumer::DropOldest)),
        ("new", namespace(SlowConsumer::DropNew)),
        ("latest", namespace(SlowConsumer::Latest)),
    ];
    longwire_realtime::Config {
        namespaces: namespaces.map(|(name, it)| (name.to_owned(), Arc::new(it))).into(),
        allow_anonymous: true,
        limits,
        times: Times {
            ping_interval: PING_INTERVAL,
            pong_timeout: PONG_TIMEOUT,
            expiry_leeway: LEEWAY,
            presence_lease: PRESENCE_LEASE,
            unix_time_at_zero: BEGINNING + now,
            ..Times::default()
        },
        ..longwire_realtime::Config::default()
    }
}

pub(crate) struct World {
    pub(crate) workers: Vec<Simulation<Gateway>>,
    pub(crate) node: Node,
    pub(crate) now: Duration,
    /// Nothing is late on its way any more.
    pub(crate) is_calm: bool,
    seed: u64,
    limits: Limits,
    /// Of the server that is there now.
    is_up: Rc<Cell<bool>>,
    /// What servers have dropped that are no more.
    dropped: BTreeMap<(String, DropReason), u64>,
}

impl World {
    /// From here on the seed decides everything.
    pub(crate) fn new(seed: u64, workers: u16, limits: Limits) -> Self {
        CHANCE.set(Random::new(seed));
        let now = Duration::ZERO;
        let node = start(limits, now);
        Self {
            workers: (0..workers).map(|number| worker(number, seed, &node)).collect(),
            node,
            now,
            is_calm: false,
            seed,
            limits,
            is_up: Rc::new(Cell::new(true)),
            dropped: BTreeMap::new(),
        }
    }

    /// The server ends and another one begins, which knows nothing of what was.
    pub(crate) fn restart(&mut self) {
        self.dropped = self.drops();
        self.is_up.set(false);
        self.is_up = Rc::new(Cell::new(true));
        let count = u16::try_from(self.workers.len()).expect("few workers");
        self.workers.clear();
        self.node = start(self.limits, self.now);
        self.seed = self.seed.wrapping_add(1);
        self.workers = (0..count).map(|number| worker(number, self.seed, &self.node)).collect();
    }

    /// Whether the server that is there now still is.
    pub(crate) fn is_up(&self) -> Rc<Cell<bool>> {
        Rc::clone(&self.is_up)
    }

    /// Lets all workers go on until their clocks have gone on by so much, one behind the other; which
    /// one is first is chance.
    pub(crate) fn run_for(&mut self, time: Duration, random: &mut Random) {
        let first = random.below(self.workers.len());
        for at in 0..self.workers.len() {
            let worker = (first + at) % self.workers.len();
            self.workers[worker].run_for(time);
        }
        self.now += time;
    }

    /// Lets all workers do what they can do now, also for each other.
    pub(crate) fn settle(&mut self) {
        for _ in 0..3 {
            for worker in &mut self.workers {
                worker.run();
            }
        }
    }

    /// What was dropped, by namespace and reason.
    fn drops(&mut self) -> BTreeMap<(String, DropReason), u64> {
        let mut drops = self.dropped.clone();
        for worker in &mut self.workers {
            for (name, reason, count) in worker.application().hub().drops().iter() {
                *drops.entry((name.to_owned(), reason)).or_default() += count;
            }
        }
        drops
    }

    /// How much was dropped in a namespace for one of these reasons.
    pub(crate) fn dropped(&mut self, namespace: &str, reasons: &[DropReason]) -> u64 {
        let drops = self.drops();
        let meant = drops
            .iter()
            .filter(|((name, reason), _)| name == namespace && reasons.contains(reason));
        meant.map(|(_, count)| count).sum()
    }
}

fn start(limits: Limits, now: Duration) -> Node {
    let settings = Settings { api: ApiAccess::with_keys([API_KEY]), ..Settings::default() };
    Node::new(config(limits, now), settings, Names, chance)
}

fn worker(number: u16, seed: u64, node: &Node) -> Simulation<Gateway> {
    let seed = seed.wrapping_mul(31).wrapping_add(number.into());
    let config = longwire_server::Config {
        // A connection is said to have room again when no more than this waits for it: it adds to
        // what may be under way.
        outbox_low_water_bytes: 0,
        // Some are compressed, and some are not.
        send_options: SendOptions { compress_from_bytes: 440, ..SendOptions::DEFAULT },
        ..longwire_server::Config::default()
    };
    Simulation::worker(number, seed, config, |waker| node.gateway(waker))
}
