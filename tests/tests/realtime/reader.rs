//! A reader that chose its channels in the URL: an `EventSource` on `/sse`, or one that polls. It goes on
//! from the last position that it was given, and holds all events and positions against the book.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use longwire_server::simulation::Random;
use serde_json::Value;

use super::book::{Book, Place};
use super::http::{Http, get};
use super::pipe::Pipe;
use super::told::{Told, told};
use super::world::{World, channel_of};

pub(crate) struct Reader {
    pub(crate) polls: bool,
    channels: Vec<&'static str>,
    http: Option<Http>,
    /// The text of the last position.
    last: String,
    places: BTreeMap<&'static str, Place>,
    /// Channels of which it was told that something is missing, and not yet where it is now.
    lost: BTreeSet<&'static str>,
    pub(crate) stalled: bool,
    /// Whether the stream, or one poll, has said where it is.
    pub(crate) is_in: bool,
}

impl Reader {
    pub(crate) fn new(polls: bool, channels: Vec<&'static str>) -> Self {
        Self {
            polls,
            channels,
            http: None,
            last: String::new(),
            places: BTreeMap::new(),
            lost: BTreeSet::new(),
            stalled: false,
            is_in: false,
        }
    }

    pub(crate) fn connect(&mut self, world: &mut World, random: &mut Random, window: usize) {
        let worker = random.below(world.workers.len());
        let mut http = Http::new(Pipe::open(world, worker, window, usize::MAX));
        let channels: Vec<_> = self.channels.iter().map(|it| format!("channel={it}")).collect();
        let (channels, last) = (channels.join("&"), &self.last);
        http.ask(match (self.polls, last.is_empty(), random.below(2)) {
            (true, true, _) => get(&format!("/poll?{channels}&wait=0"), ""),
            (true, false, 0) => {
                let tag = format!("If-None-Match: \"{last}\"\r\n");
                get(&format!("/poll?{channels}&since={last}&wait=0"), &tag)
            }
            (true, false, _) => get(&format!("/poll?{channels}&since={last}&wait=20"), ""),
            (false, true, _) => get(&format!("/sse?{channels}"), ""),
            (false, false, 0) => get(&format!("/sse?{channels}&lastEventId={last}"), ""),
            (false, false, _) => {
                get(&format!("/sse?{channels}"), &format!("Last-Event-ID: {last}\r\n"))
            }
        });
        (self.http, self.stalled, self.is_in) = (Some(http), false, false);
    }

    pub(crate) fn cut(&mut self, random: &mut Random) {
        if let Some(http) = self.http.take() {
            if random.below(2) == 0 { http.pipe.cut() } else { http.pipe.end() }
        }
        (self.stalled, self.is_in) = (false, false);
    }

    /// The server is no more: it notices at once.
    pub(crate) fn lose_server(&mut self, book: &mut Book, now: Duration) {
        self.stalled = false;
        self.read(book, now);
        assert!(self.http.is_none(), "a link to a server that is no more");
    }

    pub(crate) fn has_link(&self) -> bool {
        self.http.is_some()
    }

    pub(crate) fn channels(&self) -> &[&'static str] {
        &self.channels
    }

    pub(crate) fn place(&self, channel: &str) -> Option<&Place> {
        self.places.get(channel)
    }

    pub(crate) fn arrive(&mut self, random: &mut Random, calm: bool) {
        if let Some(http) = &mut self.http {
            http.pipe.arrive(random, calm);
        }
    }

    pub(crate) fn read(&mut self, book: &mut Book, now: Duration) {
        let Some(http) = self.http.as_mut().filter(|_| !self.stalled) else { return };
        http.read();
        if self.polls {
            if let Some((status, body)) = http.answer() {
                self.http = None;
                self.polled(status, &body, book, now);
            } else if http.pipe.is_ended() {
                self.http = None;
            }
            return;
        }
        let over = http.is_over();
        assert!(matches!(http.status, 0 | 200 | 503), "{}", http.status);
        if http.status == 200 {
            let text = http.take_through(b"\n\n");
            for event in text.split_terminator("\n\n") {
                self.dispatch(event, book, now);
            }
        }
        if over {
            (self.http, self.is_in) = (None, false);
        }
    }

    /// One block of a stream (HTML standard, "Server-sent events").
    fn dispatch(&mut self, block: &str, book: &mut Book, now: Duration) {
        let (mut id, mut name, mut data) = (None, "message", None);
        for line in block.lines() {
            match line.split_once(": ") {
                Some(("id", value)) => id = Some(value),
                Some(("event", value)) => name = value,
                Some(("data", value)) => data = Some(value),
                Some(("retry", _)) => {}
                _ => assert!(line.starts_with(':'), "{line}"),
            }
        }
        let places = id.map(|id| {
            self.last = id.to_owned();
            self.parse(id)
        });
        if let ("message" | "gap" | "disconnect", Some(data)) = (name, data) {
            let told = book.memory.event(data);
            self.event(&told, places.as_ref(), book);
        }
        if let Some(places) = places {
            self.is_in = true;
            self.arrive_at(places, book, now);
        }
    }

    fn polled(&mut self, status: u16, body: &str, book: &mut Book, now: Duration) {
        if status != 200 {
            return assert!(matches!(status, 304 | 503), "{status} {body}");
        }
        let body: Value = serde_json::from_str(body).expect("a batch of JSON");
        let position = body["position"].as_str().expect("a position");
        let places = self.parse(position);
        for event in body["events"].as_array().expect("events") {
            self.event(&told(event), Some(&places), book);
        }
        self.last = position.to_owned();
        self.arrive_at(places, book, now);
    }

    fn event(
        &mut self,
        told: &Told,
        places: Option<&BTreeMap<&'static str, Place>>,
        book: &mut Book,
    ) {
        match *told {
            Told::Gap { channel } => {
                self.lost.insert(channel);
            }
            Told::Publication { channel, offset, number } => {
                let (epoch, _) = &places.expect("an id behind a publication")[channel];
                let place = (epoch.clone(), offset);
                let before = self.places.get(channel).filter(|_| !self.lost.contains(channel));
                book.got(channel, before, &place, number, true);
                if !self.lost.contains(channel) {
                    self.places.insert(channel, place);
                }
            }
            Told::Disconnect { code } => book.note_end(code),
            Told::News { .. } | Told::Unsubscribe { .. } => panic!("{told:?}"),
        }
    }

    /// The position behind an event, or behind a batch: nothing may be in it that was not given.
    fn arrive_at(&mut self, places: BTreeMap<&'static str, Place>, book: &mut Book, now: Duration) {
        for (&channel, before) in &self.places {
            let place = places.get(channel).unwrap_or_else(|| panic!("{channel} is forgotten"));
            if self.lost.remove(channel) {
                book.missed(channel, before, place, now);
            } else {
                assert_eq!(place, before, "{channel}: an id ahead of what was given");
            }
        }
        self.lost.clear();
        self.places = places;
    }

    /// `1.room~3a1.epoch.offset…`
    fn parse(&self, text: &str) -> BTreeMap<&'static str, Place> {
        let words: Vec<&str> = text.split('.').collect();
        let (version, places) = words.split_first().expect("a version");
        assert_eq!(*version, "1", "{text}");
        let place = |words: &[&str]| {
            let name = words[0].replace("~3a", ":");
            let channel = channel_of(&name);
            assert!(self.channels.contains(&channel), "{text}");
            (channel, (words[1].to_owned(), words[2].parse().expect("an offset")))
        };
        places.chunks(3).map(place).collect()
    }
}
