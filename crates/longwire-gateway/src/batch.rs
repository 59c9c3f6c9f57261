//! Publications that go to the same sessions one behind the other go there together: one piece of memory
//! and one visit to each connection, however many they are.

use longwire_realtime::{Payload, SessionKey};
use longwire_server::{
    ApiMisuse, Chunk, Compression, ConnectionId, Message, Peers, Prepared, Sent,
};

use crate::links::{SessionSlot, Way};

/// What the same sessions are to get.
#[derive(Default)]
pub(crate) struct Batch {
    sessions: Vec<SessionKey>,
    payloads: Vec<Payload>,
    way: Option<Way>,
}

/// A batch as its connections are sent it.
pub(crate) enum Encoded {
    Messages(Prepared),
    Chunk(Chunk),
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.payloads.is_empty()
    }

    /// Whether there is one for these sessions, and for no others.
    pub(crate) fn is_for(&self, sessions: &[SessionKey]) -> bool {
        !self.is_empty() && self.sessions == sessions
    }

    /// Begins one for these sessions, which are all spoken to in this way.
    pub(crate) fn begin(&mut self, way: Way, sessions: &[SessionKey], payload: &Payload) {
        self.clear();
        self.way = Some(way);
        self.sessions.extend(sessions);
        self.push(payload);
    }

    pub(crate) fn push(&mut self, payload: &Payload) {
        self.payloads.push(payload.clone());
    }

    pub(crate) fn sessions(&self) -> &[SessionKey] {
        &self.sessions
    }

    /// How much of it each session gets.
    pub(crate) fn bytes(&self) -> usize {
        self.payloads.iter().map(|payload| payload.len()).sum()
    }

    /// What each connection is sent.
    pub(crate) fn encode(&self, peers: &mut Peers<'_, SessionSlot>) -> Result<Encoded, ApiMisuse> {
        if self.way != Some(Way::WebSocket) {
            let pieces: Vec<&[u8]> = self.payloads.iter().map(|payload| &**payload).collect();
            return Chunk::new(&pieces.concat()).map(Encoded::Chunk);
        }
        // Payloads are JSON.
        let texts = self.payloads.iter().filter_map(|payload| str::from_utf8(payload).ok());
        let messages = texts.map(|text| peers.prepare(Message::Text(text), Compression::Auto));
        let messages = messages.collect::<Result<Vec<_>, _>>()?;
        match messages.as_slice() {
            [message] => Ok(Encoded::Messages(message.clone())),
            messages => Prepared::join(messages).map(Encoded::Messages),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.sessions.clear();
        self.payloads.clear();
    }
}

impl Encoded {
    /// Sends it to one of them.
    pub(crate) fn send(
        &self,
        peers: &mut Peers<'_, SessionSlot>,
        connection: ConnectionId,
    ) -> Sent {
        let sent = match self {
            Self::Messages(messages) => {
                peers.get(connection).map(|mut context| context.send_prepared(messages))
            }
            Self::Chunk(chunk) => {
                peers.exchange(connection).map(|mut exchange| exchange.send_chunk(chunk))
            }
        };
        sent.unwrap_or(Sent::Dropped)
    }
}
