//! What a client says beside its stream comes by any worker, over simulated networks: it is carried out
//! in the order in which it was answered, whatever the worker of the stream has come to meanwhile.

mod realtime;

use longwire_realtime::Limits;
use realtime::http::{Http, post};
use realtime::pipe::Pipe;
use realtime::world::World;
use serde_json::{Value, json};

/// The worker of the stream is the first one.
const WORKERS: u16 = 3;
const CHANNEL: &str = "chat:1";

#[derive(Clone, Copy, Debug)]
enum Action {
    Subscribe,
    Unsubscribe,
    Publish,
}

const ACTIONS: [Action; 3] = [Action::Subscribe, Action::Unsubscribe, Action::Publish];

impl Action {
    fn command(self, id: usize) -> Value {
        match self {
            Self::Subscribe => json!({ "id": id, "subscribe": { "channel": CHANNEL } }),
            Self::Unsubscribe => json!({ "id": id, "unsubscribe": { "channel": CHANNEL } }),
            Self::Publish => json!({ "id": id, "publish": { "channel": CHANNEL, "data": id } }),
        }
    }

    /// What the client is told of it where all before it has been done.
    fn told(self, id: usize, is_subscribed: &mut bool) -> Vec<String> {
        let was_subscribed = *is_subscribed;
        match self {
            Self::Subscribe if was_subscribed => vec![format!("{id}: error 105")],
            Self::Subscribe => {
                *is_subscribed = true;
                vec![format!("{id}: subscribe")]
            }
            Self::Unsubscribe => {
                *is_subscribed = false;
                vec![format!("{id}: unsubscribe")]
            }
            Self::Publish if was_subscribed => {
                vec![format!("{id}: publish"), format!("data {id}")]
            }
            // To others.
            Self::Publish => vec![format!("{id}: publish")],
        }
    }
}

/// A client with a stream, and with a connection to each worker for what it says.
struct Client {
    stream: Http,
    ways: Vec<Http>,
    session: String,
    node: String,
}

impl Client {
    fn connect(world: &mut World) -> Self {
        let mut open = |worker| Http::new(Pipe::open(world, worker, 1 << 16, usize::MAX));
        let mut stream = open(0);
        // Accepted now: what comes by them is read as soon as their worker runs.
        let ways = (0..usize::from(WORKERS)).map(open).collect();
        stream.ask(post("/connection/http_stream", r#"{"id":1,"connect":{"token":"u"}}"#));
        stream.pipe.arrive_all();
        world.settle();
        stream.read();
        let line = stream.take_through(b"\n");
        let reply: Value = serde_json::from_str(&line).expect("JSON");
        let text = |name: &str| reply["connect"][name].as_str().expect("a name").to_owned();
        Self { stream, ways, session: text("session"), node: text("node") }
    }

    /// Says something by the connection to a worker, and is answered. No other worker does anything
    /// meanwhile.
    fn say(&mut self, world: &mut World, worker: usize, command: &Value) {
        let Self { ways, session, node, .. } = self;
        let data = command.to_string();
        let body = json!({ "session": session, "node": node, "data": data }).to_string();
        let way = &mut ways[worker];
        way.ask(post("/emulation", &body));
        way.pipe.arrive_all();
        world.workers[worker].run();
        way.read();
        assert_eq!(way.answer(), Some((204, String::new())));
    }

    /// What it was told by its stream.
    fn told(&mut self) -> Vec<String> {
        self.stream.read();
        let text = self.stream.take_through(b"\n");
        let words = |line: &str| {
            let value: Value = serde_json::from_str(line).expect("JSON");
            let Some(id) = value["id"].as_u64() else {
                return format!("data {}", value["push"]["pub"]["data"]);
            };
            if let Some(error) = value.get("error") {
                return format!("{id}: error {}", error["code"]);
            }
            let names = ["subscribe", "unsubscribe", "publish"];
            let name = names.into_iter().find(|name| value.get(name).is_some());
            format!("{id}: {}", name.unwrap_or_else(|| panic!("{line}")))
        };
        text.lines().map(words).collect()
    }
}

/// All rows of three of these.
fn rows<T: Copy>(of: &[T]) -> Vec<[T; 3]> {
    let pairs = of.iter().flat_map(|&a| of.iter().map(move |&b| (a, b)));
    pairs.flat_map(|(a, b)| of.iter().map(move |&c| [a, b, c])).collect()
}

/// The worker of the stream runs only where it is asked itself: what came by others before that waits.
#[test]
fn what_was_answered_first_is_done_first_whatever_worker_it_came_by() {
    for actions in rows(&ACTIONS) {
        for ways in rows(&[0, 1, 2]) {
            let mut world = World::new(1, WORKERS, Limits::default());
            let mut client = Client::connect(&mut world);
            let (mut expected, mut is_subscribed) = (Vec::new(), false);
            for (id, (action, way)) in (2..).zip(actions.into_iter().zip(ways)) {
                client.say(&mut world, way, &action.command(id));
                expected.extend(action.told(id, &mut is_subscribed));
            }
            world.settle();
            assert_eq!(client.told(), expected, "{actions:?} by {ways:?}");
        }
    }
}
