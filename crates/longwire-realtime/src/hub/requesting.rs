//! What an application asks over the server's API.

use std::sync::Arc;

use super::Hub;
use super::pending::{Asker, Gather, Pending};
use crate::broker::{BrokerRequest, Control, Outbound};
use crate::output::Ticket;
use crate::{ChannelName, Error, Namespace, Outgoing, Publication, Request, Response, Target};

impl Hub {
    /// Carries out a request, or says why it is refused: then nothing has changed.
    pub(super) fn request(&mut self, ticket: Ticket, request: Request) -> Result<(), Error> {
        let pending = Pending::Asker(Asker::Application(ticket));
        match request {
            Request::Publish { channel, message } => {
                let (name, namespace) = self.resolve(&channel)?;
                self.check_message(&message)?;
                let outbound = outbound(name, namespace, message);
                self.ask_broker(pending, BrokerRequest::Publish(Box::new(outbound)));
            }
            Request::Broadcast { channels, message } => {
                self.broadcast(ticket, &channels, &message)?;
            }
            Request::Presence { channel } => {
                let (name, namespace) = self.resolve(&channel)?;
                let request = self.presence_request(name, &namespace, true)?;
                self.ask_presence(pending, request);
            }
            Request::PresenceStats { channel } => {
                let (name, namespace) = self.resolve(&channel)?;
                let request = self.presence_request(name, &namespace, false)?;
                self.ask_presence(pending, request);
            }
            Request::History(history) => {
                let (name, namespace) = self.resolve(&history.channel)?;
                let request = self.history_request(name, namespace, history)?;
                self.ask_broker(pending, request);
            }
            Request::HistoryRemove { channel } => {
                let (channel, namespace) = self.resolve(&channel)?;
                if !namespace.has_history() {
                    return Err(Error::NotAvailable);
                }
                self.ask_broker(pending, BrokerRequest::RemoveHistory { channel });
            }
            Request::Channels { pattern } => {
                self.ask_broker(pending, BrokerRequest::Channels { pattern });
            }
            Request::Info => self.ask_broker(pending, BrokerRequest::Totals),
            request => {
                let control = self.as_control(request)?;
                self.tell_broker(BrokerRequest::Control(Arc::new(control)));
                self.outputs.answer(ticket, Ok(Response::Done));
            }
        }
        Ok(())
    }

    /// A request that concerns sessions, which may be on any hub.
    fn as_control(&self, request: Request) -> Result<Control, Error> {
        Ok(match request {
            Request::Subscribe { target, channel, recover, info, ttl } => {
                check_target(&target)?;
                let (channel, _) = self.resolve(&channel)?;
                Control::Subscribe { target, channel, recover, info, ttl }
            }
            Request::Unsubscribe { target, channel } => {
                check_target(&target)?;
                let channel = match channel {
                    Some(channel) => Some(self.resolve(&channel)?.0),
                    None => None,
                };
                Control::Unsubscribe { target, channel }
            }
            Request::Disconnect { target, whitelist, disconnect } => {
                check_target(&target)?;
                // RFC 6455 §5.5: a Close frame has room for a reason of 123 bytes.
                if !(3000..5000).contains(&disconnect.code) || disconnect.reason.len() > 123 {
                    return Err(Error::BadRequest(
                        "the code has to be in 3000..5000, the reason of at most 123 bytes".into(),
                    ));
                }
                Control::Disconnect { target, whitelist, disconnect }
            }
            Request::Refresh { target, expired, ttl } => {
                check_target(&target)?;
                Control::Refresh { target, expired, ttl }
            }
            _ => return Err(Error::MethodNotFound),
        })
    }

    fn check_message(&self, message: &Outgoing) -> Result<(), Error> {
        let tags = message.tags.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        let key = message.key.as_ref().map_or(0, String::len);
        if message.data.len() + tags + key > self.config.limits.max_publication_bytes {
            return Err(Error::TooLong("a publication"));
        }
        if message.idempotency_key.as_ref().is_some_and(|key| key.len() > 255) {
            return Err(Error::TooLong("an idempotency key"));
        }
        if message.data.is_empty() {
            return Err(Error::BadRequest("data has to be there".into()));
        }
        Ok(())
    }

    /// Publishes to several channels. Each has a result of its own.
    fn broadcast(
        &mut self,
        ticket: Ticket,
        channels: &[String],
        message: &Outgoing,
    ) -> Result<(), Error> {
        self.check_message(message)?;
        if channels.is_empty() {
            return Err(Error::BadRequest("channels must not be empty".into()));
        }
        if channels.len() > self.config.limits.max_broadcast_channels {
            return Err(Error::LimitExceeded("channels of a broadcast"));
        }
        let results = vec![Ok(None); channels.len()];
        self.gathers.insert(ticket, Gather { results, outstanding: channels.len() });
        for (at, channel) in channels.iter().enumerate() {
            match self.resolve(channel) {
                Ok((name, namespace)) => {
                    let outbound = outbound(name, namespace, message.clone());
                    let pending = Pending::Asker(Asker::Broadcast(ticket, at));
                    self.ask_broker(pending, BrokerRequest::Publish(Box::new(outbound)));
                }
                Err(error) => self.gather(ticket, at, Err(error)),
            }
        }
        Ok(())
    }
}

fn outbound(channel: ChannelName, namespace: Arc<Namespace>, message: Outgoing) -> Outbound {
    Outbound {
        channel,
        namespace,
        publication: Publication {
            offset: 0,
            data: message.data,
            info: None,
            tags: message.tags,
            key: message.key.map(Into::into),
        },
        exclude: message.exclude,
        idempotency_key: message.idempotency_key.filter(|key| !key.is_empty()),
        skip_history: message.skip_history,
    }
}

fn check_target(target: &Target) -> Result<(), Error> {
    if target.is_empty() {
        return Err(Error::BadRequest("a user, a client or a session has to be given".into()));
    }
    Ok(())
}
