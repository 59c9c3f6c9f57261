//! What the workers of a server share, and how each of them gets its gateway.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use longwire_realtime::broker::Wake;
use longwire_realtime::dialect::Dialects;
use longwire_realtime::dialect::centrifuge::FrameLimits;
use longwire_realtime::{
    Config, Hub, MemoryNode, MemoryPresence, Response, Seams, SessionId, Tokens,
};
use longwire_server::Waker;

use crate::{Gateway, Settings};

/// Random bits, which nobody can guess.
pub type Chance = fn() -> u128;

/// What the workers of a server share. A clone is the same node.
///
/// ```no_run
/// # use std::sync::Arc;
/// # fn random() -> u128 { 4 }
/// use longwire_gateway::{Node, Settings};
/// use longwire_realtime::NoTokens;
/// use longwire_server::{Config, Server};
///
/// let realtime = longwire_realtime::Config::default();
/// let node = Node::new(realtime, Settings::default(), NoTokens, random);
/// let server = Server::bind(Config::default())?;
/// server.run(|waker| node.gateway(waker))?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Node {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    settings: Arc<Settings>,
    tokens: Box<dyn Fn() -> Box<dyn Tokens> + Send + Sync>,
    chance: Chance,
    broker: MemoryNode,
    presence: MemoryPresence,
    /// By worker.
    desks: Mutex<Vec<Desk>>,
}

/// Where others leave what a worker has to do.
#[derive(Default)]
struct Desk {
    /// Absent until the worker is there.
    waker: Option<Waker>,
    mail: Vec<Mail>,
    mail_bytes: usize,
}

/// Commands for a session of another worker.
pub(crate) struct Mail {
    pub(crate) session: SessionId,
    pub(crate) commands: Box<[u8]>,
}

/// So many bytes of mail wait for a worker at most; the rest is refused.
const MAX_MAIL_BYTES: usize = 16 * 1024 * 1024;

impl Node {
    /// A node with everything in memory.
    pub fn new(
        config: Config,
        settings: Settings,
        tokens: impl Tokens + Clone + Sync + 'static,
        chance: Chance,
    ) -> Self {
        // Sixty-four of the bits.
        let epochs = Box::new(move || u64::try_from(chance() >> 64).unwrap_or_default());
        let shared = Shared {
            broker: MemoryNode::new(&config.limits, &config.times, epochs),
            presence: MemoryPresence::new(config.times.presence_lease),
            config,
            settings: Arc::new(settings),
            tokens: Box::new(move || Box::new(tokens.clone())),
            chance,
            desks: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The gateway of a worker: what the factory of
    /// [`Server::run`](longwire_server::Server::run) is to return.
    pub fn gateway(&self, waker: Waker) -> Gateway {
        let worker = waker.worker();
        let Shared { config, settings, tokens, chance, broker, presence, .. } = &*self.shared;
        let mut config = config.clone();
        let limits = config.limits;
        // The name that clients give back with their commands leads to this worker.
        config.node = format!("{}.{worker}", config.node).into();
        let wake: Wake = {
            let waker = waker.clone();
            Box::new(move || waker.wake())
        };
        self.desk(worker, |desk| desk.waker = Some(waker));
        let seams = Seams {
            broker: Box::new(broker.broker(wake)),
            presence: Box::new(presence.hub()),
            codec: Box::new(Dialects { limits: frame_limits(limits.max_channels_per_session) }),
            tokens: tokens(),
            chance: Box::new(*chance),
        };
        let hub = Hub::new(Arc::new(config), seams, Duration::ZERO);
        Gateway::new(hub, self.clone(), Arc::clone(settings), worker, &limits)
    }

    /// Bytes that the histories and positions of all channels are counted with now.
    pub fn history_bytes(&self) -> usize {
        self.shared.broker.history_bytes()
    }

    /// How much is recovered for a reader before its answer begins.
    pub(crate) fn max_recovered_bytes(&self) -> usize {
        self.shared.config.limits.max_unread_reply_bytes
    }

    /// The time since 1970, when the loop's clock shows this.
    pub(crate) fn unix_time(&self, now: Duration) -> Duration {
        self.shared.config.times.unix_time_at_zero + now
    }

    /// An answer to an application, to which the server has one name. Those of the hubs are for clients.
    pub(crate) fn named(&self, mut response: Response) -> Response {
        if let Response::Info(info) = &mut response {
            info.name = Arc::clone(&self.shared.config.node);
        }
        response
    }

    /// The worker that a session's node leads to, if it is one of this server.
    pub(crate) fn worker_of(&self, node: &str) -> Option<usize> {
        let worker = node.strip_prefix(&*self.shared.config.node)?.strip_prefix('.')?;
        let worker = worker.parse().ok().filter(|it: &usize| it.to_string() == worker)?;
        self.desks().get(worker)?.waker.as_ref().map(|_| worker)
    }

    /// Leaves something for another worker. `false` where it has too much to do already.
    pub(crate) fn post(&self, worker: usize, mail: Mail) -> bool {
        self.desk(worker, |desk| {
            let bytes = size_of::<Mail>() + mail.commands.len();
            let has_room = bytes <= MAX_MAIL_BYTES - desk.mail_bytes;
            if has_room {
                desk.mail_bytes += bytes;
                desk.mail.push(mail);
                if let Some(waker) = &desk.waker {
                    waker.wake();
                }
            }
            has_room
        })
    }

    /// What others have left for a worker.
    pub(crate) fn take_mail(&self, worker: usize) -> Vec<Mail> {
        self.desk(worker, |desk| {
            desk.mail_bytes = 0;
            std::mem::take(&mut desk.mail)
        })
    }

    fn desks(&self) -> MutexGuard<'_, Vec<Desk>> {
        // Nothing is left by half where somebody panicked.
        self.shared.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn desk<R>(&self, worker: usize, use_it: impl FnOnce(&mut Desk) -> R) -> R {
        let mut desks = self.desks();
        if desks.len() <= worker {
            desks.resize_with(worker + 1, Desk::default);
        }
        use_it(&mut desks[worker])
    }
}

/// What clients may send at once. How long it may be is the event loop's business. A client that comes
/// back subscribes to all its channels at once.
fn frame_limits(max_channels: usize) -> FrameLimits {
    let others = FrameLimits::default().max_commands;
    FrameLimits { max_frame_bytes: usize::MAX, max_commands: max_channels.saturating_add(others) }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::frame_limits;
    use longwire_realtime::dialect::centrifuge::decode_frame;

    /// A session has no end that the configuration does not give it: what the event loop lets through is
    /// taken, and so is one command for each channel that a session may have.
    #[test]
    fn what_a_client_may_send_at_once() {
        let long = format!(
            "{{\"id\":1,\"publish\":{{\"channel\":\"a\",\"data\":\"{}\"}}}}",
            "x".repeat(200_000)
        );
        let many = "{}\n".repeat(1000);
        let table = [(long.as_str(), 128, 1), (&many, 1000, 1000)];
        for (frame, max_channels, expected) in table {
            let mut commands = Vec::new();
            let read = decode_frame(frame.as_bytes(), &frame_limits(max_channels), &mut commands);
            assert_eq!((read, commands.len()), (Ok(()), expected));
        }
        let mut commands = Vec::new();
        assert!(decode_frame(many.as_bytes(), &frame_limits(100), &mut commands).is_err());
    }
}
