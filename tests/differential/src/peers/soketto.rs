//! soketto: a `Receiver`, which answers Pings and Closes by itself.

use ::soketto::connection::{Builder, CloseReason, Error, Mode};
use ::soketto::extension::{Extension as _, Param, deflate};
use ::soketto::{Data, Incoming};
use longwire::Role;

use super::replies;
use crate::outcome::{Event, Outcome, Verdict};
use crate::pipe::{Pipe, now};
use crate::stream::{Deflate, Stream};

pub(crate) fn run(stream: &Stream) -> Outcome {
    let (pipe, written) = Pipe::new(&stream.bytes);
    let mode = match stream.role {
        Role::Server => Mode::Server,
        Role::Client => Mode::Client,
    };
    let mut builder = Builder::new(pipe, mode);
    builder.set_max_message_size(stream.max_message_bytes);
    builder.set_max_frame_size(stream.max_message_bytes);
    if stream.deflate != Deflate::No {
        let mut extension = deflate::Deflate::new(mode);
        let agreed = ["server_no_context_takeover", "client_no_context_takeover"];
        extension.configure(&agreed.map(Param::new)).expect("parameters it asks for itself");
        assert!(extension.is_enabled(), "it refuses what it asks for itself");
        builder.add_extensions([Box::new(extension) as _]);
    }
    let (_sender, mut receiver) = builder.finish();
    let mut events = Vec::new();
    let verdict = loop {
        let mut message = Vec::new();
        let result = now(receiver.receive(&mut message)).map(|result| {
            result.map(|incoming| match incoming {
                Incoming::Data(Data::Text(_)) => Ok(Event::Text(message)),
                Incoming::Data(Data::Binary(_)) => Ok(Event::Binary(message)),
                Incoming::Pong(payload) => Ok(Event::Pong(payload.to_vec())),
                Incoming::Closed(CloseReason { code, descr }) => {
                    Err(Event::Close(code, descr.unwrap_or_default().into_bytes()))
                }
            })
        });
        let replies = replies::take(&written);
        events.extend(replies.pings);
        match result {
            None => break Verdict::Stuck,
            Some(Ok(Ok(event))) => events.push(event),
            Some(Ok(Err(close))) => {
                events.push(close);
                break Verdict::Closed;
            }
            // Both for the end of the stream and for a Close without a body.
            Some(Err(Error::Closed)) if replies.close.is_some() => break Verdict::Closed,
            Some(Err(Error::Closed | Error::Io(_))) => break Verdict::Lost,
            Some(Err(_)) => break Verdict::Failed(None),
        }
    };
    Outcome { events, verdict }
}
