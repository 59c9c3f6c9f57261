//! What the server tells many, read once however many are told it.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use super::world::channel_of;

/// What a client is told without having asked.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    Publication { channel: &'static str, offset: u64, number: usize },
    News { channel: &'static str, news: News },
    Unsubscribe { channel: &'static str, code: u64 },
    Gap { channel: &'static str },
    Disconnect { code: u64 },
}

/// Somebody comes or goes.
#[derive(Clone, Debug)]
pub(crate) struct News {
    pub(crate) joins: bool,
    pub(crate) user: Rc<str>,
    pub(crate) client: Rc<str>,
}

/// A line for a client of Centrifugo's protocol.
#[derive(Debug)]
pub(crate) enum Line {
    Ping,
    Reply(u64, Value),
    Push(Told),
}

/// What has been read before.
#[derive(Default)]
pub(crate) struct Memory {
    known: BTreeMap<String, Told>,
}

/// So many texts are remembered.
const MAX_KNOWN: usize = 256;

impl Memory {
    pub(crate) fn line(&mut self, text: &str) -> Line {
        if let Some(told) = self.known.get(text) {
            return Line::Push(told.clone());
        }
        let value = json(text);
        if let Some(push) = value.get("push") {
            Line::Push(self.keep(text, told(push)))
        } else if let Some(id) = value["id"].as_u64() {
            Line::Reply(id, value)
        } else {
            assert_eq!(text, "{}");
            Line::Ping
        }
    }

    /// The data of an event.
    pub(crate) fn event(&mut self, text: &str) -> Told {
        match self.known.get(text) {
            Some(told) => told.clone(),
            None => self.keep(text, told(&json(text))),
        }
    }

    fn keep(&mut self, text: &str, told: Told) -> Told {
        if self.known.len() == MAX_KNOWN {
            self.known.clear();
        }
        self.known.insert(text.to_owned(), told.clone());
        told
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// What stands in a push, and in an event.
pub(crate) fn told(body: &Value) -> Told {
    if let Some(disconnect) = body.get("disconnect") {
        return Told::Disconnect { code: disconnect["code"].as_u64().expect("a code") };
    }
    let channel = channel_of(body["channel"].as_str().expect("a channel"));
    let news = |joins: bool, info: &Value| {
        let text = |name: &str| info["info"][name].as_str().expect("a name").into();
        Told::News { channel, news: News { joins, user: text("user"), client: text("client") } }
    };
    if let Some(publication) = body.get("pub") {
        let offset = publication["offset"].as_u64().expect("an offset");
        Told::Publication { channel, offset, number: number(publication) }
    } else if let Some(unsubscribe) = body.get("unsubscribe") {
        Told::Unsubscribe { channel, code: unsubscribe["code"].as_u64().expect("a code") }
    } else if let Some(join) = body.get("join") {
        news(true, join)
    } else if let Some(leave) = body.get("leave") {
        news(false, leave)
    } else {
        assert!(body.get("gap").is_some(), "{body}");
        Told::Gap { channel }
    }
}

/// The number of a publication, from its JSON.
pub(crate) fn number(publication: &Value) -> usize {
    let number = publication["data"]["n"].as_u64().expect("a number");
    usize::try_from(number).expect("a number of this run")
}
