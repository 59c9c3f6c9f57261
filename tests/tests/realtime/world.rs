//! Some workers of one node, each over a simulated network of its own, and their clocks.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use longwire_gateway::{ApiAccess, Gateway, Node, Settings};
use longwire_realtime::{
    Access, ClaimedChannel, ConnectionClaims, DropReason, Limits, Namespace, SlowConsumer,
    SubscriptionClaims, TokenError, Tokens,
};
use longwire_server::simulation::{Random, Simulation};

pub(crate) const HISTORY_SIZE: usize = 40;
pub(crate) const HISTORY_TTL: Duration = Duration::from_secs(60);
/// What the application says with its requests.
pub(crate) const API_KEY: &str = "key of the application";
/// Bytes that the data of a publication has at most, about.
pub(crate) const MAX_DATA_BYTES: usize = 400;

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

/// A connection token is the name of the user.
#[derive(Clone)]
struct Names;

impl Tokens for Names {
    fn connection(&self, token: &str, _: Duration) -> Result<ConnectionClaims, TokenError> {
        let channels: Vec<ClaimedChannel> = Vec::new();
        Ok(ConnectionClaims { user: token.into(), channels, ..ConnectionClaims::default() })
    }

    fn subscription(&self, _: &str, _: Duration) -> Result<SubscriptionClaims, TokenError> {
        Err(TokenError::Invalid)
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
        ..Namespace::default()
    }
}

/// A namespace for each policy, and `room`, which knows who is there.
pub(crate) fn config(limits: Limits) -> longwire_realtime::Config {
    let chat = namespace(SlowConsumer::Disconnect);
    let room = Namespace { presence: true, join_leave: true, ..chat };
    let namespaces = [
        ("chat", chat),
        ("room", room),
        ("gap", namespace(SlowConsumer::Gap)),
        ("old", namespace(SlowConsumer::DropOldest)),
        ("new", namespace(SlowConsumer::DropNew)),
        ("latest", namespace(SlowConsumer::Latest)),
    ];
    longwire_realtime::Config {
        namespaces: namespaces.map(|(name, it)| (name.to_owned(), Arc::new(it))).into(),
        allow_anonymous: true,
        limits,
        ..longwire_realtime::Config::default()
    }
}

pub(crate) struct World {
    pub(crate) workers: Vec<Simulation<Gateway>>,
    pub(crate) node: Node,
    pub(crate) now: Duration,
}

impl World {
    /// From here on the seed decides everything.
    pub(crate) fn new(seed: u64, workers: u16, limits: Limits) -> Self {
        CHANCE.set(Random::new(seed));
        let settings = Settings { api: ApiAccess::with_keys([API_KEY]), ..Settings::default() };
        let node = Node::new(config(limits), settings, Names, chance);
        let worker = |number: u16| {
            let seed = seed.wrapping_mul(31).wrapping_add(number.into());
            // A connection is said to have room again when no more than this waits for it: it adds to
            // what may be under way.
            let config = longwire_server::Config {
                outbox_low_water_bytes: 0,
                ..longwire_server::Config::default()
            };
            Simulation::worker(number, seed, config, |waker| node.gateway(waker))
        };
        Self { workers: (0..workers).map(worker).collect(), node, now: Duration::ZERO }
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

    /// What all hubs have dropped in a namespace for one of these reasons.
    pub(crate) fn dropped(&mut self, namespace: &str, reasons: &[DropReason]) -> u64 {
        let mut sum = 0;
        for worker in &mut self.workers {
            for (name, reason, count) in worker.application().hub().drops().iter() {
                if name == namespace && reasons.contains(&reason) {
                    sum += count;
                }
            }
        }
        sum
    }
}
