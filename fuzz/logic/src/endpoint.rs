//! One end of a connection, and what it has received: for targets that join two of them.

use longwire::handshake::DeflateParams;
use longwire::{
    Compression, Connection, ControlFrames, Inbound, Input, Limits, MAX_REST_BYTES, Message,
    Outbound, ProtocolError, Role, SendOptions, State, WebSocket,
};
use longwire_tests::trace::{Assembler, Seen};
use longwire_tests::vector::KEY;

pub(crate) struct Endpoint {
    pub(crate) socket: WebSocket,
    pub(crate) control: ControlFrames,
    /// Bytes on their way to the other end.
    pub(crate) wire: Vec<u8>,
    /// What has been received.
    pub(crate) seen: Vec<Seen>,
    inbound: Inbound,
    pub(crate) outbound: Outbound,
    kept: Vec<u8>,
}

impl Endpoint {
    pub(crate) fn new(role: Role, params: Option<DeflateParams>, options: SendOptions) -> Self {
        let limits = Limits::default();
        let connection = match role {
            Role::Server => Connection::server(limits),
            Role::Client => Connection::client(limits, || KEY),
        };
        let socket = match params {
            Some(params) => WebSocket::with_deflate(connection, params),
            None => WebSocket::new(connection),
        };
        Self {
            socket,
            control: ControlFrames::new(),
            wire: Vec::new(),
            seen: Vec::new(),
            inbound: Inbound::new(),
            outbound: Outbound::new(options),
            kept: Vec::new(),
        }
    }

    pub(crate) fn state(&self) -> State {
        self.socket.connection().state()
    }

    /// Puts a message on the wire.
    pub(crate) fn send(&mut self, message: Message<'_>, compression: Compression) {
        let (outbound, wire) = (&mut self.outbound, &mut self.wire);
        self.socket.send(message, compression, outbound, wire).expect("a message may be sent");
    }

    /// Puts the control frames that wait on the wire.
    pub(crate) fn transmit(&mut self) {
        self.wire.extend_from_slice(self.control.poll_transmit().unwrap_or_default());
    }

    /// Takes one read, where its bytes belong as far as they have a place. Replies stay among the
    /// control frames.
    pub(crate) fn receive(&mut self, mut bytes: &[u8]) -> Result<(), ProtocolError> {
        let mut assembler = Assembler::default();
        while let Some(space) = self.socket.space().filter(|_| !bytes.is_empty()) {
            let len = space.len().min(bytes.len());
            space[..len].copy_from_slice(&bytes[..len]);
            bytes = &bytes[len..];
            let event = self.socket.receive_in_place(len, &mut self.control, &mut self.inbound)?;
            self.seen.extend(event.and_then(|event| assembler.event(event)));
            assert!(self.kept.is_empty() && len > 0, "the place is for what comes next");
        }
        self.kept.extend_from_slice(bytes);
        let mut input = Input::new(&mut self.kept);
        while let Some(event) =
            self.socket.receive(&mut input, &mut self.control, &mut self.inbound)?
        {
            self.seen.push(assembler.event(event).expect("whole messages"));
        }
        assert!(input.len() <= MAX_REST_BYTES, "{} bytes are left", input.len());
        let rest = input.len();
        self.kept.drain(..self.kept.len() - rest);
        Ok(())
    }
}

/// Send options from one byte: a long or a short frame, a threshold or none, a level.
pub(crate) fn send_options(byte: u8) -> SendOptions {
    SendOptions {
        max_frame_bytes: [128 * 1024, 7, 50, 200][usize::from(byte & 3)],
        compress_from_bytes: if byte & 4 == 0 { 0 } else { 64 },
        compression_level: (byte >> 3) % 10,
    }
}
