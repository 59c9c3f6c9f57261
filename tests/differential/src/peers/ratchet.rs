//! ratchet: a `WebSocket` over a stream whose handshake is done.

use ::ratchet_rs::deflate::{Deflate as Extension, DeflateConfig, DeflateExtProvider};
use ::ratchet_rs::{
    self as peer, ExtensionProvider as _, Message, NoExt, WebSocket, WebSocketConfig,
};
use bytes::BytesMut;
use http::header::SEC_WEBSOCKET_EXTENSIONS;
use http::{HeaderMap, HeaderValue};
use longwire::Role;

use super::replies::{self, NO_STATUS};
use crate::outcome::{Event, Outcome, Verdict};
use crate::pipe::{Pipe, now};
use crate::stream::{Deflate, Stream};

pub(crate) fn run(stream: &Stream) -> Outcome {
    match stream.deflate {
        Deflate::No => receive::<NoExt>(stream, None),
        deflate => receive(stream, Some(extension(stream.role, deflate))),
    }
}

/// The extension can be had from a negotiation alone.
fn extension(role: Role, deflate: Deflate) -> Extension {
    let agreed = match deflate {
        Deflate::ContextTakeover => "permessage-deflate",
        _ => "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    };
    let provider = DeflateExtProvider::with_config(DeflateConfig::default());
    let mut headers = HeaderMap::new();
    headers.insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(agreed));
    match role {
        Role::Server => {
            provider.negotiate_server(&headers).expect("an offer").expect("agreed to").0
        }
        Role::Client => provider.negotiate_client(&headers).expect("an answer").expect("agreed to"),
    }
}

fn receive<E: peer::Extension>(stream: &Stream, extension: Option<E>) -> Outcome {
    let (pipe, written) = Pipe::new(&stream.bytes);
    let role = match stream.role {
        Role::Server => peer::Role::Server,
        Role::Client => peer::Role::Client,
    };
    let config = WebSocketConfig { max_message_size: stream.max_message_bytes };
    let mut socket = WebSocket::from_upgraded(config, pipe, extension, BytesMut::new(), role);
    let mut events = Vec::new();
    // What has come of a message stays here while control frames come between its fragments.
    let mut message = BytesMut::new();
    let verdict = loop {
        match now(socket.read(&mut message)) {
            None => break Verdict::Stuck,
            Some(Ok(Message::Text)) => events.push(Event::Text(message.split().to_vec())),
            Some(Ok(Message::Binary)) => events.push(Event::Binary(message.split().to_vec())),
            Some(Ok(Message::Ping(payload))) => events.push(Event::Ping(payload.to_vec())),
            Some(Ok(Message::Pong(payload))) => events.push(Event::Pong(payload.to_vec())),
            Some(Ok(Message::Close(close))) => {
                events.push(close.map_or(Event::Close(NO_STATUS, Vec::new()), |close| {
                    let reason = close.description.unwrap_or_default().into_bytes();
                    Event::Close(close.code.into(), reason)
                }));
                break Verdict::Closed;
            }
            Some(Err(error)) if error.is_io() => break Verdict::Lost,
            Some(Err(_)) => break Verdict::Failed(replies::take(&written).close),
        }
    };
    Outcome { events, verdict }
}
