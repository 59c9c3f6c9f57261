//! What a session costs while nothing happens, and that a delivery allocates nothing.

mod world;

use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use longwire_realtime::dialect::Dialects;
use longwire_realtime::{
    Config, Dialect, History, Hub, Limits, MemoryNode, MemoryPresence, Output, Request, Response,
    Seams, SessionKey,
};
use world::words::PlainTokens;
use world::{api_publish, config, connect, subscribe};

const SESSIONS: u32 = 10_000;
const NOW: Duration = Duration::ZERO;

/// What an idle session with one subscription and a user of its own may cost.
const MAX_SESSION_BYTES: u64 = 700;

/// What the histories of a node may have.
const MAX_HISTORY_BYTES: usize = 4 << 20;

fn hub() -> Hub {
    let mut config = config(&[]);
    config.times = Default::default();
    config.limits = Limits { max_history_bytes: MAX_HISTORY_BYTES, ..Default::default() };
    let config: Arc<Config> = Arc::new(config);
    let node = MemoryNode::new(&config.limits, &config.times, Box::new(|| 1));
    // As random names are, these are not in order.
    let mut name = 1_u128;
    let chance = move || {
        name = name.wrapping_mul(0xda94_2042_e4dd_58b5_da94_2042_e4dd_58b5).wrapping_add(1);
        name
    };
    let seams = Seams {
        broker: Box::new(node.broker(Box::new(|| {}))),
        presence: Box::new(MemoryPresence::new(config.times.presence_lease).hub()),
        codec: Box::new(Dialects::default()),
        tokens: Box::new(PlainTokens),
        chance: Box::new(chance),
    };
    Hub::new(config, seams, NOW)
}

fn take_output(hub: &mut Hub) -> usize {
    let mut deliveries = 0;
    while let Some(output) = hub.poll_output() {
        if let Output::Fanout { sessions, .. } = output {
            deliveries += sessions.len();
        }
    }
    deliveries
}

fn subscribers(hub: &mut Hub, count: u32, channels: u32) -> Vec<SessionKey> {
    let subscriber = |number: u32| {
        let key = hub.open(Dialect::CentrifugeWebSocket, NOW).unwrap();
        hub.command(key, 1, connect(&format!("user-{number:07}")), NOW);
        hub.command(key, 2, subscribe(&format!("chat-{}", number % channels)), NOW);
        take_output(hub);
        key
    };
    (0..count).map(subscriber).collect()
}

/// The names and keys that tests keep are not part of it.
#[test]
fn an_idle_session_with_a_subscription_is_small() {
    for channels in [1, 100] {
        let mut hub = hub();
        let mut keys = Vec::new();
        let info = measure(|| keys = subscribers(&mut hub, SESSIONS, channels));
        hub.api(1, Request::Info, NOW);
        let Some(Output::Answer { result: Ok(Response::Info(info_of_node)), .. }) =
            hub.poll_output()
        else {
            panic!("no answer");
        };
        assert_eq!(info_of_node.subscriptions, SESSIONS as usize);
        let own = keys.capacity() * size_of::<SessionKey>();
        let bytes = u64::try_from(info.bytes_current).unwrap() - own as u64;
        let each = bytes / u64::from(SESSIONS);
        println!("{each} bytes a session, with {channels} channels for {SESSIONS} sessions");
        assert!(each <= MAX_SESSION_BYTES, "{each} bytes");
        let emptied = measure(|| {
            for key in &keys {
                hub.close(*key, NOW);
            }
            take_output(&mut hub);
        });
        assert!(emptied.bytes_current < 0, "what ends is given back");
        assert_eq!(hub.session_count(), 0);
    }
}

/// Neither who asks for the histories of channels that are not there, nor who publishes to many channels, has
/// the node keep more than it may, or much less than that.
#[test]
fn many_channels_stay_within_the_bound_for_histories() {
    type Ask = fn(&str) -> Request;
    let publish: Ask = |name| api_publish(name, "1");
    let look =
        |name: &str| Request::History(History { channel: name.into(), ..History::default() });
    let table: [(&str, usize, Ask); 4] = [
        ("published to", 8, publish),
        ("published to", 255, publish),
        ("looked at", 8, look),
        ("looked at", 255, look),
    ];
    for (what, name_bytes, request) in table {
        let mut hub = hub();
        let info = measure(|| {
            for number in 0..20_000 {
                hub.api(1, request(&format!("{number:0name_bytes$}")), NOW);
                take_output(&mut hub);
            }
        });
        let percent = info.bytes_current * 100 / i64::try_from(MAX_HISTORY_BYTES).unwrap();
        println!("{what}, names of {name_bytes} bytes: {percent} % of the bound");
        assert!((60..=100).contains(&percent), "{what}, {name_bytes}: {percent} %");
    }
}

/// A publication costs some allocations, however many it is for.
#[test]
fn a_delivery_allocates_nothing() {
    let count_for = |sessions: u32| {
        let mut hub = hub();
        let keys = subscribers(&mut hub, sessions, 1);
        let mut deliveries = 0;
        let mut publish = |hub: &mut Hub| {
            hub.api(1, api_publish("chat-0", "{\"text\":\"hello\"}"), NOW);
            deliveries += take_output(hub);
            keys.iter().for_each(|&key| hub.room(key, 1 << 16));
        };
        for _ in 0..20 {
            publish(&mut hub);
        }
        let info = measure(|| {
            for _ in 0..100 {
                publish(&mut hub);
            }
        });
        assert_eq!(deliveries, 120 * sessions as usize);
        info.count_total
    };
    let (few, many) = (count_for(10), count_for(5000));
    println!("{} allocations a publication", few / 100);
    assert!(few > 0, "nothing was measured");
    assert_eq!(few, many, "500 times the subscribers, and not an allocation more");
}
