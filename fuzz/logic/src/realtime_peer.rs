//! A client of a hub, in either form: one that speaks Centrifugo's protocol, and one that only reads
//! events. Each holds what it is told to what it knows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use longwire_realtime::dialect::positions::Positions;
use longwire_realtime::dialect::reader::{Heard, Reader};
use longwire_realtime::{
    Command, CommandId, Dialect, Epoch, Error, Payload, Push, Recover, Reply, SessionKey,
};
use serde_json::Value;

use crate::shape;

/// Channels in which somebody may not be given all, and is not told: some are dropped by their
/// policy, and somebody may have been left out.
#[derive(Default)]
pub(crate) struct Lossy(pub(crate) BTreeSet<String>);

impl Lossy {
    fn is(&self, channel: &str) -> bool {
        let policies = ["old:", "new:", "last:"];
        self.0.contains(channel) || policies.iter().any(|policy| channel.starts_with(policy))
    }
}

/// One session, and who is at the other end.
pub(crate) struct Peer {
    pub(crate) hub: usize,
    pub(crate) key: SessionKey,
    pub(crate) dialect: Dialect,
    /// Whether its connection takes what it is given.
    pub(crate) reads: bool,
    pub(crate) is_over: bool,
    /// It has gone by itself: what was for it is lost.
    pub(crate) has_left: bool,
    pub(crate) is_connected: bool,
    /// What may be given to its connection; publications only while it is above 0.
    pub(crate) room: i64,
    /// Its channels, with the last offset in those that have some.
    pub(crate) following: BTreeMap<String, Option<u64>>,
    /// Where it was in each channel, to come back there.
    pub(crate) places: BTreeMap<String, Recover>,
    pub(crate) reading: Option<Reading>,
    /// What was not answered yet.
    pub(crate) asked: VecDeque<(CommandId, Command)>,
    /// The channel of an application's subscription: what that recovers follows, and does not wait.
    recovers: Option<String>,
}

/// Somebody who only reads.
pub(crate) struct Reading {
    pub(crate) reader: Reader,
    /// What it has chosen.
    pub(crate) channels: Vec<String>,
    /// What the hub has not been told yet.
    pub(crate) commands: VecDeque<(CommandId, Command)>,
    pub(crate) client: EventClient,
}

impl Peer {
    pub(crate) fn new(hub: usize, key: SessionKey, dialect: Dialect) -> Self {
        Self {
            hub,
            key,
            dialect,
            reads: true,
            is_over: false,
            has_left: false,
            is_connected: false,
            room: 0,
            following: BTreeMap::new(),
            places: BTreeMap::new(),
            reading: None,
            asked: VecDeque::new(),
            recovers: None,
        }
    }

    /// It goes.
    pub(crate) fn leave_all(&mut self) {
        (self.is_over, self.has_left) = (true, true);
    }

    /// Bytes have come. They may be for many.
    pub(crate) fn payload(&mut self, payload: &Payload, lossy: &Lossy) {
        assert!(!self.is_over, "behind its end: {payload:?}");
        let is_met = match &mut self.reading {
            Some(reading) => {
                let mut out = Vec::new();
                if reading.reader.payload(payload, payload.mark(), &mut out) == Heard::AsItIs {
                    out.extend_from_slice(payload);
                }
                reading.client.take(&out, lossy);
                true
            }
            None => {
                let line = shape::unframed(self.dialect, payload);
                let value: Value = serde_json::from_str(line).expect("JSON");
                self.told(&value, lossy)
            }
        };
        assert!(!is_met || self.room > 0, "there was no room for {payload:?}");
        self.room -= i64::try_from(payload.len()).unwrap_or(i64::MAX);
    }

    /// A client of Centrifugo's is told something. Whether it is of a kind that waits for room.
    fn told(&mut self, value: &Value, lossy: &Lossy) -> bool {
        if let Some(id) = value["id"].as_u64() {
            let (asked, command) = self.asked.pop_front().expect("a reply to nothing");
            assert_eq!(u64::from(asked), id, "a reply out of its order");
            if value["error"].is_null() {
                self.answered(&command, value);
            }
            return false;
        }
        let push = &value["push"];
        let Some(channel) = push["channel"].as_str() else {
            assert!(*value == serde_json::json!({}) || push["disconnect"].is_object(), "{value}");
            return false;
        };
        let recovers = self.recovers.take();
        if push["subscribe"].is_object() {
            self.begin(channel, &push["subscribe"], None);
            self.recovers = Some(channel.to_owned());
            return false;
        }
        if push["unsubscribe"].is_object() {
            self.leave(channel);
            return false;
        }
        let last = self.following.get_mut(channel).unwrap_or_else(|| {
            panic!("{value}, not being subscribed");
        });
        if let Some(offset) = push["pub"]["offset"].as_u64() {
            let before = last.expect("an offset where there is a history");
            assert!(offset > before, "{value} behind {before}");
            assert!(offset == before + 1 || lossy.is(channel), "{value} behind {before}: a gap");
            *last = Some(offset);
        }
        assert!(push["pub"].is_object() || push["join"].is_object() || push["leave"].is_object());
        self.recovers = recovers.filter(|it| it == channel && push["pub"].is_object());
        self.recovers.is_none()
    }

    fn answered(&mut self, command: &Command, value: &Value) {
        match command {
            Command::Connect(connect) => {
                self.is_connected = true;
                for (channel, sub) in value["connect"]["subs"].as_object().into_iter().flatten() {
                    let since = connect.subs.iter().find(|it| it.0 == *channel).map(|it| &it.1);
                    self.begin(channel, sub, since);
                }
            }
            Command::Subscribe(it) => {
                self.begin(&it.channel, &value["subscribe"], it.recover.as_ref());
            }
            Command::Unsubscribe { channel } => drop(self.leave_quietly(channel)),
            _ => {}
        }
    }

    /// A subscription has begun.
    fn begin(&mut self, channel: &str, sub: &Value, since: Option<&Recover>) {
        let top = sub["offset"].as_u64();
        let publications = sub["publications"].as_array().map_or(&[][..], Vec::as_slice);
        let offsets: Vec<u64> =
            publications.iter().map(|it| it["offset"].as_u64().expect("an offset")).collect();
        let all = match since {
            Some(since) if sub["recovered"] == true => since.offset..top.unwrap_or_default(),
            _ => 0..0,
        };
        let all = all.map(|offset| offset + 1);
        assert_eq!(offsets, all.collect::<Vec<_>>(), "{sub} behind {since:?}");
        let before = self.following.insert(channel.to_owned(), top);
        assert_eq!(before, None, "subscribed twice to {channel}");
        if let Some(epoch) = sub["epoch"].as_str() {
            let epoch = Epoch::new(epoch);
            let offset = top.unwrap_or_default();
            self.places.insert(channel.to_owned(), Recover { epoch, offset });
        }
    }

    fn leave(&mut self, channel: &str) {
        assert!(self.leave_quietly(channel), "unsubscribed from {channel}, not being there");
    }

    fn leave_quietly(&mut self, channel: &str) -> bool {
        let left = self.following.remove(channel);
        if let (Some(Some(offset)), Some(place)) = (left, self.places.get_mut(channel)) {
            place.offset = offset;
        }
        left.is_some()
    }

    /// A reader's command was answered. What the hub is to be told then.
    pub(crate) fn reply(
        &mut self,
        id: CommandId,
        reply: &Result<Reply, Error>,
        lossy: &Lossy,
    ) -> bool {
        let (asked, command) = self.asked.pop_front().expect("a reply to nothing");
        assert_eq!(asked, id, "a reply out of its order");
        match (&command, reply) {
            (_, Ok(Reply::Connect(connected))) => {
                self.is_connected = true;
                if let Some(Reading { client, channels, .. }) = &mut self.reading {
                    // What it knew of others is over.
                    client.positions.retain(|channel| {
                        channels.iter().any(|it| it == channel)
                            || connected.subs.iter().any(|it| it.0.as_str() == channel)
                    });
                }
                for (channel, sub) in &connected.subs {
                    let offset = sub.position.as_ref().map(|it| it.offset);
                    self.following.insert(channel.to_string(), offset);
                }
            }
            (Command::Subscribe(it), Ok(Reply::Subscribe(sub))) => {
                let offset = sub.position.as_ref().map(|it| it.offset);
                let before = self.following.insert(it.channel.clone(), offset);
                assert_eq!(before, None, "subscribed twice to {}", it.channel);
            }
            _ => {}
        }
        let Some(reading) = &mut self.reading else { return true };
        let mut out = Vec::new();
        let heard = reading.reader.reply(id, reply, &mut out);
        reading.client.take(&out, lossy);
        !matches!(heard, Heard::Refused(_))
    }

    /// A reader is told something that is for it alone.
    pub(crate) fn push(&mut self, push: &Push, lossy: &Lossy) {
        match push {
            Push::Unsubscribe { channel, .. } => self.leave(channel.as_str()),
            Push::Subscribe { channel, subscribed } => {
                let offset = subscribed.position.as_ref().map(|it| it.offset);
                let before = self.following.insert(channel.to_string(), offset);
                assert_eq!(before, None, "subscribed twice to {channel}");
            }
            _ => {}
        }
        let Some(reading) = &mut self.reading else { return };
        let mut out = Vec::new();
        if let Heard::Resubscribe(id, command) = reading.reader.push(push, &mut out) {
            reading.commands.push_front((id, command));
        }
        reading.client.take(&out, lossy);
    }
}

/// What an `EventSource` knows.
#[derive(Default)]
pub(crate) struct EventClient {
    pub(crate) positions: Positions,
}

impl EventClient {
    /// Takes what has come of the stream: whole events.
    fn take(&mut self, out: &[u8], lossy: &Lossy) {
        let text = str::from_utf8(out).expect("a stream in UTF-8");
        assert!(text.is_empty() || text.ends_with("\n\n"), "half an event: {text:?}");
        text.split_terminator("\n\n").for_each(|event| self.event(event, lossy));
    }

    fn event(&mut self, event: &str, lossy: &Lossy) {
        let field = |name: &str| {
            let mut lines = event.lines().filter_map(|line| line.strip_prefix(name));
            let value = lines.next();
            assert_eq!(lines.next(), None, "two of {name} in {event:?}");
            value
        };
        let (id, name, data) = (field("id: "), field("event: "), field("data: "));
        let data: Value = data.map_or(Value::Null, |it| serde_json::from_str(it).expect("JSON"));
        let channel = data["channel"].as_str().unwrap_or_default();
        let is_gap = name == Some("gap");
        let offset = data["pub"]["offset"].as_u64();
        if let (Some(offset), Some(before)) = (offset, self.positions.position(channel)) {
            let is_next = Some(offset) == before.offset.checked_add(1);
            assert!(is_next || lossy.is(channel), "{event} behind {before:?}: a silent gap");
        }
        let Some(id) = id else { return };
        let now = Positions::parse(id).expect("an id that is a position");
        for (known, before) in self.positions.iter() {
            let is_same = now.position(known) == Some(before);
            let is_this = known == channel
                && now
                    .position(known)
                    .is_some_and(|it| it.epoch == before.epoch && Some(it.offset) == offset);
            let is_told = is_gap && known == channel;
            assert!(is_same || is_this || is_told || lossy.is(known), "{event} behind {before:?}");
        }
        self.positions = now;
    }
}
