//! Who may do what, and what the limits refuse.

mod world;

use longwire_realtime::{
    Access, Command, Connect, Dialect, Error, Namespace, Publish, Request, Response, Subscribe,
    Target,
};
use world::{
    World, api_publish, config, connect, message, open_namespace, publish, subscribe, world,
};

fn closed() -> Namespace {
    Namespace {
        subscribe: Access::Nobody,
        publish: Access::Nobody,
        see_history: Access::Nobody,
        ..open_namespace()
    }
}

#[test]
fn who_may_subscribe() {
    let users = Namespace { subscribe: Access::Users, ..open_namespace() };
    let config = config(&[("closed", closed()), ("users", users)]);
    let (yes, no) = ("subscribed at 1/0", "error: permission denied");
    let rows = [
        ("", "open", "", yes),
        ("", "users:1", "", no),
        ("7", "users:1", "", yes),
        ("7", "closed:1", "", no),
        ("7", "closed:1", "7>closed:1", yes),
        ("7", "closed:1", "8>closed:1", no),
        ("7", "closed:1", "7>closed:2", no),
        ("7", "closed:1", "nonsense", no),
        ("7", "closed:1", "7>closed:1@0", "error: token expired"),
        ("7", "closed:1#7,8", "", yes),
        ("7", "open#8", "", no),
        ("7", "open#8", "7>open#8", no),
        ("", "open#", "", no),
        ("7", "nowhere:1", "", "error: unknown channel"),
        ("7", "", "", "error: bad request: the name of a channel must not be empty"),
    ];
    for (user, channel, token, told) in rows {
        let mut world = World::new(1, config.clone());
        let client = world.connect(0, user);
        let token = (!token.is_empty()).then(|| token.to_string());
        let command = Subscribe { channel: channel.into(), token, ..Subscribe::default() };
        let lines = world.send(client, Command::Subscribe(command));
        assert_eq!(lines, [told], "{user} {channel}");
    }
}

#[test]
fn who_may_publish() {
    let users = Namespace { publish: Access::Users, ..open_namespace() };
    let token_only = Namespace { publish: Access::Anyone, ..closed() };
    let config = config(&[("users", users), ("token", token_only), ("closed", closed())]);
    let (yes, no) = ("published", "error: permission denied");
    let rows = [
        ("", "open", yes),
        ("", "users:1", no),
        ("7", "users:1", yes),
        ("7", "closed:1", no),
        // Whoever may not come in may not call in from outside.
        ("7", "token:1", no),
        ("7", "users:1#8", no),
    ];
    for (user, channel, told) in rows {
        let mut world = World::new(1, config.clone());
        let client = world.connect(0, user);
        assert_eq!(world.send(client, publish(channel, "1")), [told], "{user} {channel}");
    }
    let mut world = World::new(1, config);
    let client = world.connect(0, "7");
    let token = Some("7>token:1".to_string());
    let command = Subscribe { channel: "token:1".into(), token, ..Subscribe::default() };
    world.send(client, Command::Subscribe(command));
    assert_eq!(world.send(client, publish("token:1", "1")), ["published", "token:1 1=1"]);
}

/// The key is kept beside the data, and counts with it.
#[test]
fn a_publication_of_a_client_is_bounded_with_its_key() {
    let mut config = config(&[]);
    config.limits.max_publication_bytes = 10;
    let too_long = "error: limit exceeded: bytes of a publication";
    let rows = [(10, 0, "published"), (11, 0, too_long), (2, 8, "published"), (2, 9, too_long)];
    for (data_bytes, key_bytes, told) in rows {
        let mut world = World::new(1, config.clone());
        let client = world.connect(0, "7");
        let Command::Publish(publish) = publish("open", &"1".repeat(data_bytes)) else { panic!() };
        let key = (key_bytes > 0).then(|| "k".repeat(key_bytes));
        let command = Command::Publish(Publish { key, ..publish });
        assert_eq!(world.send(client, command), [told], "{data_bytes} {key_bytes}");
    }
}

#[test]
fn tokens_and_connecting() {
    let mut config = config(&[]);
    config.allow_anonymous = false;
    config.limits.max_sessions_per_user = 2;
    let rows = [
        ("", "error: unauthorized", None),
        ("7@0", "error: token expired", None),
        ("7>x", "", Some(3500)),
        ("7", "connected", None),
        ("7@60", "connected for 60s", None),
        ("7", "", Some(3504)),
        ("8", "connected", None),
        ("9/nowhere:1", "error: unknown channel", None),
    ];
    let mut world = World::new(1, config);
    for (token, told, closed) in rows {
        let client = world.open(0);
        assert_eq!(world.send(client, connect(token)).concat(), told, "{token}");
        assert_eq!(world.close_code(client), closed, "{token}");
    }
}

#[test]
fn commands_out_of_place_end_the_session() {
    let mut world = world();
    let first = world.open(0);
    assert_eq!(world.send(first, subscribe("chat")), [""; 0]);
    assert_eq!(world.close_code(first), Some(3501));
    let second = world.connect(0, "7");
    world.send(second, connect("7"));
    assert_eq!(world.close_code(second), Some(3501));
    let third = world.connect(0, "7");
    let (key, now) = (world.key(third), world.now);
    world.hubs[0].receive(key, b"no words", now);
    world.send_alone(third, Command::Pong);
    assert_eq!(world.close_code(third), Some(3501));
}

#[test]
fn limits() {
    let mut config = config(&[("two", Namespace { max_subscribers: 2, ..open_namespace() })]);
    config.limits.max_channels_per_session = 2;
    config.limits.max_channel_name_bytes = 9;
    config.limits.max_publication_bytes = 4;
    config.limits.max_sessions = 4;
    config.limits.max_broadcast_channels = 2;
    let mut world = World::new(2, config);
    let client = world.connect(0, "7");
    let rows = [
        (subscribe("a"), "subscribed at 1/0"),
        (subscribe("a"), "error: already subscribed"),
        (subscribe("1234567890"), "error: limit exceeded: bytes of a channel name"),
        (subscribe("two:1"), "subscribed at 2/0"),
        (subscribe("b"), "error: limit exceeded: channels of a session"),
        (publish("b", "12345"), "error: limit exceeded: bytes of a publication"),
        (Command::Rpc { method: "m".into(), data: None }, "error: method not found"),
    ];
    for (command, told) in rows {
        assert_eq!(world.send(client, command), [told]);
    }
    world.subscriber(1, "8", "two:1");
    let third = world.connect(1, "9");
    assert_eq!(
        world.send(third, subscribe("two:1")),
        ["error: limit exceeded: subscribers of a channel"]
    );
    // What was refused has left nothing behind.
    assert_eq!(world.send(third, subscribe("c")), ["subscribed at 3/0"]);
    let broadcast = |channels: &[&str]| Request::Broadcast {
        channels: channels.iter().map(ToString::to_string).collect(),
        message: message("1"),
    };
    assert_eq!(
        world.api(0, broadcast(&["a", "b", "c"])),
        Err(Error::LimitExceeded("channels of a broadcast"))
    );
    let answer = world.api(0, broadcast(&["nowhere:1", "d"]));
    let Ok(Response::Broadcast(results)) = answer else { panic!("{answer:?}") };
    assert_eq!(results[0], Err(Error::UnknownChannel));
    assert_eq!(results[1].as_ref().unwrap().as_ref().unwrap().offset, 1);
    for _ in 0..3 {
        assert!(world.hubs[0].open(Dialect::Sse, world.now).is_some());
    }
    assert!(world.hubs[0].open(Dialect::Sse, world.now).is_none());
}

#[test]
fn bad_requests_change_nothing() {
    let target = Target::default();
    let bad = [
        Request::Unsubscribe { target: target.clone(), channel: None },
        Request::Refresh { target, expired: true, ttl: None },
        Request::Broadcast { channels: Vec::new(), message: message("1") },
        Request::Publish { channel: String::new(), message: message("1") },
        Request::Publish { channel: "a".into(), message: message("") },
    ];
    let mut world = world();
    let client = world.subscriber(0, "7", "a");
    for request in bad {
        let text = format!("{request:?}");
        assert!(matches!(world.api(0, request), Err(Error::BadRequest(_))), "{text}");
        assert_eq!(world.lines(client), [""; 0], "{text}");
    }
}

#[test]
fn a_sender_can_be_left_out() {
    let mut world = World::new(2, config(&[]));
    let clients = [0, 1].map(|hub| world.subscriber(hub, "7", "chat"));
    let Command::Publish(publication) = publish("chat", "1") else { unreachable!() };
    let publication = Publish { exclude_self: true, ..publication };
    assert_eq!(world.send(clients[0], Command::Publish(publication)), ["published"]);
    assert_eq!(world.lines(clients[1]), ["chat 1=1"]);
    // The first client of the second hub.
    let mut outgoing = message("2");
    outgoing.exclude = world.hubs[1].client_of(world.key(clients[1]));
    world.api(0, Request::Publish { channel: "chat".into(), message: outgoing }).unwrap();
    assert_eq!(world.lines(clients[0]), ["chat 2=2"]);
    assert_eq!(world.lines(clients[1]), [""; 0]);
}

#[test]
fn the_same_idempotency_key_is_the_same_publication() {
    let mut world = World::new(2, config(&[]));
    let client = world.subscriber(0, "7", "chat");
    let publish = |channel: &str, key: &str, data: &str| {
        let mut message = message(data);
        message.idempotency_key = Some(key.into());
        Request::Publish { channel: channel.into(), message }
    };
    let first = world.api(0, publish("chat", "a", "1"));
    assert_eq!(world.api(1, publish("chat", "a", "2")), first);
    assert_eq!(world.lines(client), ["chat 1=1"]);
    world.api(1, publish("chat", "b", "3")).unwrap();
    world.api(1, publish("other", "a", "4")).unwrap();
    assert_eq!(world.lines(client), ["chat 2=3"]);
    world.pass(world::seconds(300));
    world.api(1, publish("chat", "a", "5")).unwrap();
    assert_eq!(world.lines(client), ["chat 3=5"]);
}

#[test]
fn what_an_application_can_see() {
    let mut world = World::new(2, config(&[]));
    world.subscriber(0, "7", "chat");
    let client = world.subscriber(1, "7", "chat");
    world.send(client, subscribe("news"));
    world.api(0, api_publish("empty", "1")).unwrap();
    for (pattern, found) in
        [("", vec![("chat", 2), ("news", 1)]), ("n*", vec![("news", 1)]), ("x*", vec![])]
    {
        let found = found.into_iter().map(|(name, count)| (name.to_string(), count)).collect();
        let request = Request::Channels { pattern: pattern.into() };
        assert_eq!(world.api(0, request), Ok(Response::Channels(found)));
    }
    world.connect(0, "8");
    let Ok(Response::Info(info)) = world.api(1, Request::Info) else { panic!() };
    let counts = (info.clients, info.users, info.channels, info.subscriptions);
    assert_eq!(counts, (3, 3, 2, 3));
}

#[test]
fn anonymous_clients_that_say_nothing_of_themselves_connect() {
    let mut world = world();
    let client = world.open(0);
    let command = Command::Connect(Connect::default());
    assert_eq!(world.send(client, command), ["connected"]);
}
