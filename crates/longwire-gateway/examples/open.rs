//! A realtime server in which everyone may do everything, on <http://127.0.0.1:8000> or another port,
//! with the built-in page.
//!
//! ```text
//! cargo run -p longwire-gateway --example open [PORT]
//! ```

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use longwire_gateway::{ApiAccess, Node, Settings};
use longwire_realtime::{Namespace, NoTokens, Times};
use longwire_server::Server;

fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).map_or(Ok(8000), |port| port.parse());
    let port = port.map_err(|_| std::io::Error::other("the first argument has to be a port"))?;
    let unix_time_at_zero = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let realtime = longwire_realtime::Config {
        default_namespace: Arc::new(Namespace::for_everyone()),
        allow_anonymous: true,
        times: Times { unix_time_at_zero, ..Times::default() },
        ..longwire_realtime::Config::default()
    };
    let settings = Settings { api: ApiAccess::open(), page: true, ..Settings::default() };
    let node = Node::new(realtime, settings, NoTokens, random);
    let config = longwire_server::Config {
        listen: vec![([127, 0, 0, 1], port).into()],
        ..longwire_server::Config::default()
    };
    let server = Server::bind(config)?;
    println!("listening on http://{}/", server.addresses()[0]);
    server.run(|waker| node.gateway(waker))
}

fn random() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    u128::from_ne_bytes(bytes)
}
