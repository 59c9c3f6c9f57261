//! Hubs against a model that is too simple to be wrong, over thousands of seeds.
//!
//! Some clients on three hubs subscribe, leave, lose their connections, stall and come back, while
//! others publish, and the hubs wake up when chance wants. The model keeps the list of all that was
//! published to a channel. Each client follows its channel as an SDK does, and each line that it is
//! told is held against the list: what comes next must be what is next there, and `recovered` must be
//! said exactly when the history still had all of it. Users are disconnected and unsubscribed meanwhile:
//! all who were there, and none who came behind that, though their hub may not have heard of it.
//!
//! `LONGWIRE_SEED=n cargo test -p longwire-realtime --test model` runs one seed.

mod world;

use std::collections::BTreeMap;
use std::time::Duration;

use longwire_realtime::{Command, Disconnect, Limits, Namespace, Request, SlowConsumer, Target};
use world::orders::Orders;
use world::{
    Client, World, api_publish, config, open_namespace, publish, recover, seconds, subscribe,
    unsubscribe,
};

const SEEDS: u64 = 2000;
const STEPS: usize = 150;
const HUBS: usize = 3;
const FOLLOWERS: usize = 6;
const HISTORY_SIZE: usize = 12;
const HISTORY_TTL: Duration = Duration::from_secs(40);

/// Channels of which nothing may be lost, of which some may, and those that know who is there.
const CHANNELS: [&str; 5] = ["chat:1", "gap:1", "drop:1", "room:1", "grace:1"];

/// Marsaglia's xorshift64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

/// All that was ever published to a channel, the data being numbers that count up from 1.
#[derive(Default)]
struct Log {
    published: Vec<Duration>,
    /// Up to here the history was removed.
    removed: usize,
}

impl Log {
    fn top(&self) -> usize {
        self.published.len()
    }

    /// Whether all that came after this one is still there.
    fn has_all_after(&self, seen: usize, now: Duration) -> bool {
        let rest = &self.published[seen..];
        seen >= self.removed
            && rest.len() <= HISTORY_SIZE
            && rest.iter().all(|&at| at + HISTORY_TTL > now)
    }
}

/// What a client knows of one channel.
#[derive(Clone, Debug, Default)]
struct Following {
    subscribed: bool,
    /// Where it is; the epoch is empty before it was ever there.
    epoch: String,
    offset: usize,
    /// The last of all that was published that it has, or was told that it does not have.
    seen: usize,
    /// So many orders had been given when it subscribed.
    behind: usize,
}

struct Follower {
    client: Client,
    user: String,
    /// So many orders had been given when it connected.
    behind: usize,
    stalled: bool,
    channels: [Following; CHANNELS.len()],
}

struct Run {
    world: World,
    chance: Chance,
    logs: BTreeMap<&'static str, Log>,
    followers: Vec<Follower>,
    /// Sees all who come to and go from `room:1`, and never stalls.
    watcher: Client,
    /// Whether it does.
    watches: bool,
    /// Those who have come to `room:1` and not gone, as far as the watcher was told.
    present: Vec<String>,
    /// Whether the node has so little memory that histories may be gone earlier.
    is_tight: bool,
    /// How often clients were told that they recovered something, and that they did not.
    recoveries: [usize; 2],
    orders: Orders,
    /// How many sessions and subscriptions they ended.
    ordered: [usize; 2],
}

fn namespaces() -> Vec<(&'static str, Namespace)> {
    let base =
        Namespace { history_size: HISTORY_SIZE, history_ttl: HISTORY_TTL, ..open_namespace() };
    let room = Namespace { presence: true, join_leave: true, ..base };
    vec![
        ("gap", Namespace { slow_consumer: SlowConsumer::Gap, ..base }),
        ("drop", Namespace { slow_consumer: SlowConsumer::DropOldest, ..base }),
        ("grace", Namespace { presence_grace: seconds(5), ..room.clone() }),
        ("room", room),
        ("chat", base),
    ]
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut config = config(&namespaces());
        let is_tight = seed % 4 == 3;
        // Where little is under way, clients are slow soon, and the watcher would be as well.
        let watches = seed.is_multiple_of(2);
        config.limits = Limits {
            max_in_flight_bytes: if watches { 10_000 } else { 40 },
            max_queued_bytes: 700,
            max_history_bytes: if is_tight { 4000 } else { 1 << 20 },
            ..config.limits
        };
        let mut world = World::new(HUBS, config);
        let watcher = world.connect(0, "watcher");
        let mut run = Self {
            world,
            // A seed of zero would stay zero.
            chance: Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            logs: CHANNELS.iter().map(|&channel| (channel, Log::default())).collect(),
            followers: Vec::new(),
            watcher,
            watches,
            present: Vec::new(),
            is_tight,
            recoveries: [0, 0],
            orders: Orders::default(),
            ordered: [0, 0],
        };
        if watches {
            run.world.send_alone(watcher, subscribe("room:1"));
        }
        for at in 0..FOLLOWERS {
            let user = format!("u{}", at / 2);
            let client = run.world.connect(at % HUBS, &user);
            let channels = Default::default();
            run.followers.push(Follower { client, user, behind: 0, stalled: false, channels });
        }
        run.watch();
        run
    }

    fn step(&mut self) {
        let at = self.chance.below(FOLLOWERS);
        let number = self.chance.below(CHANNELS.len());
        let channel = CHANNELS[number];
        match self.chance.below(16) {
            0..4 => self.publish(channel),
            4..8 => self.toggle(at, number),
            8 => self.reconnect(at),
            9 => {
                self.followers[at].stalled = true;
                self.world.stall(self.followers[at].client);
            }
            10 => self.resume(at),
            11 | 12 => {
                let hub = self.chance.below(HUBS);
                self.world.wake(hub);
            }
            13 => {
                let time = self.chance.below(7000);
                self.world.pass(Duration::from_millis(time as u64));
            }
            14 => self.interfere(at, number),
            _ => {
                for _ in 0..self.chance.below(HISTORY_SIZE) {
                    self.publish(channel);
                }
            }
        }
        self.read(at);
        self.watch();
    }

    fn publish(&mut self, channel: &'static str) {
        let log = self.logs.get_mut(channel).unwrap();
        log.published.push(self.world.now);
        let data = log.top().to_string();
        let by = self.chance.below(2 * FOLLOWERS);
        match self.followers.get(by).map(|follower| follower.client) {
            Some(client) if !self.world.is_closed(client) => {
                self.world.send_alone(client, publish(channel, &data));
            }
            _ => self.world.api_alone(by % HUBS, api_publish(channel, &data)),
        }
    }

    /// Subscribes, or unsubscribes.
    fn toggle(&mut self, at: usize, number: usize) {
        self.read(at);
        let follower = &mut self.followers[at];
        if self.world.is_closed(follower.client) {
            return self.reconnect(at);
        }
        let following = &mut follower.channels[number];
        let client = follower.client;
        if following.subscribed {
            following.subscribed = false;
            self.world.send_alone(client, unsubscribe(CHANNELS[number]));
            self.read(at);
        } else {
            self.subscribe(at, number);
        }
    }

    fn subscribe(&mut self, at: usize, number: usize) {
        self.read(at);
        let Follower { client, channels, .. } = &self.followers[at];
        let (client, before) = (*client, &channels[number]);
        if self.world.is_closed(client) {
            return;
        }
        let command = if before.epoch.is_empty() {
            subscribe(CHANNELS[number])
        } else {
            recover(CHANNELS[number], &before.epoch, before.offset as u64)
        };
        self.world.send_alone(client, command);
        let lines = self.world.lines(client);
        let reply = lines.iter().position(|line| line.starts_with("subscribed"));
        let reply = reply.unwrap_or_else(|| panic!("no reply: {lines:?}"));
        for line in &lines[..reply] {
            self.told(at, line);
        }
        self.subscribed(at, number, &lines[reply]);
        for line in &lines[reply + 1..] {
            self.told(at, line);
        }
    }

    /// Holds the reply to a subscription against the log.
    fn subscribed(&mut self, at: usize, number: usize, reply: &str) {
        let (log, behind) = (&self.logs[CHANNELS[number]], self.orders.count());
        let before = self.followers[at].channels[number].clone();
        let words: Vec<&str> = reply.split([' ', '[', ']']).filter(|it| !it.is_empty()).collect();
        let (epoch, offset) = words[2].split_once('/').unwrap();
        let offset: usize = offset.parse().unwrap();
        let recovered = words.get(3) == Some(&"recovered");
        if !before.epoch.is_empty() {
            let has_all = log.has_all_after(before.seen, self.world.now);
            if self.is_tight {
                assert!(!recovered || has_all, "{reply}, coming from {}", before.seen);
            } else {
                assert_eq!((recovered, offset), (has_all, log.top()), "from {}", before.seen);
            }
            self.recoveries[usize::from(!recovered)] += 1;
        }
        if recovered {
            let missed = log.top() - before.seen;
            let each =
                (1..=missed).map(|it| format!("{}={}", before.offset + it, before.seen + it));
            assert_eq!(
                words[4..],
                each.collect::<Vec<_>>(),
                "{reply}, coming from {}",
                before.seen
            );
            assert_eq!((epoch, offset), (&*before.epoch, before.offset + missed), "{reply}");
        }
        self.followers[at].channels[number] =
            Following { subscribed: true, epoch: epoch.into(), offset, seen: log.top(), behind };
    }

    /// Holds something that a client was told against the log.
    fn told(&mut self, at: usize, line: &str) {
        let Some((channel, what)) = line.split_once(' ') else { return };
        let Some(number) = CHANNELS.iter().position(|it| *it == channel) else { return };
        let following = &mut self.followers[at].channels[number];
        if what.starts_with("unsubscribed") {
            assert!(following.subscribed, "{line}: unsubscribed twice");
            following.subscribed = false;
            if what == "unsubscribed 2000" {
                let (behind, user) = (following.behind, &self.followers[at].user);
                let is_meant = self.orders.mean(user, Some(CHANNELS[number]), behind);
                assert!(is_meant, "{line}: {user} had subscribed behind {behind}");
                self.ordered[1] += 1;
            }
        } else if !what.starts_with(['+', '-'])
            && let Some((offset, data)) = what.split_once('=')
        {
            assert!(following.subscribed, "{line}: not subscribed");
            let came: [usize; 2] = [offset, data].map(|number| number.parse().unwrap());
            let [offset, data] = came;
            let next = [following.offset + 1, following.seen + 1];
            if channel == "drop:1" {
                assert!(offset >= next[0] && data >= next[1], "{line} where {next:?} is next");
            } else {
                assert_eq!(came, next, "{line}");
            }
            (following.offset, following.seen) = (offset, data);
        }
    }

    fn read(&mut self, at: usize) {
        let client = self.followers[at].client;
        for line in self.world.lines(client) {
            self.told(at, &line);
        }
        let key = self.world.key(client);
        let queued = self.world.hubs[self.world.hub_of(client)].queued_bytes(key);
        assert!(queued <= 700, "{queued} bytes wait");
    }

    fn watch(&mut self) {
        for line in self.world.lines(self.watcher) {
            let Some(what) = line.strip_prefix("room:1 ") else { continue };
            if let Some(who) = what.strip_prefix('+') {
                assert!(!self.present.iter().any(|it| it == who), "{line}: has come before");
                self.present.push(who.to_string());
            } else if let Some(who) = what.strip_prefix('-') {
                let found = self.present.iter().position(|it| it == who);
                self.present.remove(found.unwrap_or_else(|| panic!("{line}: was not there")));
            }
        }
    }

    /// The connection breaks if it has not, what was under way may be lost, and the client comes back
    /// to some hub, and to its channels.
    fn reconnect(&mut self, at: usize) {
        let client = self.followers[at].client;
        if self.chance.below(2) == 0 {
            self.world.lines(client);
        } else {
            self.read(at);
        }
        self.check_end(at);
        self.world.cut_alone(client);
        let hub = self.chance.below(HUBS);
        let follower = &mut self.followers[at];
        (follower.stalled, follower.behind) = (false, self.orders.count());
        follower.client = self.world.connect_alone(hub, &follower.user);
        assert_eq!(self.world.lines(follower.client), ["connected"]);
        let was: Vec<bool> =
            follower.channels.iter_mut().map(|it| std::mem::take(&mut it.subscribed)).collect();
        for number in (0..CHANNELS.len()).filter(|&number| was[number]) {
            self.subscribe(at, number);
        }
    }

    fn resume(&mut self, at: usize) {
        let follower = &mut self.followers[at];
        follower.stalled = false;
        let lines = self.world.resume(follower.client);
        for line in lines {
            self.told(at, &line);
        }
    }

    /// An application does something to a client, or to a channel.
    fn interfere(&mut self, at: usize, number: usize) {
        let channel = CHANNELS[number];
        let hub = self.chance.below(HUBS);
        let user = self.followers[at].user.clone();
        let target = Target { user, ..Target::default() };
        match self.chance.below(3) {
            0 => {
                let log = self.logs.get_mut(channel).unwrap();
                log.removed = log.top();
                self.world.api_alone(hub, Request::HistoryRemove { channel: channel.into() });
            }
            1 => {
                self.orders.give(&target.user, Some(channel));
                let channel = Some(channel.to_string());
                self.world.api_alone(hub, Request::Unsubscribe { target, channel });
            }
            _ => {
                let code = self.orders.give(&target.user, None);
                let disconnect = Disconnect { code, reason: "".into() };
                let whitelist = Vec::new();
                self.world.api_alone(hub, Request::Disconnect { target, whitelist, disconnect });
            }
        }
    }

    /// Whoever was ended by an order was meant by it.
    fn check_end(&mut self, at: usize) {
        let Follower { client, user, behind, .. } = &self.followers[at];
        if let Some(code) = self.world.close_code(*client) {
            self.orders.check_end(code, user, *behind);
            self.ordered[0] += usize::from(code >= 4000);
        }
    }

    /// All hubs have heard of all orders: nobody is left whom one means.
    fn check_orders(&mut self) {
        for at in 0..FOLLOWERS {
            self.resume(at);
            self.read(at);
            let Follower { client, user, behind, channels, .. } = &self.followers[at];
            if self.world.is_closed(*client) {
                continue;
            }
            assert!(!self.orders.mean(user, None, *behind), "{user} was disconnected");
            for (following, channel) in channels.iter().zip(CHANNELS) {
                let is_meant = self.orders.mean(user, Some(channel), following.behind);
                assert!(!following.subscribed || !is_meant, "{user} was unsubscribed: {channel}");
            }
        }
    }

    /// Everything comes to rest: all read, and come back, and nothing more is published.
    fn finish(&mut self) {
        self.world.settle();
        self.check_orders();
        for at in 0..FOLLOWERS {
            self.resume(at);
            if self.world.is_closed(self.followers[at].client) {
                self.reconnect(at);
            }
            for number in 0..CHANNELS.len() {
                self.read(at);
                if !self.followers[at].channels[number].subscribed {
                    self.subscribe(at, number);
                }
            }
            assert!(!self.world.is_closed(self.followers[at].client));
        }
        self.world.settle();
        self.world.pass(seconds(6));
        self.watch();
        for at in 0..FOLLOWERS {
            self.read(at);
            for (number, channel) in CHANNELS.into_iter().enumerate() {
                let following = &self.followers[at].channels[number];
                let top = self.logs[channel].top();
                assert!(following.subscribed, "{channel}");
                // The newest is dropped as well if all that waits is of other channels.
                assert!(following.seen == top || channel == "drop:1", "{channel}: {following:?}");
            }
        }
        let watchers = usize::from(self.watches);
        for (channel, watchers) in [("room:1", watchers), ("grace:1", 0)] {
            let stats = Command::PresenceStats { channel: channel.into() };
            let told = self.world.send(self.watcher, stats);
            let (clients, users) = (FOLLOWERS + watchers, FOLLOWERS / 2 + watchers);
            assert_eq!(told, [format!("{clients}/{users}")], "{channel}");
        }
        if self.watches {
            assert_eq!(self.present.len(), FOLLOWERS + 1, "{:?}", self.present);
        }
    }
}

fn run(seed: u64) -> [usize; 4] {
    let mut run = Run::new(seed);
    for _ in 0..STEPS {
        run.step();
    }
    run.finish();
    let ([recovered, not_recovered], [sessions, subscriptions]) = (run.recoveries, run.ordered);
    [recovered, not_recovered, sessions, subscriptions]
}

#[test]
fn no_duplicate_no_gap_one_order() {
    if let Some(seed) = std::env::var("LONGWIRE_SEED").ok().and_then(|seed| seed.parse().ok()) {
        run(seed);
        return;
    }
    let mut sums = [0; 4];
    for seed in 0..SEEDS {
        let result = std::panic::catch_unwind(|| run(seed));
        let counts = result.unwrap_or_else(|_| {
            panic!("LONGWIRE_SEED={seed} cargo test -p longwire-realtime --test model")
        });
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    // Else the model has seen nothing of what it is for.
    println!("recovered, not recovered, disconnected, unsubscribed: {sums:?}");
    assert!(sums.iter().all(|&count| count > 1000), "{sums:?}");
}
