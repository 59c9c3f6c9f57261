//! The book of all that was published, as clients come to know of it, in which no two of them may
//! disagree; and what a client makes of its own place in it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::attendance::Attendance;
use super::orders::Orders;
use super::told::Memory;
use super::world::{HISTORY_SIZE, HISTORY_TTL};

/// All workers are within so much of each other's time.
const SKEW: Duration = Duration::from_secs(1);

/// Where a client is in a channel: epoch and offset.
pub(crate) type Place = (String, u64);

/// What stands in a channel.
#[derive(Default)]
struct Channel {
    numbers: BTreeMap<Place, usize>,
    places: BTreeMap<usize, Place>,
}

#[derive(Default)]
pub(crate) struct Book {
    channels: BTreeMap<&'static str, Channel>,
    /// When each publication was sent to the server, at the latest; its number is its index.
    sent_at: Vec<Duration>,
    /// Which server began this epoch, the first one being 0.
    servers: BTreeMap<(&'static str, String), usize>,
    /// Which server is there now.
    server: usize,
    /// It is shutting down.
    pub(crate) is_ending: bool,
    /// What the server that is there now has said that it published, and where.
    pub(crate) acknowledged: BTreeSet<(&'static str, usize)>,
    /// Whether histories may be gone before their time.
    pub(crate) is_tight: bool,
    /// By namespace: publications that clients saw that they did not get.
    pub(crate) skipped: BTreeMap<&'static str, u64>,
    /// By namespace: how often clients were told to recover.
    pub(crate) gaps: BTreeMap<&'static str, u64>,
    /// How many publications came to clients, how often one was told that it recovered, and that it
    /// did not.
    pub(crate) delivered: usize,
    pub(crate) recoveries: [usize; 2],
    /// How many sessions ended for being slow.
    pub(crate) slow: u64,
    /// How many sessions and subscriptions ended with their tokens, and how many went on with new ones.
    pub(crate) expired: usize,
    pub(crate) refreshed: usize,
    /// How often someone was away from the lobby for so short that nobody was to notice.
    pub(crate) blinks: usize,
    /// As the witness is told it.
    pub(crate) attendance: Attendance,
    pub(crate) orders: Orders,
    pub(crate) memory: Memory,
}

pub(crate) fn namespace_of(channel: &'static str) -> &'static str {
    channel.split(':').next().expect("a namespace")
}

impl Book {
    /// An empty one.
    pub(crate) fn new(is_tight: bool) -> Self {
        Self { is_tight, ..Self::default() }
    }

    /// The number of a publication that is sent now.
    pub(crate) fn number(&mut self, now: Duration) -> usize {
        self.sent_at.push(now);
        self.sent_at.len() - 1
    }

    /// Another server is there, and what the one before knew is gone.
    pub(crate) fn begin_anew(&mut self) {
        self.server += 1;
        self.is_ending = false;
        self.acknowledged.clear();
        self.attendance = Attendance::default();
        self.orders.begin_anew();
    }

    /// Somebody is told this epoch. Returns which server it is of.
    fn server_of(&mut self, channel: &'static str, epoch: &str) -> usize {
        *self.servers.entry((channel, epoch.to_owned())).or_insert(self.server)
    }

    /// Somebody is told that this is where a channel stands now.
    pub(crate) fn stands(&mut self, channel: &'static str, place: &Place) {
        let server = self.server_of(channel, &place.0);
        assert_eq!(server, self.server, "{channel}: an epoch of a server that is no more");
    }

    /// Somebody has learned which publication is at this place: all agree on it, and it is at no other.
    pub(crate) fn met(&mut self, channel: &'static str, place: &Place, number: usize) {
        self.stands(channel, place);
        let known = self.channels.entry(channel).or_default();
        let at_place = *known.numbers.entry(place.clone()).or_insert(number);
        assert_eq!(at_place, number, "{channel} {place:?} is not the same for all");
        let of_number = known.places.entry(number).or_insert_with(|| place.clone());
        assert_eq!(of_number, place, "{channel}: {number} is there twice");
    }

    /// A client at `before` got this publication, live or recovered.
    pub(crate) fn got(
        &mut self,
        channel: &'static str,
        before: Option<&Place>,
        place: &Place,
        number: usize,
        may_skip: bool,
    ) {
        self.met(channel, place, number);
        self.delivered += 1;
        let Some((epoch, offset)) = before else { return };
        assert_eq!(*epoch, place.0, "{channel}: the epoch has changed without a word");
        assert!(place.1 > *offset, "{channel}: {} again, having {offset}", place.1);
        let skipped = place.1 - offset - 1;
        let drops = may_skip && matches!(namespace_of(channel), "old" | "new" | "latest");
        assert!(skipped == 0 || drops, "{channel}: {} behind {offset}: a silent gap", place.1);
        *self.skipped.entry(namespace_of(channel)).or_default() += skipped;
    }

    /// A client at `before` was told that it cannot have what it missed: whether that is so.
    pub(crate) fn missed(
        &mut self,
        channel: &'static str,
        before: &Place,
        now_at: &Place,
        now: Duration,
    ) {
        self.recoveries[1] += 1;
        self.stands(channel, now_at);
        // What another server knew is gone.
        if self.is_tight || self.server_of(channel, &before.0) < self.server {
            return;
        }
        assert_eq!(before.0, now_at.0, "{channel}: a new epoch, though nothing was forgotten");
        let missed = before.1 + 1..=now_at.1;
        assert!(!missed.is_empty(), "{channel}: not recovered, though {before:?} is the top");
        let numbers = self.channels.get(channel).map(|it| &it.numbers);
        let is_old = |offset: u64| {
            let place = (before.0.clone(), offset);
            let number = numbers.and_then(|numbers| numbers.get(&place));
            number.is_none_or(|&number| self.sent_at[number] + HISTORY_TTL <= now + SKEW)
        };
        let count = now_at.1 - before.1;
        assert!(
            count > HISTORY_SIZE as u64 || missed.clone().any(is_old),
            "{channel}: {missed:?} are in the history, but were not recovered"
        );
    }

    /// A session was ended by the server, with this code: it may come back.
    pub(crate) fn note_end(&mut self, code: u64) {
        match code {
            3008 => self.slow += 1,
            // No pong.
            3012 => {}
            // A WebSocket that has no session yet is closed with the protocol's own code.
            1001 | 3001 if self.is_ending => {}
            _ => panic!("a session ended with {code}"),
        }
    }

    pub(crate) fn is_known(&self, channel: &'static str, number: usize) -> bool {
        self.channels.get(channel).is_some_and(|it| it.places.contains_key(&number))
    }
}
