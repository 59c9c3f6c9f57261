//! A worker's mailbox: how other threads reach it. So far there is one thing to say: "shut down".

use crate::network::Wake;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a worker finds when it is woken.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    shutdown: AtomicBool,
}

impl Mailbox {
    pub(crate) fn wants_shutdown(&self) -> bool {
        self.shutdown.load(Ordering::Acquire)
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
