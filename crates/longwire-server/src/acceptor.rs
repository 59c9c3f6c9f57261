//! Whether to accept: room for connections, and what to do when the system refuses.
//!
//! When the process or the system has no descriptor left (EMFILE, ENFILE) or no memory, accepting
//! again at once would fail at once, and the listener would stay ready for ever. So accepting is
//! paused for a moment; the clients wait in the listener's queue meanwhile.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How long accepting is paused after the system has refused.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);
/// How many connections a worker tells at a time that there is no room. Further ones are closed
/// without a word.
const MAX_REFUSALS: usize = 256;
/// After so many failures in a row it is not the connections that are at fault.
const MAX_FAILURES: usize = 64;

/// accept(2): network errors of a connection that is waiting already. Those that have a kind in
/// `std` are not among them.
#[cfg(any(target_os = "linux", target_os = "android"))]
const NETWORK_ERRORS: &[i32] =
    &[libc::EPROTO, libc::ENOPROTOOPT, libc::EHOSTDOWN, libc::ENONET, libc::EOPNOTSUPP];
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const NETWORK_ERRORS: &[i32] = &[];

/// How many connections there are, of all workers of a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionCount(Arc<AtomicUsize>);

/// How a new connection is received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// There is room.
    Admitted,
    /// It is answered with 503.
    Refused,
    /// It is closed at once.
    Closed,
}

/// The part of a worker that decides about new connections.
#[derive(Debug)]
pub(crate) struct Acceptor {
    count: ConnectionCount,
    max_connections: usize,
    refusals: usize,
    /// Connections may wait at a listener.
    ready: bool,
    paused_until: Option<Duration>,
    /// How many connections in a row have failed to be accepted.
    failures: usize,
    /// The system refuses, and that has been said.
    failing: bool,
}

impl Acceptor {
    pub(crate) fn new(count: ConnectionCount, max_connections: usize) -> Self {
        Self {
            count,
            max_connections,
            refusals: 0,
            ready: false,
            paused_until: None,
            failures: 0,
            failing: false,
        }
    }

    /// A listener says that connections wait.
    pub(crate) fn set_ready(&mut self) {
        self.ready = true;
    }

    /// Whether to try and accept now.
    pub(crate) fn may_accept(&mut self, now: Duration) -> bool {
        self.paused_until = self.paused_until.filter(|until| *until > now);
        self.ready && self.paused_until.is_none()
    }

    /// When there will be something to accept, as far as is known.
    pub(crate) fn next_attempt(&self) -> Option<Duration> {
        self.ready.then(|| self.paused_until.unwrap_or(Duration::ZERO))
    }

    /// The system has not given a connection. Whether to ask for another one.
    pub(crate) fn has_failed(&mut self, error: &io::Error, now: Duration) -> bool {
        if error.kind() == ErrorKind::WouldBlock {
            self.ready = false;
            return false;
        }
        // accept(2): what has gone wrong on the new connection is reported here, and the next one
        // may be in order.
        self.failures += 1;
        if is_of_one_connection(error) && self.failures < MAX_FAILURES {
            return true;
        }
        if !self.failing {
            tracing::warn!(%error, "cannot accept connections for now");
        }
        self.failing = true;
        self.failures = 0;
        self.paused_until = Some(now + PAUSE);
        false
    }

    /// A connection has come.
    pub(crate) fn admit(&mut self) -> Admission {
        self.failing = false;
        self.failures = 0;
        if self.count.0.fetch_add(1, Ordering::Relaxed) < self.max_connections {
            return Admission::Admitted;
        }
        self.count.0.fetch_sub(1, Ordering::Relaxed);
        if self.refusals == MAX_REFUSALS {
            return Admission::Closed;
        }
        self.refusals += 1;
        Admission::Refused
    }

    /// A connection is gone; `counted` if it had been admitted.
    pub(crate) fn release(&mut self, counted: bool) {
        if counted {
            self.count.0.fetch_sub(1, Ordering::Relaxed);
        } else {
            self.refusals -= 1;
        }
    }
}

/// Whether it is one connection that could not be accepted, and not that none can be.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::Interrupted
            | ErrorKind::NetworkDown
            | ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::PermissionDenied
            | ErrorKind::TimedOut
    ) || error.raw_os_error().is_some_and(|code| NETWORK_ERRORS.contains(&code))
}
