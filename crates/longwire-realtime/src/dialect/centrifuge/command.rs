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
