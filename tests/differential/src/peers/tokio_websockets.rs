//! tokio-websockets: a stream of messages; it ends, or gives an error once.

use std::future::poll_fn;
use std::pin::Pin;

use ::tokio_websockets::{ClientBuilder, Error, Limits, Message, ServerBuilder};
use futures_core::Stream as _;
use futures_sink::Sink as _;
use longwire::Role;

use super::replies::{self, close};
use crate::outcome::{Event, Outcome, Verdict};
use crate::pipe::{Pipe, now};
use crate::stream::Stream;

pub(crate) fn run(stream: &Stream) -> Outcome {
    let (pipe, written) = Pipe::new(&stream.bytes);
    let limits = Limits::default().max_payload_len(Some(stream.max_message_bytes));
    let mut socket = match stream.role {
        Role::Server => ServerBuilder::new().limits(limits).serve(pipe),
        Role::Client => ClientBuilder::new().limits(limits).take_over(pipe),
    };
    let mut events = Vec::new();
    let verdict = loop {
        match now(poll_fn(|cx| Pin::new(&mut socket).poll_next(cx))) {
            None => break Verdict::Stuck,
            Some(Some(Ok(message))) => events.push(seen(&message)),
            Some(Some(Err(Error::Io(_)))) => break Verdict::Lost,
            Some(Some(Err(_))) => {
                let _flushed = now(poll_fn(|cx| Pin::new(&mut socket).poll_flush(cx)));
                break Verdict::Failed(replies::take(&written).close);
            }
            Some(None) if matches!(events.last(), Some(Event::Close(..))) => break Verdict::Closed,
            Some(None) => break Verdict::Lost,
        }
    };
    Outcome { events, verdict }
}

fn seen(message: &Message) -> Event {
    let payload = message.as_payload().to_vec();
    if message.is_text() {
        Event::Text(payload)
    } else if message.is_binary() {
        Event::Binary(payload)
    } else if message.is_ping() {
        Event::Ping(payload)
    } else if message.is_pong() {
        Event::Pong(payload)
    } else {
        let (code, reason) = close(&payload);
        Event::Close(code, reason)
    }
}
