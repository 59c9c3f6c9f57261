//! Longwire: a `WebSocket`, given everything in one read.

use longwire::handshake::DeflateParams;
use longwire::{Connection, ControlFrames, Event, Inbound, Input, Limits, Role, State, WebSocket};

use crate::outcome::{self, Outcome, Verdict};
use crate::stream::{Deflate, KEY, Stream};

pub(crate) fn run(stream: &Stream) -> Outcome {
    let limits = Limits { max_message_bytes: stream.max_message_bytes as u64, ..Limits::default() };
    let connection = match stream.role {
        Role::Server => Connection::server(limits),
        Role::Client => Connection::client(limits, || KEY),
    };
    let takeover = stream.deflate == Deflate::ContextTakeover;
    let params = DeflateParams {
        server_no_context_takeover: !takeover,
        client_no_context_takeover: !takeover,
        ..DeflateParams::default()
    };
    let mut socket = match stream.deflate {
        Deflate::No => WebSocket::new(connection),
        _ => WebSocket::with_deflate(connection, params),
    };
    let (mut control, mut inbound) = (ControlFrames::new(), Inbound::new());
    let mut bytes = stream.bytes.clone();
    let mut input = Input::new(&mut bytes);
    let mut events = Vec::new();
    let failure = loop {
        match socket.receive(&mut input, &mut control, &mut inbound) {
            Ok(Some(event)) => events.push(seen(event)),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
        let _sent = control.poll_transmit();
    };
    let verdict = match (failure, socket.connection().state()) {
        (Some(error), _) => Verdict::Failed(Some(error.code().value())),
        (None, State::Closed) => Verdict::Closed,
        (None, _) => Verdict::Lost,
    };
    Outcome { events, verdict }
}

fn seen(event: Event<'_>) -> outcome::Event {
    match event {
        Event::Text(text) => outcome::Event::Text(text.into()),
        Event::Binary(data) => outcome::Event::Binary(data.into()),
        Event::Ping(payload) => outcome::Event::Ping(payload.into()),
        Event::Pong(payload) => outcome::Event::Pong(payload.into()),
        Event::Close(close) => outcome::Event::Close(close.code.value(), close.reason.into()),
        Event::Chunk(_) => unreachable!("a WebSocket hands out whole messages"),
    }
}
