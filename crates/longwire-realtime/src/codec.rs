//! The seam between the hub and the dialects: bytes of a client to commands, replies and pushes to
//! bytes.

use crate::{Command, CommandId, Disconnect, Error, Push, Reply};

/// In which words, and over which transport, a session is spoken to: what decides on the bytes of a
/// push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Dialect {
    /// Centrifugo's protocol in JSON, each payload a WebSocket message.
    CentrifugeWebSocket,
    /// The same, each payload an event of `text/event-stream`.
    CentrifugeSse,
    /// The same, each payload a line of a response that does not end.
    CentrifugeHttpStream,
    /// Plain Server-Sent Events, of which the client only chose the channels.
    Sse,
    /// One answer to one request.
    Poll,
}

impl Dialect {
    /// How many there are.
    pub const COUNT: usize = 5;

    /// All of them, each at its [`index`](Self::index).
    pub const ALL: [Self; Self::COUNT] = [
        Self::CentrifugeWebSocket,
        Self::CentrifugeSse,
        Self::CentrifugeHttpStream,
        Self::Sse,
        Self::Poll,
    ];

    /// Its place in [`ALL`](Self::ALL).
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Whether the commands of a session come by another way than its pushes go, so that they name
    /// the session they are for.
    pub const fn is_emulated(self) -> bool {
        matches!(self, Self::CentrifugeSse | Self::CentrifugeHttpStream)
    }

    /// Whether clients answer pings.
    pub const fn answers_pings(self) -> bool {
        !matches!(self, Self::Sse | Self::Poll)
    }

    /// Whether replies, and pushes that are for one session, are handed out as they are and not as
    /// bytes: for these dialects there is a [`Reader`](crate::dialect::reader::Reader).
    pub const fn has_readers(self) -> bool {
        matches!(self, Self::Sse | Self::Poll)
    }

    /// Whether its sessions are present in their channels. Those of single requests would come and
    /// go all the time.
    pub const fn is_present(self) -> bool {
        !matches!(self, Self::Poll)
    }

    /// Whether subscribers are told who comes and goes without having asked for it: a URL names channels
    /// and nothing else. A poll, which is not there between two requests, would be told of some alone.
    pub const fn is_told_of_members(self) -> bool {
        matches!(self, Self::Sse)
    }

    /// Whether the end of a session is a push, there being no close code.
    pub const fn is_told_of_its_end(self) -> bool {
        !matches!(self, Self::CentrifugeWebSocket)
    }
}

/// Speaks the dialects.
pub trait Codec: Send {
    /// Reads what a client sent at once: commands in their order, each with its number.
    ///
    /// # Errors
    /// It cannot be read. What was before that in `commands` is carried out, then the session ends so.
    fn decode(
        &self,
        dialect: Dialect,
        bytes: &[u8],
        commands: &mut Vec<(CommandId, Command)>,
    ) -> Result<(), Disconnect>;

    /// Writes the reply to a command. Nothing where the dialect has no words for it.
    fn encode_reply(
        &self,
        dialect: Dialect,
        id: CommandId,
        reply: &Result<Reply, Error>,
        out: &mut Vec<u8>,
    );

    /// Writes a push. Nothing where the dialect has no words for it.
    fn encode_push(&self, dialect: Dialect, push: &Push, out: &mut Vec<u8>);
}
