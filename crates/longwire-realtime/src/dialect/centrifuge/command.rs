//! A command, from the JSON of a client.
//!
//! What has a number gets an answer: if there is something wrong with the rest of it, it is
//! [`Command::Invalid`], and the session goes on.

use crate::dialect::fields::Fields;
use crate::{Command, CommandId, Connect, Error, History, Publish, Recover, Subscribe};

/// All methods.
const METHODS: [&str; 11] = [
    "connect",
    "subscribe",
    "unsubscribe",
    "publish",
    "presence",
    "presence_stats",
    "history",
    "refresh",
    "sub_refresh",
    "rpc",
    "send",
];

/// Reads one command with its number, which is 0 where none is needed.
///
/// # Errors
/// Why it cannot be answered.
pub(super) fn parse(line: &[u8]) -> Result<(CommandId, Command), String> {
    if line.is_empty() {
        return Ok((0, Command::Pong));
    }
    let fields = Fields::parse("command", line).map_err(reason)?;
    if fields.is_empty() {
        return Ok((0, Command::Pong));
    }
    let id = fields.u32("id").map_err(reason)?.unwrap_or(0);
    let command = method(&fields).unwrap_or_else(Command::Invalid);
    match (id, command) {
        (0, send @ Command::Send { .. }) => Ok((0, send)),
        (0, Command::Invalid(error)) => Err(reason(error)),
        (0, _) => Err("command.id is missing".to_owned()),
        (id, command) => Ok((id, command)),
    }
}

/// The text of an error, to be said at the end of the session.
fn reason(error: Error) -> String {
    match error {
        Error::BadRequest(why) => why,
        other => other.to_string(),
    }
}

/// The method of a command, which is its one field beside the number.
fn method(command: &Fields<'_>) -> Result<Command, Error> {
    let (method, fields) = command.one_of(&METHODS)?;
    let channel = || fields.required_text("channel");
    Ok(match method {
        "connect" => Command::Connect(connect(&fields)?),
        "subscribe" => Command::Subscribe(subscribe(&fields)?),
        "unsubscribe" => Command::Unsubscribe { channel: channel()? },
        "publish" => Command::Publish(publish(&fields)?),
        "presence" => Command::Presence { channel: channel()? },
        "presence_stats" => Command::PresenceStats { channel: channel()? },
        "history" => Command::History(history(&fields)?),
        "refresh" => Command::Refresh { token: fields.required_text("token")? },
        "sub_refresh" => {
            Command::SubRefresh { channel: channel()?, token: fields.required_text("token")? }
        }
        "rpc" => Command::Rpc {
            method: fields.text("method")?.unwrap_or_default(),
            data: fields.json("data"),
        },
        "send" => Command::Send { data: fields.json("data") },
        _ => return Err(Error::MethodNotFound),
    })
}

/// An SDK that has no token may send an empty one.
fn token(fields: &Fields<'_>) -> Result<Option<String>, Error> {
    Ok(fields.text("token")?.filter(|token| !token.is_empty()))
}

fn connect(fields: &Fields<'_>) -> Result<Connect, Error> {
    let mut subs = Vec::new();
    if let Some(object) = fields.object("subs")? {
        for (channel, sub) in object.entries()? {
            if let Some(recover) = recover(&sub)? {
                subs.push((channel, recover));
            }
        }
    }
    Ok(Connect {
        token: token(fields)?,
        data: fields.json("data"),
        name: fields.text("name")?.unwrap_or_default(),
        version: fields.text("version")?.unwrap_or_default(),
        subs,
    })
}

/// The position of a client that wants to recover; one that does not may leave an old one in.
fn recover(fields: &Fields<'_>) -> Result<Option<Recover>, Error> {
    let position = fields.recover()?;
    Ok(fields.flag("recover")?.then_some(position))
}

fn subscribe(fields: &Fields<'_>) -> Result<Subscribe, Error> {
    Ok(Subscribe {
        channel: fields.required_text("channel")?,
        token: token(fields)?,
        recover: recover(fields)?,
        join_leave: fields.flag("join_leave")?,
        positioned: fields.flag("positioned")?,
        recoverable: fields.flag("recoverable")?,
    })
}

fn publish(fields: &Fields<'_>) -> Result<Publish, Error> {
    Ok(Publish {
        channel: fields.required_text("channel")?,
        data: fields.required_json("data")?,
        exclude_self: fields.flag("exclude_self")?,
        key: fields.text("key")?,
    })
}

/// Also a request of the server's API, which has the same fields.
pub(crate) fn history(fields: &Fields<'_>) -> Result<History, Error> {
    Ok(History {
        channel: fields.required_text("channel")?,
        limit: fields.limit("limit")?,
        since: fields.object("since")?.map(|since| since.recover()).transpose()?,
        reverse: fields.flag("reverse")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Epoch, Json};

    fn at(epoch: &str, offset: u64) -> Recover {
        Recover { epoch: Epoch::new(epoch), offset }
    }

    fn json(text: &str) -> Json {
        Json::from_valid(text)
    }

    #[track_caller]
    fn reads(line: &str, id: CommandId, command: Command) {
        assert_eq!(parse(line.as_bytes()), Ok((id, command)), "{line}");
    }

    #[test]
    fn connect_as_sdks_send_it() {
        reads(
            r#"{"connect":{"name":"js"},"id":1}"#,
            1,
            Command::Connect(Connect { name: "js".into(), ..Connect::default() }),
        );
        reads(
            r#"{"id":1,"connect":{"token":"JWT","data":{},"name":"js","version":"1.2",
                "headers":{"x":"y"},"subs":{"personal:7":{"recover":true,"epoch":"xD5R","offset":12},
                "a":{"recover":true},"b":{"epoch":"old","offset":3}}}}"#,
            1,
            Command::Connect(Connect {
                token: Some("JWT".into()),
                data: Some(json("{}")),
                name: "js".into(),
                version: "1.2".into(),
                subs: vec![("personal:7".into(), at("xD5R", 12)), ("a".into(), at("", 0))],
            }),
        );
        reads(
            r#"{"id":1,"connect":{"token":"","data":null,"subs":null}}"#,
            1,
            Command::Connect(Connect { data: Some(json("null")), ..Connect::default() }),
        );
    }

    #[test]
    fn subscribe_as_sdks_send_it() {
        reads(
            r#"{"subscribe":{"channel":"news","flag":1},"id":2}"#,
            2,
            Command::Subscribe(Subscribe { channel: "news".into(), ..Subscribe::default() }),
        );
        reads(
            r#"{"id":2,"subscribe":{"channel":"chat:42","token":"T","data":{"a":1},"positioned":true,
                "recoverable":true,"join_leave":true,"flag":3,"recover":true,"epoch":"xD5R",
                "offset":18446744073709551615,"delta":"fossil","tf":{"op":"and"},"type":0}}"#,
            2,
            Command::Subscribe(Subscribe {
                channel: "chat:42".into(),
                token: Some("T".into()),
                recover: Some(at("xD5R", u64::MAX)),
                join_leave: true,
                positioned: true,
                recoverable: true,
            }),
        );
        // Without `recover` a position is of no use.
        reads(
            r#"{"id":2,"subscribe":{"channel":"a","epoch":"x","offset":7}}"#,
            2,
            Command::Subscribe(Subscribe { channel: "a".into(), ..Subscribe::default() }),
        );
    }

    #[test]
    fn publish_passes_its_data_on_byte_for_byte() {
        for data in [
            "null",
            "{}",
            r#"{ "n" : 1.50, "n":2, "big":123456789012345678901234567890, "e":1E400 }"#,
            "\"\u{2028}\\u2028\\ud800 \u{1F600}\"",
            "\t[ ] ",
        ] {
            let line = format!(r#"{{"publish":{{"channel":"c","data":{data}}},"id":3}}"#);
            let publish = Publish {
                channel: "c".into(),
                data: json(data.trim_ascii()),
                exclude_self: false,
                key: None,
            };
            reads(&line, 3, Command::Publish(publish));
        }
        reads(
            r#"{"id":3,"publish":{"channel":"c","data":1,"key":"k","exclude_self":true,"type":1}}"#,
            3,
            Command::Publish(Publish {
                channel: "c".into(),
                data: json("1"),
                exclude_self: true,
                key: Some("k".into()),
            }),
        );
    }

    #[test]
    fn history_as_sdks_send_it() {
        let history = |limit, since, reverse| {
            Command::History(History { channel: "c".into(), limit, since, reverse })
        };
        let rows = [
            (r#"{"history":{"channel":"c"},"id":6}"#, history(Some(0), None, false)),
            (r#"{"history":{"channel":"c","limit":-1},"id":6}"#, history(None, None, false)),
            (
                r#"{"history":{"channel":"c","since":{"offset":5,"epoch":"xD5R"},"limit":10,"reverse":true},"id":6}"#,
                history(Some(10), Some(at("xD5R", 5)), true),
            ),
            (
                r#"{"history":{"channel":"c","since":{"offset":5}},"id":6}"#,
                history(Some(0), Some(at("", 5)), false),
            ),
        ];
        for (line, command) in rows {
            reads(line, 6, command);
        }
    }

    #[test]
    fn the_other_methods() {
        let channel = || "c".to_owned();
        let rows = [
            (
                r#"{"unsubscribe":{"channel":"c"},"id":7}"#,
                Command::Unsubscribe { channel: channel() },
            ),
            (r#"{"presence":{"channel":"c"},"id":7}"#, Command::Presence { channel: channel() }),
            (
                r#"{"presence_stats":{"channel":"c"},"id":7}"#,
                Command::PresenceStats { channel: channel() },
            ),
            (r#"{"refresh":{"token":"T"},"id":7}"#, Command::Refresh { token: "T".into() }),
            (
                r#"{"sub_refresh":{"channel":"c","token":"T"},"id":7}"#,
                Command::SubRefresh { channel: channel(), token: "T".into() },
            ),
            (
                r#"{"rpc":{"method":"m","data":[1]},"id":7}"#,
                Command::Rpc { method: "m".into(), data: Some(json("[1]")) },
            ),
            (r#"{"rpc":{},"id":7}"#, Command::Rpc { method: String::new(), data: None }),
            (r#"{"send":{"data":{}},"id":7}"#, Command::Send { data: Some(json("{}")) }),
        ];
        for (line, command) in rows {
            reads(line, 7, command);
        }
        reads(r#"{"send":{"data":"x"}}"#, 0, Command::Send { data: Some(json("\"x\"")) });
        reads("{}", 0, Command::Pong);
        reads("", 0, Command::Pong);
    }

    #[test]
    fn what_has_a_number_is_answered_with_the_field_that_is_wrong() {
        let bad = |why: &str| Error::BadRequest(why.to_owned());
        let rows = [
            (r#"{"id":9}"#, Error::MethodNotFound),
            (r#"{"id":9,"sub_poll":{}}"#, Error::MethodNotFound),
            (r#"{"id":9,"connect":null}"#, Error::MethodNotFound),
            (r#"{"id":9,"rpc":{},"send":{}}"#, bad("command must have one method")),
            (r#"{"id":9,"rpc":[]}"#, bad("rpc is not a JSON object, at character 0")),
            (r#"{"id":9,"connect":{"token":7}}"#, bad("connect.token must be a string")),
            (
                r#"{"id":9,"connect":{"subs":{"a":7}}}"#,
                bad("subs is not a JSON object, at character 1"),
            ),
            (
                r#"{"id":9,"connect":{"subs":{"a":{"offset":"7"}}}}"#,
                bad("subs.offset must be a whole number from 0 to 2^64 - 1"),
            ),
            (r#"{"id":9,"subscribe":{}}"#, bad("subscribe.channel is missing")),
            (r#"{"id":9,"subscribe":{"channel":null}}"#, bad("subscribe.channel is missing")),
            (r#"{"id":9,"subscribe":{"channel":{}}}"#, bad("subscribe.channel must be a string")),
            (
                r#"{"id":9,"subscribe":{"channel":"a","recover":1}}"#,
                bad("subscribe.recover must be true or false"),
            ),
            (
                r#"{"id":9,"subscribe":{"channel":"a","channel":"b"}}"#,
                bad("subscribe has the field \"channel\" twice"),
            ),
            (
                r#"{"id":9,"subscribe":{"channel":"\ud800"}}"#,
                bad("subscribe.channel must be a string"),
            ),
            (r#"{"id":9,"publish":{"channel":"a"}}"#, bad("publish.data is missing")),
            (
                r#"{"id":9,"history":{"channel":"a","limit":-2}}"#,
                bad("history.limit must be a whole number from 0 to 2^31 - 1, or -1 for no limit"),
            ),
            (
                r#"{"id":9,"history":{"channel":"a","since":{"offset":1.5}}}"#,
                bad("since.offset must be a whole number from 0 to 2^64 - 1"),
            ),
            (r#"{"id":9,"refresh":{}}"#, bad("refresh.token is missing")),
            (r#"{"id":9,"sub_refresh":{"channel":"a"}}"#, bad("sub_refresh.token is missing")),
        ];
        for (line, error) in rows {
            reads(line, 9, Command::Invalid(error));
        }
    }

    #[test]
    fn what_has_no_number_cannot_be_answered() {
        let rows = [
            (r#"{"connect":{}}"#, "command.id is missing"),
            (r#"{"id":0,"connect":{}}"#, "command.id is missing"),
            (r#"{"connect":{"token":7}}"#, "connect.token must be a string"),
            (r#"{"x":1}"#, "method not found"),
            (r#"{"id":"1","rpc":{}}"#, "command.id must be a whole number from 0 to 2^32 - 1"),
            (r#"{"id":-1,"rpc":{}}"#, "command.id must be a whole number from 0 to 2^32 - 1"),
            (
                r#"{"id":4294967296,"rpc":{}}"#,
                "command.id must be a whole number from 0 to 2^32 - 1",
            ),
            (r#"{"id":1,"id":1,"rpc":{}}"#, "command has the field \"id\" twice"),
            ("null", "command is not a JSON object, at character 4"),
            (r#"{"id":1,"rpc":{"data":nul}}"#, "command is not a JSON object, at character 26"),
        ];
        for (line, why) in rows {
            assert_eq!(parse(line.as_bytes()), Err(why.to_owned()), "{line}");
        }
    }
}
