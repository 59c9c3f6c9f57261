//! What a client asks of a channel: to publish, who is in it, what was published.

use std::sync::Arc;

use super::Hub;
use super::pending::{Asker, Pending};
use super::subscribing::may_subscribe;
use crate::broker::{BrokerRequest, Outbound};
use crate::presence::PresenceRequest;
use crate::session::{Session, SessionKey};
use crate::subscription::Subscription;
use crate::{Access, ChannelName, CommandId, Error, History, Namespace, Publication, Publish};

impl Hub {
    /// Who is subscribed, or might be, and is let in besides.
    fn check_access(
        &self,
        session: &Session,
        name: &ChannelName,
        namespace: &Namespace,
        access: Access,
    ) -> Result<(), Error> {
        let channel = self.channels.find(name.as_str());
        let subscription = channel.and_then(|channel| session.subscription(channel));
        let is_inside = subscription.is_some_and(Subscription::is_established)
            || may_subscribe(session.user(), name, namespace);
        if is_inside && access.admits(session.user()) {
            Ok(())
        } else {
            Err(Error::PermissionDenied)
        }
    }

    pub(super) fn publish(
        &mut self,
        key: SessionKey,
        id: CommandId,
        publish: Publish,
    ) -> Result<(), Error> {
        let (name, namespace) = self.resolve(&publish.channel)?;
        let Some(session) = self.sessions.get(key) else { return Ok(()) };
        self.check_access(session, &name, &namespace, namespace.publish)?;
        let key_bytes = publish.key.as_ref().map_or(0, String::len);
        if publish.data.len() + key_bytes > self.config.limits.max_publication_bytes {
            return Err(Error::TooLong("a publication"));
        }
        let channel = self.channels.find(name.as_str());
        let subscription = channel.and_then(|channel| session.subscription(channel));
        let info = subscription.and_then(|it| it.info.as_ref()).or(session.info.as_ref());
        let outbound = Outbound {
            channel: name,
            namespace,
            publication: Publication {
                offset: 0,
                data: publish.data,
                info: info.map(Arc::clone),
                tags: Vec::new(),
                key: publish.key.map(Into::into),
            },
            exclude: publish.exclude_self.then_some(session.client),
            idempotency_key: None,
            skip_history: false,
        };
        let pending = Pending::Asker(Asker::Client(key, id));
        self.ask_broker(pending, BrokerRequest::Publish(Box::new(outbound)));
        Ok(())
    }

    /// Who is in a channel, one by one or as a number.
    pub(super) fn ask_presence_of(
        &mut self,
        key: SessionKey,
        id: CommandId,
        channel: &str,
        one_by_one: bool,
    ) -> Result<(), Error> {
        let (channel, namespace) = self.resolve(channel)?;
        let Some(session) = self.sessions.get(key) else { return Ok(()) };
        self.check_access(session, &channel, &namespace, namespace.see_presence)?;
        let request = self.presence_request(channel, &namespace, one_by_one)?;
        self.ask_presence(Pending::Asker(Asker::Client(key, id)), request);
        Ok(())
    }

    pub(super) fn presence_request(
        &self,
        channel: ChannelName,
        namespace: &Namespace,
        one_by_one: bool,
    ) -> Result<PresenceRequest, Error> {
        let limit = self.config.limits.max_presence_page;
        match (namespace.presence, one_by_one) {
            (false, _) => Err(Error::NotAvailable),
            (true, true) => Ok(PresenceRequest::List { channel, limit }),
            (true, false) => Ok(PresenceRequest::Stats { channel }),
        }
    }

    pub(super) fn ask_history(
        &mut self,
        key: SessionKey,
        id: CommandId,
        history: History,
    ) -> Result<(), Error> {
        let (name, namespace) = self.resolve(&history.channel)?;
        let Some(session) = self.sessions.get(key) else { return Ok(()) };
        self.check_access(session, &name, &namespace, namespace.see_history)?;
        let request = self.history_request(name, namespace, history)?;
        self.ask_broker(Pending::Asker(Asker::Client(key, id)), request);
        Ok(())
    }

    pub(super) fn history_request(
        &self,
        channel: ChannelName,
        namespace: Arc<Namespace>,
        history: History,
    ) -> Result<BrokerRequest, Error> {
        if !namespace.has_history() {
            return Err(Error::NotAvailable);
        }
        let max = self.config.limits.max_history_page;
        Ok(BrokerRequest::History {
            channel,
            namespace,
            limit: history.limit.map_or(max, |limit| limit.min(max)),
            since: history.since,
            reverse: history.reverse,
        })
    }
}
