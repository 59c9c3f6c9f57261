//! A server: its listeners, and one worker for each thread.

use crate::acceptor::ConnectionCount;
use crate::application::Application;
use crate::config::Config;
use crate::listener;
use crate::mailbox::{self, Mailbox, Waker};
use crate::mio_network::MioNetwork;
use crate::worker::Worker;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

/// A server that listens, and serves when it is [run](Self::run).
#[derive(Debug)]
pub struct Server {
    config: Arc<Config>,
    addresses: Vec<SocketAddr>,
    seats: Vec<Seat>,
}

/// What a worker needs before it has a thread.
struct Seat {
    network: MioNetwork,
    mailbox: Arc<Mailbox>,
    sender: mailbox::Sender,
}

impl Server {
    /// Binds the addresses of `config`: clients can connect from now on, and wait.
    ///
    /// # Errors
    /// The configuration makes no sense (`InvalidInput`), or an address cannot be bound; the
    /// message names it.
    pub fn bind(config: Config) -> io::Result<Self> {
        config.check().map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        let mut addresses = Vec::new();
        let mut listeners: Vec<Vec<TcpListener>> = Vec::new();
        listeners.resize_with(config.threads, Vec::new);
        for &wanted in &config.listen {
            let (address, bound) = listener::bind(wanted, config.threads).map_err(|error| {
                io::Error::new(error.kind(), format!("cannot listen on {wanted}: {error}"))
            })?;
            addresses.push(address);
            for (of_worker, listener) in listeners.iter_mut().zip(bound) {
                of_worker.push(listener);
            }
        }
        let seats = listeners.into_iter().map(Seat::new).collect::<io::Result<_>>()?;
        Ok(Self { config: Arc::new(config), addresses, seats })
    }

    /// The addresses that it listens on, with the ports that the system has chosen.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What shuts the server down, from any thread.
    pub fn handle(&self) -> Handle {
        Handle { workers: self.seats.iter().map(|seat| seat.sender.clone()).collect() }
    }

    /// Serves until a [shutdown](Handle::shut_down) is complete: every worker in a thread of its
    /// own, with the application that `factory` makes for it there, given what wakes that worker. The
    /// first one's is this thread.
    ///
    /// # Errors
    /// A thread cannot be started, or a worker cannot go on; then the others are shut down.
    ///
    /// # Panics
    /// When a worker does: `factory` has panicked. What its applications do later
    /// [ends one connection](Application#panics).
    pub fn run<A: Application>(self, factory: impl Fn(Waker) -> A + Sync) -> io::Result<()> {
        let handle = self.handle();
        let Self { config, seats, addresses } = self;
        tracing::info!(?addresses, threads = seats.len(), "listening");
        let count = ConnectionCount::default();
        let run = |number: usize, seat: Seat| {
            // Whatever ends a worker, it is not to be missed without anybody noticing.
            let _others = ShutDownOnDrop(&handle);
            // More workers than fit a u16 would be more threads than there can be.
            let number = u16::try_from(number).unwrap_or(u16::MAX);
            let Seat { network, mailbox, sender } = seat;
            let application = factory(Waker::new(number, sender));
            Worker::new(number, network, application, &config, count.clone(), mailbox).run()
        };
        thread::scope(|scope| {
            let mut seats = seats.into_iter().enumerate();
            let here = seats.next();
            let mut threads = Vec::new();
            for (number, seat) in seats {
                let name = format!("longwire-{number}");
                let run = &run;
                let spawned = thread::Builder::new()
                    .name(name)
                    .spawn_scoped(scope, move || run(number, seat));
                threads.push(spawned.inspect_err(|_| handle.shut_down())?);
            }
            let mut result = here.map_or(Ok(()), |(number, seat)| run(number, seat));
            for thread in threads {
                let ended = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                result = result.and(ended);
            }
            result
        })
    }
}

impl Seat {
    fn new(listeners: Vec<TcpListener>) -> io::Result<Self> {
        let network = MioNetwork::new(listeners)?;
        let mailbox = Arc::new(Mailbox::default());
        let sender = mailbox::Sender::new(Arc::clone(&mailbox), network.waker());
        Ok(Self { network, mailbox, sender })
    }
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seat").finish_non_exhaustive()
    }
}

/// Shuts a server down.
#[derive(Clone, Debug)]
pub struct Handle {
    workers: Vec<mailbox::Sender>,
}

impl Handle {
    /// Has every worker stop accepting and close its connections with 1001.
    /// [`Server::run`] returns when all are closed, or after
    /// [`shutdown_timeout`](crate::Config::shutdown_timeout).
    pub fn shut_down(&self) {
        for worker in &self.workers {
            worker.shut_down();
        }
    }
}

struct ShutDownOnDrop<'a>(&'a Handle);

impl Drop for ShutDownOnDrop<'_> {
    fn drop(&mut self) {
        self.0.shut_down();
    }
}
