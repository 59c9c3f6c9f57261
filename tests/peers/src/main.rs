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
use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

/// How a connection ended. An error is the library's, and is how most connections here do end.
pub(crate) type Ended = Result<(), Box<dyn Error + Send + Sync>>;

/// A library.
pub(crate) trait Peer: 'static {
    /// Takes the opening handshake of a client, and sends every message back.
    fn serve(stream: TcpStream) -> impl Future<Output = Ended> + Send;

    /// Opens the connection to a server, and sends every message back.
    fn connect(stream: TcpStream, server: SocketAddr) -> impl Future<Output = Ended> + Send;
}

/// A client whose connection is stuck gives it up then.
const CONNECTION_LIMIT: Duration = Duration::from_secs(25);

/// So often a client finds nobody before it ends, and the time in between.
const REFUSALS: u32 = 40;
const REFUSAL_PAUSE: Duration = Duration::from_millis(50);

// More threads than there are processors: one that a library keeps busy keeps no other waiting.
#[tokio::main(worker_threads = 8)]
async fn main() -> Ended {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [peer, role @ ..] => match *peer {
            "fastwebsockets" => run::<fastwebsockets::Fastwebsockets>(role).await,
            "ratchet_rs" => run::<ratchet::Ratchet>(role).await,
            "sockudo-ws" => run::<sockudo::Sockudo>(role).await,
            "soketto" => run::<soketto::Soketto>(role).await,
            "tokio-websockets" => run::<tokio_websockets::TokioWebsockets>(role).await,
            "tungstenite" => run::<tungstenite::Tungstenite>(role).await,
            "yawc" => run::<yawc::Yawc>(role).await,
            other => Err(format!("no peer is called {other:?}").into()),
        },
        [] => Err("which peer?".into()),
    }
}

async fn run<P: Peer>(role: &[&str]) -> Ended {
    match role {
        ["server"] => serve::<P>().await,
        ["client", url] => {
            let address = url.strip_prefix("ws://").unwrap_or(url).trim_end_matches('/');
            connect::<P>(address.parse()?)
        }
        _ => Err("server, or client URL?".into()),
    }
}

async fn serve<P: Peer>() -> Ended {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening {}", listener.local_addr()?.port());
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(P::serve(stream));
    }
}

fn connect<P: Peer>(server: SocketAddr) -> Ended {
    let mut refusals = 0;
    while refusals < REFUSALS {
        let Ok(stream) = std::net::TcpStream::connect(server) else {
            refusals += 1;
            std::thread::sleep(REFUSAL_PAUSE);
            continue;
        };
        refusals = 0;
        stream.set_nodelay(true)?;
        // In a thread of its own: a library that never waits would keep a runtime's clock from going.
        let (ended, end) = mpsc::channel();
        std::thread::spawn(move || {
            let _ = connect_once::<P>(stream, server);
            let _ = ended.send(());
        });
        let _ = end.recv_timeout(CONNECTION_LIMIT);
    }
    Ok(())
}

fn connect_once<P: Peer>(stream: std::net::TcpStream, server: SocketAddr) -> Ended {
    stream.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { P::connect(TcpStream::from_std(stream)?, server).await })
}
