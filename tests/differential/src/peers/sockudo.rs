//! sockudo-ws: its protocol without the stream around it. Who calls it stops at a Close.

use ::sockudo_ws::deflate::DeflateConfig;
use ::sockudo_ws::protocol::{CompressedProtocol, Protocol};
use ::sockudo_ws::{self as peer, Message};
use bytes::BytesMut;
use longwire::Role;

use super::replies::NO_STATUS;
use crate::outcome::{Event, Outcome, Verdict};
use crate::stream::{Deflate, Stream};

pub(crate) fn run(stream: &Stream) -> Outcome {
    let max = stream.max_message_bytes;
    let mut bytes = BytesMut::from(&stream.bytes[..]);
    let mut messages = Vec::new();
    let role = match stream.role {
        Role::Server => peer::Role::Server,
        Role::Client => peer::Role::Client,
    };
    let takeover = stream.deflate == Deflate::ContextTakeover;
    let config = DeflateConfig {
        server_no_context_takeover: !takeover,
        client_no_context_takeover: !takeover,
        ..DeflateConfig::default()
    };
    let result = match (stream.deflate, role) {
        (Deflate::No, role) => {
            Protocol::new(role, max, max).process_into(&mut bytes, &mut messages)
        }
        (_, peer::Role::Server) => {
            CompressedProtocol::server(max, max, config).process_into(&mut bytes, &mut messages)
        }
        (_, peer::Role::Client) => {
            CompressedProtocol::client(max, max, config).process_into(&mut bytes, &mut messages)
        }
    };
    let mut events = Vec::new();
    for message in messages {
        events.push(match message {
            Message::Text(payload) => Event::Text(payload.to_vec()),
            Message::Binary(payload) => Event::Binary(payload.to_vec()),
            Message::Ping(payload) => Event::Ping(payload.to_vec()),
            Message::Pong(payload) => Event::Pong(payload.to_vec()),
            Message::Close(close) => {
                let close = close.map(|close| (close.code, close.reason.into_bytes()));
                let (code, reason) = close.unwrap_or((NO_STATUS, Vec::new()));
                events.push(Event::Close(code, reason));
                return Outcome { events, verdict: Verdict::Closed };
            }
        });
    }
    let verdict = if result.is_err() { Verdict::Failed(None) } else { Verdict::Lost };
    Outcome { events, verdict }
}
