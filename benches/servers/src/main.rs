//! Other WebSocket libraries as echo servers, each one thread, for `cargo xtask bench echo`.
//!
//! ```text
//! longwire-bench-servers PEER [--deflate]    print `listening PORT`, echo until standard input ends
//! ```
//!
//! Each peer is a file that says how its documentation has one write a fast echo; its settings are
//! the library's own defaults, and what is not a default is said there. UTF-8 is checked where that
//! can be chosen, and TCP_NODELAY is on. What is the same for all of them is here and in `runtime.rs`.

mod fastwebsockets;
mod hyper_server;
mod runtime;
mod sockudo;
mod tokio_websockets;
mod tungstenite;
mod yawc;

use std::error::Error;
use std::io::Read as _;
use std::net::TcpListener;

/// How a connection or a server ended.
pub(crate) type Ended = Result<(), Box<dyn Error + Send + Sync>>;

fn main() -> Ended {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (peer, deflate) = match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [peer] => (*peer, false),
        [peer, "--deflate"] => (*peer, true),
        _ => return Err("usage: longwire-bench-servers PEER [--deflate]".into()),
    };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    println!("listening {}", listener.local_addr()?.port());
    // It sleeps until the end, and takes no part.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    match (peer, deflate) {
        ("fastwebsockets", false) => runtime::serve(listener, fastwebsockets::serve),
        ("sockudo-ws", false) => runtime::serve(listener, sockudo::serve),
        ("sockudo-ws", true) => runtime::serve(listener, sockudo::serve_with_deflate),
        ("tokio-websockets", false) => runtime::serve(listener, tokio_websockets::serve),
        ("tungstenite", false) => tungstenite::serve(listener),
        ("yawc", false) => runtime::serve(listener, yawc::serve),
        ("yawc", true) => runtime::serve(listener, yawc::serve_with_deflate),
        (_, false) => Err(format!("no peer is called {peer:?}").into()),
        (_, true) => Err(format!("no peer with permessage-deflate is called {peer:?}").into()),
    }
}
