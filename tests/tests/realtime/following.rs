//! What a follower knows of one channel, and what it has asked for.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::book::Place;
use super::told::News;
use super::world::ROOM;

/// What a command asked for.
pub(crate) enum Asked {
    Connect,
    Subscribe(&'static str),
    Unsubscribe(&'static str),
    Publish(&'static str, usize),
    /// With a token that is good until then.
    Refresh(Option<Duration>),
    SubRefresh(&'static str, Option<Duration>),
    /// What changes nothing.
    Look(&'static str),
}

/// What it knows of one channel.
#[derive(Default)]
pub(crate) struct Following {
    pub(crate) wanted: bool,
    /// Its subscribe command has not been answered.
    pub(crate) asking: bool,
    pub(crate) subscribed: bool,
    pub(crate) place: Option<Place>,
    /// The end of the token that it was subscribed with.
    pub(crate) expires: Option<Duration>,
    /// In which tick it asked for its subscription, and knew that it has it.
    pub(crate) asked_in: u64,
    pub(crate) subscribed_in: u64,
    /// The last command before it knew that its subscription had ended.
    pub(crate) ended_behind: u64,
    /// When it was cut off without a doubt, having been there without a doubt.
    pub(crate) cut_at: Option<Duration>,
    /// Since it was subscribed: what was told last of each connection.
    pub(crate) news: BTreeMap<Rc<str>, bool>,
}

impl Following {
    /// Somebody comes or goes.
    pub(crate) fn met(&mut self, channel: &str, news: &News) {
        let News { joins, client, .. } = news;
        let before = self.news.insert(Rc::clone(client), *joins);
        // In other channels somebody may have taken somebody's place.
        assert!(channel != ROOM || before != Some(*joins), "{news:?} for the second time");
    }
}
