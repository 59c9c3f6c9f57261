//! The clients of a simulation, as the test plays them.

use super::network::{Link, World};
use std::cell::{Ref, RefMut};
use std::fmt;

/// The other end of a connection, in the hands of the test.
#[derive(Clone)]
pub struct Client {
    world: World,
    link: usize,
}

impl Client {
    pub(super) fn new(world: &World, link: usize) -> Self {
        Self { world: world.clone(), link }
    }

    /// The number of its link.
    pub(super) fn link(&self) -> usize {
        self.link
    }

    /// Sends bytes. They are there at once.
    pub fn send(&self, bytes: &[u8]) {
        let mut link = self.link_mut();
        link.to_server.extend(bytes);
        link.read_edge = true;
    }

    /// Makes room for so many bytes in both directions: with no more than that, the simulation
    /// itself allocates nothing.
    pub fn reserve(&self, bytes: usize) {
        let mut link = self.link_mut();
        link.to_server.reserve(bytes);
        link.to_client.reserve(bytes);
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

    /// From now on the server's writes fail; what was sent can still be read.
    pub fn refuse_writes(&self) {
        self.link_mut().refuses_writes = true;
    }

    /// Breaks the connection.
    pub fn reset(&self) {
        let mut link = self.link_mut();
        link.broken = true;
        (link.read_edge, link.write_edge) = (true, true);
    }

    /// Whether the server has ended its stream, or closed the connection.
    pub fn is_ended(&self) -> bool {
        let link = self.its_link();
        link.server_ended || link.closed
    }

    /// Whether the server has closed the connection.
    pub fn is_closed(&self) -> bool {
        self.its_link().closed
    }

    /// Whether the server closed the connection before it had read everything, or read to its end
    /// the stream that this end has ended. On a real network that is a reset.
    pub fn was_cut_off(&self) -> bool {
        let link = self.its_link();
        link.closed && (!link.to_server.is_empty() || !link.server_saw_end)
    }

    /// Whether the call that the test had fail was for this connection.
    pub fn was_hit(&self) -> bool {
        self.its_link().hit
    }

    /// How many bytes sent to the server it has not read.
    pub fn unread_bytes(&self) -> usize {
        self.its_link().to_server.len()
    }

    /// How many reads the server has made.
    pub fn reads(&self) -> usize {
        self.its_link().reads
    }

    /// How many writes the server has made.
    pub fn writes(&self) -> usize {
        self.its_link().writes
    }

    fn its_link(&self) -> Ref<'_, Link> {
        Ref::map(self.world.borrow(), |inner| &inner.links[self.link])
    }

    fn link_mut(&self) -> RefMut<'_, Link> {
        RefMut::map(self.world.borrow_mut(), |inner| &mut inner.links[self.link])
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("link", &*self.its_link()).finish()
    }
}
