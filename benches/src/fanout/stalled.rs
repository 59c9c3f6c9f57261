//! A subscriber that stops reading as soon as it has joined, and reads again when it is told to: how much
//! it got of what was published meanwhile, and whether the server parted from it.
//!
//! While it does not read, its socket is not even asked whether there is something: nothing but the kernel
//! takes what the server sends, and of that little, since its connection is narrow.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use mio::Interest;

use super::link::{Asked, Closed, Link, Memory};
use super::load::{LONGEST_SLEEP, Load, STALL, STALLED};
use super::protocol::{Heard, Protocol, Role, find};
use super::publication::number;

/// What has become of a subscriber that did not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// The publications from when it had joined until it read again.
    pub published: u64,
    /// How many of them it has got.
    pub received: u64,
    /// The code with which the server has ended its subscription or closed its connection.
    pub end: Option<u64>,
}

/// One that does not read unless it is told to.
#[derive(Debug)]
pub(super) struct Stalled {
    link: Link,
    has_joined: bool,
    /// The first publication after it had joined.
    since: u64,
    /// The first after it was told to read again.
    until: u64,
    /// The one that it got last.
    last: Option<u64>,
    received: u64,
    end: Option<u64>,
}

impl Load {
    /// Has one more subscriber join, which reads nothing from there on. It has a channel for itself, too,
    /// where the protocol allows it (`alone`), in which others can publish.
    ///
    /// # Errors
    /// The server refuses it, or there is one already.
    pub fn stall(&mut self) -> Result<()> {
        ensure!(self.stalled.is_none(), "there is one that does not read");
        let protocol = self.plan.protocol;
        let stream = self.plan.target.dial_narrow(self.subscribers.len() + 1)?;
        let mut link = Asked::new(stream, protocol.resource(Role::Subscriber))?.answer()?;
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut link.socket.stream, STALLED, both)?;
        let greeting = protocol.greeting(Role::Subscriber);
        let next = self.tally.next_number();
        let mut stalled = Stalled {
            link,
            has_joined: greeting.is_none(),
            since: next,
            until: u64::MAX,
            last: None,
            received: 0,
            end: None,
        };
        if let Some(greeting) = greeting.filter(|text| !text.is_empty()) {
            stalled.link.say(greeting, &mut self.memory)?;
            stalled.link.socket.flush()?;
        }
        stalled.read(protocol, &mut self.memory, true)?;
        self.stalled = Some(stalled);
        self.wait_for("it does not join", |stalled| stalled.has_joined)?;
        let stalled = self.stalled.as_mut().context("it is gone")?;
        if let Some(text) = protocol.subscribe_alone() {
            stalled.has_joined = false;
            stalled.link.say(text, &mut self.memory)?;
            stalled.link.socket.flush()?;
        }
        self.wait_for("it has no channel for itself", |stalled| stalled.has_joined)?;
        let stalled = self.stalled.as_mut().context("it is gone")?;
        self.poll.registry().deregister(&mut stalled.link.socket.stream)?;
        Ok(())
    }

    /// Has the one that did not read do so, while publications of `size_bytes` go on, until it has one of
    /// these or the server parts from it. Then its connection is gone.
    ///
    /// # Errors
    /// There is none, or neither happens.
    pub fn release(&mut self, size_bytes: usize) -> Result<Fate> {
        let until = self.tally.next_number();
        let stalled = self.stalled.as_mut().context("there is none that does not read")?;
        stalled.until = until;
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stalled.link.socket.stream, STALLED, both)?;
        let deadline = Instant::now() + STALL;
        while self.stalled.as_ref().is_some_and(|stalled| !stalled.is_through()) {
            ensure!(Instant::now() < deadline, "one that reads again gets nothing new");
            self.publish_all(1, 1, size_bytes)?;
            self.turn(Duration::ZERO)?;
        }
        let stalled = self.stalled.take().context("it is gone")?;
        let Stalled { since, received, end, .. } = stalled;
        Ok(Fate { published: until - since, received, end })
    }

    /// Takes what comes until the one has got so far.
    fn wait_for(&mut self, what: &str, is_so: impl Fn(&Stalled) -> bool) -> Result<()> {
        let deadline = Instant::now() + STALL;
        while self.stalled.as_ref().is_some_and(|stalled| !is_so(stalled)) {
            ensure!(Instant::now() < deadline, "{what}");
            self.turn(LONGEST_SLEEP)?;
        }
        Ok(())
    }
}

impl Stalled {
    /// How many publications it has got of those until it read again.
    #[cfg(test)]
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Nothing that was published before it read again can come any more.
    fn is_through(&self) -> bool {
        self.end.is_some() || self.last >= Some(self.until)
    }

    /// Takes what it has got.
    ///
    /// # Errors
    /// That is out of order, or the connection ends without a Close.
    pub(super) fn read(
        &mut self,
        protocol: Protocol,
        memory: &mut Memory,
        begins: bool,
    ) -> Result<()> {
        let Self { link, has_joined, until, last, received, end, .. } = self;
        let mut says = Vec::new();
        let on_text = |text: &str| {
            for part in protocol.parts(text) {
                if let Some(found) = find(part) {
                    let number = number(found)?;
                    ensure!(Some(number) > *last, "publication {number} after {last:?}");
                    *last = Some(number);
                    *received += u64::from(number < *until);
                    continue;
                }
                match protocol.hear(Role::Subscriber, part)? {
                    Heard::Nothing => {}
                    Heard::Say(text) => says.push(text),
                    Heard::Joined => *has_joined = true,
                    Heard::Ended(code) => *end = Some(code),
                }
            }
            Ok(())
        };
        let taken = if begins { link.begin(memory, on_text) } else { link.read(memory, on_text) };
        if let Err(error) = taken {
            let closed = error.downcast_ref::<Closed>().map(|closed| closed.code);
            *end = Some(closed.ok_or(error.context("one that reads again"))?.into());
            return Ok(());
        }
        for text in says {
            link.say(text, memory)?;
        }
        link.socket.flush()
    }
}
