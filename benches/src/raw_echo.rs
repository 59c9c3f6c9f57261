//! A TCP echo on mio that knows no WebSocket: about what the machine can do at all, and what a
//! connection costs when nothing is kept for it but its socket.

use anyhow::Result;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;

const LISTENER: Token = Token(usize::MAX);
const BUFFER_BYTES: usize = 64 * 1024;

/// Serves on `listen` until the process ends; `ready` is told the address.
///
/// What a socket does not take at once is not kept: a peer that lets its receive buffer fill up is
/// dropped. For measuring with peers that read, that is enough.
///
/// # Errors
/// The address is taken, or the system refuses to poll.
pub fn serve(listen: SocketAddr, ready: impl FnOnce(SocketAddr)) -> Result<()> {
    let mut listener = TcpListener::bind(listen)?;
    ready(listener.local_addr()?);
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut streams: Slab<TcpStream> = Slab::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut streams)?;
            } else if let Some(stream) = streams.get_mut(event.token().0)
                && !echo(stream, &mut buffer)
            {
                streams.remove(event.token().0);
            }
        }
    }
}

fn accept(listener: &TcpListener, poll: &Poll, streams: &mut Slab<TcpStream>) -> Result<()> {
    while let Ok((mut stream, _)) = listener.accept() {
        stream.set_nodelay(true)?;
        let entry = streams.vacant_entry();
        poll.registry().register(&mut stream, Token(entry.key()), Interest::READABLE)?;
        entry.insert(stream);
    }
    Ok(())
}

/// Echoes what there is; `false` when the connection is over.
fn echo(stream: &mut TcpStream, buffer: &mut [u8]) -> bool {
    loop {
        match stream.read(buffer) {
            Ok(0) => return false,
            Ok(read) => {
                if stream.write_all(&buffer[..read]).is_err() {
                    return false;
                }
                // A short read has emptied the socket.
                if read < buffer.len() {
                    return true;
                }
            }
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}
