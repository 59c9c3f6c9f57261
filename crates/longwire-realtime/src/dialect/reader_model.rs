//! A reader between a server that forgets, drops and cuts, and a client that believes its ids.
//!
//! The client checks what it gets: the publications of a channel come in order, without a duplicate, and
//! with nothing missing but where a `gap` was told; and an id never says more than the client was given.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::Dialects;
use super::positions::Positions;
use super::properties::{Random, for_each_seed};
use super::reader::{Form, Heard, Reader};
use crate::{
    ChannelName, ClientId, Codec, Command, CommandId, Connected, Dialect, Epoch, Json, Position,
    Publication, Push, Recover, Reply, SessionId, Subscribed, Unsubscribed,
};

const CHANNELS: [&str; 3] = ["a", "chat:1", "b.c"];

/// The server: the history of each channel, from 1 to the offset.
struct Server {
    histories: BTreeMap<&'static str, Position>,
    restarts: u32,
}

impl Server {
    fn publication(offset: u64) -> Arc<Publication> {
        let data = Json::from_valid("{}");
        Arc::new(Publication { offset, data, info: None, tags: vec![], key: None })
    }

    /// The answer to a subscribe command: all that was missed, or nothing.
    fn subscribe(&self, channel: &str, since: Option<&Recover>) -> Subscribed {
        let top = &self.histories[channel];
        let known = since.filter(|it| it.epoch == top.epoch && it.offset <= top.offset);
        let missed = known.map_or(top.offset, |it| it.offset) + 1..=top.offset;
        Subscribed {
            position: Some(top.clone()),
            recoverable: true,
            was_recovering: since.is_some(),
            recovered: known.is_some(),
            publications: missed.map(Self::publication).collect(),
            ttl: None,
        }
    }

    /// All histories are lost.
    fn restart(&mut self) {
        self.restarts += 1;
        for position in self.histories.values_mut() {
            let epoch = Epoch::new(&format!("e{}", self.restarts));
            *position = Position { epoch, offset: 0 };
        }
    }
}

/// The client: what it has of each channel, and its last id.
#[derive(Default)]
struct Client {
    has: BTreeMap<String, Position>,
    last_id: String,
    gaps: u32,
}

impl Client {
    /// Takes one event, of whose kind the model makes no others.
    fn take(&mut self, event: &str) {
        let mut id = None;
        let mut is_gap = false;
        for line in event.lines() {
            match line.split_once(": ").unwrap() {
                ("id", text) => id = Some(text),
                ("event", name) => is_gap = name == "gap",
                ("data", data) => self.take_data(&serde_json::from_str(data).unwrap(), is_gap),
                other => panic!("{other:?}"),
            }
        }
        let Some(id) = id else { return };
        for (channel, position) in Positions::parse(id).unwrap().iter() {
            let has = self.has.entry(channel.to_owned()).or_insert_with(|| position.clone());
            assert_eq!(has, position, "{channel} of {id}");
        }
        id.clone_into(&mut self.last_id);
    }

    fn take_data(&mut self, data: &Value, is_gap: bool) {
        let channel = data["channel"].as_str().unwrap();
        if is_gap {
            self.gaps += 1;
            self.has.remove(channel);
            return;
        }
        let offset = data["pub"]["offset"].as_u64().unwrap();
        // Of a channel that it was told nothing about it begins with what comes; the id says where.
        if let Some(has) = self.has.get_mut(channel) {
            assert_eq!(offset, has.offset + 1, "{channel}");
            has.offset = offset;
        }
    }
}

/// One connection of the client.
struct Connection {
    reader: Reader,
    /// What the hub has not answered yet.
    commands: Vec<(CommandId, Command)>,
    subscribed: BTreeMap<String, bool>,
}

impl Connection {
    fn open(client: &Client) -> Self {
        let since = Positions::parse(&client.last_id).unwrap_or_default();
        let reader = Reader::new(Form::Sse, CHANNELS.map(str::to_owned).to_vec(), since);
        let mut commands = reader.commands(None);
        commands.reverse();
        Self { reader, commands, subscribed: BTreeMap::new() }
    }

    /// The hub answers the next command.
    fn answer(&mut self, server: &Server, out: &mut Vec<u8>) {
        let Some((id, command)) = self.commands.pop() else { return };
        let reply = match command {
            Command::Connect(_) => Reply::Connect(Connected {
                client: ClientId(0),
                session: SessionId(0),
                node: "".into(),
                version: "".into(),
                ttl: None,
                ping_interval: Duration::ZERO,
                pong: false,
                subs: vec![],
            }),
            Command::Subscribe(it) => {
                let subscribed = server.subscribe(&it.channel, it.recover.as_ref());
                self.subscribed.insert(it.channel, true);
                Reply::Subscribe(subscribed)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(self.reader.reply(id, &Ok(reply), out), Heard::Written);
    }

    /// The hub delivers what has just been published.
    fn deliver(&mut self, channel: &ChannelName, position: &Position, out: &mut Vec<u8>) {
        let push = Push::Publication {
            channel: channel.clone(),
            epoch: Some(position.epoch.clone()),
            publication: Server::publication(position.offset),
        };
        let mut payload = Vec::new();
        Dialects::default().encode_push(Dialect::Sse, &push, &mut payload);
        if self.reader.payload(&payload, Some((channel, position)), out) == Heard::AsItIs {
            out.extend_from_slice(&payload);
        }
    }

    /// The hub has dropped something, and ends the subscription.
    fn revoke(&mut self, channel: &ChannelName, out: &mut Vec<u8>) {
        self.subscribed.insert(channel.to_string(), false);
        let why = Unsubscribed::INSUFFICIENT_STATE;
        match self.reader.push(&Push::Unsubscribe { channel: channel.clone(), why }, out) {
            Heard::Resubscribe(id, command) => self.commands.insert(0, (id, command)),
            other => panic!("{other:?}"),
        }
    }
}

/// One step of the world: what the connection sends stands in `out`.
fn step(random: &mut Random, server: &mut Server, connection: &mut Connection, out: &mut Vec<u8>) {
    let name = CHANNELS[random.below(CHANNELS.len())];
    let channel = ChannelName::new(name, 20).unwrap();
    let is_subscribed = connection.subscribed.get(name) == Some(&true);
    match random.below(8) {
        0..3 => connection.answer(server, out),
        3..7 => {
            let position = server.histories.get_mut(name).unwrap();
            position.offset += 1;
            let position = position.clone();
            if is_subscribed {
                connection.deliver(&channel, &position, out);
            }
        }
        _ => {
            server.histories.get_mut(name).unwrap().offset += 1;
            if is_subscribed {
                connection.revoke(&channel, out);
            }
        }
    }
}

#[test]
fn nothing_is_missing_without_a_gap_and_no_id_says_too_much() {
    let mut gaps = 0;
    for_each_seed(|random| {
        let histories =
            CHANNELS.map(|channel| (channel, Position { epoch: Epoch::new(""), offset: 0 }));
        let mut server = Server { histories: histories.into(), restarts: 0 };
        server.restart();
        let mut client = Client::default();
        for _ in 0..4 {
            let mut connection = Connection::open(&client);
            let mut out = Vec::new();
            for _ in 0..random.below(30) {
                step(random, &mut server, &mut connection, &mut out);
            }
            let is_last = random.below(4) == 0;
            while is_last && !connection.commands.is_empty() {
                connection.answer(&server, &mut out);
            }
            // A connection that is cut loses the end of what was sent.
            let text = String::from_utf8(out).unwrap();
            let events: Vec<&str> = text.split_inclusive("\n\n").collect();
            let arrives = if is_last { events.len() } else { random.below(events.len() + 1) };
            for event in &events[..arrives] {
                client.take(event.strip_suffix("\n\n").unwrap());
            }
            if is_last {
                let there: BTreeMap<String, Position> = server
                    .histories
                    .iter()
                    .map(|(channel, position)| ((*channel).to_owned(), position.clone()))
                    .collect();
                assert_eq!(client.has, there);
            }
            if random.below(3) == 0 {
                server.restart();
            }
        }
        gaps += client.gaps;
    });
    // A test in which nothing is ever lost would show nothing.
    assert!(std::env::var("LONGWIRE_SEED").is_ok() || gaps > 100, "{gaps}");
}
