//! fastwebsockets: a `FragmentCollector`, which answers Pings and Closes by itself.

use ::fastwebsockets::{self as peer, FragmentCollector, OpCode, WebSocket, WebSocketError};
use longwire::Role;

use super::replies::{self, close};
use crate::outcome::{Event, Outcome, Verdict};
use crate::pipe::{Pipe, now};
use crate::stream::Stream;

pub(crate) fn run(stream: &Stream) -> Outcome {
    let (pipe, written) = Pipe::new(&stream.bytes);
    let role = match stream.role {
        Role::Server => peer::Role::Server,
        Role::Client => peer::Role::Client,
    };
    let mut socket = WebSocket::after_handshake(pipe, role);
    socket.set_max_message_size(stream.max_message_bytes);
    let mut socket = FragmentCollector::new(socket);
    let mut events = Vec::new();
    let verdict = loop {
        let result = now(socket.read_frame());
        let replies = replies::take(&written);
        events.extend(replies.pings);
        match result {
            None => break Verdict::Stuck,
            Some(Ok(frame)) => {
                let payload = frame.payload.to_vec();
                events.push(match frame.opcode {
                    OpCode::Text => Event::Text(payload),
                    OpCode::Binary => Event::Binary(payload),
                    OpCode::Pong => Event::Pong(payload),
                    OpCode::Close => {
                        let (code, reason) = close(&payload);
                        events.push(Event::Close(code, reason));
                        break Verdict::Closed;
                    }
                    OpCode::Ping | OpCode::Continuation => unreachable!("handled by the library"),
                });
            }
            Some(Err(WebSocketError::UnexpectedEOF)) => break Verdict::Lost,
            Some(Err(_)) => break Verdict::Failed(replies.close),
        }
    };
    Outcome { events, verdict }
}
