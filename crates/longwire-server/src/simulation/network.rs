//! The network in memory: what is on its way, and who is told about it.

use super::fault::{Call, Fault};
use super::random::Random;
use crate::network::{self, Ready, Wake};
use std::cell::{Ref, RefCell, RefMut};
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What a peer takes without reading, unless the test says otherwise.
const WINDOW_BYTES: usize = 64 * 1024;

/// What the network and the clients share.
#[derive(Clone)]
pub(super) struct World(Rc<RefCell<Inner>>);

pub(super) struct Inner {
    random: Random,
    pub(super) now: Duration,
    /// How far the clock may go.
    pub(super) horizon: Duration,
    /// The clock is there, and nothing was ready.
    pub(super) at_rest: bool,
    pub(super) listening: bool,
    pub(super) listener_edge: bool,
    pub(super) backlog: VecDeque<usize>,
    pub(super) accept_errors: VecDeque<io::Error>,
    pub(super) fault: Option<Fault>,
    pub(super) links: Vec<Link>,
    pub(super) woken: Arc<Flag>,
}

/// One TCP connection.
#[derive(Debug, Default)]
pub(super) struct Link {
    key: Option<usize>,
    pub(super) to_server: VecDeque<u8>,
    pub(super) to_client: Vec<u8>,
    /// How much the client still takes.
    pub(super) window: usize,
    pub(super) max_write: usize,
    pub(super) client_ended: bool,
    pub(super) server_ended: bool,
    pub(super) server_saw_end: bool,
    pub(super) broken: bool,
    /// Writes fail, though there may be something to read.
    pub(super) refuses_writes: bool,
    pub(super) closed: bool,
    pub(super) read_edge: bool,
    pub(super) write_edge: bool,
    /// Edges of writing are reported.
    watches_writes: bool,
    /// A write was not taken in full: room that appears is worth saying.
    pub(super) wants_room: bool,
    /// The call that was to fail was for this connection.
    pub(super) hit: bool,
    pub(super) reads: usize,
    pub(super) writes: usize,
}

impl Link {
    pub(super) fn make_room(&mut self, bytes: usize) {
        self.window += bytes;
        if bytes > 0 && self.wants_room {
            self.wants_room = false;
            self.write_edge = true;
        }
    }

    fn ready(&mut self) -> Option<Ready> {
        let write_edge = self.watches_writes && self.write_edge;
        let key = self.key.filter(|_| !self.closed && (self.read_edge || write_edge))?;
        // Like epoll, it reports everything that is so when it reports anything.
        let ready = Ready::Stream {
            key,
            readable: !self.to_server.is_empty(),
            writable: self.watches_writes && (write_edge || self.window > 0 && !self.wants_room),
            end_of_stream: self.client_ended || self.broken,
        };
        (self.read_edge, self.write_edge) = (false, false);
        Some(ready)
    }
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            random: Random::new(seed),
            now: Duration::ZERO,
            horizon: Duration::ZERO,
            at_rest: false,
            listening: true,
            listener_edge: false,
            backlog: VecDeque::new(),
            accept_errors: VecDeque::new(),
            fault: None,
            links: Vec::new(),
            woken: Arc::default(),
        })))
    }

    /// A client connects: the number of its link.
    pub(super) fn connect(&self) -> usize {
        let mut inner = self.borrow_mut();
        inner.links.push(Link { window: WINDOW_BYTES, max_write: usize::MAX, ..Link::default() });
        let link = inner.links.len() - 1;
        inner.backlog.push_back(link);
        inner.listener_edge = true;
        link
    }

    pub(super) fn borrow(&self) -> Ref<'_, Inner> {
        self.0.borrow()
    }

    pub(super) fn borrow_mut(&self) -> RefMut<'_, Inner> {
        self.0.borrow_mut()
    }
}

impl Inner {
    /// A call is made that has to do with no connection: whether it fails.
    fn fails(&mut self, call: Call) -> io::Result<()> {
        self.fault.as_mut().map_or(Ok(()), |fault| fault.meets(call))
    }

    /// A call is made for a connection: whether it fails. Where it would only have to wait, its
    /// readiness comes later.
    fn fails_for(&mut self, call: Call, link: usize) -> io::Result<()> {
        let failed = self.fails(call);
        if let Err(error) = &failed {
            let link = &mut self.links[link];
            link.hit = true;
            if error.kind() == ErrorKind::WouldBlock {
                (link.read_edge, link.write_edge) = (true, true);
            }
        }
        failed
    }
}

/// The network as the worker sees it.
pub(super) struct Network {
    pub(super) world: World,
}

/// The server's end of a connection.
pub(super) struct Stream {
    world: World,
    link: usize,
}

impl Stream {
    pub(super) fn is_of(&self, link: usize) -> bool {
        self.link == link
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.world.borrow_mut().links[self.link].closed = true;
    }
}

impl network::Network for Network {
    type Stream = Stream;

    fn now(&self) -> Duration {
        self.world.borrow().now
    }

    fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        let inner = &mut *self.world.borrow_mut();
        match inner.fails(Call::Wait) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        if inner.woken.0.swap(false, Ordering::Relaxed) {
            ready.push(Ready::Woken);
        }
        if inner.listening && std::mem::take(&mut inner.listener_edge) {
            ready.push(Ready::Listener);
        }
        ready.extend(inner.links.iter_mut().filter_map(Link::ready));
        for last in (1..ready.len()).rev() {
            ready.swap(last, inner.random.below(last + 1));
        }
        if ready.is_empty() && timeout != Some(Duration::ZERO) {
            inner.at_rest = inner.now == inner.horizon;
            let until = timeout.map_or(inner.horizon, |timeout| inner.now + timeout);
            inner.now = until.min(inner.horizon);
        }
        Ok(())
    }

    fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        let mut inner = self.world.borrow_mut();
        if let Some(error) = inner.accept_errors.pop_front() {
            return Err(error);
        }
        if let Err(error) = inner.fails(Call::Accept) {
            // Where there was nobody yet, somebody comes later.
            inner.listener_edge = error.kind() == ErrorKind::WouldBlock;
            return Err(error);
        }
        if !inner.listening {
            return Err(ErrorKind::WouldBlock.into());
        }
        let link = inner.backlog.pop_front().ok_or(ErrorKind::WouldBlock)?;
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 1024));
        Ok((Stream { world: self.world.clone(), link }, peer))
    }

    fn stop_listening(&mut self) {
        self.world.borrow_mut().listening = false;
    }

    fn register(&mut self, stream: &mut Stream, key: usize) -> io::Result<()> {
        let inner = &mut *self.world.borrow_mut();
        inner.fails_for(Call::Register, stream.link)?;
        let link = &mut inner.links[stream.link];
        link.key = Some(key);
        (link.read_edge, link.write_edge) = (true, true);
        Ok(())
    }

    fn watch_writes(&mut self, stream: &mut Stream, key: usize) -> io::Result<()> {
        let inner = &mut *self.world.borrow_mut();
        inner.fails_for(Call::WatchWrites, stream.link)?;
        let link = &mut inner.links[stream.link];
        link.key = Some(key);
        link.watches_writes = true;
        link.read_edge = true;
        link.write_edge |= link.window > 0 && !link.wants_room;
        Ok(())
    }

    fn read(&mut self, stream: &mut Stream, buffer: &mut [u8]) -> io::Result<usize> {
        let inner = &mut *self.world.borrow_mut();
        inner.links[stream.link].reads += 1;
        inner.fails_for(Call::Read, stream.link)?;
        let link = &mut inner.links[stream.link];
        if link.broken {
            return Err(ErrorKind::ConnectionReset.into());
        }
        if link.to_server.is_empty() && !link.client_ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        let read = buffer.len().min(link.to_server.len());
        let bytes = link.to_server.make_contiguous();
        buffer[..read].copy_from_slice(&bytes[..read]);
        link.to_server.drain(..read);
        link.server_saw_end |= read == 0;
        Ok(read)
    }

    fn write(&mut self, stream: &mut Stream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let inner = &mut *self.world.borrow_mut();
        inner.links[stream.link].writes += 1;
        inner.fails_for(Call::Write, stream.link)?;
        let link = &mut inner.links[stream.link];
        if link.broken || link.refuses_writes || link.server_ended {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let offered: usize = slices.iter().map(|slice| slice.len()).sum();
        let mut taken = offered.min(link.window);
        if taken > link.max_write {
            // The buffer is full for a moment, and not any more when it is looked at next.
            taken = 1 + inner.random.below(link.max_write);
            link.write_edge = true;
        } else if taken < offered {
            link.wants_room = true;
        }
        if taken == 0 && offered > 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        link.window -= taken;
        let mut left = taken;
        for slice in slices {
            let piece = &slice[..left.min(slice.len())];
            link.to_client.extend_from_slice(piece);
            left -= piece.len();
        }
        Ok(taken)
    }

    fn shutdown_write(&mut self, stream: &mut Stream) -> io::Result<()> {
        let inner = &mut *self.world.borrow_mut();
        inner.fails_for(Call::ShutdownWrite, stream.link)?;
        let link = &mut inner.links[stream.link];
        link.server_ended = true;
        if link.broken { Err(ErrorKind::NotConnected.into()) } else { Ok(()) }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("links", &self.world.borrow().links).finish_non_exhaustive()
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("link", &self.link).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
pub(super) struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
