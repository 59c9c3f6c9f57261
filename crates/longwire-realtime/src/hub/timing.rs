//! What time brings: pings, silences, expiries, and the turns of those who keep books.

use std::time::Duration;

use super::Hub;
use super::pending::Pending;
use crate::moment::Moment;
use crate::presence::PresenceRequest;
use crate::queue::ChannelIndex;
use crate::session::{Phase, SessionKey};
use crate::{Disconnect, Push, Unsubscribed};

impl Hub {
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        let deadlines = [
            self.sessions.next_deadline(),
            self.crowds_due.first().map(|it| it.0),
            self.renew_at,
            self.seams.broker.poll_timeout(),
            self.seams.presence.poll_timeout(),
        ];
        deadlines.into_iter().flatten().min()
    }

    pub(super) fn expire(&mut self) {
        while let Some(key) = self.sessions.pop_due(self.now) {
            self.check_session(key);
            self.sessions.schedule(key);
        }
        self.tell_crowds();
        self.renew();
        if self.seams.presence.poll_timeout().is_some_and(|at| at <= self.now) {
            self.ask_presence(Pending::Expiry, PresenceRequest::Expire);
        }
        if self.seams.broker.poll_timeout().is_some_and(|at| at <= self.now) {
            self.seams.broker.handle_timeout(self.now);
        }
    }

    fn check_session(&mut self, key: SessionKey) {
        let now = self.now;
        let is_due = |at: Option<Moment>| at.is_some_and(|at| at.time() <= now);
        let times = self.config.times;
        let Some(session) = self.sessions.get_mut(key) else { return };
        if is_due(session.silent_until) {
            let has_not_connected = matches!(session.phase, Phase::Opened);
            let why = if has_not_connected { Disconnect::STALE } else { Disconnect::NO_PONG };
            return self.disconnect(key, why);
        }
        if is_due(session.expires_at) {
            return self.disconnect(key, Disconnect::EXPIRED);
        }
        let mut expired: Vec<ChannelIndex> = Vec::new();
        if is_due(session.subscription_expires_at) {
            let subscriptions = session.subscriptions.iter();
            expired =
                subscriptions.filter(|it| is_due(it.expires_at)).map(|it| it.channel).collect();
        }
        if is_due(session.ping_at) {
            session.ping_at = Some(Moment::at(now + times.ping_interval));
            // A session that is silent already keeps its deadline.
            if session.dialect.answers_pings()
                && !times.pong_timeout.is_zero()
                && session.silent_until.is_none()
            {
                session.silent_until = Some(Moment::at(now + times.pong_timeout));
            }
            self.push(key, &Push::Ping);
        }
        for channel in expired {
            self.revoke(key, channel, Unsubscribed::EXPIRED);
        }
    }
}
