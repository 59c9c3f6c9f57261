//! A network in memory, for tests: a seed decides what it does, and the test turns its clock.
//!
//! A [`Simulation`] is a worker over such a network. Between two runs the test plays the clients:
//! it connects, sends, reads or does not, ends streams or breaks them. [`Simulation::run_for`] lets
//! the worker go on until nothing is ready any more and the clock has come to its end; where
//! nothing is ready the clock jumps to the next deadline, so no test ever sleeps.
//!
//! Readiness is as edge-triggered as epoll's: it is reported once when bytes come, or when room
//! appears behind a write that was not taken in full. What waits and is not reported again is lost,
//! as it would be on a real socket, if the worker forgets about it.

use crate::acceptor::ConnectionCount;
use crate::application::Application;
use crate::config::Config;
use crate::mailbox::{Letters, Mailbox};
use crate::network::{self, Ready, Wake};
use crate::worker::Worker;
use std::cell::{Ref, RefCell, RefMut};
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A worker that has not come to rest after so many turns never will.
const MAX_TURNS: usize = 1_000_000;
/// What a peer takes without reading, unless the test says otherwise.
const WINDOW_BYTES: usize = 64 * 1024;

/// One worker over a network in memory.
pub struct Simulation<A: Application> {
    world: World,
    worker: Worker<Network, A>,
    letters: Letters,
    over: bool,
}

impl<A: Application> Simulation<A> {
    /// A worker with nothing to do yet.
    ///
    /// # Panics
    /// The configuration makes no sense.
    pub fn new(seed: u64, config: Config, application: A) -> Self {
        config.check().expect("a configuration that makes sense");
        let world = World::new(seed);
        let mailbox = Arc::new(Mailbox::default());
        let waker: Arc<dyn Wake> = Arc::<Flag>::clone(&world.borrow().woken);
        let letters = Letters::new(Arc::clone(&mailbox), waker);
        let (config, count) = (Arc::new(config), ConnectionCount::default());
        let network = Network { world: world.clone() };
        let worker = Worker::new(0, network, application, &config, count, mailbox);
        Self { world, worker, letters, over: false }
    }

    /// Lets the worker run until the clock has gone on by `time` and nothing is ready any more.
    /// Says in how many turns that was.
    ///
    /// # Panics
    /// The worker does not come to rest.
    pub fn run_for(&mut self, time: Duration) -> usize {
        let mut inner = self.world.borrow_mut();
        inner.horizon = inner.now + time;
        inner.at_rest = false;
        drop(inner);
        for turns in 0..MAX_TURNS {
            if self.over || self.world.borrow().at_rest {
                return turns;
            }
            self.over = !self.worker.turn().expect("the network can always wait");
        }
        panic!("the worker is not at rest after {MAX_TURNS} turns");
    }

    /// Lets the worker do everything that it can do now.
    pub fn run(&mut self) -> usize {
        self.run_for(Duration::ZERO)
    }

    /// A client that connects.
    pub fn connect(&mut self) -> Client {
        let mut inner = self.world.borrow_mut();
        inner.links.push(Link { window: WINDOW_BYTES, max_write: usize::MAX, ..Link::default() });
        let link = inner.links.len() - 1;
        inner.backlog.push_back(link);
        inner.listener_edge = true;
        Client { world: self.world.clone(), link }
    }

    /// Has the next calls of accept fail like this, before they give any connection.
    pub fn fail_accepts(&mut self, errors: impl IntoIterator<Item = io::Error>) {
        let mut inner = self.world.borrow_mut();
        inner.accept_errors.extend(errors);
        inner.listener_edge = true;
    }

    /// Asks the worker to shut down.
    pub fn shut_down(&mut self) {
        self.letters.shut_down();
    }

    /// Whether the worker has come to its end.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The time since the beginning.
    pub fn now(&self) -> Duration {
        self.world.borrow().now
    }

    /// How many connections the worker has.
    pub fn connections(&self) -> usize {
        self.worker.table.connections.len()
    }

    /// How many clients wait to be accepted.
    pub fn waiting_clients(&self) -> usize {
        self.world.borrow().backlog.len()
    }

    /// The application.
    pub fn application(&mut self) -> &mut A {
        &mut self.worker.application
    }
}

impl<A: Application> fmt::Debug for Simulation<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation").field("worker", &self.worker).finish_non_exhaustive()
    }
}

/// The other end of a connection, in the hands of the test.
#[derive(Clone)]
pub struct Client {
    world: World,
    link: usize,
}

impl Client {
    /// Sends bytes. They are there at once.
    pub fn send(&self, bytes: &[u8]) {
        let mut link = self.link_mut();
        link.to_server.extend(bytes);
        link.read_edge = true;
    }

    /// Takes what has come, and makes room for as much again.
    pub fn receive(&self) -> Vec<u8> {
        let mut link = self.link_mut();
        let received = std::mem::take(&mut link.to_client);
        link.make_room(received.len());
        received
    }

    /// From now on so many bytes are taken without being received by the test.
    pub fn set_window(&self, bytes: usize) {
        let mut link = self.link_mut();
        link.window = 0;
        link.make_room(bytes);
    }

    /// From now on one write is taken up to so many bytes, or fewer at random.
    pub fn set_max_write(&self, bytes: usize) {
        self.link_mut().max_write = bytes;
    }

    /// Ends the stream to the server.
    pub fn end_stream(&self) {
        let mut link = self.link_mut();
        link.client_ended = true;
        link.read_edge = true;
    }

    /// Breaks the connection.
    pub fn reset(&self) {
        let mut link = self.link_mut();
        link.broken = true;
        (link.read_edge, link.write_edge) = (true, true);
    }

    /// Whether the server has ended its stream, or closed the connection.
    pub fn is_ended(&self) -> bool {
        let link = self.link();
        link.server_ended || link.closed
    }

    /// Whether the server has closed the connection.
    pub fn is_closed(&self) -> bool {
        self.link().closed
    }

    /// Whether the server closed the connection before it had read everything, or read to its end
    /// the stream that this end has ended. On a real network that is a reset.
    pub fn was_cut_off(&self) -> bool {
        let link = self.link();
        link.closed && (!link.to_server.is_empty() || !link.server_saw_end)
    }

    /// How many bytes sent to the server it has not read.
    pub fn unread_bytes(&self) -> usize {
        self.link().to_server.len()
    }

    /// How many reads the server has made.
    pub fn reads(&self) -> usize {
        self.link().reads
    }

    /// How many writes the server has made.
    pub fn writes(&self) -> usize {
        self.link().writes
    }

    fn link(&self) -> Ref<'_, Link> {
        Ref::map(self.world.borrow(), |inner| &inner.links[self.link])
    }

    fn link_mut(&self) -> RefMut<'_, Link> {
        RefMut::map(self.world.borrow_mut(), |inner| &mut inner.links[self.link])
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("link", &*self.link()).finish()
    }
}

/// What the network and the clients share.
#[derive(Clone)]
struct World(Rc<RefCell<Inner>>);

struct Inner {
    random: Random,
    now: Duration,
    /// How far the clock may go.
    horizon: Duration,
    /// The clock is there, and nothing was ready.
    at_rest: bool,
    listening: bool,
    listener_edge: bool,
    backlog: VecDeque<usize>,
    accept_errors: VecDeque<io::Error>,
    links: Vec<Link>,
    woken: Arc<Flag>,
}

/// One TCP connection.
#[derive(Debug, Default)]
struct Link {
    key: Option<usize>,
    to_server: VecDeque<u8>,
    to_client: Vec<u8>,
    /// How much the client still takes.
    window: usize,
    max_write: usize,
    client_ended: bool,
    server_ended: bool,
    server_saw_end: bool,
    broken: bool,
    closed: bool,
    read_edge: bool,
    write_edge: bool,
    /// A write was not taken in full: room that appears is worth saying.
    wants_room: bool,
    reads: usize,
    writes: usize,
}

impl Link {
    fn make_room(&mut self, bytes: usize) {
        self.window += bytes;
        if bytes > 0 && self.wants_room {
            self.wants_room = false;
            self.write_edge = true;
        }
    }

    fn ready(&mut self) -> Option<Ready> {
        let key = self.key.filter(|_| !self.closed && (self.read_edge || self.write_edge))?;
        // Like epoll, it reports everything that is so when it reports anything.
        let ready = Ready::Stream {
            key,
            readable: !self.to_server.is_empty(),
            writable: self.write_edge || self.window > 0 && !self.wants_room,
            end_of_stream: self.client_ended || self.broken,
        };
        (self.read_edge, self.write_edge) = (false, false);
        Some(ready)
    }
}

impl World {
    fn new(seed: u64) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            random: Random(seed),
            now: Duration::ZERO,
            horizon: Duration::ZERO,
            at_rest: false,
            listening: true,
            listener_edge: false,
            backlog: VecDeque::new(),
            accept_errors: VecDeque::new(),
            links: Vec::new(),
            woken: Arc::default(),
        })))
    }

    fn borrow(&self) -> Ref<'_, Inner> {
        self.0.borrow()
    }

    fn borrow_mut(&self) -> RefMut<'_, Inner> {
        self.0.borrow_mut()
    }
}

/// The network of a [`Simulation`], as the worker sees it.
pub struct Network {
    world: World,
}

/// The server's end of a connection.
pub struct Stream {
    world: World,
    link: usize,
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
        let link = inner.backlog.pop_front().ok_or(ErrorKind::WouldBlock)?;
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 1024));
        Ok((Stream { world: self.world.clone(), link }, peer))
    }

    fn stop_listening(&mut self) {
        self.world.borrow_mut().listening = false;
    }

    fn register(&mut self, stream: &mut Stream, key: usize) -> io::Result<()> {
        let link = &mut self.world.borrow_mut().links[stream.link];
        link.key = Some(key);
        (link.read_edge, link.write_edge) = (true, true);
        Ok(())
    }

    fn read(&mut self, stream: &mut Stream, buffer: &mut [u8]) -> io::Result<usize> {
        let link = &mut self.world.borrow_mut().links[stream.link];
        link.reads += 1;
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
        let link = &mut inner.links[stream.link];
        link.writes += 1;
        if link.broken || link.server_ended {
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
        let link = &mut self.world.borrow_mut().links[stream.link];
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
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// SplitMix64: enough for tests, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The seed decides everything.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 up to, and without, `bound`; 0 where that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // The remainder is smaller than the bound, so it fits.
        usize::try_from(mixed % (bound.max(1) as u64)).unwrap_or_default()
    }
}
