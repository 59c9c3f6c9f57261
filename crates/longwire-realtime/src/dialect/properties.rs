//! What holds for any bytes: nothing panics, what is written can be read, and lines stay lines.
//!
//! Seeds run from 0; `LONGWIRE_SEED` runs one of them alone, as a failure says.

use std::time::Duration;

use serde_json::Value;

use super::positions::Positions;
use super::{Dialects, centrifuge, poll, sse};
use crate::api::{Batch, BatchLimits, Method};
use crate::{Codec, Command, Dialect, Error, Publication, Push, Recover, Reply, Subscribed};

mod random;

pub(super) use random::Random;

const SEEDS: u64 = 2000;

pub(super) fn for_each_seed(mut check: impl FnMut(&mut Random)) {
    let only = std::env::var("LONGWIRE_SEED").ok().map(|seed| seed.parse::<u64>().unwrap());
    let seeds = only.map_or(0..SEEDS, |seed| seed..seed + 1);
    for seed in seeds {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            check(&mut Random(seed));
        }));
        assert!(caught.is_ok(), "LONGWIRE_SEED={seed}");
    }
}

/// What a client would send, written by another hand than the server's.
fn client_writes(id: u32, command: &Command) -> String {
    let text = |text: &str| Value::String(text.to_owned()).to_string();
    let recover = |it: &Recover| {
        format!("\"recover\":true,\"offset\":{},\"epoch\":{}", it.offset, text(it.epoch.as_str()))
    };
    let optional = |name: &str, value: Option<String>| {
        value.map_or(String::new(), |value| format!(",\"{name}\":{value}"))
    };
    let (method, fields) = match command {
        Command::Connect(it) => ("connect", {
            let subs: Vec<_> = it
                .subs
                .iter()
                .map(|(channel, sub)| format!("{}:{{{}}}", text(channel), recover(sub)))
                .collect();
            let data = optional("data", it.data.as_ref().map(|data| data.as_str().to_owned()));
            let token = optional("token", it.token.as_deref().map(text));
            let (name, version) = (text(&it.name), text(&it.version));
            let subs = subs.join(",");
            format!("\"name\":{name},\"version\":{version},\"subs\":{{{subs}}}{data}{token}")
        }),
        Command::Subscribe(it) => ("subscribe", {
            let flags = [
                ("join_leave", it.join_leave),
                ("positioned", it.positioned),
                ("recoverable", it.recoverable),
            ];
            let flags = flags.map(|(name, set)| format!(",\"{name}\":{set}")).concat();
            let since = it.recover.as_ref().map_or(String::new(), |it| format!(",{}", recover(it)));
            let token = optional("token", it.token.as_deref().map(text));
            format!("\"channel\":{}{flags}{since}{token}", text(&it.channel))
        }),
        Command::Publish(it) => ("publish", {
            let key = optional("key", it.key.as_deref().map(text));
            let (channel, data) = (text(&it.channel), it.data.as_str());
            let exclude = it.exclude_self;
            format!("\"channel\":{channel},\"data\":{data},\"exclude_self\":{exclude}{key}")
        }),
        Command::History(it) => ("history", {
            let limit = it.limit.map_or("-1".to_owned(), |limit| limit.to_string());
            let since =
                optional("since", it.since.as_ref().map(|it| format!("{{{}}}", recover(it))));
            let (channel, reverse) = (text(&it.channel), it.reverse);
            format!("\"channel\":{channel},\"limit\":{limit},\"reverse\":{reverse}{since}")
        }),
        Command::Presence { channel } => ("presence", format!("\"channel\":{}", text(channel))),
        Command::PresenceStats { channel } => {
            ("presence_stats", format!("\"channel\":{}", text(channel)))
        }
        Command::Unsubscribe { channel } => {
            ("unsubscribe", format!("\"channel\":{}", text(channel)))
        }
        Command::SubRefresh { channel, token } => {
            ("sub_refresh", format!("\"channel\":{},\"token\":{}", text(channel), text(token)))
        }
        Command::Rpc { method, data } => ("rpc", {
            let data = optional("data", data.as_ref().map(|data| data.as_str().to_owned()));
            format!("\"method\":{}{data}", text(method))
        }),
        other => panic!("{other:?} is not made here"),
    };
    format!("{{\"{method}\":{{{fields}}},\"id\":{id}}}")
}

#[test]
fn what_a_client_says_is_what_is_read() {
    for_each_seed(|random| {
        let commands: Vec<(u32, Command)> = (1..=3).map(|id| (id, random.command())).collect();
        let lines: Vec<String> =
            commands.iter().map(|(id, command)| client_writes(*id, command)).collect();
        let mut read = Vec::new();
        let frame = lines.join("\n");
        let limits = centrifuge::FrameLimits::default();
        assert_eq!(
            centrifuge::decode_frame(frame.as_bytes(), &limits, &mut read),
            Ok(()),
            "{frame}"
        );
        assert_eq!(read, commands, "{frame}");
    });
}

/// The one JSON value of a payload, which has to be framed as its transport asks for.
#[track_caller]
fn unframe(dialect: Dialect, payload: &[u8]) -> Value {
    let text = std::str::from_utf8(payload).unwrap();
    let line = match dialect {
        Dialect::CentrifugeSse => {
            text.strip_prefix("data: ").and_then(|it| it.strip_suffix("\n\n")).unwrap()
        }
        Dialect::CentrifugeHttpStream => text.strip_suffix('\n').unwrap(),
        Dialect::Sse | Dialect::Poll => {
            let (_, data) = text.split_once("data: ").unwrap();
            data.strip_suffix("\n\n").unwrap()
        }
        Dialect::CentrifugeWebSocket => text,
    };
    assert!(!line.contains(['\n', '\r', '\0']), "{line:?}");
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// What stands in a publication's JSON is what the publication is.
#[track_caller]
fn check_publication(value: &Value, publication: &Publication) {
    assert_eq!(value["offset"].as_u64().unwrap_or(0), publication.offset);
    let data: Value = serde_json::from_str(publication.data.as_str()).unwrap();
    assert_eq!(value["data"], data);
    assert_eq!(value["info"].is_object(), publication.info.is_some());
    for (name, tag) in &publication.tags {
        assert_eq!(value["tags"][&**name], **tag);
    }
}

#[test]
fn what_is_written_is_one_line_of_json_that_says_what_was_meant() {
    for_each_seed(|random| {
        let reply = random.reply();
        let push = random.push();
        for dialect in Dialect::ALL {
            let mut out = Vec::new();
            Dialects::default().encode_reply(dialect, 7, &reply, &mut out);
            if matches!(dialect, Dialect::Sse | Dialect::Poll) {
                assert_eq!(out, b"");
            } else {
                let value = unframe(dialect, &out);
                assert_eq!(value["id"], 7);
                assert_eq!(value["error"].is_object(), reply.is_err());
                if let Ok(Reply::Subscribe(subscribed)) = &reply {
                    check_subscribed(&value["subscribe"], subscribed);
                }
            }
            let mut out = Vec::new();
            Dialects::default().encode_push(dialect, &push, &mut out);
            if !out.is_empty() {
                let value = unframe(dialect, &out);
                let body = value.get("push").unwrap_or(&value);
                if let Push::Publication { channel, publication, .. } = &push {
                    assert_eq!(body["channel"], channel.as_str());
                    check_publication(&body["pub"], publication);
                }
            }
        }
    });
}

#[track_caller]
fn check_subscribed(value: &Value, subscribed: &Subscribed) {
    let position = subscribed.position.as_ref();
    assert_eq!(value["offset"].as_u64(), position.map(|it| it.offset));
    assert_eq!(value["epoch"].as_str(), position.map(|it| it.epoch.as_str()));
    assert_eq!(value["recovered"].as_bool().unwrap_or(false), subscribed.recovered);
    assert_eq!(value["was_recovering"].as_bool().unwrap_or(false), subscribed.was_recovering);
    assert_eq!(value["recoverable"].as_bool().unwrap_or(false), subscribed.recoverable);
    let publications = value["publications"].as_array().map_or(&[][..], Vec::as_slice);
    assert_eq!(publications.len(), subscribed.publications.len());
    for (value, publication) in publications.iter().zip(&subscribed.publications) {
        check_publication(value, publication);
    }
}

#[test]
fn positions_are_read_as_they_were_written() {
    for_each_seed(|random| {
        let mut positions = Positions::default();
        for (channel, position) in random.list(|it| (it.text(), it.position())) {
            positions.set(&channel, position);
        }
        let text = positions.encode().unwrap();
        assert!(
            text.bytes().all(|it| it.is_ascii_alphanumeric() || b"-._~".contains(&it)),
            "{text}"
        );
        assert_eq!(Positions::parse(&text), Ok(positions), "{text}");
        assert_eq!(sse::encode_id(&text, &mut Vec::new()), Ok(()));
        assert!(poll::is_none_match(&poll::entity_tag(&text), &text));
    });
}

/// One of each thing that comes from outside, for [`hostile`] to break.
const SAMPLES: [&str; 9] = [
    r#"{"id":1,"connect":{"token":"T","data":{"a":[1,"\u2028\""]},"subs":{"a":{"recover":true,"offset":1}}}}"#,
    r#"{"id":2,"subscribe":{"channel":"a","recover":true,"epoch":"x","offset":18446744073709551615}}"#,
    "{\"id\":3,\"publish\":{\"channel\":\"ä\",\"data\":[[1.5e3,null]]}}\n{}\n{\"send\":{\"data\":1}}",
    r#"{"channel":"a","data":{"b":[]},"b64data":"e30=","tags":{"a":"b"},"exclude_client":"x"}"#,
    r#"{"channels":["a","b"],"data":1,"user":"7","whitelist":[],"disconnect":{"code":3000}}"#,
    r#"{"commands":[{"publish":{"channel":"a","data":1}},{"info":{}}],"parallel":true}"#,
    r#"{"session":"00000000-0000-0000-0000-000000000001","node":"n","data":"{\"id\":1}"}"#,
    "1.chat~3a42.xD5R.7.news.k3Jw.12",
    "W/\"1.a.x.8\", \"1.b.y.9\"",
];

/// Gives bytes to everything that reads what somebody else wrote.
fn hostile(bytes: &[u8]) {
    for dialect in Dialect::ALL {
        let mut commands = Vec::new();
        if let Err(disconnect) = Dialects::default().decode(dialect, bytes, &mut commands) {
            assert_eq!(disconnect.code, 3501);
            assert!(disconnect.reason.len() <= 123);
        }
    }
    for method in Method::ALL {
        if let Err(error) = method.parse(bytes, Duration::MAX) {
            assert!(matches!(error, Error::BadRequest(_)), "{error:?}");
        }
    }
    let _ = Batch::parse(bytes, &BatchLimits::default(), Duration::ZERO);
    let _ = centrifuge::Emulation::parse(bytes);
    let text = String::from_utf8_lossy(bytes);
    if let Ok(positions) = Positions::parse(&text) {
        assert_eq!(positions.encode().as_deref(), Ok(&*text));
    }
    let _ = poll::is_none_match(&text, "1.a.x.8");
}

#[test]
fn whatever_comes_nothing_panics() {
    for sample in SAMPLES {
        let bytes = sample.as_bytes();
        for end in 0..=bytes.len() {
            hostile(&bytes[..end]);
            hostile(&bytes[end..]);
        }
        for at in 0..bytes.len() {
            for byte in [0, b'\n', b'"', b'{', b'}', b'[', b',', b'9', b'-', b'\\', 0x80, 0xff] {
                let mut broken = bytes.to_vec();
                broken[at] = byte;
                hostile(&broken);
            }
        }
    }
    for text in
        ["[", "{\"a\":", "{\"id\":1,\"rpc\":{\"data\":[", "\"", "9", "-", "1e", "~", "\u{0}"]
    {
        hostile(text.repeat(50_000).as_bytes());
    }
}
