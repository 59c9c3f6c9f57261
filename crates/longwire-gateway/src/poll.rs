//! `GET /poll`: long polling. A request says where its client is, and is answered with everything new as
//! one batch: at once if there is something, otherwise when there is, or when it has waited for long
//! enough. The answer says where the client is then; one that is lost loses nothing, since the client
//! asks again from where it was.

use std::borrow::Cow;
use std::time::Duration;

use longwire_realtime::Dialect;
use longwire_realtime::dialect::poll;
use longwire_realtime::dialect::positions::Positions;
use longwire_realtime::dialect::reader::{Form, Reader};
use longwire_server::{Answer, HeaderLine, Incoming, Response};

use crate::gateway::{Gateway, header, text};
use crate::links::Way;
use crate::query::Query;
use crate::readers::Kind;

/// What a poll asks, apart from its channels.
#[derive(Debug, Default)]
pub(crate) struct Poll {
    /// How long it waits for something new.
    pub(crate) wait: Duration,
    /// What the client has already (RFC 9110 §13.1.2).
    if_none_match: Option<String>,
}

/// The answer to a request of so many channels that its client cannot say where it is in them.
pub(crate) fn too_many_channels() -> Answer {
    text(400, "these are more channels than a position can be told for\n")
}

/// The answer: what was heard, and where the client is behind it.
pub(crate) fn answer(asked: &Poll, positions: &Positions, heard: &[u8]) -> Answer {
    let Ok(position) = positions.encode() else { return too_many_channels() };
    let headers: Vec<HeaderLine> = vec![
        ("Content-Type".into(), "application/json".into()),
        ("Cache-Control".into(), "no-cache".into()),
        ("ETag".into(), poll::entity_tag(&position).into()),
    ];
    let has_it = |field: &String| poll::is_none_match(field, &position);
    if heard.is_empty() && asked.if_none_match.as_ref().is_some_and(has_it) {
        return Answer::Now(Response { status: 304, headers, body: b"".into() });
    }
    let mut body = Vec::new();
    poll::encode_answer(&position, heard, &mut body);
    Answer::Now(Response { status: 200, headers, body: body.into() })
}

impl Gateway {
    /// Takes a poll of the channels in the query.
    pub(crate) fn open_poll(&mut self, incoming: &Incoming<'_>, now: Duration) -> Answer {
        let query = match Query::parse(incoming.request, self.max_channels) {
            Ok(query) => query,
            Err(error) => return text(400, error.explanation()),
        };
        if query.last_event_id.is_some() {
            return text(
                400,
                "the query of a poll may have channel, token, since and wait alone\n",
            );
        }
        let since = match query.since.as_deref().map(Positions::parse) {
            None => Positions::default(),
            Some(Ok(since)) => since,
            Some(Err(error)) => {
                return Answer::Now(Response::text(400, format!("since: {error}\n")));
            }
        };
        let max_wait = self.settings.max_poll_wait;
        let wait = query.wait.unwrap_or(max_wait).min(max_wait);
        let if_none_match = header(incoming.request, "If-None-Match").map(Cow::into_owned);
        let Some(session) = self.hub.open(Dialect::Poll, now) else {
            return text(503, "there are as many sessions as there may be\n");
        };
        self.links.insert(session, incoming.id, Way::Reader);
        let reader = Reader::new(Form::Poll, query.channels, since);
        let kind = Kind::Poll(Poll { wait, if_none_match });
        self.begin_reading(session, incoming.id, reader, kind, query.token, now);
        Answer::Later
    }
}
