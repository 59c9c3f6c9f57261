//! A connection to one worker, on which what is sent takes its time and comes in pieces.

use std::cell::Cell;
use std::rc::Rc;

use longwire_server::simulation::{Client, Random};

use super::world::World;

pub(crate) struct Pipe {
    pub(crate) worker: usize,
    client: Client,
    /// Whether the server that it leads to is there.
    is_up: Rc<Cell<bool>>,
    under_way: Vec<u8>,
}

impl Pipe {
    /// A connection. The server's writes to it are taken in parts, up to `max_write` bytes each, and
    /// it takes `window` bytes without reading.
    pub(crate) fn open(world: &mut World, worker: usize, window: usize, max_write: usize) -> Self {
        let client = world.workers[worker].connect();
        client.set_window(window);
        client.set_max_write(max_write);
        Self { worker, client, is_up: world.is_up(), under_way: Vec::new() }
    }

    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.under_way.extend_from_slice(bytes);
    }

    /// What is under way arrives; where it is not `calm`, maybe only a part of it.
    pub(crate) fn arrive(&mut self, random: &mut Random, calm: bool) {
        let len = self.under_way.len();
        let is_late = len > 0 && !calm && random.below(4) == 0;
        self.arrive_up_to(if is_late { random.below(len + 1) } else { len });
    }

    pub(crate) fn arrive_all(&mut self) {
        self.arrive_up_to(self.under_way.len());
    }

    fn arrive_up_to(&mut self, part: usize) {
        if part > 0 {
            let rest = self.under_way.split_off(part);
            self.client.send(&self.under_way);
            self.under_way = rest;
        }
    }

    /// From now on so many bytes are taken without being read.
    pub(crate) fn take_no_more_than(&self, window: usize) {
        self.client.set_window(window);
    }

    /// The bytes that wait at the server for it.
    pub(crate) fn waiting_bytes(&self, world: &World) -> usize {
        world.workers[self.worker].outbox_bytes(&self.client)
    }

    /// What has come.
    pub(crate) fn take(&self) -> Vec<u8> {
        self.client.receive()
    }

    /// Whether the server has ended the stream, or is no more.
    pub(crate) fn is_ended(&self) -> bool {
        self.client.is_ended() || !self.is_up.get()
    }

    /// Breaks the connection.
    pub(crate) fn cut(&self) {
        self.client.reset();
    }

    /// Ends the stream to the server.
    pub(crate) fn end(&self) {
        self.client.end_stream();
    }
}
