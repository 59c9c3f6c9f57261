//! tungstenite on a mio loop, as one writes it who wants tungstenite to be fast: sockets that do not
//! block, `write` for each message that can be read, one `flush` after them.

use std::io::ErrorKind;

use ::tungstenite::handshake::server::NoCallback;
use ::tungstenite::handshake::{HandshakeError, MidHandshake, server::ServerHandshake};
use ::tungstenite::{Error, Message, WebSocket};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use crate::Ended;

const LISTENER: Token = Token(usize::MAX);

enum Connection {
    Opening(MidHandshake<ServerHandshake<TcpStream, NoCallback>>),
    Open(Open),
}

struct Open {
    socket: WebSocket<TcpStream>,
    /// The socket takes no more; it is not read from until it does.
    is_full: bool,
}

pub(crate) fn serve(listener: std::net::TcpListener) -> Ended {
    let mut listener = TcpListener::from_std(listener);
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut connections: Slab<Option<Connection>> = Slab::new();
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut connections)?;
                continue;
            }
            let key = event.token().0;
            if let Some(slot) = connections.get_mut(key) {
                *slot = slot.take().and_then(Connection::proceed);
                if slot.is_none() {
                    connections.remove(key);
                }
            }
        }
    }
}

fn accept(
    listener: &TcpListener,
    poll: &Poll,
    connections: &mut Slab<Option<Connection>>,
) -> Ended {
    while let Ok((mut stream, _)) = listener.accept() {
        stream.set_nodelay(true)?;
        let entry = connections.vacant_entry();
        let both = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut stream, Token(entry.key()), both)?;
        let connection = Connection::after(::tungstenite::accept(stream));
        let key = entry.key();
        entry.insert(connection);
        if connections[key].is_none() {
            connections.remove(key);
        }
    }
    Ok(())
}

impl Connection {
    fn after(
        shaken: Result<
            WebSocket<TcpStream>,
            HandshakeError<ServerHandshake<TcpStream, NoCallback>>,
        >,
    ) -> Option<Self> {
        match shaken {
            Ok(socket) => Open { socket, is_full: false }.echo().map(Self::Open),
            Err(HandshakeError::Interrupted(opening)) => Some(Self::Opening(opening)),
            Err(HandshakeError::Failure(_)) => None,
        }
    }

    /// Does what there is to do; nothing is left of a connection that is over.
    fn proceed(self) -> Option<Self> {
        match self {
            Self::Opening(opening) => Self::after(opening.handshake()),
            Self::Open(open) => open.echo().map(Self::Open),
        }
    }
}

impl Open {
    fn echo(mut self) -> Option<Self> {
        loop {
            if self.is_full {
                self.is_full = would_block(self.socket.flush())?;
                if self.is_full {
                    return Some(self);
                }
            }
            match self.socket.read() {
                // What does not go out at once is kept.
                Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                    self.is_full = would_block(self.socket.write(message))?;
                }
                Ok(_) => {}
                Err(error) => {
                    would_block(Err(error))?;
                    self.is_full = would_block(self.socket.flush())?;
                    return Some(self);
                }
            }
        }
    }
}

/// Whether the socket would have blocked; nothing where the connection is over.
fn would_block(result: Result<(), Error>) -> Option<bool> {
    match result {
        Ok(()) => Some(false),
        Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => Some(true),
        Err(_) => None,
    }
}
