//! `GET /sse`: Server-Sent Events for a browser's own `EventSource`, and for `curl -N`.
//!
//! The id of an event is the reader's position in all its channels. A browser that comes back says it
//! in `Last-Event-ID`, and gets what it missed, or an event `gap`.

use std::time::Duration;

use longwire_realtime::Dialect;
use longwire_realtime::dialect::positions::Positions;
use longwire_realtime::dialect::reader::{Form, Reader};
use longwire_realtime::dialect::sse;
use longwire_server::{Answer, Incoming, Response};

use crate::emulation;
use crate::gateway::{Gateway, header, text};
use crate::links::Way;
use crate::query::Query;
use crate::readers::Kind;

/// The id that says "do not come back".
const STOP_ID: &str = "stop";

/// What a stream ends with that is not to be resumed: a client that comes back all the same says
/// this id, and gets 204, behind which no `EventSource` comes again.
pub(crate) const STOP: &[u8] = b"id: stop\n\n";

/// The head of a stream, and what it begins with.
pub(crate) fn head(body: Vec<u8>) -> Response {
    Response { body: body.into(), ..emulation::head(Dialect::Sse) }
}

impl Gateway {
    /// Begins a stream of the channels in the query.
    pub(crate) fn open_events(&mut self, incoming: &Incoming<'_>, now: Duration) -> Answer {
        let query = match Query::parse(incoming.request, self.max_channels) {
            Ok(query) => query,
            Err(error) => return text(400, error.explanation()),
        };
        if query.since.is_some() || query.wait.is_some() {
            return text(
                400,
                "the query of events may have channel, token and lastEventId alone\n",
            );
        }
        let last_id = header(incoming.request, "Last-Event-ID");
        let last_id = last_id.as_deref().or(query.last_event_id.as_deref());
        if last_id == Some(STOP_ID) {
            return Answer::Now(Response { status: 204, headers: Vec::new(), body: b"".into() });
        }
        let mut body = Vec::new();
        sse::encode_retry(self.settings.sse_retry, &mut body);
        let since = match last_id.filter(|id| !id.is_empty()).map(Positions::parse) {
            None => Positions::default(),
            Some(Ok(since)) => since,
            // It is from another server, or of another version: what is missing is not known.
            Some(Err(_)) => {
                query.channels.iter().for_each(|channel| encode_gap(channel, &mut body));
                Positions::default()
            }
        };
        let Some(session) = self.hub.open(Dialect::Sse, now) else {
            return text(503, "there are as many sessions as there may be\n");
        };
        self.links.insert(session, incoming.id, Way::Reader);
        let reader = Reader::new(Form::Sse, query.channels, since);
        let kind = Kind::Events(body);
        self.begin_reading(session, incoming.id, reader, kind, query.token, now);
        Answer::Later
    }
}

/// Appends the word that something of a channel is missing.
fn encode_gap(channel: &str, out: &mut Vec<u8>) {
    let data = serde_json::json!({ "channel": channel, "gap": {} }).to_string();
    // A name of ours: it has no line break.
    let _named = sse::encode_name(sse::GAP, out);
    sse::encode_data(data.as_bytes(), out);
}
