//! The broker of one process, in memory: one [`MemoryNode`], and one [`MemoryBroker`] of it for each
//! hub. It answers everything at once.

mod idempotency;
mod state;
mod topic;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::state::{Bounds, Inbox, State};
use crate::broker::{Broker, BrokerAnswer, BrokerEvent, BrokerRequest, RequestId, Wake};
use crate::{Limits, Times};

/// No deadline.
const NEVER: u64 = u64::MAX;

/// What the hubs of a process share. A clone is the same node.
#[derive(Clone)]
pub struct MemoryNode {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// The next deadline in milliseconds, so that hubs can ask for it without the lock.
    deadline_ms: AtomicU64,
    /// The number of the last control.
    last_control: AtomicU64,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Whoever panicked with the lock did so between two changes that belong together at worst,
        // and what is kept here is not worth the end of the process.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_deadline(&self, state: &State) {
        let deadline = state.next_deadline().map_or(NEVER, |at| {
            u64::try_from(at.as_nanos().div_ceil(1_000_000)).unwrap_or(NEVER - 1)
        });
        self.deadline_ms.store(deadline, Ordering::Relaxed);
    }
}

impl MemoryNode {
    /// A node without channels. Epochs are drawn from `chance`, which has to be of good randomness:
    /// an epoch that comes twice makes two histories look like one.
    pub fn new(limits: &Limits, times: &Times, chance: Box<dyn FnMut() -> u64 + Send>) -> Self {
        let bounds = Bounds {
            max_history_bytes: limits.max_history_bytes,
            max_idempotency_keys: limits.max_idempotency_keys,
            idempotency_ttl: times.idempotency_ttl,
        };
        let state = Mutex::new(State::new(bounds, chance));
        Self {
            shared: Arc::new(Shared {
                state,
                deadline_ms: AtomicU64::new(NEVER),
                last_control: AtomicU64::new(0),
            }),
        }
    }

    /// The broker of one more hub, which is woken by `wake`.
    pub fn broker(&self, wake: Wake) -> MemoryBroker {
        let inbox = Arc::new(Inbox::new(wake));
        let hub = self.shared.lock().join(Arc::clone(&inbox));
        let shared = Arc::clone(&self.shared);
        MemoryBroker { shared, hub, inbox, taken: VecDeque::new(), to_wake: Vec::new() }
    }

    /// Bytes that the histories and positions of all channels are counted with now.
    pub fn history_bytes(&self) -> usize {
        self.shared.lock().history_bytes()
    }
}

impl fmt::Debug for MemoryNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryNode").finish_non_exhaustive()
    }
}

/// The way of one hub to its [`MemoryNode`].
pub struct MemoryBroker {
    shared: Arc<Shared>,
    hub: usize,
    inbox: Arc<Inbox>,
    /// What was in the inbox when it was last looked into.
    taken: VecDeque<BrokerEvent>,
    /// Whom to wake when the lock is free again; kept for its memory.
    to_wake: Vec<Arc<Inbox>>,
}

impl MemoryBroker {
    fn answer(&mut self, request: BrokerRequest, now: Duration) -> BrokerAnswer {
        let (hub, wake) = (self.hub, &mut self.to_wake);
        let mut state = self.shared.lock();
        let mut answer = BrokerAnswer::Done;
        match request {
            BrokerRequest::Publish(outbound) => {
                answer = BrokerAnswer::Published(state.publish(*outbound, now, hub, wake));
            }
            BrokerRequest::Subscribe { channel, namespace, since, limit } => {
                let since = since.map(|since| (since, limit));
                answer = state.subscribe(&channel, &namespace, since, now, hub);
            }
            BrokerRequest::Unsubscribe { channel } => state.unsubscribe(&channel, now, hub),
            BrokerRequest::History { channel, namespace, limit, since, reverse } => {
                answer = state.page(&channel, &namespace, (limit, since.as_ref(), reverse), now);
            }
            BrokerRequest::RemoveHistory { channel } => state.remove_history(&channel),
            BrokerRequest::Announce { channel, news } => {
                let event = BrokerEvent::News { channel: channel.clone(), news };
                state.send_to_interested(&channel, &event, hub, wake);
            }
            BrokerRequest::Control(control) => {
                // The lock is held, so that the numbers come in their order.
                let number = self.shared.last_control.fetch_add(1, Ordering::AcqRel) + 1;
                state.send_to_all(&BrokerEvent::Control { number, control }, hub, wake);
            }
            BrokerRequest::Channels { pattern } => {
                answer = BrokerAnswer::Channels(state.channels(&pattern));
            }
            BrokerRequest::Totals => answer = BrokerAnswer::Totals(state.totals()),
            BrokerRequest::Report { clients, users } => state.report(hub, clients, users),
        }
        self.shared.note_deadline(&state);
        answer
    }
}

impl Broker for MemoryBroker {
    fn request(
        &mut self,
        _: RequestId,
        request: BrokerRequest,
        now: Duration,
    ) -> Option<BrokerAnswer> {
        let answer = self.answer(request, now);
        for inbox in self.to_wake.drain(..) {
            (inbox.wake)();
        }
        Some(answer)
    }

    fn poll_event(&mut self) -> Option<BrokerEvent> {
        if self.taken.is_empty() {
            self.inbox.take(&mut self.taken);
        }
        self.taken.pop_front()
    }

    fn poll_timeout(&self) -> Option<Duration> {
        match self.shared.deadline_ms.load(Ordering::Relaxed) {
            NEVER => None,
            deadline => Some(Duration::from_millis(deadline)),
        }
    }

    fn handle_timeout(&mut self, now: Duration) {
        if self.poll_timeout().is_some_and(|at| at <= now) {
            let mut state = self.shared.lock();
            state.handle_timeout(now);
            self.shared.note_deadline(&state);
        }
    }

    fn last_control(&self) -> u64 {
        self.shared.last_control.load(Ordering::Acquire)
    }
}

impl Drop for MemoryBroker {
    fn drop(&mut self) {
        self.shared.lock().leave(self.hub);
    }
}

impl fmt::Debug for MemoryBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBroker").field("hub", &self.hub).finish_non_exhaustive()
    }
}
