//! Other WebSocket libraries as echo servers and echo clients, for the conformance suite.
//!
//! ```text
//! longwire-peers PEER server         print `listening PORT`, echo until standard input ends
//! longwire-peers PEER client URL     connect and echo, again and again, until nobody listens
//! ```
//!
//! Each peer is a file that says how its documentation has one write an echo, with the library's own
//! defaults; what is not a default is said there. What is the same for all of them is here.

mod fastwebsockets;
mod hyper_server;
mod ratchet;
mod sockudo;
mod soketto;
mod tokio_websockets;
mod tungstenite;
mod yawc;

use std::error::Error;
use std::io::Read as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

/// How a connection ended. An error is the library's, and is how most connections here do end.
pub(crate) type Ended = Result<(), Box<dyn Error + Send + Sync>>;

/// A library.
pub(crate) trait Peer: 'static {
    /// Takes the opening handshake of a client, and sends every message back.
    fn serve(stream: tokio::net::TcpStream) -> impl Future<Output = Ended> + Send;

    /// Opens the connection to a server, and sends every message back.
    fn connect(
        stream: tokio::net::TcpStream,
        server: SocketAddr,
    ) -> impl Future<Output = Ended> + Send;
}

/// A client whose connection is stuck gives it up then.
const CONNECTION_LIMIT: Duration = Duration::from_secs(25);

/// So often a client finds nobody before it ends, and the time in between.
const REFUSALS: u32 = 40;
const REFUSAL_PAUSE: Duration = Duration::from_millis(50);

fn main() -> Ended {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [peer, role @ ..] => match *peer {
            "fastwebsockets" => run::<fastwebsockets::Fastwebsockets>(role),
            "ratchet_rs" => run::<ratchet::Ratchet>(role),
            "sockudo-ws" => run::<sockudo::Sockudo>(role),
            "soketto" => run::<soketto::Soketto>(role),
            "tokio-websockets" => run::<tokio_websockets::TokioWebsockets>(role),
            "tungstenite" => run::<tungstenite::Tungstenite>(role),
            "yawc" => run::<yawc::Yawc>(role),
            other => Err(format!("no peer is called {other:?}").into()),
        },
        [] => Err("which peer?".into()),
    }
}

fn run<P: Peer>(role: &[&str]) -> Ended {
    match role {
        ["server"] => serve::<P>(),
        ["client", url] => {
            let address = url.strip_prefix("ws://").unwrap_or(url).trim_end_matches('/');
            connect::<P>(address.parse()?)
        }
        _ => Err("server, or client URL?".into()),
    }
}

fn serve<P: Peer>() -> Ended {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening {}", listener.local_addr()?.port());
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    loop {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        std::thread::spawn(|| run_alone(stream, |stream| P::serve(stream)));
    }
}

fn connect<P: Peer>(server: SocketAddr) -> Ended {
    let mut refusals = 0;
    while refusals < REFUSALS {
        let Ok(stream) = TcpStream::connect(server) else {
            refusals += 1;
            std::thread::sleep(REFUSAL_PAUSE);
            continue;
        };
        refusals = 0;
        stream.set_nodelay(true)?;
        let (ended, end) = mpsc::channel();
        std::thread::spawn(move || {
            let _ = run_alone(stream, |stream| P::connect(stream, server));
            let _ = ended.send(());
        });
        let _ = end.recv_timeout(CONNECTION_LIMIT);
    }
    Ok(())
}

/// Runs a connection on a runtime of its own, in this thread: a library that is busy without end with
/// one connection keeps no other waiting.
fn run_alone<F: Future<Output = Ended>>(
    stream: TcpStream,
    with: impl FnOnce(tokio::net::TcpStream) -> F,
) -> Ended {
    stream.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { with(tokio::net::TcpStream::from_std(stream)?).await })
}
