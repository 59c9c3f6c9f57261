//! The realtime server as the client libraries of others are tested with it: on a free port, with the
//! channels, the key and the secret that `tests/sdk` names, until its standard input ends or it is sent
//! SIGTERM.
//!
//! Prints `listening on http://ADDRESS` once it does.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use clap::Parser;
use longwire_gateway::{ApiAccess, Node, Settings};
use longwire_realtime::token::Verifier;
use longwire_realtime::{Access, Limits, Namespace, SlowConsumer, Times};
use longwire_server::{Server, shut_down_on_signals};

/// The key of the API.
const API_KEY: &str = "the key of the tests";

/// The secret that tokens are signed with.
const TOKEN_SECRET: &[u8] = b"a secret of the tests, thirty-two bytes";

/// Serves until its standard input ends.
#[derive(Parser)]
struct Arguments {
    /// Where to listen; with port 0 the system chooses a port
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Worker threads
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Seconds between two pings
    #[arg(long, default_value_t = 25)]
    ping_interval: u64,
    /// Seconds from a ping to its answer
    #[arg(long, default_value_t = 8)]
    pong_timeout: u64,
    /// Seconds for which what has expired goes on, so that it can be refreshed
    #[arg(long, default_value_t = 25)]
    expiry_leeway: u64,
    /// Whether a client needs a token
    #[arg(long)]
    no_anonymous: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let config = longwire_server::Config {
        listen: vec![arguments.listen],
        threads: arguments.threads,
        ..longwire_server::Config::default()
    };
    let server = Server::bind(config)?;
    shut_down_on_signals(server.handle()).context("cannot handle signals")?;
    let handle = server.handle();
    thread::spawn(move || {
        // Whoever started it holds the other end. What it says does not matter, nor how it ends.
        drop(std::io::stdin().read_to_end(&mut Vec::new()));
        handle.shut_down();
    });
    let address = server.addresses().first().context("the server has no address")?;
    println!("listening on http://{address}");
    let settings = Settings { api: ApiAccess::with_keys([API_KEY]), ..Settings::default() };
    let tokens = Verifier::new().with_hmac_secret(TOKEN_SECRET)?;
    let node = Node::new(realtime(&arguments)?, settings, tokens, random);
    server.run(|waker| node.gateway(waker)).context("the server has failed")
}

fn realtime(arguments: &Arguments) -> Result<longwire_realtime::Config> {
    let times = Times {
        ping_interval: Duration::from_secs(arguments.ping_interval),
        pong_timeout: Duration::from_secs(arguments.pong_timeout),
        expiry_leeway: Duration::from_secs(arguments.expiry_leeway),
        unix_time_at_zero: SystemTime::now().duration_since(UNIX_EPOCH)?,
        ..Times::default()
    };
    // A reader that has stopped is to be noticed by what waits in its session, soon.
    let limits = Limits { max_queued_bytes: 128 << 10, ..Limits::default() };
    let slow = |slow_consumer| Namespace {
        history_size: 1000,
        max_history_bytes: 64 << 20,
        slow_consumer,
        ..open()
    };
    let namespaces = [
        ("short", Namespace { history_size: 3, ..open() }),
        ("plain", Namespace { history_size: 0, recover: false, ..open() }),
        ("secret", Namespace { subscribe: Access::Nobody, ..open() }),
        (
            "closed",
            Namespace {
                publish: Access::Nobody,
                see_presence: Access::Nobody,
                see_history: Access::Nobody,
                ..open()
            },
        ),
        ("disconnect", slow(SlowConsumer::Disconnect)),
        ("gap", slow(SlowConsumer::Gap)),
    ];
    Ok(longwire_realtime::Config {
        namespaces: BTreeMap::from(
            namespaces.map(|(name, namespace)| (name.to_owned(), Arc::new(namespace))),
        ),
        default_namespace: Arc::new(open()),
        allow_anonymous: !arguments.no_anonymous,
        limits,
        times,
        ..longwire_realtime::Config::default()
    })
}

/// Everyone may do everything.
fn open() -> Namespace {
    Namespace {
        history_size: 100,
        recover: true,
        presence: true,
        join_leave: true,
        subscribe: Access::Anyone,
        publish: Access::Anyone,
        see_presence: Access::Anyone,
        see_history: Access::Anyone,
        ..Namespace::default()
    }
}

fn random() -> u128 {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    u128::from_ne_bytes(bytes)
}
