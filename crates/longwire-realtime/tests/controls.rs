//! What an application does to sessions, wherever they are, and what time does to them.

mod world;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use longwire_realtime::broker::{Broker as _, BrokerRequest, Control};
use longwire_realtime::{
    Command, Config, ConnectionClaims, Dialect, Disconnect, Hub, MemoryBroker, MemoryNode,
    MemoryPresence, Output, Recover, Request, Seams, SessionId, SubscriptionClaims, Target, Times,
    TokenError, Tokens,
};
use world::{World, api_publish, config, connect, publish, seconds, subscribe, words, world};

fn of_user(user: &str) -> Target {
    Target { user: user.into(), ..Target::default() }
}

#[test]
fn a_user_is_subscribed_and_unsubscribed_on_all_hubs() {
    let mut world = World::new(2, config(&[]));
    let clients = [0, 1].map(|hub| world.connect(hub, "7"));
    let other = world.connect(1, "8");
    let subscribe = Request::Subscribe {
        target: of_user("7"),
        channel: "news".into(),
        recover: None,
        info: None,
        ttl: None,
    };
    world.api(0, subscribe).unwrap();
    world.api(0, api_publish("news", "1")).unwrap();
    for client in clients {
        assert_eq!(world.lines(client), ["news subscribed at 1/0", "news 1=1"]);
    }
    let channel = Some("news".to_string());
    world.api(1, Request::Unsubscribe { target: of_user("7"), channel }).unwrap();
    world.api(0, api_publish("news", "2")).unwrap();
    for client in clients {
        assert_eq!(world.lines(client), ["news unsubscribed 2000"]);
    }
    assert_eq!(world.lines(other), [""; 0]);
}

#[test]
fn a_user_is_subscribed_from_a_position() {
    // Where it was, and what it is told.
    let rows: [(u64, &[&str]); 3] = [
        (1, &["news subscribed at 1/1 recovered []", "news 2=2", "news 3=3", "news 4=4"]),
        (3, &["news subscribed at 1/3 recovered []", "news 4=4"]),
        (9, &["news subscribed at 1/3 not recovered []", "news 4=4"]),
    ];
    for (offset, lines) in rows {
        let mut world = world();
        let client = world.connect(0, "7");
        for data in ["1", "2", "3"] {
            world.api(0, api_publish("news", data)).unwrap();
        }
        let subscribe = Request::Subscribe {
            target: of_user("7"),
            channel: "news".into(),
            recover: Some(Recover { epoch: words::epoch("1"), offset }),
            info: None,
            ttl: None,
        };
        world.api(0, subscribe).unwrap();
        world.api(0, api_publish("news", "4")).unwrap();
        assert_eq!(world.lines(client), lines, "from {offset}");
    }
}

/// A client that is told to go can be back, on another hub, before that hub has heard of it. Each row is what
/// an application asks for first, and what comes of it for who was there on that hub.
#[test]
fn who_comes_later_is_not_meant() {
    let channel = || Some("news".to_string());
    let target = || of_user("7");
    let subscribe = Request::Subscribe {
        target: target(),
        channel: "other".into(),
        recover: None,
        info: None,
        ttl: None,
    };
    let end = |code| Request::Disconnect {
        target: target(),
        whitelist: Vec::new(),
        disconnect: Disconnect { code, reason: "".into() },
    };
    let expire = Request::Refresh { target: target(), expired: true, ttl: None };
    let rows: [(Request, &[&str], Option<u16>); 4] = [
        (end(3500), &[], Some(3500)),
        (expire, &[], Some(3005)),
        (
            Request::Unsubscribe { target: target(), channel: channel() },
            &["news unsubscribed 2000"],
            None,
        ),
        (subscribe, &["other subscribed at 2/0"], None),
    ];
    for (request, lines, ended) in rows {
        let mut world = World::new(2, config(&[]));
        let before = world.subscriber(1, "7", "news");
        world.api_alone(0, request.clone());
        let after = world.connect_alone(1, "7");
        world.settle();
        assert_eq!(world.lines(before), lines, "{request:?}");
        assert_eq!(world.close_code(before), ended, "{request:?}");
        assert_eq!((world.lines(after).len(), world.close_code(after)), (1, None), "{request:?}");
        // It is meant by what is asked for now.
        world.api(0, end(4500)).unwrap();
        assert_eq!(world.close_code(after), Some(4500), "{request:?}");
    }
}

/// A subscription that a client asks for when it was to lose those that it has. Each row is where it is, to
/// what it subscribes behind what an application asks of another hub, and what it is told.
#[test]
fn who_subscribes_later_is_not_meant() {
    let rows: [(&[&str], &[&str], &[&str]); 3] = [
        (&["news"], &[], &["news unsubscribed 2000"]),
        (&[], &["news"], &["subscribed at 1/0", "news 1=1"]),
        (&["news"], &["other"], &["subscribed at 2/0", "news unsubscribed 2000", "other 1=1"]),
    ];
    for (before, later, lines) in rows {
        for channel in [None, Some("news".to_string())] {
            let mut world = World::new(2, config(&[]));
            let client = world.connect(1, "7");
            for channel in before {
                world.send(client, subscribe(channel));
            }
            let target = of_user("7");
            world.api_alone(0, Request::Unsubscribe { target, channel: channel.clone() });
            for channel in later {
                world.send_alone(client, subscribe(channel));
            }
            world.settle();
            for channel in ["news", "other"] {
                world.api(0, api_publish(channel, "1")).unwrap();
            }
            assert_eq!(world.lines(client), lines, "{before:?}, {later:?}, {channel:?}");
        }
    }
}

/// What an application asks for is done in its order, whatever a client asks for meanwhile.
#[test]
fn an_application_takes_back_what_it_gave() {
    let mut world = World::new(2, config(&[]));
    let client = world.connect(1, "7");
    let (target, channel) = (of_user("7"), "given".to_string());
    let give = Request::Subscribe { target, channel, recover: None, info: None, ttl: None };
    world.api_alone(0, give);
    let (target, channel) = (of_user("7"), Some("given".to_string()));
    world.api_alone(0, Request::Unsubscribe { target, channel });
    world.send_alone(client, subscribe("own"));
    world.settle();
    assert_eq!(
        world.lines(client),
        ["subscribed at 1/0", "given subscribed at 2/0", "given unsubscribed 2000"]
    );
}

/// While a token is looked at, an application disconnects its user.
struct Slow(Mutex<MemoryBroker>);

impl Tokens for Slow {
    fn connection(&self, user: &str, now: Duration) -> Result<ConnectionClaims, TokenError> {
        let disconnect = Disconnect { code: 4000, reason: "".into() };
        let (target, whitelist) = (of_user(user), Vec::new());
        let control = Control::Disconnect { target, whitelist, disconnect };
        let request = BrokerRequest::Control(Arc::new(control));
        self.0.lock().unwrap().request(1, request, now);
        Ok(ConnectionClaims { user: user.into(), ..ConnectionClaims::default() })
    }

    fn subscription(&self, _: &str, _: Duration) -> Result<SubscriptionClaims, TokenError> {
        Err(TokenError::Invalid)
    }
}

#[test]
fn whose_token_was_good_before_it_was_asked_for_is_meant() {
    let config = Arc::new(config(&[]));
    let node = MemoryNode::new(&config.limits, &config.times, Box::new(|| 1));
    let seams = Seams {
        broker: Box::new(node.broker(Box::new(|| {}))),
        presence: Box::new(MemoryPresence::new(config.times.presence_lease).hub()),
        codec: Box::new(words::Words),
        tokens: Box::new(Slow(Mutex::new(node.broker(Box::new(|| {}))))),
        chance: Box::new(|| 1),
    };
    let mut hub = Hub::new(config, seams, Duration::ZERO);
    let key = hub.open(Dialect::CentrifugeWebSocket, Duration::ZERO).unwrap();
    hub.command(key, 1, connect("7"), Duration::ZERO);
    let mut codes = Vec::new();
    while let Some(output) = hub.poll_output() {
        if let Output::Close { disconnect, .. } = output {
            codes.push(disconnect.code);
        }
    }
    assert_eq!(codes, [4000]);
}

#[test]
fn without_a_channel_all_subscriptions_end() {
    let mut world = world();
    let client = world.subscriber(0, "7", "a");
    world.send(client, subscribe("b"));
    world.api(0, Request::Unsubscribe { target: of_user("7"), channel: None }).unwrap();
    assert_eq!(world.lines(client), ["a unsubscribed 2000", "b unsubscribed 2000"]);
}

#[test]
fn who_is_meant() {
    // Clients on hub 1 are named from f4241 on, sessions one more: see the world.
    let client = |world: &World, at: usize| world.hubs[world.hub_of(at)].client_of(world.key(at));
    let rows: [(&str, Option<usize>, &[usize]); 5] = [
        ("7", None, &[0, 1]),
        ("8", None, &[2]),
        ("", Some(1), &[1]),
        ("7", Some(1), &[1]),
        ("8", Some(1), &[]),
    ];
    for (user, named, meant) in rows {
        let mut world = World::new(2, config(&[]));
        for (hub, user) in [(0, "7"), (1, "7"), (1, "8")] {
            world.connect(hub, user);
        }
        let target = Target {
            user: user.into(),
            client: named.and_then(|at| client(&world, at)),
            session: None,
        };
        let disconnect = Disconnect::FORCE_NO_RECONNECT;
        world.api(0, Request::Disconnect { target, whitelist: Vec::new(), disconnect }).unwrap();
        let closed: Vec<usize> = (0..3).filter(|&at| world.is_closed(at)).collect();
        assert_eq!(closed, meant, "{user} {named:?}");
    }
}

#[test]
fn a_session_by_its_secret_name_and_the_whitelist() {
    let mut world = World::new(2, config(&[]));
    let clients = [0, 1].map(|hub| world.connect(hub, "7"));
    let whitelist = world.hubs[0].client_of(world.key(clients[0])).into_iter().collect();
    let disconnect = Disconnect::FORCE_RECONNECT;
    let request = Request::Disconnect { target: of_user("7"), whitelist, disconnect };
    world.api(0, request).unwrap();
    assert_eq!(clients.map(|client| world.close_code(client)), [None, Some(3011)]);
    let session = SessionId::parse("00000000-0000-4000-8000-000000000002");
    let target = Target { session, ..Target::default() };
    let disconnect = Disconnect::FORCE_RECONNECT;
    let request = Request::Disconnect { target, whitelist: Vec::new(), disconnect };
    world.api(1, request).unwrap();
    assert_eq!(world.close_code(clients[0]), Some(3011));
}

#[test]
fn codes_that_no_close_frame_can_carry_are_refused() {
    let mut world = world();
    let client = world.connect(0, "7");
    let long = "x".repeat(124);
    for (code, reason) in [(1000, "no"), (2999, "no"), (5000, "no"), (4000, long.as_str())] {
        let disconnect = Disconnect { code, reason: reason.to_string().into() };
        let target = of_user("7");
        let request = Request::Disconnect { target, whitelist: Vec::new(), disconnect };
        assert!(world.api(0, request).is_err());
    }
    assert!(!world.is_closed(client));
}

#[test]
fn whoever_does_not_connect_is_sent_away() {
    let mut world = world();
    let silent = world.open(0);
    let connected = world.connect(0, "");
    world.pass(seconds(9));
    assert_eq!(world.close_code(silent), None);
    world.pass(seconds(1));
    assert_eq!(world.close_code(silent), Some(3502));
    world.pass(seconds(1000));
    assert_eq!(world.close_code(connected), None);
}

fn with_pings() -> Config {
    Config { times: Times::default(), ..config(&[]) }
}

#[test]
fn pings_and_pongs() {
    let mut world = World::new(1, with_pings());
    let answers = world.connect(0, "");
    let talks = world.connect(0, "");
    let silent = world.connect(0, "");
    let events = world.open_dialect(0, Dialect::Sse);
    world.send(events, connect(""));
    world.lines(events);
    world.pass(seconds(25));
    for client in [answers, talks, silent, events] {
        assert_eq!(world.lines(client), ["ping"]);
    }
    world.send(answers, Command::Pong);
    world.send(talks, publish("chat", "1"));
    world.pass(seconds(7));
    assert_eq!(world.close_code(silent), None);
    world.pass(seconds(1));
    assert_eq!(world.close_code(silent), Some(3012));
    world.pass(seconds(17));
    for client in [answers, talks, events] {
        assert_eq!(world.lines(client).last().unwrap(), "ping");
        assert_eq!(world.close_code(client), None);
    }
}

#[test]
fn a_connection_expires_after_its_leeway_unless_it_is_refreshed() {
    let mut world = world();
    let client = world.connect(0, "7@60");
    world.pass(seconds(84));
    assert_eq!(world.close_code(client), None);
    let refresh = |token: &str| Command::Refresh { token: token.into() };
    assert_eq!(world.send(client, refresh("7@70")), ["error: token expired"]);
    assert_eq!(world.send(client, refresh("7@100")), ["refreshed Some(16s)"]);
    world.pass(seconds(40));
    assert_eq!(world.close_code(client), None);
    world.pass(seconds(1));
    assert_eq!(world.close_code(client), Some(3005));
    let stranger = world.connect(0, "8@200");
    world.send(stranger, refresh("9@300"));
    assert_eq!(world.close_code(stranger), Some(3500));
}

/// As a token without an end may be written.
#[test]
fn a_connection_may_last_to_the_end_of_time() {
    let mut world = world();
    let client = world.connect(0, &format!("7@{}", u64::MAX));
    world.pass(seconds(1_000_000));
    assert_eq!(world.close_code(client), None);
    assert_eq!(world.send(client, publish("chat", "1")), ["published"]);
}

#[test]
fn a_subscription_expires_after_its_leeway_unless_it_is_refreshed() {
    let mut world = world();
    let client = world.connect(0, "7");
    let Command::Subscribe(mut subscribe) = subscribe("chat") else { unreachable!() };
    subscribe.token = Some("7>chat@60".into());
    assert_eq!(world.send(client, Command::Subscribe(subscribe)), ["subscribed at 1/0 for 60s"]);
    world.pass(seconds(84));
    let refresh = |channel: &str, token: &str| Command::SubRefresh {
        channel: channel.into(),
        token: token.into(),
    };
    let rows = [
        (refresh("chat", "7>chat@70"), "error: token expired"),
        (refresh("chat", "7>other@99"), "error: permission denied"),
        (
            refresh("other", "7>other@99"),
            "error: bad request: there is no subscription to this channel",
        ),
        (refresh("chat", "7>chat@99"), "subscription refreshed Some(15s)"),
    ];
    for (command, told) in rows {
        assert_eq!(world.send(client, command), [told]);
    }
    world.pass(seconds(39));
    assert_eq!(world.lines(client), [""; 0]);
    world.pass(seconds(1));
    assert_eq!(world.lines(client), ["chat unsubscribed 2501"]);
}

#[test]
fn an_application_decides_how_long_connections_last() {
    let mut world = World::new(2, config(&[]));
    let client = world.connect(1, "7");
    let refresh = |expired, ttl| Request::Refresh { target: of_user("7"), expired, ttl };
    world.api(0, refresh(false, Some(seconds(10)))).unwrap();
    world.api(0, refresh(false, None)).unwrap();
    world.pass(seconds(100));
    assert_eq!(world.close_code(client), None);
    world.api(0, refresh(false, Some(seconds(10)))).unwrap();
    world.pass(seconds(35));
    assert_eq!(world.close_code(client), Some(3005));
    let client = world.connect(1, "7");
    world.api(0, refresh(true, None)).unwrap();
    assert_eq!(world.close_code(client), Some(3005));
}

#[test]
fn without_a_close_code_the_end_is_a_push() {
    let mut world = world();
    let client = world.open_dialect(0, Dialect::CentrifugeSse);
    let session = SessionId::parse("00000000-0000-4000-8000-000000000002").unwrap();
    assert_eq!(world.hubs[0].session(session), Some(world.key(client)));
    world.send(client, connect("7"));
    let disconnect = Disconnect::FORCE_RECONNECT;
    let request = Request::Disconnect { target: of_user("7"), whitelist: Vec::new(), disconnect };
    world.api(0, request).unwrap();
    assert_eq!(world.lines(client), ["disconnect 3011"]);
    assert_eq!(world.hubs[0].session(session), None);
    assert_eq!(world.hubs[0].session_count(), 0);
}
