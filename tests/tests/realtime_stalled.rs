//! One reader that stalls among a thousand, under each policy, over a simulated network: what it is told,
//! what was dropped, what waits for it, and that the others notice nothing: each has all that was
//! published in the turns in which it was.

mod realtime;

use longwire_realtime::{DropReason, Limits};
use realtime::http::{Http, get, post};
use realtime::pipe::Pipe;
use realtime::socket::Socket;
use realtime::world::{HISTORY_SIZE, World};
use serde_json::{Value, json};

const READERS: usize = 1000;
const PUBLICATIONS: usize = 60;
/// What one publication is as a message to a client, frame and all, and as an item that waits.
const MESSAGE_BYTES: usize = 504;
const ITEM_BYTES: usize = MESSAGE_BYTES - 4 + 128;
/// What its network takes of it, beside the replies before, and then what may be under way.
const WINDOW: usize = 4 * MESSAGE_BYTES;
const LIMITS: fn() -> Limits =
    || Limits { max_in_flight_bytes: 4000, max_queued_bytes: 10 * ITEM_BYTES, ..Limits::default() };

fn subscriber(world: &mut World, channel: &str) -> Socket {
    let pipe = Pipe::open(world, 0, 1 << 16, usize::MAX);
    let mut socket = Socket::new(pipe, false);
    socket.say(r#"{"id":1,"connect":{"token":"u"}}"#);
    socket.say(&json!({ "id": 2, "subscribe": { "channel": channel } }).to_string());
    socket
}

/// The offsets of the publications in what came.
fn offsets(socket: &mut Socket) -> Vec<u64> {
    let messages = socket.read();
    let offset = |line: &str| {
        let told: Value = serde_json::from_str(line).expect("JSON");
        told["push"]["pub"]["offset"].as_u64()
    };
    messages.iter().flat_map(|it| it.lines()).filter_map(offset).collect()
}

/// A world in which all have subscribed to the channel and have been told so.
fn subscribed(channel: &str) -> (World, Vec<Socket>) {
    let mut world = World::new(1, 1, LIMITS());
    let mut sockets: Vec<Socket> = (0..=READERS).map(|_| subscriber(&mut world, channel)).collect();
    for _ in 0..2 {
        sockets.iter_mut().for_each(|it| it.pipe.arrive_all());
        world.settle();
        sockets.iter_mut().for_each(|it| assert!(offsets(it).is_empty()));
    }
    (world, sockets)
}

struct Outcome {
    /// What the one had that stalled when it read again, at the end.
    has: Vec<u64>,
    closed: Option<u16>,
    drops: Vec<(DropReason, u64)>,
}

fn outcome(channel: &str) -> Outcome {
    let (mut world, mut sockets) = subscribed(channel);
    let mut stalled = sockets.pop().expect("the one");
    stalled.pipe.take_no_more_than(WINDOW);
    let mut application = Http::new(Pipe::open(&mut world, 0, 1 << 16, usize::MAX));
    for at in 1..=PUBLICATIONS as u64 {
        // As long as all others, whatever its offset.
        let shape =
            format!(r#"{{"push":{{"channel":"{channel}","pub":{{"data":"","offset":{at}}}}}}}"#);
        let data = "x".repeat(MESSAGE_BYTES - 4 - shape.len());
        let body = json!({ "channel": channel, "data": data }).to_string();
        application.ask(post("/api/publish", &body));
        application.pipe.arrive_all();
        // One run of the loop, and everybody else has it.
        let turns = world.workers[0].run();
        assert!(turns <= 4, "{turns} turns");
        application.read();
        assert_eq!(application.answer().expect("an answer").0, 200);
        for socket in &mut sockets {
            assert_eq!(offsets(socket), [at]);
        }
        let queue = world.workers[0].application().hub().longest_queue_bytes();
        assert!(queue <= LIMITS().max_queued_bytes, "{queue} bytes wait");
        let outbox = world.workers[0].longest_outbox_bytes();
        let max = LIMITS().max_in_flight_bytes as usize + MESSAGE_BYTES;
        assert!(outbox <= max, "{outbox} bytes in the outbox");
    }
    let mut has = Vec::new();
    for _ in 0..PUBLICATIONS {
        has.extend(offsets(&mut stalled));
        stalled.pipe.arrive_all();
        world.settle();
    }
    let drops = world.workers[0].application().hub().drops().iter();
    let drops = drops.map(|(_, reason, count)| (reason, count)).collect();
    Outcome { has, closed: stalled.closed, drops }
}

#[test]
fn one_of_a_thousand_stalls() {
    use DropReason as R;
    // Of 4,000 bytes that may be under way the replies have taken some 350, so the eighth publication is
    // the last that is given to the connection: its network takes four of them, and four are in the
    // outbox. Ten wait.
    let passed = 8;
    let last = PUBLICATIONS as u64;
    let dropped = last - passed - 10;
    let up_to = |end: u64| (1..=end).collect::<Vec<_>>();
    let and = |first: u64| up_to(passed).into_iter().chain(first..=last).collect::<Vec<_>>();
    let rows = [
        ("chat:1", up_to(passed), Some(3008), vec![(R::Disconnect, 11)]),
        ("old:1", and(last - 9), None, vec![(R::Oldest, dropped)]),
        ("new:1", up_to(passed + 10), None, vec![(R::New, dropped)]),
        ("latest:1", and(last), None, vec![(R::Superseded, last - passed - 1)]),
        ("gap:1", up_to(passed), None, vec![(R::Gap, 11)]),
    ];
    for (channel, has, closed, drops) in rows {
        let outcome = outcome(channel);
        assert_eq!(outcome.has, has, "{channel}");
        assert_eq!(outcome.closed, closed, "{channel}");
        assert_eq!(outcome.drops, drops, "{channel}");
    }
}

/// A reader of events is told nothing of a gap: the server recovers for it, but not into an outbox that
/// is full.
#[test]
fn a_reader_of_events_recovers_when_it_reads_again() {
    let mut world = World::new(1, 1, LIMITS());
    let mut stalled = Http::new(Pipe::open(&mut world, 0, 1 << 16, usize::MAX));
    let mut application = Http::new(Pipe::open(&mut world, 0, 1 << 16, usize::MAX));
    stalled.ask(get("/sse?channel=gap:1", ""));
    stalled.pipe.arrive_all();
    world.settle();
    stalled.read();
    stalled.pipe.take_no_more_than(WINDOW);
    let last = HISTORY_SIZE as u64;
    for at in 1..=last {
        let body = json!({ "channel": "gap:1", "data": "x".repeat(MESSAGE_BYTES) }).to_string();
        application.ask(post("/api/publish", &body));
        application.pipe.arrive_all();
        world.settle();
        application.read();
        assert_eq!(application.answer().expect("an answer").0, 200);
        let outbox = world.workers[0].longest_outbox_bytes();
        let max = LIMITS().max_in_flight_bytes as usize + 2 * MESSAGE_BYTES;
        assert!(outbox <= max, "{outbox} bytes in the outbox, having published {at}");
    }
    let drops = world.workers[0].application().hub().drops().iter();
    assert_ne!(drops.count(), 0, "it was not slow");
    for _ in 0..last {
        stalled.read();
        world.settle();
    }
    let text = String::from_utf8(stalled.body).expect("UTF-8");
    assert!(!text.contains("event: "), "{text}");
    let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let event = |line: &str| serde_json::from_str::<Value>(line).expect("JSON");
    let offsets = events.map(|line| event(line)["pub"]["offset"].as_u64());
    assert_eq!(offsets.collect::<Vec<_>>(), (1..=last).map(Some).collect::<Vec<_>>());
}

/// What is recovered for a request is kept until its last channel is answered.
#[test]
fn a_request_that_would_recover_too_much_is_told_of_gaps() {
    let limits = Limits { max_unread_reply_bytes: 4 * MESSAGE_BYTES, ..Limits::default() };
    let mut world = World::new(1, 1, limits);
    let mut http = Http::new(Pipe::open(&mut world, 0, 1 << 16, usize::MAX));
    let mut ask = |request: String| {
        http.ask(request);
        http.pipe.arrive_all();
        world.settle();
        http.read();
        http.answer().expect("an answer").1
    };
    for channel in ["chat:1", "chat:2", "chat:3"] {
        for _ in 0..5 {
            let data = "x".repeat(MESSAGE_BYTES);
            ask(post("/api/publish", &json!({ "channel": channel, "data": data }).to_string()));
        }
    }
    let channels = "channel=chat:1&channel=chat:2&channel=chat:3";
    let since = "1.chat~3a1..0.chat~3a2..4.chat~3a3..5";
    let answer = ask(get(&format!("/poll?{channels}&wait=0&since={since}"), ""));
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    let told = answer["events"].as_array().expect("a list").iter().map(|event| {
        let channel = event["channel"].as_str().expect("a channel");
        (channel, event["pub"]["offset"].as_u64(), event["gap"].is_object())
    });
    let recovered = (1..=5).map(|offset| ("chat:1", Some(offset), false));
    let missing = [("chat:2", None, true), ("chat:3", None, true)];
    assert_eq!(told.collect::<Vec<_>>(), recovered.chain(missing).collect::<Vec<_>>());
}
