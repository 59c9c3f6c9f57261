//! A node with everything in memory, for the targets that have hubs: its namespaces, and hubs on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use longwire_realtime::dialect::Dialects;
use longwire_realtime::{
    Access, Config, Hub, Limits, MemoryNode, MemoryPresence, Namespace, Seams, SlowConsumer, Times,
    Tokens,
};

/// How long a user whose connection broke stays in `room:`.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// The namespaces, each with what its name says.
fn namespaces() -> [(&'static str, Namespace); 7] {
    let open = Namespace {
        history_size: 8,
        history_ttl: Duration::from_secs(40),
        position_ttl: Duration::from_secs(90),
        ..Namespace::for_everyone()
    };
    let slow = |slow_consumer| Namespace { slow_consumer, ..open.clone() };
    let room = Namespace { presence_grace: GRACE, coalesce_above_clients: 2, ..open.clone() };
    let plain = Namespace { history_size: 0, max_subscribers: 2, ..open.clone() };
    [
        ("gap", slow(SlowConsumer::Gap)),
        ("old", slow(SlowConsumer::DropOldest)),
        ("new", slow(SlowConsumer::DropNew)),
        ("last", slow(SlowConsumer::Latest)),
        ("room", room),
        ("plain", plain),
        ("shut", Namespace { subscribe: Access::Nobody, ..open }),
    ]
}

/// A configuration that lets everyone in.
pub(crate) fn config(limits: Limits) -> Config {
    let namespaces = namespaces().map(|(name, namespace)| (name.to_owned(), Arc::new(namespace)));
    Config {
        namespaces: namespaces.into(),
        default_namespace: Arc::new(Namespace { history_size: 8, ..Namespace::for_everyone() }),
        allow_anonymous: true,
        limits,
        times: Times { ping_interval: Duration::ZERO, ..Times::default() },
        ..Config::default()
    }
}

/// What the hubs of a node share.
pub(crate) struct Node {
    pub(crate) config: Arc<Config>,
    pub(crate) broker: MemoryNode,
    presence: MemoryPresence,
    /// The last name that was drawn.
    names: Arc<AtomicU64>,
}

impl Node {
    pub(crate) fn new(config: Config) -> Self {
        let mut epoch = 0;
        let chance = Box::new(move || {
            epoch += 1;
            epoch
        });
        Self {
            broker: MemoryNode::new(&config.limits, &config.times, chance),
            presence: MemoryPresence::new(config.times.presence_lease),
            config: Arc::new(config),
            names: Arc::default(),
        }
    }

    /// One hub more.
    pub(crate) fn hub(&self, tokens: Box<dyn Tokens>, now: Duration) -> Hub {
        self.woken_hub(tokens, now).0
    }

    /// One hub more, and whether it has been woken.
    pub(crate) fn woken_hub(
        &self,
        tokens: Box<dyn Tokens>,
        now: Duration,
    ) -> (Hub, Arc<AtomicBool>) {
        let woken = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&woken);
        let names = Arc::clone(&self.names);
        let seams = Seams {
            broker: Box::new(self.broker.broker(Box::new(move || {
                flag.store(true, Ordering::Relaxed);
            }))),
            presence: Box::new(self.presence.hub()),
            codec: Box::new(Dialects::default()),
            tokens,
            // No two are the same, which is all that matters here.
            chance: Box::new(move || names.fetch_add(1, Ordering::Relaxed).into()),
        };
        (Hub::new(Arc::clone(&self.config), seams, now), woken)
    }
}
