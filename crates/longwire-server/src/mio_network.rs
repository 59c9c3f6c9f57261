//! The network of the operating system, through mio. No other file names mio's types.

use crate::clock::Clock;
use crate::network::{MAX_READY, Network, Ready, Wake};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{self, Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Connections are registered under their keys, which are far from this.
const WOKEN: Token = Token(usize::MAX);
const LISTENER: Token = Token(usize::MAX - 1);

pub(crate) struct MioNetwork {
    poll: Poll,
    events: Events,
    listeners: Vec<TcpListener>,
    waker: Arc<MioWaker>,
    clock: Clock,
}

struct MioWaker(Waker);

impl Wake for MioWaker {
    fn wake(&self) {
        if let Err(error) = retry(|| self.0.wake()) {
            tracing::error!(%error, "cannot wake a worker");
        }
    }
}

impl MioNetwork {
    /// A network that accepts from these listeners, which must not block.
    pub(crate) fn new(listeners: Vec<net::TcpListener>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(MioWaker(Waker::new(poll.registry(), WOKEN)?));
        let mut listeners: Vec<_> = listeners.into_iter().map(TcpListener::from_std).collect();
        for listener in &mut listeners {
            poll.registry().register(listener, LISTENER, Interest::READABLE)?;
        }
        let events = Events::with_capacity(MAX_READY);
        Ok(Self { poll, events, listeners, waker, clock: Clock::new() })
    }

    pub(crate) fn waker(&self) -> Arc<dyn Wake> {
        Arc::<MioWaker>::clone(&self.waker)
    }
}

impl Network for MioNetwork {
    type Stream = TcpStream;

    fn now(&self) -> Duration {
        self.clock.now()
    }

    fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            // A signal came. There is nothing to do for it here.
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        }
        ready.extend(self.events.iter().map(|event| match event.token() {
            WOKEN => Ready::Woken,
            LISTENER => Ready::Listener,
            Token(key) => Ready::Stream {
                key,
                readable: event.is_readable(),
                writable: event.is_writable() || event.is_write_closed(),
                end_of_stream: event.is_read_closed() || event.is_error(),
            },
        }));
        Ok(())
    }

    fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        for listener in &self.listeners {
            match listener.accept() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok((stream, peer)) => {
                    // What is small is not to wait for what is large. Where the system refuses, as
                    // it may when the peer is gone already, nothing is lost but time.
                    let _ = stream.set_nodelay(true);
                    return Ok((stream, peer));
                }
                Err(error) => return Err(error),
            }
        }
        Err(ErrorKind::WouldBlock.into())
    }

    fn stop_listening(&mut self) {
        self.listeners.clear();
    }

    fn register(&mut self, stream: &mut TcpStream, key: usize) -> io::Result<()> {
        self.poll.registry().register(stream, Token(key), Interest::READABLE)
    }

    fn watch_writes(&mut self, stream: &mut TcpStream, key: usize) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().reregister(stream, Token(key), both)
    }

    #[inline]
    fn read(&mut self, stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        retry(|| stream.read(buffer))
    }

    #[inline]
    fn write(&mut self, stream: &mut TcpStream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match slices {
            [slice] => retry(|| stream.write(slice)),
            _ => retry(|| stream.write_vectored(slices)),
        }
    }

    fn shutdown_write(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        stream.shutdown(Shutdown::Write)
    }
}

/// Calls again what a signal has interrupted.
fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
