//! A worker's mailbox: how other threads reach it. There are two things to say: "shut down", and
//! "look": the application knows where.
//!
//! Both are flags, so that saying one a thousand times costs one call to the system, and what is
//! never said costs a load a turn.

use crate::network::Wake;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a worker finds when it is woken.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    shutdown: AtomicBool,
    woken: AtomicBool,
}

impl Mailbox {
    pub(crate) fn wants_shutdown(&self) -> bool {
        self.shutdown.load(Ordering::Acquire)
    }

    /// Whether the application is to be woken. From here on it can be woken again.
    pub(crate) fn take_woken(&self) -> bool {
        // The load alone is cheap: most turns find nothing.
        self.woken.load(Ordering::Relaxed) && self.woken.swap(false, Ordering::AcqRel)
    }
}

/// The other end of a worker's mailbox.
#[derive(Clone)]
pub(crate) struct Sender {
    mailbox: Arc<Mailbox>,
    waker: Arc<dyn Wake>,
}

impl Sender {
    pub(crate) fn new(mailbox: Arc<Mailbox>, waker: Arc<dyn Wake>) -> Self {
        Self { mailbox, waker }
    }

    /// Has the worker close its connections and come to its end.
    pub(crate) fn shut_down(&self) {
        self.mailbox.shutdown.store(true, Ordering::Release);
        self.waker.wake();
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("mailbox", &self.mailbox).finish_non_exhaustive()
    }
}

/// Wakes one worker, from any thread: its application is then
/// [called](crate::Application::wake). What there is to do, the application finds elsewhere, in a
/// queue that it shares with the thread that woke it.
///
/// The factory that [`Server::run`](crate::Server::run) is given gets the waker of the worker for
/// which it makes an application.
#[derive(Clone)]
pub struct Waker {
    number: u16,
    sender: Sender,
}

impl Waker {
    pub(crate) fn new(number: u16, sender: Sender) -> Self {
        Self { number, sender }
    }

    /// The number of the worker, from 0.
    pub fn worker(&self) -> usize {
        self.number.into()
    }

    /// Has the worker call its application soon. What was written before is seen there. Any number
    /// of calls before the worker comes to it are one.
    ///
    /// It does not block. Where the worker has come to its end, nothing happens.
    pub fn wake(&self) {
        if !self.sender.mailbox.woken.swap(true, Ordering::AcqRel) {
            self.sender.waker.wake();
        }
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker").field("worker", &self.number).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Mailbox, Sender, Waker};
    use crate::network::Wake;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn many_wakes_are_one_until_the_worker_has_seen_them() {
        let (mailbox, count) = (Arc::new(Mailbox::default()), Arc::new(Count::default()));
        let signal: Arc<dyn Wake> = Arc::<Count>::clone(&count);
        let waker = Waker::new(3, Sender::new(Arc::clone(&mailbox), signal));
        assert!(!mailbox.take_woken());
        for round in 1..=3 {
            (0..10).for_each(|_| waker.clone().wake());
            assert_eq!((waker.worker(), count.0.load(Ordering::Relaxed)), (3, round));
            assert_eq!([mailbox.take_woken(), mailbox.take_woken()], [true, false]);
        }
        assert!(!mailbox.wants_shutdown());
    }
}
