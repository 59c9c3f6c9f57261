//! A connection to one worker, on which what is sent takes its time and comes in pieces.

use std::collections::VecDeque;

use longwire_server::simulation::{Client, Random};

use super::world::World;

pub(crate) struct Pipe {
    pub(crate) worker: usize,
    client: Client,
    under_way: VecDeque<u8>,
}

impl Pipe {
    /// A connection. The server's writes to it are taken in parts, up to `max_write` bytes each, and
    /// it takes `window` bytes without reading.
    pub(crate) fn open(world: &mut World, worker: usize, window: usize, max_write: usize) -> Self {
        let client = world.workers[worker].connect();
        client.set_window(window);
        client.set_max_write(max_write);
        Self { worker, client, under_way: VecDeque::new() }
    }

    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.under_way.extend(bytes);
    }

    /// A part of what is under way arrives, or all of it.
    pub(crate) fn arrive(&mut self, random: &mut Random) {
        let len = self.under_way.len();
        let part = if random.below(4) == 0 { random.below(len + 1) } else { len };
        self.arrive_up_to(part);
    }

    pub(crate) fn arrive_all(&mut self) {
        self.arrive_up_to(usize::MAX);
    }

    fn arrive_up_to(&mut self, part: usize) {
        let part = part.min(self.under_way.len());
        if part > 0 {
            let bytes: Vec<u8> = self.under_way.drain(..part).collect();
            self.client.send(&bytes);
        }
    }

    /// From now on so many bytes are taken without being read.
    pub(crate) fn take_no_more_than(&self, window: usize) {
        self.client.set_window(window);
    }

    /// What has come.
    pub(crate) fn take(&self) -> Vec<u8> {
        self.client.receive()
    }

    /// Whether the server has ended the stream.
    pub(crate) fn is_ended(&self) -> bool {
        self.client.is_ended()
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
