//! Things to be sent, through every way that there is to send them.
#![allow(dead_code, reason = "each file of tests uses a part of it")]

use longwire::{
    ApiMisuse, CloseCode, Compression, Connection, ControlFrames, Limits, Message, Outbound, Role,
    SendOptions, WebSocket,
};
use longwire_tests::notation::parse;
use longwire_tests::vector::KEY;

pub(crate) const ROLES: [Role; 2] = [Role::Server, Role::Client];

pub(crate) fn connection(role: Role) -> Connection {
    match role {
        Role::Server => Connection::server(Limits::default()),
        Role::Client => Connection::client(Limits::default(), || KEY),
    }
}

/// The bytes that `text` stands for, from an endpoint of this role.
pub(crate) fn bytes(text: &str, role: Role) -> Vec<u8> {
    let key = (role == Role::Client).then_some(KEY);
    parse(text, key).expect("bytes in the notation of the vectors").bytes
}

/// Something to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Command {
    Whole(Message<'static>),
    Fragment(Message<'static>, bool),
    Ping(&'static [u8]),
    Pong(&'static [u8]),
    Close(u16, &'static str),
}
use Command::{Close, Fragment, Ping, Pong, Whole};

/// Sends through a `Connection`: the header, and the payload masked in place behind it.
pub(crate) fn beside(connection: &mut Connection, send: Command) -> Result<Vec<u8>, ApiMisuse> {
    let mut control = ControlFrames::new();
    let (header, payload) = match send {
        Whole(message) => (connection.send(message)?, message.as_bytes()),
        Fragment(message, last) => (connection.send_fragment(message, last)?, message.as_bytes()),
        _ => return controlled(connection, send, &mut control),
    };
    let mut payload = payload.to_vec();
    header.mask(&mut payload);
    Ok([header.as_bytes(), &payload].concat())
}

/// Sends through a `Connection` into a slice of just the length that it says it needs.
fn encoded(connection: &mut Connection, send: Command) -> Result<Vec<u8>, ApiMisuse> {
    let mut encode = |out: &mut [u8]| match send {
        Whole(message) => connection.encode(message, out),
        Fragment(message, last) => connection.encode_fragment(message, last, out),
        _ => panic!("not a message"),
    };
    if !matches!(send, Whole(_) | Fragment(..)) {
        return controlled(connection, send, &mut ControlFrames::new());
    }
    let needed = match encode(&mut []) {
        Err(ApiMisuse::BufferTooSmall { needed }) => needed,
        Err(other) => return Err(other),
        Ok(_) => panic!("a frame of no bytes"),
    };
    let mut out = vec![0xaa; needed + 1];
    assert_eq!(encode(&mut out[..needed - 1]), Err(ApiMisuse::BufferTooSmall { needed }));
    assert_eq!(encode(&mut out), Ok(needed));
    assert_eq!(out.pop(), Some(0xaa), "nothing behind the frame is touched");
    Ok(out)
}

fn controlled(
    connection: &mut Connection,
    send: Command,
    control: &mut ControlFrames,
) -> Result<Vec<u8>, ApiMisuse> {
    match send {
        Ping(payload) => connection.ping(payload, control)?,
        Pong(payload) => connection.pong(payload, control)?,
        Close(code, reason) => connection.close(CloseCode::new(code), reason, control)?,
        Whole(_) | Fragment(..) => panic!("a message is no control frame"),
    }
    Ok(control.poll_transmit().unwrap_or_default().to_vec())
}

/// Sends through a `WebSocket`, into a vector that has something in it already.
fn appended(socket: &mut WebSocket, send: Command) -> Result<Vec<u8>, ApiMisuse> {
    let (mut outbound, mut control) = (Outbound::new(SendOptions::default()), ControlFrames::new());
    let mut out = b"before".to_vec();
    let sent = match send {
        Whole(message) => socket.send(message, Compression::Auto, &mut outbound, &mut out),
        Fragment(message, last) => socket.send_fragment(message, last, &mut out),
        Ping(payload) => socket.ping(payload, &mut control),
        Close(code, reason) => socket.close(CloseCode::new(code), reason, &mut control),
        Pong(_) => panic!("a `WebSocket` sends no Pong on its own"),
    };
    assert!(out.starts_with(b"before"));
    if sent.is_err() {
        assert_eq!(out, b"before", "an error leaves the output as it was");
    }
    out.extend_from_slice(control.poll_transmit().unwrap_or_default());
    sent.map(|()| out["before".len()..].to_vec())
}

/// An endpoint, once for each way to send.
pub(crate) struct Endpoint {
    beside: Connection,
    encoded: Connection,
    appended: WebSocket,
}

impl Endpoint {
    pub(crate) fn new(role: Role) -> Self {
        let appended = WebSocket::new(connection(role));
        Self { beside: connection(role), encoded: connection(role), appended }
    }

    /// What is sent, which is the same in every way.
    pub(crate) fn send(&mut self, send: Command) -> Result<Vec<u8>, ApiMisuse> {
        let sent = beside(&mut self.beside, send);
        assert_eq!(encoded(&mut self.encoded, send), sent, "encoded: {send:?}");
        // A `WebSocket` sends no Pong on its own.
        if !matches!(send, Pong(_)) {
            assert_eq!(appended(&mut self.appended, send), sent, "appended: {send:?}");
        }
        sent
    }
}

/// Holds each line's commands against the bytes that they are, in both roles.
pub(crate) fn assert_sent(table: &[(&[Command], &str)]) {
    for role in ROLES {
        for (sends, expected) in table {
            let mut endpoint = Endpoint::new(role);
            let sent = sends.iter().map(|send| endpoint.send(*send).expect("it may be sent"));
            assert_eq!(
                sent.collect::<Vec<_>>().concat(),
                bytes(expected, role),
                "{role:?}: {sends:?}"
            );
        }
    }
}

/// What is refused behind other commands, and why. It changes nothing: what stands last may still
/// be sent.
pub(crate) type Refusal<'a> = (&'a [Command], Command, ApiMisuse, Option<Command>);

/// Holds each line in both roles.
pub(crate) fn assert_refused(table: &[Refusal<'_>]) {
    for role in ROLES {
        for (before, refused, error, then) in table {
            let mut endpoint = Endpoint::new(role);
            for send in *before {
                endpoint.send(*send).expect("it may be sent");
            }
            assert_eq!(endpoint.send(*refused), Err(*error), "{role:?}: {refused:?}");
            if let Some(send) = then {
                assert!(endpoint.send(*send).is_ok(), "{role:?}: {send:?}");
            }
        }
    }
}
