//! What to do with the answers of the broker and of the presence store, whenever they come.

use std::sync::Arc;

use super::Hub;
use crate::broker::{BrokerAnswer, BrokerRequest, RequestId};
use crate::output::Ticket;
use crate::presence::{PresenceAnswer, PresenceRequest};
use crate::queue::ChannelIndex;
use crate::session::SessionKey;
use crate::{
    ChannelName, ClientInfo, CommandId, Error, NodeInfo, Position, Push, Recover, Reply, Response,
    Subscribed,
};

/// Who wants an answer.
pub(super) enum Asker {
    Client(SessionKey, CommandId),
    Application(Ticket),
    /// One of the channels of a broadcast.
    Broadcast(Ticket, usize),
}

/// Why there is a subscription.
#[derive(Clone, Copy)]
pub(super) enum Origin {
    /// The client wants it.
    Command(CommandId),
    /// The connection token says so.
    Connect,
    /// The application wants it.
    Application,
}

pub(super) struct PendingSubscription {
    pub(super) key: SessionKey,
    pub(super) channel: ChannelIndex,
    pub(super) serial: u32,
    pub(super) origin: Origin,
    pub(super) recover: Option<Recover>,
    pub(super) join_leave: bool,
}

pub(super) enum Pending {
    Subscription(Box<PendingSubscription>),
    Asker(Asker),
    Join(ChannelName, Arc<ClientInfo>),
    Leave(ChannelName),
    Crowd(ChannelName),
    Renewal,
    Expiry,
}

/// The answers to the publications of a broadcast.
pub(super) struct Gather {
    pub(super) results: Vec<Result<Option<Position>, Error>>,
    pub(super) outstanding: usize,
}

impl Hub {
    pub(super) fn ask_broker(&mut self, pending: Pending, request: BrokerRequest) {
        self.next_request += 1;
        match self.seams.broker.request(self.next_request, request, self.now) {
            Some(answer) => self.broker_answered(pending, answer),
            None => {
                self.pending.insert(self.next_request, pending);
            }
        }
    }

    /// Asks for something to be done, whatever comes of it.
    pub(super) fn tell_broker(&mut self, request: BrokerRequest) {
        self.next_request += 1;
        self.seams.broker.request(self.next_request, request, self.now);
    }

    pub(super) fn ask_presence(&mut self, pending: Pending, request: PresenceRequest) {
        self.next_request += 1;
        match self.seams.presence.request(self.next_request, request, self.now) {
            Some(answer) => self.presence_answered(pending, answer),
            None => {
                self.pending.insert(self.next_request, pending);
            }
        }
    }

    pub(super) fn broker_answered_late(&mut self, id: RequestId, answer: BrokerAnswer) {
        if let Some(pending) = self.pending.remove(&id) {
            self.broker_answered(pending, answer);
        }
    }

    pub(super) fn presence_answered_late(&mut self, id: RequestId, answer: PresenceAnswer) {
        if let Some(pending) = self.pending.remove(&id) {
            self.presence_answered(pending, answer);
        }
    }

    fn broker_answered(&mut self, pending: Pending, answer: BrokerAnswer) {
        match pending {
            Pending::Subscription(pending) => self.subscription_answered(&pending, answer),
            Pending::Asker(Asker::Broadcast(ticket, at)) => {
                let result = match answer {
                    BrokerAnswer::Published(position) => Ok(position),
                    _ => Err(Error::Internal),
                };
                self.gather(ticket, at, result);
            }
            Pending::Asker(asker) => {
                let response = match answer {
                    BrokerAnswer::Published(position) => Ok(Response::Publish(position)),
                    BrokerAnswer::History(page) => Ok(Response::History(page)),
                    BrokerAnswer::Unrecoverable => Err(Error::UnrecoverablePosition),
                    BrokerAnswer::Done => Ok(Response::Done),
                    BrokerAnswer::Channels(channels) => {
                        let text = |(name, count): (ChannelName, usize)| (name.to_string(), count);
                        Ok(Response::Channels(channels.into_iter().map(text).collect()))
                    }
                    BrokerAnswer::Totals(totals) => Ok(Response::Info(NodeInfo {
                        name: self.config.node.clone(),
                        version: self.config.version.clone(),
                        clients: totals.clients,
                        users: totals.users,
                        channels: totals.channels,
                        subscriptions: totals.subscriptions,
                        uptime: self.now.saturating_sub(self.began),
                    })),
                    BrokerAnswer::Subscribed { .. } | BrokerAnswer::Full | BrokerAnswer::Failed => {
                        Err(Error::Internal)
                    }
                };
                self.answer(&asker, response);
            }
            Pending::Join(..)
            | Pending::Leave(_)
            | Pending::Crowd(_)
            | Pending::Renewal
            | Pending::Expiry => {}
        }
    }

    fn presence_answered(&mut self, pending: Pending, answer: PresenceAnswer) {
        match (pending, answer) {
            (Pending::Asker(asker), PresenceAnswer::Members(members)) => {
                self.answer(&asker, Ok(Response::Presence(members)));
            }
            (Pending::Asker(asker), PresenceAnswer::Stats(stats)) => {
                self.answer(&asker, Ok(Response::PresenceStats(stats)));
            }
            (Pending::Asker(asker), _) => self.answer(&asker, Err(Error::Internal)),
            (pending, answer) => self.membership_answered(pending, answer),
        }
    }

    fn answer(&mut self, asker: &Asker, response: Result<Response, Error>) {
        match *asker {
            Asker::Client(key, id) => self.reply(key, id, &response.and_then(as_reply)),
            Asker::Application(ticket) => self.outputs.answer(ticket, response),
            Asker::Broadcast(..) => {}
        }
    }

    pub(super) fn gather(
        &mut self,
        ticket: Ticket,
        at: usize,
        result: Result<Option<Position>, Error>,
    ) {
        let Some(gather) = self.gathers.get_mut(&ticket) else { return };
        if let Some(slot) = gather.results.get_mut(at) {
            *slot = result;
        }
        gather.outstanding -= 1;
        if gather.outstanding == 0
            && let Some(gather) = self.gathers.remove(&ticket)
        {
            self.outputs.answer(ticket, Ok(Response::Broadcast(gather.results)));
        }
    }

    /// A subscription does not come about: whoever wanted it is told so.
    pub(super) fn refuse_subscription(&mut self, key: SessionKey, origin: Origin, error: Error) {
        match origin {
            Origin::Command(id) => self.reply(key, id, &Err(error)),
            Origin::Connect => self.fail_connect(key, error),
            Origin::Application => {}
        }
    }

    /// A subscription has begun: whoever wanted it is told so.
    pub(super) fn confirm_subscription(
        &mut self,
        key: SessionKey,
        origin: Origin,
        name: ChannelName,
        subscribed: Subscribed,
    ) {
        match origin {
            Origin::Command(id) => self.reply(key, id, &Ok(Reply::Subscribe(subscribed))),
            Origin::Connect => self.connect_subscribed(key, name, subscribed),
            Origin::Application => self.push_subscribed(key, &name, subscribed),
        }
    }

    /// A subscription that the client has not asked for has begun. Clients look for no publications
    /// in what tells them so: these follow one by one, from the position that they are told.
    fn push_subscribed(&mut self, key: SessionKey, name: &ChannelName, mut subscribed: Subscribed) {
        let publications = std::mem::take(&mut subscribed.publications);
        if let (Some(position), Some(first)) = (&mut subscribed.position, publications.first()) {
            position.offset = first.offset.saturating_sub(1);
        }
        let epoch = subscribed.position.as_ref().map(|position| position.epoch.clone());
        self.push(key, &Push::Subscribe { channel: name.clone(), subscribed });
        for publication in publications {
            let (channel, epoch) = (name.clone(), epoch.clone());
            self.push(key, &Push::Publication { channel, epoch, publication });
        }
    }
}

/// What a client is told of what an application would be.
fn as_reply(response: Response) -> Result<Reply, Error> {
    Ok(match response {
        Response::Publish(_) => Reply::Publish,
        Response::Presence(members) => Reply::Presence(members),
        Response::PresenceStats(stats) => Reply::PresenceStats(stats),
        Response::History(page) => Reply::History(page),
        // A client has no command that is answered so.
        _ => return Err(Error::Internal),
    })
}
