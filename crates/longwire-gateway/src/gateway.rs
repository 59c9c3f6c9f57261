//! The application of one worker: what happens on its connections goes to its hub, and what the hub
//! wants done goes to the connections.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use longwire_realtime::{Dialect, Disconnect, Hub, Limits, Output, SessionKey};
use longwire_server::{
    Accept, Answer, Application, Closure, ConnectionId, Context, HeaderLine, Incoming, Message,
    Peers, Request, Response, Sent, Upgrade,
};

use crate::api::Calls;
use crate::asking::Askers;
use crate::links::{Links, SessionSlot, Way};
use crate::node::Node;
use crate::origin::Verdict;
use crate::readers::{Readers, Word};
use crate::route::Route;
use crate::{Settings, cors, emulation, page};

/// The subprotocol of Centrifugo's clients that speak JSON; most ask for none.
const SUBPROTOCOL: &str = "centrifuge-json";

/// How often in a turn the hub is asked for more: then others have their turn.
const MAX_ROUNDS: usize = 64;

/// The application of one worker. [`Node::gateway`](crate::Node::gateway) makes it.
pub struct Gateway {
    pub(crate) hub: Hub,
    pub(crate) node: Node,
    pub(crate) settings: Arc<Settings>,
    pub(crate) worker: usize,
    pub(crate) links: Links,
    pub(crate) calls: Calls,
    pub(crate) readers: Readers,
    pub(crate) askers: Askers,
    /// What answers that come later say to pages of other origins.
    later: HashMap<ConnectionId, Vec<HeaderLine>>,
    /// How many a session may have.
    pub(crate) max_channels: usize,
}

impl Gateway {
    /// The hub, to be asked for what it counts.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    pub(crate) fn new(
        hub: Hub,
        node: Node,
        settings: Arc<Settings>,
        worker: usize,
        limits: &Limits,
    ) -> Self {
        let max_in_flight_bytes = usize::try_from(limits.max_in_flight_bytes).unwrap_or(usize::MAX);
        Self {
            hub,
            node,
            settings,
            worker,
            links: Links::new(max_in_flight_bytes),
            calls: Calls::default(),
            readers: Readers::default(),
            askers: Askers::default(),
            later: HashMap::new(),
            max_channels: limits.max_channels_per_session,
        }
    }

    /// Opens the session of a stream that begins with these commands.
    fn open_stream(&mut self, dialect: Dialect, incoming: &Incoming<'_>, now: Duration) -> Answer {
        let commands = match emulation::first_commands(dialect, incoming) {
            Ok(commands) => commands,
            Err(why) => return text(400, why),
        };
        let Some(session) = self.hub.open(dialect, now) else {
            return text(503, "there are as many sessions as there may be\n");
        };
        self.links.insert(session, incoming.id, Way::Stream);
        self.hub.receive(session, &commands, now);
        Answer::Stream(emulation::head(dialect))
    }

    /// Does what the hub wants done.
    fn perform(&mut self, peers: &mut Peers<'_, SessionSlot>) {
        let now = peers.now();
        let mut closed = Vec::new();
        let mut rounds = 0;
        let mut is_much = false;
        loop {
            let Self { hub, links, calls, node, .. } = self;
            while let Some(output) = hub.poll_output() {
                match output {
                    Output::Frame { session, payload } => links.send(peers, session, &payload),
                    Output::Fanout { payload, sessions } => {
                        links.fan_out(peers, sessions, &payload);
                    }
                    Output::Close { session, disconnect } => {
                        closed.push((session, disconnect));
                    }
                    Output::Reply { session, id, reply } => {
                        links.to_readers.push_back((session, Word::Reply(id, reply)));
                    }
                    Output::Push { session, push } => {
                        links.to_readers.push_back((session, Word::Push(push)));
                    }
                    Output::Answer { ticket, result } => {
                        calls.answer(ticket, result.map(|it| node.named(it)));
                    }
                }
            }
            links.flush(peers);
            let Self { hub, links, .. } = self;
            for session in links.lost.drain(..).collect::<Vec<_>>() {
                tracing::error!("no memory for a publication: a session ends");
                links.close(peers, session, &Disconnect::INSUFFICIENT_STATE);
                hub.close(session, now);
            }
            for session in links.roomy.drain(..) {
                is_much = true;
                hub.room(session, usize::MAX);
            }
            // Before there is more for anyone, all get what waits as far as there is room for it.
            if hub.has_output() {
                continue;
            }
            while let Some((session, word)) = self.links.to_readers.pop_front() {
                self.hear(peers, session, &word);
            }
            for (session, disconnect) in closed.drain(..) {
                if self.links.way(session) == Some(Way::Reader) {
                    self.reader_is_disconnected(peers, session, &disconnect);
                }
                self.links.close(peers, session, &disconnect);
            }
            self.answer_polls(peers);
            let Self { hub, links, calls, .. } = self;
            if hub.has_output() || !links.roomy.is_empty() || !links.lost.is_empty() {
                continue;
            }
            // Whether a connection takes what it was given is known when that has been written: someone who
            // was given as much as may be under way is given no more in this turn.
            if is_much || rounds == MAX_ROUNDS {
                return;
            }
            rounds += 1;
            if calls.has_more() {
                self.go_on_with_calls(peers, now);
            } else if hub.has_more() {
                hub.wake(now);
            } else {
                return;
            }
        }
    }

    /// The answer to a request, or the promise of one.
    fn answer(&mut self, incoming: &Incoming<'_>, now: Duration) -> Answer {
        let request = incoming.request;
        let Some(route) = Route::of(request.path()) else {
            return text(404, "there is nothing here\n");
        };
        let origin = header(request, "Origin");
        let origin = origin.as_deref();
        let verdict = self.settings.judge(origin, request.host());
        // A page must not have its visitor publish either, without reading what comes of it.
        if verdict == Verdict::Refused && route != Route::Health {
            return text(403, self.settings.refusal(request.host()));
        }
        if request.method() == "OPTIONS" {
            return cors::preflight(route, verdict, origin);
        }
        if !route.methods().contains(&request.method()) {
            return cors::wrong_method(route);
        }
        let mut answer = match route {
            Route::WebSocket => text(426, "there is a WebSocket here, and nothing else\n"),
            Route::Health => text(200, "ok\n"),
            Route::EmulatedSse => self.open_stream(Dialect::CentrifugeSse, incoming, now),
            Route::EmulatedHttpStream => {
                self.open_stream(Dialect::CentrifugeHttpStream, incoming, now)
            }
            Route::Emulation => self.emulate(incoming.body, now),
            Route::Events => self.open_events(incoming, now),
            Route::Poll => self.open_poll(incoming, now),
            Route::Ask(question) => self.ask(question, incoming, now),
            Route::Page if self.settings.page => page::answer(),
            Route::Page => text(404, "there is nothing here\n"),
            Route::Api(method) => self.call(method, incoming, now),
        };
        match answer {
            _ if !route.is_for_pages() => {}
            Answer::Later => {
                self.later.insert(incoming.id, cors::headers(verdict, origin));
            }
            _ => cors::allow(&mut answer, verdict, origin),
        }
        answer
    }

    /// Answers a request for which a page may have to wait. `None`: its connection has gone.
    pub(crate) fn respond(
        &mut self,
        peers: &mut Peers<'_, SessionSlot>,
        connection: ConnectionId,
        mut answer: Answer,
    ) -> Option<Sent> {
        cors::add(&mut answer, self.later.remove(&connection).unwrap_or_default());
        keep_from_caches(&mut answer);
        peers.exchange(connection).map(|mut exchange| exchange.respond(&answer))
    }

    /// Carries out what came for this worker's sessions by other workers.
    pub(crate) fn read_mail(&mut self, now: Duration) {
        for mail in self.node.take_mail(self.worker) {
            if let Some(session) = self.hub.session(mail.session) {
                self.hub.receive(session, &mail.commands, now);
            }
        }
    }

    fn session_is_gone(&mut self, session: SessionKey, now: Duration) {
        self.links.remove(session);
        self.readers.remove(session);
        self.askers.remove(session);
        self.hub.close(session, now);
    }
}

impl Application for Gateway {
    type Session = SessionSlot;

    fn upgrade(
        &mut self,
        upgrade: &Upgrade<'_>,
        _: SocketAddr,
    ) -> Result<Accept<SessionSlot>, Response> {
        let request = upgrade.request();
        if Route::of(request.path()) != Some(Route::WebSocket) {
            return Err(Response::text(404, "there is no WebSocket here\n"));
        }
        // RFC 6455 §10.2: a page of another origin could speak for its visitor.
        if self.settings.judge(upgrade.origin(), request.host()) == Verdict::Refused {
            return Err(Response::text(403, self.settings.refusal(request.host())));
        }
        let mut accept = Accept::new(None);
        accept.subprotocol = upgrade.select_subprotocol(&[SUBPROTOCOL]).map(Into::into);
        Ok(accept)
    }

    fn open(&mut self, context: &mut Context<'_, SessionSlot>) {
        let now = context.peers().now();
        match self.hub.open(Dialect::CentrifugeWebSocket, now) {
            Some(session) => {
                *context.session() = Some(session);
                self.links.insert(session, context.id(), Way::WebSocket);
            }
            None => {
                let Disconnect { code, reason } = Disconnect::TOO_MANY_REQUESTS;
                // It has just been opened.
                let _closed = context.close(code.into(), &reason);
            }
        }
    }

    fn message(&mut self, context: &mut Context<'_, SessionSlot>, message: Message<'_>) {
        let now = context.peers().now();
        if let Some(session) = *context.session() {
            self.hub.receive(session, message.as_bytes(), now);
        }
    }

    fn close(
        &mut self,
        peers: &mut Peers<'_, SessionSlot>,
        _: ConnectionId,
        session: SessionSlot,
        _: Closure,
    ) {
        if let Some(session) = session {
            self.session_is_gone(session, peers.now());
        }
    }

    fn http(&mut self, peers: &mut Peers<'_, SessionSlot>, incoming: &Incoming<'_>) -> Answer {
        let mut answer = self.answer(incoming, peers.now());
        keep_from_caches(&mut answer);
        answer
    }

    fn gone(&mut self, peers: &mut Peers<'_, SessionSlot>, id: ConnectionId) {
        if let Some(session) = self.links.stream(id) {
            self.session_is_gone(session, peers.now());
        }
        self.calls.forget(id);
        self.later.remove(&id);
    }

    fn drained(&mut self, peers: &mut Peers<'_, SessionSlot>, id: ConnectionId) {
        let of_socket = peers.get(id).and_then(|mut context| *context.session());
        if let Some(session) = of_socket.or_else(|| self.links.stream(id)) {
            self.links.has_room(session);
        }
    }

    fn wake(&mut self, peers: &mut Peers<'_, SessionSlot>) {
        let now = peers.now();
        self.read_mail(now);
        self.hub.wake(now);
    }

    fn next_timeout(&self) -> Option<Duration> {
        if self.calls.has_more() {
            return Some(Duration::ZERO);
        }
        self.hub.poll_timeout().into_iter().chain(self.readers.next_deadline()).min()
    }

    fn timeout(&mut self, peers: &mut Peers<'_, SessionSlot>) {
        self.hub.handle_timeout(peers.now());
        self.expire_polls(peers);
    }

    fn shutdown(&mut self, peers: &mut Peers<'_, SessionSlot>) {
        self.hub.shut_down(peers.now());
        self.perform(peers);
    }

    fn end_of_turn(&mut self, peers: &mut Peers<'_, SessionSlot>) {
        self.perform(peers);
    }
}

/// The value of a header. What is no text, or stands there twice, must not count as if it were absent:
/// it is text that nothing accepts.
pub(crate) fn header<'a>(request: &Request<'a>, name: &str) -> Option<Cow<'a, str>> {
    let mut values = request.headers().values(name).map(String::from_utf8_lossy);
    let first = values.next()?;
    // RFC 9110 §5.3: several lines of a field are one, with commas between.
    Some(values.fold(first, |all, value| Cow::Owned([&*all, ", ", &*value].concat())))
}

/// RFC 9111 §4.2.2: where an answer does not say whether it may be kept, a cache may guess; and some keep all
/// for minutes. What a reader was refused, or told to stop, another one may be let in to.
fn keep_from_caches(answer: &mut Answer) {
    if let Answer::Now(response) | Answer::Last(response) | Answer::Stream(response) = answer
        && !response.headers.iter().any(|(name, _)| name == "Cache-Control")
    {
        response.headers.push(("Cache-Control".into(), "no-store".into()));
    }
}

/// A short answer for people.
pub(crate) fn text(status: u16, text: &'static str) -> Answer {
    Answer::Now(Response::text(status, text))
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Gateway");
        debug.field("worker", &self.worker).field("hub", &self.hub).finish_non_exhaustive()
    }
}
