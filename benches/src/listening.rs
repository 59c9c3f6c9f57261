//! What every server of a measurement does: print its port, and end with whoever started it.

use std::io::{Read as _, Result};
use std::net::TcpListener;

/// Listens on a free port of loopback and prints `listening PORT`. The process ends when its standard
/// input does.
///
/// # Errors
/// The system refuses to listen.
pub fn listen() -> Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening {}", listener.local_addr()?.port());
    std::thread::spawn(|| {
        // An error is an end too.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    Ok(listener)
}
