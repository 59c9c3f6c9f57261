//! What can be said of a connection from outside: its role, its state, how it ended.

use crate::close::CloseCode;
use crate::connection::{Connection, Phase};
use crate::error::ProtocolError;
use crate::limits::Limits;
use core::fmt;

/// Where a client's masking keys come from: the caller's cryptographically strong source of
/// random bytes (RFC 6455 §5.3, RFC 6455 §10.3). It is called once for every frame that is sent.
pub type MaskKeySource = fn() -> [u8; 4];

/// Which end of the connection this is. Clients mask what they send, servers do not (RFC 6455 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The end that asked for the connection.
    Client,
    /// The end that accepted it.
    Server,
}

/// How far the closing handshake is (RFC 6455 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Messages go both ways.
    Open,
    /// Our Close is out, the peer's has not come. Messages may still be received.
    Closing,
    /// Nothing more is received or sent but what waits in the [`ControlFrames`](crate::ControlFrames). A server sends
    /// it and closes the TCP connection at once; a client waits for the server to do so, for a
    /// time (RFC 6455 §5.5.1, RFC 6455 §7.1.1).
    Closed,
}

/// Who began the closing handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Initiator {
    /// This end, with [`Connection::close`](crate::Connection::close).
    Us,
    /// The peer.
    Peer,
    /// Nobody: the connection failed, or was lost.
    Nobody,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closure {
    /// The code of the peer's Close; [`CloseCode::NO_STATUS`] where it had none, and
    /// [`CloseCode::ABNORMAL`] where no Close came (RFC 6455 §7.1.5).
    pub code: CloseCode,
    /// Who began it.
    pub initiator: Initiator,
    /// The reason why this end failed the connection, if it did.
    pub failure: Option<ProtocolError>,
}

impl Connection {
    /// Client or server.
    pub fn role(&self) -> Role {
        if self.mask_keys.is_some() { Role::Client } else { Role::Server }
    }

    /// How far the closing handshake is.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Open => State::Open,
            Phase::Closing => State::Closing,
            _ => State::Closed,
        }
    }

    /// The limits on what is received.
    pub fn limits(&self) -> Limits {
        Limits {
            max_frame_bytes: self.max_frame_bytes,
            max_message_bytes: self.max_message_bytes,
            max_fragments: self.max_fragments,
        }
    }

    /// Whether a message is being received: one that never ends should meet a deadline.
    pub fn is_receiving_message(&self) -> bool {
        self.incoming.is_some()
    }

    /// Whether the TCP connection should end soon without our doing: this is a client, and the
    /// server's part is to close first (RFC 6455 §7.1.1). Close it yourself after a time.
    pub fn close_expected(&self) -> bool {
        self.role() == Role::Client && self.state() == State::Closed && self.phase != Phase::Lost
    }

    /// How the connection ended, once its [`state`](Self::state) is [`State::Closed`].
    pub fn closure(&self) -> Option<Closure> {
        let (initiator, failure) = match self.phase {
            Phase::Open | Phase::Closing => return None,
            Phase::ClosedByPeer => (Initiator::Peer, None),
            Phase::ClosedByUs => (Initiator::Us, None),
            Phase::Lost => (Initiator::Nobody, None),
            Phase::Failed(error) => (Initiator::Nobody, Some(error)),
        };
        let code = match self.peer_code {
            0 => CloseCode::ABNORMAL,
            code => CloseCode::new(code),
        };
        Some(Closure { code, initiator, failure })
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("role", &self.role())
            .field("phase", &self.phase)
            .field("deflate", &self.deflate)
            .field("incoming", &self.incoming.map(|message| message.kind))
            .field("remaining", &self.remaining)
            .field("outgoing", &self.outgoing)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ControlFrames, Input, Message};
    use std::format;

    /// What stands in a log of an endpoint in trouble: how far it is, and none of the payload.
    #[test]
    fn debug_output_shows_the_state_and_no_payload() {
        let mut connection = Connection::server(Limits::default()).with_deflate();
        let (mut control, mut out) = (ControlFrames::default(), [0; 16]);
        // The first fragment of a text, three of its five bytes, with a key of zeros.
        let mut bytes = *b"\x01\x85\0\0\0\0sec";
        let event = connection.receive(&mut Input::new(&mut bytes), &mut control);
        assert!(event.is_ok_and(|event| event.is_some()));
        connection.encode_fragment(Message::Binary(b"secret"), false, &mut out).unwrap();
        assert_eq!(
            format!("{connection:?}"),
            "Connection { role: Server, phase: Open, deflate: true, incoming: Some(Text), \
             remaining: 2, outgoing: Some(Binary), .. }"
        );
    }

    /// Each phase, as a server and a client tell of it.
    #[test]
    fn rfc6455_s7_1_what_can_be_said_of_each_phase() {
        let broken = ProtocolError::ReservedOpcode;
        let closure = |code, initiator, failure| Some(Closure { code, initiator, failure });
        let (none, code) = (CloseCode::ABNORMAL, CloseCode::GOING_AWAY);
        // The phase, the peer's code; the state, whether a client waits for TCP's end, the closure.
        let table = [
            (Phase::Open, 0, State::Open, false, None),
            (Phase::Closing, 0, State::Closing, false, None),
            (Phase::ClosedByPeer, 1001, State::Closed, true, closure(code, Initiator::Peer, None)),
            (Phase::ClosedByUs, 1001, State::Closed, true, closure(code, Initiator::Us, None)),
            (Phase::Lost, 0, State::Closed, false, closure(none, Initiator::Nobody, None)),
            (
                Phase::Failed(broken),
                0,
                State::Closed,
                true,
                closure(none, Initiator::Nobody, Some(broken)),
            ),
        ];
        for (phase, peer_code, state, waits, closure) in table {
            let server = Connection::server(Limits::DEFAULT);
            let client = Connection::client(Limits::DEFAULT, || [0; 4]);
            for (mut connection, role) in [(server, Role::Server), (client, Role::Client)] {
                connection.phase = phase;
                connection.peer_code = peer_code;
                assert_eq!((connection.role(), connection.state()), (role, state), "{phase:?}");
                let expected = waits && role == Role::Client;
                assert_eq!(connection.close_expected(), expected, "{role:?} {phase:?}");
                assert_eq!(connection.closure(), closure, "{role:?} {phase:?}");
            }
        }
    }

    #[test]
    fn the_limits_are_the_ones_that_were_given() {
        let limits = Limits { max_frame_bytes: 1, max_message_bytes: 2, max_fragments: 3 };
        let mut server = Connection::server(limits);
        assert_eq!(server.limits(), limits);
        assert!(!server.is_receiving_message());
        let (mut bytes, mut control) = (*b"\x01\x80\0\0\0\0", ControlFrames::new());
        assert_eq!(server.receive(&mut Input::new(&mut bytes), &mut control), Ok(None));
        assert!(server.is_receiving_message());
    }
}
