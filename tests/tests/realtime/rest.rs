//! The end of a run: everything comes to rest, and all is held against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use longwire_realtime::DropReason;
use serde_json::{Value, json};

use super::book::Place;
use super::http::{Http, post};
use super::pipe::Pipe;
use super::run::{LARGE_WINDOW, MAX_MESSAGE_BYTES, MAX_QUEUED_BYTES, Run};
use super::world::{CHANNELS, LOBBY, ROOM, SILENCE};

/// What a publication that waits is counted with, at most.
const MAX_ITEM_BYTES: usize = MAX_MESSAGE_BYTES + 128;
/// So often things get another chance to come about.
const MAX_PASSES: usize = 40;

impl Run {
    /// Everything comes to rest: all read, and come back, and get one publication more in each channel.
    pub(crate) fn finish(&mut self) {
        self.world.is_calm = true;
        self.followers.iter_mut().for_each(|it| it.calm_down());
        self.readers.iter_mut().for_each(|it| it.stalled = false);
        self.pass_until(Duration::from_millis(200), |run| {
            run.followers.iter().all(|it| it.is_settled()) && run.is_answered()
        });
        // Those who left without a word are missed after a ping, or when they take nothing.
        for _ in 0..SILENCE.as_secs() {
            self.pass_and_come_back(Duration::from_secs(1));
        }
        for channel in CHANNELS {
            self.publish_by_application(channel, 1);
        }
        let time = Duration::from_millis(100);
        self.pass_until(time, |run| run.is_answered() && run.first_behind().is_none());
        // Nothing comes behind it.
        self.pass_and_come_back(time);
        assert!(self.is_answered(), "the application has no answer");
        assert_eq!(self.first_behind(), None);
        for &(channel, number) in &self.book.acknowledged {
            assert!(self.book.is_known(channel, number), "{channel}: {number} came to nobody");
        }
        self.check_room();
        self.check_lobby();
        self.check_entries();
        self.check_drops();
    }

    fn pass_until(&mut self, time: Duration, is_done: impl Fn(&Self) -> bool) {
        for _ in 0..MAX_PASSES {
            if is_done(self) {
                return;
            }
            self.pass_and_come_back(time);
        }
    }

    fn pass_and_come_back(&mut self, time: Duration) {
        let Self { followers, readers, random, world, .. } = self;
        for follower in followers.iter_mut().filter(|it| !it.has_link()) {
            follower.connect(world, random, LARGE_WINDOW);
        }
        for reader in readers.iter_mut().filter(|it| !it.has_link()) {
            reader.connect(world, random, LARGE_WINDOW);
        }
        self.pass(time);
    }

    fn is_answered(&self) -> bool {
        self.application.iter().all(|(http, _)| !http.is_waiting())
    }

    /// One who is not where the witness is.
    fn first_behind(&self) -> Option<String> {
        if !self.witness.is_settled() {
            return Some("the witness".into());
        }
        let top: BTreeMap<&str, Option<&Place>> = self.witness.places().collect();
        let is_behind = |channel: &str, place: Option<&Place>| place != top[channel];
        for (at, follower) in self.followers.iter().enumerate() {
            let behind = follower.places().find(|(channel, place)| is_behind(channel, *place));
            if behind.is_some() || !follower.is_settled() {
                let transport = follower.transport;
                return Some(format!("{at}, {transport:?}, in {behind:?}; top: {top:?}"));
            }
        }
        for (at, reader) in self.readers.iter().enumerate() {
            let mut channels = reader.channels().iter();
            if let Some(channel) = channels.find(|it| is_behind(it, reader.place(it))) {
                let place = reader.place(channel);
                return Some(format!("reader {at} in {channel} at {place:?}; top: {top:?}"));
            }
        }
        None
    }

    /// What the server says of who is there: connection and user.
    fn presence(&mut self, channel: &str) -> BTreeMap<String, String> {
        let body = json!({ "channel": channel }).to_string();
        let mut http = Http::new(Pipe::open(&mut self.world, 0, LARGE_WINDOW, usize::MAX));
        http.ask(post("/api/presence", &body));
        http.pipe.arrive_all();
        self.world.settle();
        http.read();
        let (_, body) = http.answer().expect("an answer at once");
        let answer: Value = serde_json::from_str(&body).expect("an answer of JSON");
        let presence = answer["result"]["presence"].as_object().expect("clients");
        let user = |info: &Value| info["user"].as_str().unwrap_or_default().to_owned();
        presence.iter().map(|(client, info)| (client.clone(), user(info))).collect()
    }

    /// How many streams of readers are in a channel.
    fn streams_in(&self, channel: &'static str) -> usize {
        let streams = self.readers.iter().filter(|it| !it.polls && it.is_in);
        streams.filter(|it| it.channels().contains(&channel)).count()
    }

    /// In the room are those who are connected and subscribed, and nobody else; and they are those who
    /// came and did not leave.
    fn check_room(&mut self) {
        let present: BTreeSet<String> = self.presence(ROOM).into_keys().collect();
        let inside = self.followers.iter().chain([&self.witness]).filter(|it| it.is_in(ROOM));
        let clients: BTreeSet<String> = inside.filter_map(|it| it.client.clone()).collect();
        let missing: Vec<_> = clients.difference(&present).collect();
        assert!(missing.is_empty(), "not present, though connected: {missing:?}");
        assert_eq!(present.len(), clients.len() + self.streams_in(ROOM), "present: {present:?}");
        assert_eq!(present, self.book.attendance.in_room(), "who came and did not leave");
    }

    /// The same for the lobby, where one connection of a user may take another one's place.
    fn check_lobby(&mut self) {
        let mut present: BTreeMap<String, usize> = BTreeMap::new();
        for user in self.presence(LOBBY).into_values() {
            *present.entry(user).or_default() += 1;
        }
        let mut inside: BTreeMap<String, usize> = BTreeMap::new();
        for follower in self.followers.iter().chain([&self.witness]).filter(|it| it.is_in(LOBBY)) {
            *inside.entry(follower.user.clone()).or_default() += 1;
        }
        inside.extend(Some(self.streams_in(LOBBY)).filter(|it| *it > 0).map(|it| ("".into(), it)));
        assert_eq!(present, inside, "present, and connected");
        assert_eq!(present, self.book.attendance.present(LOBBY), "who came and did not leave");
    }

    /// Nobody has come again who had only blinked.
    pub(crate) fn check_entries(&self) {
        for follower in self.followers.iter().filter(|it| it.user.starts_with('u')) {
            let came = self.book.attendance.came(LOBBY, &follower.user);
            let (user, entries) = (&follower.user, follower.entries);
            assert!(came <= entries, "{user} came {came} times, and entered {entries} times");
        }
    }

    /// What clients saw that they did not get was counted.
    fn check_drops(&mut self) {
        use DropReason::{Disconnect, Gap, New, Oldest, Superseded};
        for (namespace, reasons) in
            [("old", &[Oldest][..]), ("new", &[New]), ("latest", &[Superseded, Oldest])]
        {
            let counted = self.world.dropped(namespace, reasons);
            let seen = self.book.skipped.get(namespace).copied().unwrap_or_default();
            assert!(seen <= counted, "{namespace}: {seen} are missing, {counted} were dropped");
        }
        let namespaces = ["chat", "room", "private", "lobby", "gap", "old", "new", "latest"];
        let counted = namespaces.map(|namespace| self.world.dropped(namespace, &[Disconnect]));
        // So many waited in each of them, and there was one more.
        let waited = (MAX_QUEUED_BYTES - MAX_ITEM_BYTES).div_ceil(MAX_ITEM_BYTES) as u64;
        let ended = self.book.slow;
        let dropped = ended * (waited + 1);
        assert!(dropped <= counted.iter().sum(), "{ended} ended for being slow: {counted:?}");
        for namespace in ["gap", "lobby"] {
            let told = self.book.gaps.get(namespace).copied().unwrap_or_default();
            let counted = self.world.dropped(namespace, &[Gap]);
            assert!(self.book.is_tight || told <= counted, "{told} gaps, {counted} counted");
        }
    }
}
