//! The tokens of a follower: when they end, and how they are exchanged for new ones, or are not.

use std::time::Duration;

use serde_json::json;

use super::follower::Follower;
use super::following::Asked;
use super::world::{LEEWAY, PRIVATE, token};

/// A token is exchanged for a new one when it is good for no more than this.
const RENEWED_BEFORE: Duration = Duration::from_secs(1);
/// The server's times are as coarse as this.
const TICK: Duration = Duration::from_millis(100);

impl Follower {
    /// The end of a new token: soon, or never.
    pub(crate) fn lifetime(&self) -> Option<Duration> {
        let seconds = self.next_id % 4;
        (!self.is_calm && seconds > 1).then(|| self.now + Duration::from_secs(seconds))
    }

    /// Whether the token and the time to renew it are over.
    pub(crate) fn is_over(&self, expires: Option<Duration>) -> bool {
        expires.is_some_and(|at| at + LEEWAY <= self.now)
    }

    /// Exchanges tokens that are about to end, and sees that nobody goes on without.
    pub(crate) fn renew(&mut self) {
        if !self.is_connected() {
            return;
        }
        let (now, ends) = (self.now, |it: Option<Duration>| it.map(|at| at + LEEWAY + TICK));
        let is_late = |it| self.has_room && ends(it).is_some_and(|at| at < now);
        assert!(!is_late(self.expires), "its token has ended at {:?}", self.expires);
        let is_asked = |meant: fn(&Asked) -> bool| self.asked.values().any(meant);
        let is_due = |it: Option<Duration>| it.is_some_and(|at| at <= now + RENEWED_BEFORE);
        let of_connection = is_due(self.expires) && !is_asked(|it| matches!(it, Asked::Refresh(_)));
        let private = self.channels.get(PRIVATE).filter(|it| it.subscribed);
        let expires = private.and_then(|it| it.expires);
        assert!(!is_late(expires), "the token of its subscription has ended at {expires:?}");
        let of_private = is_due(expires) && !is_asked(|it| matches!(it, Asked::SubRefresh(..)));
        let until = self.lifetime();
        if of_connection && self.renews {
            let body = json!({ "token": token(&self.user, "", until) }).to_string();
            self.command(Asked::Refresh(until), "refresh", &body);
        }
        if of_private && self.renews {
            let token = token(&self.user, PRIVATE, until);
            let body = json!({ "channel": PRIVATE, "token": token }).to_string();
            self.command(Asked::SubRefresh(PRIVATE, until), "sub_refresh", &body);
        }
    }
}
