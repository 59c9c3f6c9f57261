//! What becomes of a subscriber that does not read, by the policy of its channel, and that others
//! notice nothing of it.

mod world;

use longwire_realtime::{
    Command, Dialect, DropReason, History, Json, Namespace, Outgoing, Request, SlowConsumer, Target,
};
use world::{
    World, api_publish, config, connect, message, open_namespace, publish, recover, subscribe,
};

/// A publication of which one fills the connection, and four the queue: 1000 bytes, each counted
/// with 128 more than its payload.
fn large(at: usize) -> String {
    format!("\"{at:0>100}\"")
}

fn slow_world(slow_consumer: SlowConsumer) -> World {
    let mut config =
        config(&[("slow", Namespace { slow_consumer, history_size: 100, ..open_namespace() })]);
    config.limits.max_in_flight_bytes = 100;
    World::new(1, config)
}

fn offsets(lines: &[String]) -> Vec<u64> {
    let offset = |line: &String| line.strip_prefix("slow:1 ")?.split_once('=')?.0.parse().ok();
    lines.iter().filter_map(offset).collect()
}

#[test]
fn each_policy_is_exact_and_costs_others_nothing() {
    use DropReason as R;
    /// What the one who stalled has in the end; its close code; what was dropped of 20.
    type Row = (SlowConsumer, &'static [u64], Option<u16>, DropReason, u64);
    let rows: [Row; 5] = [
        (SlowConsumer::Disconnect, &[1], Some(3008), R::Disconnect, 5),
        (SlowConsumer::DropOldest, &[1, 17, 18, 19, 20], None, R::Oldest, 15),
        (SlowConsumer::DropNew, &[1, 2, 3, 4, 5], None, R::New, 15),
        (SlowConsumer::Latest, &[1, 20], None, R::Superseded, 18),
        (SlowConsumer::Gap, &[1], None, R::Gap, 5),
    ];
    for (policy, has, closed, reason, dropped) in rows {
        let mut world = slow_world(policy);
        let stalled = world.subscriber(0, "1", "slow:1");
        let reader = world.subscriber(0, "2", "slow:1");
        world.stall(stalled);
        for at in 1..=20 {
            world.api(0, api_publish("slow:1", &large(at))).unwrap();
            let key = world.key(stalled);
            assert!(world.hubs[0].queued_bytes(key) <= 1000, "{policy:?}");
        }
        let mut lines = world.lines(stalled);
        lines.extend(world.resume(stalled));
        assert_eq!(offsets(&lines), has, "{policy:?}");
        assert_eq!(world.close_code(stalled), closed, "{policy:?}");
        let gap = lines.last().unwrap() == "slow:1 unsubscribed 2500";
        assert_eq!(gap, policy == SlowConsumer::Gap);
        let drops: Vec<_> = world.hubs[0].drops().iter().collect();
        assert_eq!(drops, [("slow", reason, dropped)], "{policy:?}");
        assert_eq!(offsets(&world.lines(reader)), (1..=20).collect::<Vec<_>>(), "{policy:?}");
    }
}

#[test]
fn after_a_gap_the_client_recovers_all_of_it() {
    let mut world = slow_world(SlowConsumer::Gap);
    let client = world.subscriber(0, "1", "slow:1");
    world.stall(client);
    for at in 1..=20 {
        world.api(0, api_publish("slow:1", &large(at))).unwrap();
    }
    assert_eq!(offsets(&world.lines(client)), [1]);
    world.resume(client);
    let lines = world.send(client, recover("slow:1", "1", 1));
    assert!(lines[0].starts_with("subscribed at 1/20 recovered [2="), "{lines:?}");
    world.api(0, api_publish("slow:1", "21")).unwrap();
    assert_eq!(world.lines(client), ["slow:1 21=21"]);
}

/// A client cannot subscribe to what only its token subscribes it to: there is one way back to it.
#[test]
fn behind_a_gap_in_a_channel_of_its_token_a_client_connects_again() {
    let mut world = slow_world(SlowConsumer::Gap);
    let client = world.connect(0, "7/slow:1");
    world.send(client, subscribe("slow:2"));
    world.stall(client);
    world.api(0, api_publish("slow:2", &large(1))).unwrap();
    world.api(0, api_publish("slow:2", &large(2))).unwrap();
    for at in 1..=5 {
        world.api(0, api_publish("slow:1", &large(at))).unwrap();
    }
    assert_eq!(world.close_code(client), Some(3010));
    let drops: Vec<_> = world.hubs[0].drops().iter().collect();
    assert_eq!(drops, [("slow", DropReason::Disconnect, 1), ("slow", DropReason::Gap, 4)]);
}

#[test]
fn the_newest_of_each_key_is_kept() {
    let mut world = slow_world(SlowConsumer::Latest);
    let client = world.subscriber(0, "1", "slow:1");
    world.stall(client);
    world.api(0, api_publish("slow:1", &large(0))).unwrap();
    for (key, data) in [("x", 1), ("y", 2), ("x", 3), ("x", 4), ("y", 5), ("z", 6)] {
        let data = Json::from_valid(&data.to_string());
        let message = Outgoing { data, key: Some(key.into()), ..message("") };
        world.api(0, Request::Publish { channel: "slow:1".into(), message }).unwrap();
    }
    world.lines(client);
    assert_eq!(world.resume(client), ["slow:1 5=4", "slow:1 6=5", "slow:1 7=6"]);
    let drops: Vec<_> = world.hubs[0].drops().iter().collect();
    assert_eq!(drops, [("slow", DropReason::Superseded, 3)]);
}

#[test]
fn replies_do_not_wait_and_order_holds_for_the_rest() {
    let mut world = slow_world(SlowConsumer::DropNew);
    let client = world.subscriber(0, "1", "slow:1");
    world.stall(client);
    world.api(0, api_publish("slow:1", &large(1))).unwrap();
    world.lines(client);
    assert_eq!(world.send(client, publish("slow:1", "2")), ["published"]);
    assert_eq!(world.send(client, publish("slow:1", "3")), ["published"]);
    assert_eq!(world.resume(client), ["slow:1 2=2", "slow:1 3=3"]);
    assert_eq!(world.hubs[0].drops().iter().count(), 0);
}

#[test]
fn nothing_of_a_subscription_comes_after_its_end() {
    let mut world = slow_world(SlowConsumer::DropNew);
    let client = world.subscriber(0, "1", "slow:1");
    world.stall(client);
    world.api(0, api_publish("slow:1", &large(1))).unwrap();
    world.api(0, api_publish("slow:1", "2")).unwrap();
    world.lines(client);
    assert_eq!(world.send(client, world::unsubscribe("slow:1")), ["unsubscribed"]);
    assert_eq!(world.resume(client), [""; 0]);
}

/// It is on this side of its connection, and would fill that with what it recovers.
#[test]
fn a_reader_is_told_of_a_gap_when_there_is_room_for_what_it_recovers() {
    let mut world = slow_world(SlowConsumer::Gap);
    let reader = world.open_dialect(0, Dialect::Sse);
    world.send(reader, connect(""));
    world.send(reader, subscribe("slow:1"));
    world.stall(reader);
    world.lines(reader);
    for at in 1..=20 {
        world.api(0, api_publish("slow:1", &large(at))).unwrap();
    }
    assert_eq!(offsets(&world.lines(reader)), [1]);
    assert_eq!(world.resume(reader), ["slow:1 unsubscribed 2500"]);
    let lines = world.send(reader, recover("slow:1", "1", 1));
    assert!(lines[0].starts_with("subscribed at 1/20 recovered [2="), "{lines:?}");
}

#[test]
fn a_reader_that_is_subscribed_anew_is_told_of_the_gap_before() {
    let mut world = slow_world(SlowConsumer::Gap);
    let reader = world.open_dialect(0, Dialect::Sse);
    world.send(reader, connect("7"));
    world.send(reader, subscribe("slow:1"));
    world.stall(reader);
    for at in 1..=20 {
        world.api(0, api_publish("slow:1", &large(at))).unwrap();
    }
    world.lines(reader);
    let target = Target { user: "7".into(), ..Target::default() };
    let (channel, recover, info, ttl) = ("slow:1".into(), None, None, None);
    world.api(0, Request::Subscribe { target, channel, recover, info, ttl }).unwrap();
    assert_eq!(world.lines(reader), ["slow:1 unsubscribed 2500", "slow:1 subscribed at 1/20"]);
    assert_eq!(world.resume(reader), [""; 0]);
}

/// One frame may have hundreds of commands, whose replies are hundreds of times as long.
#[test]
fn who_does_not_read_its_replies_is_given_no_more_long_ones() {
    let mut config = config(&[("slow", Namespace { history_size: 100, ..open_namespace() })]);
    (config.limits.max_in_flight_bytes, config.limits.max_unread_reply_bytes) = (100, 1000);
    let mut world = World::new(1, config);
    let client = world.subscriber(0, "1", "slow:1");
    for at in 1..=6 {
        world.api(0, api_publish("slow:1", &large(at))).unwrap();
    }
    world.lines(client);
    world.stall(client);
    let history = || {
        Command::History(History { channel: "slow:1".into(), limit: None, ..History::default() })
    };
    // Each is more than 600 bytes; 100 may be under way, and 1000 more unread.
    let refused = ["error: too many requests"];
    assert!(world.send(client, history())[0].starts_with("history"));
    assert!(world.send(client, history())[0].starts_with("history"));
    assert_eq!(world.send(client, history()), refused);
    let presence = Command::Presence { channel: "slow:1".into() };
    assert_eq!(world.send(client, presence), refused);
    assert_eq!(world.send(client, subscribe("slow:2")), refused);
    assert_eq!(world.send(client, publish("slow:1", "7")), ["published"]);
    world.resume(client);
    assert!(world.send(client, history())[0].starts_with("history"));
}
