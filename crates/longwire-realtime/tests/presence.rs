//! Who is in a channel, who is told, and what a grace period, a crowd and a lease change.

mod world;

use longwire_realtime::{
    Command, Dialect, Error, Namespace, PresenceStats, Request, Response, Subscribe,
};
use world::{World, config, connect, open_namespace, seconds, subscribe, unsubscribe};

fn presence() -> Namespace {
    Namespace { presence: true, join_leave: true, history_size: 0, ..open_namespace() }
}

fn room_of(namespace: Namespace, hubs: usize) -> World {
    World::new(hubs, config(&[("room", namespace)]))
}

fn members(world: &mut World, client: usize) -> Vec<String> {
    let presence = Command::Presence { channel: "room:1".into() };
    let stats = Command::PresenceStats { channel: "room:1".into() };
    let mut lines = world.send(client, presence);
    lines.extend(world.send(client, stats));
    lines
}

#[test]
fn those_who_come_and_go_are_seen_on_all_hubs() {
    let mut world = room_of(presence(), 2);
    let ada = world.connect(0, "ada");
    assert_eq!(world.send(ada, subscribe("room:1")), ["subscribed", "room:1 +1=ada"]);
    let bob = world.connect(1, "bob");
    assert_eq!(world.send(bob, subscribe("room:1")), ["subscribed", "room:1 +f4241=bob"]);
    let second = world.connect(1, "ada");
    world.send(second, subscribe("room:1"));
    assert_eq!(world.lines(ada), ["room:1 +f4241=bob", "room:1 +f4243=ada"]);
    assert_eq!(members(&mut world, bob)[1..], ["present [1=ada f4241=bob f4243=ada]", "3/2"]);
    world.send(second, unsubscribe("room:1"));
    world.cut(bob);
    assert_eq!(world.lines(ada), ["room:1 -f4243=ada", "room:1 -f4241=bob"]);
    assert_eq!(members(&mut world, ada), ["present [1=ada]", "1/1"]);
    assert_eq!(
        world.api(1, Request::PresenceStats { channel: "room:1".into() }),
        Ok(Response::PresenceStats(PresenceStats { clients: 1, users: 1 }))
    );
    assert_eq!(
        world.api(1, Request::Presence { channel: "chat".into() }),
        Err(Error::NotAvailable)
    );
}

#[test]
fn only_those_who_ask_are_told() {
    let mut world = room_of(presence(), 1);
    let ada = world.connect(0, "ada");
    let quiet = Subscribe { channel: "room:1".into(), ..Subscribe::default() };
    assert_eq!(world.send(ada, Command::Subscribe(quiet)), ["subscribed"]);
    world.subscriber(0, "bob", "room:1");
    assert_eq!(world.lines(ada), [""; 0]);
}

/// Who chose channels in a URL has no way to ask. An event stream is told without it, by name and among many
/// as a number; a long poll, which is not there between two requests, would be told of some.
#[test]
fn event_streams_are_told_without_asking() {
    let crowd =
        Namespace { coalesce_above_clients: 2, coalesce_interval: seconds(1), ..presence() };
    let rows: [(Dialect, &[&str], &[&str]); 2] = [
        (Dialect::Sse, &["subscribed", "room:1 +1", "room:1 +3=bob"], &["room:1 3/3"]),
        (Dialect::Poll, &["subscribed"], &[]),
    ];
    for (dialect, of_few, of_many) in rows {
        let mut world = room_of(crowd.clone(), 1);
        let reader = world.open_dialect(0, dialect);
        world.send(reader, connect(""));
        let quiet = Subscribe { channel: "room:1".into(), ..Subscribe::default() };
        let mut lines = world.send(reader, Command::Subscribe(quiet));
        world.subscriber(0, "bob", "room:1");
        lines.extend(world.lines(reader));
        assert_eq!(lines, of_few, "{dialect:?}");
        world.subscriber(0, "carol", "room:1");
        world.pass(seconds(1));
        assert_eq!(world.lines(reader), of_many, "{dialect:?}");
    }
}

/// What the one who watches is told when someone's connection ends and the same user comes back
/// after a while.
#[test]
fn within_the_grace_period_nobody_has_gone() {
    let none: &[&str] = &[];
    let rows = [
        ("bob", true, 9, none),
        ("bob", true, 11, &["room:1 -3=bob", "room:1 +5=bob"]),
        // Who says goodbye is gone at once.
        ("bob", false, 9, &["room:1 -3=bob", "room:1 +5=bob"]),
        // Someone anonymous cannot be told from another.
        ("", true, 9, &["room:1 -3", "room:1 +5"]),
    ];
    for (user, breaks, away, told) in rows {
        let mut world = room_of(Namespace { presence_grace: seconds(10), ..presence() }, 1);
        let ada = world.subscriber(0, "ada", "room:1");
        let other = world.subscriber(0, user, "room:1");
        world.lines(ada);
        if breaks {
            world.cut(other);
        } else {
            world.send(other, unsubscribe("room:1"));
        }
        world.pass(seconds(away));
        world.subscriber(0, user, "room:1");
        assert_eq!(world.lines(ada), told, "{user} {breaks} {away}");
        world.pass(seconds(60));
        assert_eq!(members(&mut world, ada)[1], "2/2", "{user} {breaks} {away}");
    }
}

#[test]
fn whoever_is_in_its_grace_period_is_present() {
    let mut world = room_of(Namespace { presence_grace: seconds(10), ..presence() }, 2);
    let ada = world.subscriber(0, "ada", "room:1");
    let bob = world.subscriber(1, "bob", "room:1");
    world.lines(ada);
    world.cut(bob);
    world.pass(seconds(9));
    assert_eq!(members(&mut world, ada), ["present [1=ada f4241=bob]", "2/2"]);
    world.pass(seconds(1));
    assert_eq!(world.lines(ada), ["room:1 -f4241=bob"]);
    assert_eq!(members(&mut world, ada), ["present [1=ada]", "1/1"]);
}

#[test]
fn among_many_there_are_numbers_instead_of_names() {
    let crowd =
        Namespace { coalesce_above_clients: 2, coalesce_interval: seconds(1), ..presence() };
    let mut world = room_of(crowd, 1);
    let ada = world.subscriber(0, "ada", "room:1");
    let bob = world.subscriber(0, "bob", "room:1");
    assert_eq!(world.lines(ada), ["room:1 +3=bob"]);
    let others = ["c", "d", "d"].map(|user| world.subscriber(0, user, "room:1"));
    assert_eq!(world.lines(ada), [""; 0]);
    world.pass(seconds(1));
    assert_eq!(world.lines(ada), ["room:1 5/4"]);
    world.cut(others[0]);
    world.cut(others[1]);
    world.pass(seconds(1));
    assert_eq!(world.lines(ada), ["room:1 3/3"]);
    // From here on they have names again.
    world.cut(others[2]);
    world.cut(bob);
    assert_eq!(world.lines(ada), ["room:1 -9=d", "room:1 -3=bob"]);
    world.pass(seconds(5));
    assert_eq!(world.lines(ada), [""; 0]);
}

#[test]
fn the_members_of_a_hub_that_is_dead_go_when_its_lease_ends() {
    let mut world = room_of(presence(), 2);
    let ada = world.subscriber(0, "ada", "room:1");
    world.subscriber(1, "bob", "room:1");
    world.lines(ada);
    world.hubs.truncate(1);
    world.pass(seconds(59));
    assert_eq!(world.lines(ada), [""; 0]);
    world.pass(seconds(2));
    assert_eq!(world.lines(ada), ["room:1 -f4241=bob"]);
    world.pass(seconds(300));
    assert_eq!(members(&mut world, ada), ["present [1=ada]", "1/1"]);
}

#[test]
fn a_hub_whose_lease_ended_although_it_lives_joins_again() {
    let mut world = room_of(presence(), 2);
    let ada = world.subscriber(0, "ada", "room:1");
    world.subscriber(1, "bob", "room:1");
    world.lines(ada);
    // The second hub is held up for longer than its lease.
    for _ in 0..4 {
        world.now += seconds(20);
        world.hubs[0].handle_timeout(world.now);
        world.wake(0);
    }
    assert_eq!(world.lines(ada), ["room:1 -f4241=bob"]);
    world.pass(seconds(1));
    assert_eq!(world.lines(ada), ["room:1 +f4241=bob"]);
}
