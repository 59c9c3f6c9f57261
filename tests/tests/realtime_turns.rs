//! What comes together in one turn of the event loop, over a simulated network: a burst of
//! publications, and the end of one session with the beginning of another.

mod realtime;

use longwire_realtime::Limits;
use realtime::http::{Http, get, post};
use realtime::pipe::Pipe;
use realtime::socket::Socket;
use realtime::world::World;
use serde_json::{Value, json};

const WINDOW: usize = 1 << 20;

fn socket(world: &mut World, lines: &[&str]) -> Socket {
    open(world, &[&[r#"{"id":1,"connect":{"token":"u"}}"#], lines].concat())
}

/// A socket that has said this, and heard the answers.
fn open(world: &mut World, lines: &[&str]) -> Socket {
    let mut socket = Socket::new(Pipe::open(world, 0, WINDOW, usize::MAX), false);
    lines.iter().for_each(|line| socket.say(line));
    for _ in 0..2 {
        socket.pipe.arrive_all();
        world.settle();
        socket.read();
    }
    socket
}

/// Publishes to a channel, so many at once, by the API of a worker.
fn publish(world: &mut World, worker: usize, channel: &str, count: usize) {
    let data = "x".repeat(50);
    let one = json!({ "publish": { "channel": channel, "data": data } });
    batch(world, worker, &vec![one; count]);
}

/// Has the API of a worker do all of this at once.
fn batch(world: &mut World, worker: usize, commands: &[Value]) {
    let body = json!({ "commands": commands, "parallel": true }).to_string();
    let mut http = Http::new(Pipe::open(world, worker, WINDOW, usize::MAX));
    http.ask(post("/api/batch", &body));
    http.pipe.arrive_all();
    world.settle();
    http.read();
    assert_eq!(http.answer().expect("an answer").0, 200);
}

/// Less may be under way than is given to a connection before the hub hears of it otherwise, and less
/// than comes in one turn; and who reads gets all of it, whatever the policy.
#[test]
fn nobody_is_slow_who_reads() {
    let limits = Limits { max_in_flight_bytes: 1024, max_queued_bytes: 2048, ..Limits::default() };
    for channel in ["chat:1", "gap:1", "old:1", "new:1", "latest:1"] {
        for worker in 0..2 {
            let mut world = World::new(1, 2, limits);
            let subscribe = json!({ "id": 2, "subscribe": { "channel": channel } });
            let mut reader = socket(&mut world, &[&subscribe.to_string()]);
            publish(&mut world, worker, channel, 50);
            let publications = reader.read();
            assert_eq!(publications.len(), 50, "{channel}, published on worker {worker}");
            assert_eq!(reader.closed, None);
        }
    }
}

/// What is for one of those who get publications comes in its place among them: those before it are sent
/// before it.
#[test]
fn what_is_for_one_stays_in_its_place_between_publications_to_many() {
    let publish = |data: u8| json!({ "publish": { "channel": "chat:1", "data": data } });
    let table = [
        (
            json!({ "unsubscribe": { "channel": "chat:1", "user": "one" } }),
            &["data 1", "data 2", "unsubscribed"][..],
            None,
        ),
        (json!({ "disconnect": { "user": "one" } }), &["data 1", "data 2"], Some(3503)),
    ];
    for (between, expected, closed) in table {
        let mut world = World::new(1, 1, Limits::default());
        let [mut two, mut one] = ["two", "one"].map(|user| subscriber(&mut world, user));
        let commands = [publish(1), publish(2), between, publish(3), publish(4)];
        batch(&mut world, 0, &commands);
        assert_eq!(pushes(&mut two), ["data 1", "data 2", "data 3", "data 4"]);
        assert_eq!(pushes(&mut one), expected);
        assert_eq!(one.closed, closed);
    }
}

fn subscriber(world: &mut World, user: &str) -> Socket {
    let connect = json!({ "id": 1, "connect": { "token": user } });
    let subscribe = json!({ "id": 2, "subscribe": { "channel": "chat:1" } });
    open(world, &[&connect.to_string(), &subscribe.to_string()])
}

fn pushes(socket: &mut Socket) -> Vec<String> {
    let messages = socket.read();
    let lines = messages.iter().flat_map(|message| message.lines());
    let pushes =
        lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON")["push"].take());
    let words = pushes.map(|push| match &push["pub"]["data"] {
        Value::Null if push["unsubscribe"].is_object() => "unsubscribed".to_owned(),
        Value::Null => push.to_string(),
        data => format!("data {data}"),
    });
    words.collect()
}

/// One that takes nothing is known for that when it has been written to once: until then it is given as much as may
/// be under way, and once more where that is told too late. What else comes waits in its session.
#[test]
fn a_burst_does_not_fill_the_outbox_of_one_that_takes_nothing() {
    let limits = Limits { max_in_flight_bytes: 1024, max_queued_bytes: 4096, ..Limits::default() };
    for channel in ["old:1", "new:1", "latest:1", "gap:1"] {
        let mut world = World::new(1, 2, limits);
        let subscribe = json!({ "id": 2, "subscribe": { "channel": channel } });
        let reader = socket(&mut world, &[&subscribe.to_string()]);
        reader.pipe.take_no_more_than(0);
        for _ in 0..3 {
            publish(&mut world, 1, channel, 200);
            let waiting = reader.pipe.waiting_bytes(&world);
            assert!((1..=2 * 1024 + 200).contains(&waiting), "{channel}: {waiting} bytes");
        }
    }
}

/// The place of a session may be taken again in the turn in which it ends. The seed decides which of the
/// two comes first.
#[test]
fn a_session_that_ends_is_told_so_though_another_begins() {
    for seed in 0..8 {
        let mut world = World::new(seed, 1, Limits::default());
        let mut ended = socket(&mut world, &[]);
        let mut begins = Http::new(Pipe::open(&mut world, 0, WINDOW, usize::MAX));
        // Accepted, so that its request is read in the same turn as the other's message.
        world.settle();
        // A second connect command ends the session.
        ended.say(r#"{"id":2,"connect":{}}"#);
        begins.ask(get("/sse?channel=chat:1", ""));
        ended.pipe.arrive_all();
        begins.pipe.arrive_all();
        world.settle();
        ended.read();
        begins.read();
        assert_eq!(ended.closed, Some(3501), "seed {seed}");
        publish(&mut world, 0, "chat:1", 1);
        begins.read();
        let text = String::from_utf8(begins.body).expect("text");
        assert!(begins.status == 200 && text.contains("\"pub\""), "seed {seed}: {text}");
    }
}
