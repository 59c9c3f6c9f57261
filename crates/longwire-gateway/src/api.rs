//! The HTTP API: requests of applications to the hub, and its answers, which may come later.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use longwire_realtime::api::{self, Batch, BatchLimits, Method};
use longwire_realtime::{Error, Request, Response};
use longwire_server::{Answer, ConnectionId, Incoming, Peers};

use crate::gateway::{Gateway, header, text};
use crate::links::SessionSlot;

type Answered = Result<Response, Error>;

/// The requests that have not been answered.
#[derive(Default)]
pub(crate) struct Calls {
    next_ticket: u64,
    /// Which part of which call a ticket is.
    tickets: HashMap<u64, (ConnectionId, usize)>,
    calls: HashMap<ConnectionId, Call>,
    /// Calls of which something was answered.
    moved: Vec<ConnectionId>,
}

/// One HTTP request.
struct Call {
    is_batch: bool,
    /// By their places; `None` while there is no answer.
    answers: Vec<(Option<Method>, Option<Answered>)>,
    /// What the hub has not been asked yet: in a batch that is not parallel, the next waits for the
    /// one before.
    rest: VecDeque<(usize, Request)>,
    parallel: bool,
}

impl Calls {
    /// The hub has answered.
    pub(crate) fn answer(&mut self, ticket: u64, result: Answered) {
        let Some((connection, place)) = self.tickets.remove(&ticket) else { return };
        let Some(call) = self.calls.get_mut(&connection) else { return };
        if let Some((_, answer)) = call.answers.get_mut(place) {
            *answer = Some(result);
            self.moved.push(connection);
        }
    }

    /// Whether there is something to do for [`go_on_with_calls`](Gateway::go_on_with_calls).
    pub(crate) fn has_more(&self) -> bool {
        !self.moved.is_empty()
    }

    /// The client has gone. What was asked is done all the same.
    pub(crate) fn forget(&mut self, connection: ConnectionId) {
        self.calls.remove(&connection);
    }
}

impl Gateway {
    /// Carries out a request, or a batch of them.
    pub(crate) fn call(&mut self, method: &str, incoming: &Incoming<'_>, now: Duration) -> Answer {
        if !self.settings.api.is_on() {
            return text(404, "the API is off: there is no key for it\n");
        }
        let key = header(incoming.request, "X-API-Key");
        if !self.settings.api.admits(key.as_deref()) {
            let mut response = longwire_server::Response::text(
                401,
                "X-API-Key has to be one of the server's keys\n",
            );
            // RFC 9110 §15.5.2: how to say who one is. No registered scheme has a header of its own.
            response.headers.push(("WWW-Authenticate".into(), "X-API-Key".into()));
            return Answer::Now(response);
        }
        let unix_now = self.node.unix_time(now);
        let call = if method == "batch" {
            match Batch::parse(incoming.body, &BatchLimits::default(), unix_now) {
                Ok(batch) => Call::batch(batch),
                Err(error) => return json(&Err(error)),
            }
        } else {
            let Some(method) = Method::from_name(method) else {
                return text(404, "there is no such method\n");
            };
            match method.parse(incoming.body, unix_now) {
                Ok(request) => Call::one(method, request),
                Err(error) => return json(&Err(error)),
            }
        };
        self.calls.calls.insert(incoming.id, call);
        self.calls.moved.push(incoming.id);
        Answer::Later
    }

    /// Asks the hub what it can be asked now, and answers what is complete.
    pub(crate) fn go_on_with_calls(&mut self, peers: &mut Peers<'_, SessionSlot>, now: Duration) {
        for connection in std::mem::take(&mut self.calls.moved) {
            let Self { hub, calls: Calls { calls, tickets, next_ticket, .. }, .. } = self;
            let Some(call) = calls.get_mut(&connection) else { continue };
            while let Some((place, request)) = call.next() {
                *next_ticket += 1;
                tickets.insert(*next_ticket, (connection, place));
                hub.api(*next_ticket, request, now);
            }
            if call.is_complete()
                && let Some(call) = calls.remove(&connection)
                && let Some(mut exchange) = peers.exchange(connection)
            {
                exchange.respond(&call.into_answer());
            }
        }
    }
}

impl Call {
    fn one(method: Method, request: Request) -> Self {
        let answers = vec![(Some(method), None)];
        Self { is_batch: false, answers, rest: [(0, request)].into(), parallel: true }
    }

    fn batch(batch: Batch) -> Self {
        let (mut answers, mut rest) = (Vec::new(), VecDeque::new());
        for (place, request) in batch.requests.into_iter().enumerate() {
            answers.push(match request {
                Ok((method, request)) => {
                    rest.push_back((place, request));
                    (Some(method), None)
                }
                Err(error) => (None, Some(Err(error))),
            });
        }
        Self { is_batch: true, answers, rest, parallel: batch.parallel }
    }

    /// What the hub can be asked now.
    fn next(&mut self) -> Option<(usize, Request)> {
        let (next, _) = self.rest.front()?;
        let before = self.answers.get(..*next).unwrap_or_default();
        let may_be_asked = self.parallel || before.iter().all(|(_, answer)| answer.is_some());
        if may_be_asked { self.rest.pop_front() } else { None }
    }

    fn is_complete(&self) -> bool {
        self.rest.is_empty() && self.answers.iter().all(|(_, answer)| answer.is_some())
    }

    fn into_answer(self) -> Answer {
        let mut answers = self
            .answers
            .into_iter()
            .map(|(method, answer)| (method, answer.unwrap_or(Err(Error::Internal))));
        if !self.is_batch {
            return json(&answers.next().map_or(Err(Error::Internal), |(_, answer)| answer));
        }
        let answers: Vec<_> = answers.collect();
        let mut body = Vec::new();
        api::encode_batch(answers.iter().map(|(method, answer)| (*method, answer)), &mut body);
        json_body(body)
    }
}

/// An answer of the API.
fn json(answer: &Answered) -> Answer {
    let mut body = Vec::new();
    api::encode(answer, &mut body);
    json_body(body)
}

fn json_body(body: Vec<u8>) -> Answer {
    let headers = vec![("Content-Type".into(), "application/json".into())];
    Answer::Now(longwire_server::Response { status: 200, headers, body: body.into() })
}
