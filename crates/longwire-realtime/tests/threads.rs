//! Hubs on threads of their own, all publishing to one channel at once: one order for all, nothing
//! twice, nothing missing, and nobody sleeps through the last publication.

mod world;

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use longwire_realtime::{
    Config, Dialect, Hub, MemoryNode, MemoryPresence, NoTokens, Output, Seams, SessionKey,
};
use world::words::Words;
use world::{api_publish, config, connect, subscribe};

const THREADS: u64 = 4;
const PUBLICATIONS: u64 = 500;
const NOW: Duration = Duration::ZERO;

/// What one thread does: subscribes, publishes its part, and follows until it has everyone's.
fn work(
    number: u64,
    config: Arc<Config>,
    node: &MemoryNode,
    presence: &MemoryPresence,
    all_are_subscribed: &Barrier,
) -> Vec<String> {
    let this = thread::current();
    let mut name = u128::from(number) << 64;
    let chance = move || {
        name += 1;
        name
    };
    let seams = Seams {
        broker: Box::new(node.broker(Box::new(move || this.unpark()))),
        presence: Box::new(presence.hub()),
        codec: Box::new(Words),
        tokens: Box::new(NoTokens),
        chance: Box::new(chance),
    };
    let mut hub = Hub::new(config, seams, NOW);
    let session = hub.open(Dialect::CentrifugeWebSocket, NOW).unwrap();
    hub.command(session, 1, connect(""), NOW);
    hub.command(session, 2, subscribe("chat"), NOW);
    while hub.poll_output().is_some() {}
    all_are_subscribed.wait();
    let mut told = Vec::new();
    for at in 0..PUBLICATIONS {
        hub.api(at, api_publish("chat", &format!("{number}.{at}")), NOW);
        take(&mut hub, session, &mut told);
    }
    while told.len() < usize::try_from(THREADS * PUBLICATIONS).unwrap() {
        // A wake that came since the last look lets this return at once.
        thread::park();
        hub.wake(NOW);
        take(&mut hub, session, &mut told);
    }
    told
}

/// Takes all that there is, as a connection that is always ready to be written to.
fn take(hub: &mut Hub, session: SessionKey, told: &mut Vec<String>) {
    loop {
        while let Some(output) = hub.poll_output() {
            match output {
                Output::Fanout { payload, .. } | Output::Frame { payload, .. } => {
                    told.push(String::from_utf8(payload.to_vec()).unwrap());
                }
                Output::Close { disconnect, .. } => panic!("{disconnect:?}"),
                _ => {}
            }
        }
        let was_waiting = hub.queued_bytes(session) > 0;
        hub.room(session, 1000);
        if hub.poll_timeout() == Some(NOW) {
            hub.handle_timeout(NOW);
        } else if !was_waiting {
            return;
        }
    }
}

#[test]
fn one_order_on_all_threads() {
    let mut config = config(&[]);
    config.limits.max_queued_bytes = 1 << 20;
    let config = Arc::new(config);
    let node = MemoryNode::new(&config.limits, &config.times, Box::new(|| 1));
    let presence = MemoryPresence::new(config.times.presence_lease);
    let barrier = Barrier::new(usize::try_from(THREADS).unwrap());
    let told: Vec<Vec<String>> = thread::scope(|scope| {
        let (config, node, presence, barrier) = (&config, &node, &presence, &barrier);
        let start =
            |number| scope.spawn(move || work(number, Arc::clone(config), node, presence, barrier));
        let threads: Vec<_> = (0..THREADS).map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (at, line) in told[0].iter().enumerate() {
        assert!(line.starts_with(&format!("chat {}=", at + 1)), "{line}");
    }
    for other in &told[1..] {
        assert_eq!(*other, told[0]);
    }
}
