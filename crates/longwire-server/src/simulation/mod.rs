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

mod body;
mod client;
mod fault;
mod network;
mod random;

pub use body::BodyReader;
pub use client::Client;
pub use fault::Call;
pub use random::Random;

use crate::acceptor::ConnectionCount;
use crate::application::Application;
use crate::config::Config;
use crate::mailbox::{self, Mailbox, Waker};
use crate::network::Wake;
use crate::worker::Worker;
use fault::Fault;
use network::{Flag, Network, World};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// A worker that has not come to rest after so many turns never will.
const MAX_TURNS: usize = 1_000_000;
/// One worker over a network in memory.
pub struct Simulation<A: Application> {
    world: World,
    worker: Worker<Network, A>,
    sender: mailbox::Sender,
    over: bool,
}

impl<A: Application> Simulation<A> {
    /// A worker with nothing to do yet.
    ///
    /// # Panics
    /// The configuration makes no sense.
    pub fn new(seed: u64, config: Config, application: A) -> Self {
        Self::with_waker(seed, config, |_| application)
    }

    /// The same for an application that is given what wakes its worker.
    ///
    /// # Panics
    /// The configuration makes no sense.
    pub fn with_waker(seed: u64, config: Config, factory: impl FnOnce(Waker) -> A) -> Self {
        Self::worker(0, seed, config, factory)
    }

    /// The same as one worker of several, by its number. Each has a network and a clock of its own,
    /// and the test lets them run in turn.
    ///
    /// # Panics
    /// The configuration makes no sense.
    pub fn worker(
        number: u16,
        seed: u64,
        config: Config,
        factory: impl FnOnce(Waker) -> A,
    ) -> Self {
        config.check().expect("a configuration that makes sense");
        let world = World::new(seed);
        let mailbox = Arc::new(Mailbox::default());
        let waker: Arc<dyn Wake> = Arc::<Flag>::clone(&world.borrow().woken);
        let sender = mailbox::Sender::new(Arc::clone(&mailbox), waker);
        let (config, count) = (Arc::new(config), ConnectionCount::default());
        let network = Network { world: world.clone() };
        let application = factory(Waker::new(number, sender.clone()));
        let worker = Worker::new(number, network, application, &config, count, mailbox);
        Self { world, worker, sender, over: false }
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
            self.turn();
        }
        panic!("the worker is not at rest after {MAX_TURNS} turns");
    }

    /// One turn of the worker's loop. It is the last one where waiting has failed.
    ///
    /// # Panics
    /// It is over already.
    pub fn turn(&mut self) {
        assert!(!self.over, "the worker has come to its end");
        self.over = !self.worker.turn().unwrap_or(false);
    }

    /// Lets the worker do everything that it can do now.
    pub fn run(&mut self) -> usize {
        self.run_for(Duration::ZERO)
    }

    /// A client that connects.
    pub fn connect(&mut self) -> Client {
        Client::new(&self.world, self.world.connect())
    }

    /// Has the next calls of accept fail like this, before they give any connection.
    pub fn fail_accepts(&mut self, errors: impl IntoIterator<Item = io::Error>) {
        let mut inner = self.world.borrow_mut();
        inner.accept_errors.extend(errors);
        inner.listener_edge = true;
    }

    /// Has one call fail with this error of the system: the `nth` of its kind from now on, counted
    /// from 0. It takes the place of a fault that has not happened yet.
    pub fn fail(&mut self, call: Call, nth: usize, errno: i32) {
        self.world.borrow_mut().fault = Some(Fault::new(call, nth, errno));
    }

    /// Whether the call that was to fail has been made.
    pub fn has_failed(&self) -> bool {
        self.world.borrow().fault.as_ref().is_some_and(|fault| fault.has_happened)
    }

    /// Asks the worker to shut down.
    pub fn shut_down(&mut self) {
        self.sender.shut_down();
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

    /// How many of them hold memory for something that is incomplete or waits.
    pub fn connections_with_buffers(&self) -> usize {
        let connections = self.worker.table.connections.values();
        connections.filter(|connection| connection.pending.is_some()).count()
    }

    /// The most bytes that wait for any one client, beside what the network has taken.
    pub fn longest_outbox_bytes(&self) -> usize {
        let pendings = self.worker.table.connections.values().filter_map(|it| it.pending.as_ref());
        pendings.map(|pending| pending.outbox.bytes()).max().unwrap_or_default()
    }

    /// The bytes that wait for this client, beside what the network has taken.
    pub fn outbox_bytes(&self, client: &Client) -> usize {
        let mut streams = self.worker.streams.iter();
        let key = streams.position(|it| it.as_ref().is_some_and(|it| it.is_of(client.link())));
        let connection = key.and_then(|key| self.worker.table.connections.get(key));
        let pending = connection.and_then(|connection| connection.pending.as_ref());
        pending.map_or(0, |pending| pending.outbox.bytes())
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
