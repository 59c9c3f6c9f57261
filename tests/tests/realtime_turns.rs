//! What comes together in one turn of the event loop, over a simulated network: a burst of
//! publications, and the end of one session with the beginning of another.

mod realtime;

use longwire_realtime::Limits;
use realtime::http::{Http, get, post};
use realtime::pipe::Pipe;
use realtime::socket::Socket;
use realtime::world::World;
use serde_json::json;

const WINDOW: usize = 1 << 20;

fn socket(world: &mut World, lines: &[&str]) -> Socket {
    let mut socket = Socket::new(Pipe::open(world, 0, WINDOW, usize::MAX), false);
    socket.say(r#"{"id":1,"connect":{"token":"u"}}"#);
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
    let body = json!({ "commands": vec![one; count] }).to_string();
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
