//! `POST /publish`, `GET /presence` and `GET /history`: what readers want beside reading.
//!
//! Each is one command in one request, with the rights of a client. Somebody whose channels are in
//! the URL has no session to say it in, so there is one for as long as it takes to connect, to
//! subscribe, which is what gives a client its rights, and to be answered. It is in nobody's presence.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use longwire_realtime::dialect::positions::Positions;
use longwire_realtime::dialect::{once, poll};
use longwire_realtime::{
    Command, CommandId, Connect, Dialect, Error, History, Publish, Reply, SessionKey, Subscribe,
};
use longwire_server::{Answer, ConnectionId, HeaderLine, Incoming, Peers, Response};

use crate::gateway::{Gateway, text};
use crate::links::{SessionSlot, Way};
use crate::query::Query;
use crate::readers::{Word, refusal};

/// The number of the command that was asked for. The ones before it prepare it.
const ASKED: CommandId = 3;

/// What a request asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Publish,
    Presence,
    /// The newest first.
    History,
}

/// The requests of a worker that have not been answered.
#[derive(Default)]
pub(crate) struct Askers(HashMap<SessionKey, Asker>);

/// One request.
struct Asker {
    connection: ConnectionId,
    channel: String,
    /// What the hub has not been told yet.
    commands: VecDeque<(CommandId, Command)>,
}

impl Askers {
    /// The session of a request is over.
    pub(crate) fn remove(&mut self, session: SessionKey) {
        self.0.remove(&session);
    }
}

impl Question {
    /// The commands of the session, in their order.
    fn commands(self, query: &Query, body: &[u8]) -> Result<Vec<(CommandId, Command)>, Error> {
        let channel = match &query.channels[..] {
            [channel] => channel.clone(),
            _ => return Err(Error::BadRequest("the query has to name one channel".into())),
        };
        let is_for_readers = query.since.is_some() || query.last_event_id.is_some();
        if is_for_readers || query.wait.is_some() {
            let why = "the query may have channel and token alone";
            return Err(Error::BadRequest(why.into()));
        }
        let connect = Connect { token: query.token.clone(), ..Connect::default() };
        let subscribe = Subscribe { channel: channel.clone(), ..Subscribe::default() };
        let asked = match self {
            Self::Publish => Command::Publish(Publish {
                channel,
                data: once::parse_data(body)?,
                exclude_self: false,
                key: None,
            }),
            Self::Presence => Command::Presence { channel },
            Self::History => {
                Command::History(History { channel, reverse: true, ..History::default() })
            }
        };
        let before = [Command::Connect(connect), Command::Subscribe(subscribe)];
        Ok((1..).zip(before.into_iter().chain([asked])).collect())
    }
}

impl Gateway {
    /// Asks the hub for what a request asks.
    pub(crate) fn ask(
        &mut self,
        question: Question,
        incoming: &Incoming<'_>,
        now: Duration,
    ) -> Answer {
        let query = match Query::parse(incoming.request, self.max_channels) {
            Ok(query) => query,
            Err(error) => return text(400, error.explanation()),
        };
        let commands = match question.commands(&query, incoming.body) {
            Ok(commands) => commands.into(),
            Err(error) => return refusal(&error),
        };
        let Some(session) = self.hub.open(Dialect::Poll, now) else {
            return text(503, "there are as many sessions as there may be\n");
        };
        self.links.insert(session, incoming.id, Way::Reader);
        let channel = query.channels.into_iter().next().unwrap_or_default();
        self.askers.0.insert(session, Asker { connection: incoming.id, channel, commands });
        self.ask_next(session, now);
        Answer::Later
    }

    /// Tells the hub the next command: each one when the one before has been answered.
    fn ask_next(&mut self, session: SessionKey, now: Duration) {
        let asker = self.askers.0.get_mut(&session);
        if let Some((id, command)) = asker.and_then(|asker| asker.commands.pop_front()) {
            self.hub.command(session, id, command, now);
        }
    }

    /// The hub has something for the session of a request: only replies matter to it.
    pub(crate) fn hear_asker(
        &mut self,
        peers: &mut Peers<'_, SessionSlot>,
        session: SessionKey,
        word: &Word,
    ) {
        let Some(asker) = self.askers.0.get(&session) else { return };
        let answer = match word {
            Word::Reply(ASKED, Ok(reply)) => answer(&asker.channel, reply),
            // Its token subscribes it to the channel.
            Word::Reply(_, Ok(_) | Err(Error::AlreadySubscribed)) => {
                return self.ask_next(session, peers.now());
            }
            // RFC 9110 §15.5.14: a name that is too long was refused before.
            Word::Reply(ASKED, Err(error @ Error::TooLong(_))) => {
                Answer::Now(Response::text(413, format!("{error}\n")))
            }
            Word::Reply(_, Err(error)) => refusal(error),
            Word::Payload(_) | Word::Push(_) => return,
        };
        self.end_asking(peers, session, answer);
    }

    /// The session of a request is over, and this is the answer.
    pub(crate) fn end_asking(
        &mut self,
        peers: &mut Peers<'_, SessionSlot>,
        session: SessionKey,
        answer: Answer,
    ) {
        let Some(asker) = self.askers.0.remove(&session) else { return };
        self.links.remove(session);
        self.hub.close(session, peers.now());
        self.respond(peers, asker.connection, answer);
    }
}

/// The answer with what the hub said.
fn answer(channel: &str, reply: &Reply) -> Answer {
    let mut headers: Vec<HeaderLine> = vec![
        ("Content-Type".into(), "application/json".into()),
        ("Cache-Control".into(), "no-store".into()),
    ];
    if let Reply::History(page) = reply
        && let Ok(position) = Positions::one(channel, page.position.clone()).encode()
    {
        // Where a reader of this channel goes on that has seen the history.
        headers.push(("ETag".into(), poll::entity_tag(&position).into()));
    }
    let mut body = Vec::new();
    once::encode_reply(reply, &mut body);
    Answer::Now(Response { status: 200, headers, body: body.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_hub_is_told() {
        let one = Query { channels: vec!["a".into()], ..Query::default() };
        let two = Query { channels: vec!["a".into(), "b".into()], ..Query::default() };
        let at = Query { since: Some("1".into()), ..one.clone() };
        let after = Query { last_event_id: Some(String::new()), ..one.clone() };
        let waiting = Query { wait: Some(Duration::ZERO), ..one.clone() };
        let names_one = Err("bad request: the query has to name one channel");
        let has_more = Err("bad request: the query may have channel and token alone");
        let table = [
            (Question::Publish, &one, "{}", Ok("publish {} to a")),
            (Question::Publish, &one, "{", Err("bad request: the body has to be one JSON value")),
            (Question::Publish, &two, "{}", names_one),
            (Question::Presence, &one, "", Ok("presence of a")),
            (Question::Presence, &two, "", names_one),
            (Question::Presence, &waiting, "", has_more),
            (Question::History, &one, "", Ok("history of a, newest first: true")),
            (Question::History, &at, "", has_more),
            (Question::History, &after, "", has_more),
        ];
        for (question, query, body, expected) in table {
            let told = question.commands(query, body.as_bytes()).map(|commands| {
                let ids: Vec<_> = commands.iter().map(|it| it.0).collect();
                assert_eq!(ids, [1, 2, ASKED]);
                match &commands[2].1 {
                    Command::Publish(it) => format!("publish {:?} to {}", it.data, it.channel),
                    Command::Presence { channel } => format!("presence of {channel}"),
                    Command::History(it) => {
                        format!("history of {}, newest first: {}", it.channel, it.reverse)
                    }
                    other => format!("{other:?}"),
                }
            });
            let told = told.map_err(|error| error.to_string());
            assert_eq!(told, expected.map(str::to_owned).map_err(str::to_owned), "{query:?}");
        }
    }
}
