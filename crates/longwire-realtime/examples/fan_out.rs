//! What a delivery costs the hub: one publication after the other, to all subscribers of a channel.
//!
//! ```sh
//! cargo build --release -p longwire-realtime --example fan_out
//! valgrind --tool=callgrind target/release/examples/fan_out 1000 1000
//! ```
//!
//! The arguments are subscribers and publications. The difference in instructions between two runs
//! that differ in publications alone, divided by the deliveries that lie between them, is what one
//! costs, and so are its shares of encoding and of the broker's work. It is also an example of how a
//! hub is driven.

use std::sync::Arc;
use std::time::Duration;

use longwire_realtime::dialect::Dialects;
use longwire_realtime::{
    Access, Command, Config, Connect, Dialect, Hub, Json, MemoryNode, MemoryPresence, Namespace,
    NoTokens, Outgoing, Output, Request, Seams, Subscribe,
};

const NOW: Duration = Duration::ZERO;

fn hub() -> Hub {
    let open = Namespace {
        history_size: 100,
        recover: true,
        subscribe: Access::Anyone,
        ..Namespace::default()
    };
    let config = Arc::new(Config {
        default_namespace: Arc::new(open),
        allow_anonymous: true,
        ..Config::default()
    });
    // A server takes these from the system's randomness.
    let node = MemoryNode::new(&config.limits, &config.times, Box::new(|| 1));
    let mut name = 0;
    let chance = move || {
        name += 1;
        name
    };
    let seams = Seams {
        broker: Box::new(node.broker(Box::new(|| {}))),
        presence: Box::new(MemoryPresence::new(config.times.presence_lease).hub()),
        codec: Box::new(Dialects::default()),
        tokens: Box::new(NoTokens),
        chance: Box::new(chance),
    };
    Hub::new(config, seams, NOW)
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let subscribers: usize = arguments.next().unwrap_or(1000);
    let publications: usize = arguments.next().unwrap_or(1000);
    let mut hub = hub();
    for _ in 0..subscribers {
        let session = hub.open(Dialect::CentrifugeWebSocket, NOW).expect("there is room");
        hub.command(session, 1, Command::Connect(Connect::default()), NOW);
        let subscribe = Subscribe { channel: "news".into(), ..Subscribe::default() };
        hub.command(session, 2, Command::Subscribe(subscribe), NOW);
    }
    while hub.poll_output().is_some() {}
    let data = Json::from_valid(&format!("\"{}\"", "x".repeat(126)));
    let mut reached = Vec::new();
    let mut deliveries = 0;
    for _ in 0..publications {
        let message = Outgoing {
            data: data.clone(),
            tags: Vec::new(),
            key: None,
            exclude: None,
            idempotency_key: None,
            skip_history: false,
        };
        hub.api(0, Request::Publish { channel: "news".into(), message }, NOW);
        while let Some(output) = hub.poll_output() {
            if let Output::Fanout { sessions, .. } = output {
                deliveries += sessions.len();
                reached.extend_from_slice(sessions);
            }
        }
        // A connection that has written all that it was given has room again.
        for session in reached.drain(..) {
            hub.room(session, 64 << 10);
        }
    }
    println!("{deliveries} deliveries");
}
