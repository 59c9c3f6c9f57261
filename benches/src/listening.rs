//! What every server of a measurement does: print its port, and end with whoever started it.

use std::io::{Read as _, Result};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// How many connections may wait to be accepted, as far as the system lets them. std has 128 of them,
/// and a client that finds no place tries again after a second.
const BACKLOG: i32 = 4096;

/// Listens on a free port of loopback and prints `listening PORT`. The process ends when its standard
/// input does.
///
/// # Errors
/// The system refuses to listen.
pub fn listen() -> Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from(socket);
    println!("listening {}", listener.local_addr()?.port());
    std::thread::spawn(|| {
        // An error is an end too.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    Ok(listener)
}
