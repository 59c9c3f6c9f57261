//! tungstenite: `read` is called, as its documentation asks, until it gives an error.

use ::tungstenite::error::ProtocolError;
use ::tungstenite::protocol::{self, WebSocketConfig};
use ::tungstenite::{Error, Message, WebSocket};
use longwire::Role;

use super::replies::NO_STATUS;
use crate::outcome::{Event, Outcome, Verdict};
use crate::pipe::Pipe;
use crate::stream::Stream;

pub(crate) fn run(stream: &Stream) -> Outcome {
    let (pipe, _written) = Pipe::new(&stream.bytes);
    let role = match stream.role {
        Role::Server => protocol::Role::Server,
        Role::Client => protocol::Role::Client,
    };
    let config = WebSocketConfig::default()
        .max_message_size(Some(stream.max_message_bytes))
        .max_frame_size(Some(stream.max_message_bytes));
    let mut socket = WebSocket::from_raw_socket(pipe, role, Some(config));
    let mut events = Vec::new();
    let verdict = loop {
        events.push(match socket.read() {
            Ok(Message::Text(text)) => Event::Text(text.as_bytes().to_vec()),
            Ok(Message::Binary(data)) => Event::Binary(data.to_vec()),
            Ok(Message::Ping(payload)) => Event::Ping(payload.to_vec()),
            Ok(Message::Pong(payload)) => Event::Pong(payload.to_vec()),
            Ok(Message::Close(Some(close))) => {
                Event::Close(close.code.into(), close.reason.as_bytes().to_vec())
            }
            Ok(Message::Close(None)) => Event::Close(NO_STATUS, Vec::new()),
            Ok(Message::Frame(_)) => unreachable!("never read"),
            Err(Error::ConnectionClosed) => break Verdict::Closed,
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                break Verdict::Lost;
            }
            // It leaves the Close to the application.
            Err(_) => break Verdict::Failed(None),
        });
    };
    Outcome { events, verdict }
}
