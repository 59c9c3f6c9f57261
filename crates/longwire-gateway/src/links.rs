//! Which connection is which session's, and how bytes get from the hub to it.

use std::collections::{HashMap, VecDeque};
use std::mem;

use longwire_realtime::{Disconnect, Payload, SessionKey};
use longwire_server::{ConnectionId, Message, Peers, Sent};

use crate::batch::Batch;
use crate::readers::Word;

/// When a connection has been given so much, and has taken it, the hub is told that there is room. It is
/// told earlier where less may be under way: behind that, it would give nothing more.
const TOLD_AFTER_BYTES: usize = 16 * 1024;

/// What a WebSocket's connection keeps: its session, from when it is open.
pub(crate) type SessionSlot = Option<SessionKey>;

/// The connections of a worker's sessions.
pub(crate) struct Links {
    /// At the session's index.
    links: Vec<Option<Link>>,
    /// Of sessions that the hub has ended in this turn, and whose places others have taken since: they
    /// are to be told so all the same.
    displaced: Vec<Link>,
    /// After how many bytes the hub is told.
    told_after_bytes: usize,
    /// The sessions of answers that are streams.
    streams: HashMap<ConnectionId, SessionKey>,
    /// Sessions for whose connections there is room again.
    pub(crate) roomy: Vec<SessionKey>,
    /// Sessions that did not get what was for them: they must not go on as if they had.
    pub(crate) lost: Vec<SessionKey>,
    /// What readers are to be given.
    pub(crate) to_readers: VecDeque<(SessionKey, Word)>,
    /// What the same sessions get, until something else is for one of them.
    batch: Batch,
}

#[derive(Clone, Copy)]
struct Link {
    session: SessionKey,
    connection: ConnectionId,
    way: Way,
    /// What it was given since the hub was last told that there is room.
    given_bytes: usize,
    /// The batch is for it too.
    in_batch: bool,
}

/// How a session is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A payload is a text message.
    WebSocket,
    /// A payload is a piece of an answer.
    Stream,
    /// A payload is for a reader, which makes of it what its client is sent.
    Reader,
}

impl Links {
    /// None yet. So many bytes may be under way to a connection.
    pub(crate) fn new(max_in_flight_bytes: usize) -> Self {
        Self {
            links: Vec::new(),
            displaced: Vec::new(),
            told_after_bytes: TOLD_AFTER_BYTES.min(max_in_flight_bytes),
            streams: HashMap::new(),
            roomy: Vec::new(),
            lost: Vec::new(),
            to_readers: VecDeque::new(),
            batch: Batch::default(),
        }
    }

    /// A session has a connection.
    pub(crate) fn insert(&mut self, session: SessionKey, connection: ConnectionId, way: Way) {
        let index = session.index();
        if self.links.len() <= index {
            self.links.resize(index + 1, None);
        }
        let link = Link { session, connection, way, given_bytes: 0, in_batch: false };
        self.displaced.extend(self.links[index].replace(link));
        if way != Way::WebSocket {
            self.streams.insert(connection, session);
        }
    }

    /// How a session is spoken to, while it has a connection.
    pub(crate) fn way(&mut self, session: SessionKey) -> Option<Way> {
        self.link(session).map(|link| link.way)
    }

    /// The session of a stream, or of a reader.
    pub(crate) fn stream(&self, connection: ConnectionId) -> Option<SessionKey> {
        self.streams.get(&connection).copied()
    }

    /// A session has lost its connection, or is over.
    pub(crate) fn remove(&mut self, session: SessionKey) {
        let link = self.links.get_mut(session.index());
        let link = link.and_then(|link| link.take_if(|link| link.session == session));
        let link = link.or_else(|| {
            let at = self.displaced.iter().position(|link| link.session == session)?;
            Some(self.displaced.swap_remove(at))
        });
        if let Some(Link { connection, .. }) = link {
            self.streams.remove(&connection);
        }
    }

    /// The connection of a session has taken what waited for it.
    pub(crate) fn has_room(&mut self, session: SessionKey) {
        if let Some(link) = self.link(session) {
            link.given_bytes = 0;
            self.roomy.push(session);
        }
    }

    /// Gives a payload to one session.
    pub(crate) fn send(
        &mut self,
        peers: &mut Peers<'_, SessionSlot>,
        session: SessionKey,
        payload: &Payload,
    ) {
        self.flush_before(peers, session);
        let Some(link) = self.link(session) else { return };
        let sent = match link.way {
            Way::WebSocket => match (peers.get(link.connection), str::from_utf8(payload)) {
                (Some(mut context), Ok(text)) => context.send(Message::Text(text)),
                _ => Sent::Dropped,
            },
            Way::Stream => match peers.exchange(link.connection) {
                Some(mut exchange) => exchange.send(payload),
                None => Sent::Dropped,
            },
            Way::Reader => {
                return self.to_readers.push_back((session, Word::Payload(payload.clone())));
            }
        };
        self.has_sent(session, payload.len(), sent);
    }

    /// Gives the same payload to many sessions, which are all spoken to in the same way. It is
    /// encoded once, and waits for others that are for the same sessions, until
    /// [`flush`](Self::flush).
    pub(crate) fn fan_out(
        &mut self,
        peers: &mut Peers<'_, SessionSlot>,
        sessions: &[SessionKey],
        payload: &Payload,
    ) {
        if self.batch.is_for(sessions) {
            return self.batch.push(payload);
        }
        let way = sessions.first().and_then(|&session| self.link(session)).map(|link| link.way);
        let (Some(way @ (Way::WebSocket | Way::Stream)), 2..) = (way, sessions.len()) else {
            // The first one may have lost its connection; the others may not have.
            return sessions.iter().for_each(|&session| self.send(peers, session, payload));
        };
        self.flush(peers);
        for &session in sessions {
            if let Some(link) = self.link(session) {
                link.in_batch = true;
            }
        }
        self.batch.begin(way, sessions, payload);
    }

    /// Sends the batch if this session is among those that it is for: what it gets next comes behind.
    fn flush_before(&mut self, peers: &mut Peers<'_, SessionSlot>, session: SessionKey) {
        if self.link(session).is_some_and(|link| link.in_batch) {
            self.flush(peers);
        }
    }

    /// Gives all that fan-outs left waiting to the connections.
    pub(crate) fn flush(&mut self, peers: &mut Peers<'_, SessionSlot>) {
        if self.batch.is_empty() {
            return;
        }
        let mut batch = mem::take(&mut self.batch);
        match batch.encode(peers) {
            Ok(encoded) => {
                let bytes = batch.bytes();
                for &session in batch.sessions() {
                    let Some(link) = self.link(session) else { continue };
                    link.in_batch = false;
                    let sent = encoded.send(peers, link.connection);
                    self.has_sent(session, bytes, sent);
                }
            }
            Err(_) => self.lost.extend(batch.sessions()),
        }
        batch.clear();
        self.batch = batch;
    }

    /// Ends a session's connection, behind what it was given.
    pub(crate) fn close(
        &mut self,
        peers: &mut Peers<'_, SessionSlot>,
        session: SessionKey,
        disconnect: &Disconnect,
    ) {
        self.flush_before(peers, session);
        let Some(&mut link) = self.link(session) else { return };
        self.remove(session);
        match link.way {
            Way::WebSocket => {
                if let Some(mut context) = peers.get(link.connection) {
                    *context.session() = None;
                    // It may be closing already.
                    let _closed = context.close(disconnect.code.into(), &disconnect.reason);
                }
            }
            Way::Stream => {
                if let Some(mut exchange) = peers.exchange(link.connection) {
                    exchange.end();
                }
            }
            // It is told first: the end of its session is an event.
            Way::Reader => {}
        }
    }

    fn link(&mut self, session: SessionKey) -> Option<&mut Link> {
        let link = self.links.get_mut(session.index())?.as_mut();
        let link = link.filter(|link| link.session == session);
        link.or_else(|| self.displaced.iter_mut().find(|link| link.session == session))
    }

    /// So much was given to a session's connection.
    pub(crate) fn has_sent(&mut self, session: SessionKey, bytes: usize, sent: Sent) {
        let told_after_bytes = self.told_after_bytes;
        let Some(link) = self.link(session) else { return };
        link.given_bytes += bytes;
        // What is queued says itself when there is room, and what is dropped has lost its connection.
        if sent == Sent::Now && link.given_bytes >= told_after_bytes {
            link.given_bytes = 0;
            self.roomy.push(session);
        }
    }
}
