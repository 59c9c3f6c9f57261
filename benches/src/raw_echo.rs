//! A TCP echo on mio that knows no WebSocket: about what the machine can do at all, and what a
//! connection costs when nothing is kept for it but its socket.
//!
//! One read and one write for what has arrived. What a socket does not take is kept, and the
//! connection is not read from until it is gone.

use std::io::{ErrorKind, Read as _, Result, Write as _};
use std::net;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

const LISTENER: Token = Token(usize::MAX);

/// What is read at once at most. Of 16 KiB to 1 MiB it is the fastest with messages of 16 KiB and 1 MiB, or
/// level with the fastest: with less there are more calls, with more the caches do not hold it.
const BUFFER_BYTES: usize = 256 * 1024;

struct Connection {
    stream: TcpStream,
    /// What the socket has not taken; no memory where there is nothing.
    rest: Vec<u8>,
}

/// Serves until the process ends.
///
/// # Errors
/// The system refuses to poll.
pub fn serve(listener: net::TcpListener) -> Result<()> {
    listener.set_nonblocking(true)?;
    let mut listener = TcpListener::from_std(listener);
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut connections = Slab::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            let key = event.token().0;
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut connections)?;
            } else if let Some(connection) = connections.get_mut(key)
                && !matches!(connection.echo(&mut buffer), Ok(Proceed::Open))
            {
                connections.remove(key);
            }
        }
    }
}

fn accept(listener: &TcpListener, poll: &Poll, connections: &mut Slab<Connection>) -> Result<()> {
    while let Ok((mut stream, _)) = listener.accept() {
        stream.set_nodelay(true)?;
        let entry = connections.vacant_entry();
        // Edges: to be told of room costs nothing until a write has found none.
        let both = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut stream, Token(entry.key()), both)?;
        entry.insert(Connection { stream, rest: Vec::new() });
    }
    Ok(())
}

enum Proceed {
    Open,
    Closed,
}

impl Connection {
    /// Echoes what there is.
    fn echo(&mut self, buffer: &mut [u8]) -> Result<Proceed> {
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            if !self.write(&rest)? {
                return Ok(Proceed::Open);
            }
        }
        loop {
            let read = match self.stream.read(buffer) {
                Ok(0) => return Ok(Proceed::Closed),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Proceed::Open),
                Err(error) => return Err(error),
            };
            // A short read has emptied the socket.
            if !self.write(&buffer[..read])? || read < buffer.len() {
                return Ok(Proceed::Open);
            }
        }
    }

    /// Writes, and keeps what the socket does not take. Whether it has taken all.
    fn write(&mut self, bytes: &[u8]) -> Result<bool> {
        let mut left = bytes;
        while !left.is_empty() {
            match self.stream.write(left) {
                Ok(written) => left = &left[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.rest = left.to_vec();
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    #[test]
    fn more_than_the_sockets_hold_comes_back_whole() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(|| super::serve(listener));
        let mut stream = TcpStream::connect(address).unwrap();
        let sent: Vec<u8> = (0..251).cycle().take(32 << 20).collect();
        let mut reader = stream.try_clone().unwrap();
        let length = sent.len();
        // Nothing is read until everything that fits on the way has been sent: the echo has to wait.
        let (begin, begun) = std::sync::mpsc::channel();
        let echoed = thread::spawn(move || {
            begun.recv().unwrap();
            let mut echoed = vec![0; length];
            reader.read_exact(&mut echoed).map(|()| echoed)
        });
        stream.set_nonblocking(true).unwrap();
        let mut written = 0;
        while let Ok(more) = stream.write(&sent[written..]) {
            written += more;
        }
        assert!(written < length, "the sockets hold {length} bytes");
        // For the reader's half as well, so before it begins.
        stream.set_nonblocking(false).unwrap();
        begin.send(()).unwrap();
        stream.write_all(&sent[written..]).unwrap();
        assert!(echoed.join().unwrap().unwrap() == sent);
    }
}
