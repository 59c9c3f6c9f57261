//! Subscribing, and coming back: what a client is given, and when it is told that it is not.

mod world;

use longwire_realtime::{Command, Connect, History, Namespace, Recover, Request, Response};
use world::{
    World, api_publish, config, connect, message, open_namespace, publish, recover, seconds,
    subscribe, unsubscribe, words, world,
};

#[test]
fn publications_come_in_order_with_their_offsets() {
    let mut world = world();
    let client = world.connect(0, "7");
    assert_eq!(world.send(client, subscribe("chat")), ["subscribed at 1/0"]);
    assert_eq!(world.send(client, publish("chat", "1")), ["published", "chat 1=1"]);
    world.api(0, api_publish("chat", "2")).unwrap();
    world.api(0, api_publish("other", "3")).unwrap();
    world.api(0, api_publish("chat", "4")).unwrap();
    assert_eq!(world.lines(client), ["chat 2=2", "chat 3=4"]);
    assert_eq!(world.send(client, unsubscribe("chat")), ["unsubscribed"]);
    world.api(0, api_publish("chat", "5")).unwrap();
    assert_eq!(world.lines(client), [""; 0]);
}

/// Ten of twelve publications are still there: 3 to 12.
#[test]
fn a_client_that_comes_back_gets_all_or_is_told_so() {
    let rows = [
        ("1", 12, "subscribed at 1/12 recovered []"),
        ("1", 10, "subscribed at 1/12 recovered [11=11 12=12]"),
        ("", 11, "subscribed at 1/12 recovered [12=12]"),
        ("1", 2, "subscribed at 1/12 recovered [3=3 4=4 5=5 6=6 7=7 8=8 9=9 10=10 11=11 12=12]"),
        ("1", 1, "subscribed at 1/12 not recovered []"),
        ("1", 0, "subscribed at 1/12 not recovered []"),
        ("1", 13, "subscribed at 1/12 not recovered []"),
        ("9", 12, "subscribed at 1/12 not recovered []"),
        ("9", 11, "subscribed at 1/12 not recovered []"),
    ];
    for (epoch, offset, told) in rows {
        let mut world = world();
        for data in 1..=12 {
            world.api(0, api_publish("chat", &data.to_string())).unwrap();
        }
        let client = world.connect(0, "7");
        assert_eq!(world.send(client, recover("chat", epoch, offset)), [told]);
        world.api(0, api_publish("chat", "13")).unwrap();
        assert_eq!(world.lines(client), ["chat 13=13"], "{epoch}/{offset}");
    }
}

#[test]
fn more_than_the_limit_is_not_recovered() {
    let mut config = config(&[]);
    config.limits.max_recovered_publications = 3;
    let mut world = World::new(1, config);
    for data in 1..=5 {
        world.api(0, api_publish("chat", &data.to_string())).unwrap();
    }
    let rows = [
        (2, "subscribed at 1/5 recovered [3=3 4=4 5=5]"),
        (1, "subscribed at 1/5 not recovered []"),
    ];
    for (offset, told) in rows {
        let client = world.connect(0, "7");
        assert_eq!(world.send(client, recover("chat", "1", offset)), [told]);
    }
}

/// All channels of the token are in one reply.
#[test]
fn a_connect_recovers_as_much_as_one_connection_may_be_behind_with() {
    let mut config = config(&[]);
    config.limits.max_unread_reply_bytes = 400;
    let mut world = World::new(1, config);
    for channel in ["a", "b", "c"] {
        for data in ["1", "2"] {
            world.api(0, api_publish(channel, data)).unwrap();
        }
    }
    let client = world.open(0);
    let at = |(channel, epoch): (&str, &str)| {
        (channel.to_string(), Recover { epoch: words::epoch(epoch), offset: 0 })
    };
    let subs = [("a", "1"), ("b", "2"), ("c", "3")].map(at).into();
    let token = Some("7/a,b,c".to_string());
    // Two publications of one byte are 322 bytes as they are counted.
    assert_eq!(
        world.send(client, Command::Connect(Connect { token, subs, ..Connect::default() })),
        ["connected, a subscribed at 1/2 recovered [1=1 2=2], \
          b subscribed at 2/2 recovered [1=1 2=2], c subscribed at 3/2 not recovered []"]
    );
}

#[test]
fn what_is_on_its_way_to_the_hub_already_does_not_come_twice() {
    let mut world = World::new(2, config(&[]));
    let first = world.subscriber(1, "1", "chat");
    // Published on the other hub, and this one has not woken up.
    world.api_alone(0, api_publish("chat", "1"));
    let second = world.connect_alone(1, "2");
    world.send_alone(second, recover("chat", "1", 0));
    assert_eq!(world.lines(second), ["connected", "subscribed at 1/1 recovered [1=1]"]);
    world.settle();
    assert_eq!(world.lines(first), ["chat 1=1"]);
    assert_eq!(world.lines(second), [""; 0]);
}

#[test]
fn all_subscribers_on_all_hubs_see_one_order() {
    let mut world = World::new(3, config(&[]));
    let clients = [0, 1, 2].map(|hub| world.subscriber(hub, "7", "chat"));
    for (at, hub) in [2, 0, 1, 1, 0, 2].into_iter().enumerate() {
        world.send_alone(clients[hub], publish("chat", &at.to_string()));
    }
    world.settle();
    for client in clients {
        let lines = world.lines(client);
        let told: Vec<_> = lines.iter().filter(|line| line.starts_with("chat")).collect();
        assert_eq!(told, ["chat 1=0", "chat 2=1", "chat 3=2", "chat 4=3", "chat 5=4", "chat 6=5"]);
    }
}

#[test]
fn history_ends_by_age_and_by_bytes() {
    let small = Namespace { max_history_bytes: 400, ..open_namespace() };
    let mut world = World::new(1, config(&[("small", small)]));
    for data in 1..=3 {
        world.api(0, api_publish("chat", &data.to_string())).unwrap();
        world.api(0, api_publish("small:1", &data.to_string())).unwrap();
        world.pass(seconds(25));
    }
    let client = world.connect(0, "7");
    // The first has been there for 75 s, the second for 50.
    assert_eq!(
        world.send(client, recover("chat", "1", 1)),
        ["subscribed at 1/3 recovered [2=2 3=3]"]
    );
    // Two publications of one byte are 322 bytes as they are counted.
    assert_eq!(
        world.send(client, recover("small:1", "2", 1)),
        ["subscribed at 2/3 recovered [2=2 3=3]"]
    );
    world.send(client, unsubscribe("chat"));
    world.pass(seconds(10));
    assert_eq!(world.send(client, recover("chat", "1", 1)), ["subscribed at 1/3 not recovered []"]);
}

/// Otherwise a hundred thousand of them would be a hundred thousand looks a second, for ever.
#[test]
fn a_channel_that_has_subscribers_alone_is_looked_at_seldom_and_forgotten_in_time() {
    let quiet = Namespace { position_ttl: seconds(100), ..open_namespace() };
    let mut world = World::new(1, config(&[("quiet", quiet)]));
    let client = world.subscriber(0, "7", "quiet:1");
    world.pass(seconds(200));
    // First when its position might be over, then as often as a publication might be.
    assert_eq!(world.hubs[0].poll_timeout(), Some(seconds(220)));
    world.send(client, unsubscribe("quiet:1"));
    assert_ne!(world.node.history_bytes(), 0);
    world.pass(seconds(99));
    assert_ne!(world.node.history_bytes(), 0);
    world.pass(seconds(1));
    assert_eq!(world.node.history_bytes(), 0);
}

#[test]
fn a_position_outlives_the_history_for_a_while_and_then_there_is_a_new_epoch() {
    let short = Namespace { position_ttl: seconds(100), ..open_namespace() };
    for (wait, offset, told) in [
        (99, 1, "subscribed at 1/1 recovered []"),
        (99, 0, "subscribed at 1/1 not recovered []"),
        (100, 1, "subscribed at 2/0 not recovered []"),
    ] {
        let mut world = World::new(1, config(&[("short", short.clone())]));
        let client = world.connect(0, "7");
        world.api(0, api_publish("short:1", "1")).unwrap();
        world.pass(seconds(wait));
        assert_eq!(world.send(client, recover("short:1", "1", offset)), [told], "{wait} {offset}");
        assert_eq!(world.node.history_bytes(), 0);
    }
}

#[test]
fn the_quietest_history_goes_first_and_is_not_missed_silently() {
    let mut config = config(&[]);
    // Room for three channels with one publication each: 768 + 1 + 160 + 1 bytes a piece.
    config.limits.max_history_bytes = 3 * 930;
    let mut world = World::new(1, config);
    for channel in ["a", "b", "c"] {
        world.api(0, api_publish(channel, "1")).unwrap();
    }
    assert_eq!(world.node.history_bytes(), 3 * 930);
    world.api(0, api_publish("a", "2")).unwrap();
    assert_eq!(world.node.history_bytes(), 2 * 930 + 161, "that was b's end");
    let client = world.connect(0, "7");
    assert_eq!(world.send(client, recover("a", "1", 0)), ["subscribed at 1/2 recovered [1=1 2=2]"]);
    assert_eq!(world.send(client, recover("b", "2", 0)), ["subscribed at 4/0 not recovered []"]);
    assert_eq!(world.send(client, recover("c", "3", 0)), ["subscribed at 3/1 recovered [1=1]"]);
}

#[test]
fn a_channel_without_history_has_no_offsets() {
    let mut world =
        World::new(1, config(&[("live", Namespace { history_size: 0, ..open_namespace() })]));
    let client = world.connect(0, "7");
    assert_eq!(world.send(client, recover("live:1", "1", 4)), ["subscribed"]);
    let answer = world.api(0, api_publish("live:1", "1"));
    assert_eq!(answer, Ok(Response::Publish(None)));
    assert_eq!(world.lines(client), ["live:1 1"]);
    let history = Command::History(History { channel: "live:1".into(), ..History::default() });
    assert_eq!(world.send(client, history), ["error: not available"]);
}

#[test]
fn a_publication_can_be_left_out_of_the_history() {
    let mut world = world();
    let client = world.subscriber(0, "7", "chat");
    let mut unkept = message("0");
    unkept.skip_history = true;
    world.api(0, Request::Publish { channel: "chat".into(), message: unkept }).unwrap();
    world.api(0, api_publish("chat", "1")).unwrap();
    assert_eq!(world.lines(client), ["chat 0", "chat 1=1"]);
}

#[test]
fn pages_of_history() {
    let since = |epoch: &str, offset| Some(Recover { epoch: words::epoch(epoch), offset });
    let rows = [
        (None, None, false, "history 1/5 [1=1 2=2 3=3 4=4 5=5]"),
        (Some(0), None, false, "history 1/5 []"),
        (Some(2), None, false, "history 1/5 [1=1 2=2]"),
        (Some(2), None, true, "history 1/5 [5=5 4=4]"),
        (None, since("1", 3), false, "history 1/5 [4=4 5=5]"),
        (Some(1), since("", 3), false, "history 1/5 [4=4]"),
        (None, since("1", 3), true, "history 1/5 [2=2 1=1]"),
        (None, since("1", 5), false, "history 1/5 []"),
        (None, since("2", 3), false, "error: unrecoverable position"),
    ];
    let mut world = world();
    for data in 1..=5 {
        world.api(0, api_publish("chat", &data.to_string())).unwrap();
    }
    let client = world.subscriber(0, "7", "chat");
    for (limit, since, reverse, told) in rows {
        let history = History { channel: "chat".into(), limit, since, reverse };
        assert_eq!(world.send(client, Command::History(history)), [told]);
    }
    world.api(0, Request::HistoryRemove { channel: "chat".into() }).unwrap();
    let rest =
        [(since("1", 5), "history 1/5 []"), (since("1", 4), "error: unrecoverable position")];
    for (since, told) in rest {
        let history = History { channel: "chat".into(), since, ..History::default() };
        assert_eq!(world.send(client, Command::History(history)), [told]);
    }
}

#[test]
fn the_servers_subscriptions_recover_with_the_connect_command() {
    let mut world = world();
    for data in 1..=3 {
        world.api(0, api_publish("news", &data.to_string())).unwrap();
    }
    let client = world.open(0);
    let Command::Connect(mut connect) = connect("7/news,chat") else { unreachable!() };
    connect.subs = vec![("news".into(), Recover { epoch: words::epoch("1"), offset: 1 })];
    assert_eq!(
        world.send(client, Command::Connect(connect)),
        ["connected, news subscribed at 1/3 recovered [2=2 3=3], chat subscribed at 2/0"]
    );
    world.api(0, api_publish("news", "4")).unwrap();
    assert_eq!(world.lines(client), ["news 4=4"]);
    assert_eq!(world.send(client, subscribe("news")), ["error: already subscribed"]);
}
