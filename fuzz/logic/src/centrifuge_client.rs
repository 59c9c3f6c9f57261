//! What a client of Centrifugo's protocol writes for a command: by another hand than the server's.

use longwire_realtime::{Command, CommandId, Recover};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// The line for a command, or `None` where there is no one line: an answer to a ping, and what was no
/// command.
pub(crate) fn write(id: CommandId, command: &Command) -> Option<String> {
    // Data goes in as it is: through a `Value` it would be rounded.
    let mut data = None;
    let (method, mut fields) = match command {
        Command::Connect(it) => {
            data = it.data.as_ref();
            let subs: Map<String, Value> =
                it.subs.iter().map(|(channel, sub)| (channel.clone(), recover(sub))).collect();
            if subs.len() < it.subs.len() {
                return None;
            }
            let fields = json!({"name": it.name, "version": it.version, "token": it.token});
            ("connect", with(fields, "subs", subs.into()))
        }
        Command::Subscribe(it) => {
            let mut fields = it.recover.as_ref().map_or(json!({}), recover);
            fields["channel"] = it.channel.as_str().into();
            fields["token"] = it.token.as_deref().into();
            fields["join_leave"] = it.join_leave.into();
            fields["positioned"] = it.positioned.into();
            fields["recoverable"] = it.recoverable.into();
            ("subscribe", fields)
        }
        Command::Publish(it) => {
            data = Some(&it.data);
            let fields =
                json!({"channel": it.channel, "exclude_self": it.exclude_self, "key": it.key});
            ("publish", fields)
        }
        Command::History(it) => {
            let limit = it.limit.map_or(json!(-1), |limit| json!(limit));
            let since = it.since.as_ref().map(recover);
            let fields = json!({"channel": it.channel, "limit": limit, "reverse": it.reverse});
            ("history", with(fields, "since", since.into()))
        }
        Command::Unsubscribe { channel } => ("unsubscribe", json!({"channel": channel})),
        Command::Presence { channel } => ("presence", json!({"channel": channel})),
        Command::PresenceStats { channel } => ("presence_stats", json!({"channel": channel})),
        Command::Refresh { token } => ("refresh", json!({"token": token})),
        Command::SubRefresh { channel, token } => {
            ("sub_refresh", json!({"channel": channel, "token": token}))
        }
        Command::Rpc { method, data: sent } => {
            data = sent.as_ref();
            ("rpc", json!({"method": method}))
        }
        Command::Send { data: sent } => {
            data = sent.as_ref();
            ("send", json!({}))
        }
        _ => return None,
    };
    if data.is_some() {
        fields["data"] = Value::Null;
    }
    let mut line = json!({"id": id, method: fields}).to_string();
    if let Some(data) = data {
        let data: &RawValue = serde_json::from_str(data.as_str()).expect("data in JSON");
        // The name stands in no string: its quotation marks would have escapes there.
        line = line.replacen("\"data\":null", &format!("\"data\":{}", data.get()), 1);
    }
    Some(line)
}

fn with(mut fields: Value, name: &str, value: Value) -> Value {
    fields[name] = value;
    fields
}

fn recover(it: &Recover) -> Value {
    json!({"recover": true, "epoch": it.epoch.as_str(), "offset": it.offset})
}
