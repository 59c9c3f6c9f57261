//! A request, from its JSON.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::dialect::centrifuge::history;
use crate::dialect::fields::{Fields, bad, json_from_text};
use crate::{ClientId, Disconnect, Error, Json, Outgoing, Request, SessionId, Target};

/// The longest reason of a Close frame (RFC 6455 §5.5.1).
const MAX_REASON_BYTES: usize = 123;

/// What can be asked, one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Publishes to a channel.
    Publish,
    /// Publishes the same to several channels.
    Broadcast,
    /// Subscribes sessions to a channel.
    Subscribe,
    /// Ends subscriptions.
    Unsubscribe,
    /// Ends sessions.
    Disconnect,
    /// Changes how long sessions are good for.
    Refresh,
    /// Who is in a channel?
    Presence,
    /// How many are in a channel?
    PresenceStats,
    /// What has been published to a channel?
    History,
    /// Removes what has been published to a channel.
    HistoryRemove,
    /// Which channels have subscribers?
    Channels,
    /// What do the nodes do?
    Info,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Publish,
        Self::Broadcast,
        Self::Subscribe,
        Self::Unsubscribe,
        Self::Disconnect,
        Self::Refresh,
        Self::Presence,
        Self::PresenceStats,
        Self::History,
        Self::HistoryRemove,
        Self::Channels,
        Self::Info,
    ];

    /// Its name in a path and in a batch.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Broadcast => "broadcast",
            Self::Subscribe => "subscribe",
            Self::Unsubscribe => "unsubscribe",
            Self::Disconnect => "disconnect",
            Self::Refresh => "refresh",
            Self::Presence => "presence",
            Self::PresenceStats => "presence_stats",
            Self::History => "history",
            Self::HistoryRemove => "history_remove",
            Self::Channels => "channels",
            Self::Info => "info",
        }
    }

    /// The method of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Reads the body of a request. `unix_now` is the time since 1970, for times that a request names.
    ///
    /// # Errors
    /// [`Error::BadRequest`], which names the field.
    pub fn parse(self, body: &[u8], unix_now: Duration) -> Result<Request, Error> {
        self.read(&Fields::parse(self.name(), body)?, unix_now)
    }

    /// Reads a request from its fields.
    pub(super) fn read(self, fields: &Fields<'_>, unix_now: Duration) -> Result<Request, Error> {
        let channel = || fields.required_text("channel");
        Ok(match self {
            Self::Publish => Request::Publish { channel: channel()?, message: outgoing(fields)? },
            Self::Broadcast => Request::Broadcast {
                channels: fields.required_texts("channels")?,
                message: outgoing(fields)?,
            },
            Self::Subscribe => subscribe(fields, unix_now)?,
            Self::Unsubscribe => Request::Unsubscribe {
                target: target(fields)?,
                // An empty name stands for all channels, as none does.
                channel: fields.text("channel")?.filter(|channel| !channel.is_empty()),
            },
            Self::Disconnect => Request::Disconnect {
                target: target(fields)?,
                whitelist: whitelist(fields)?,
                disconnect: disconnect(fields)?,
            },
            Self::Refresh => Request::Refresh {
                target: target(fields)?,
                expired: fields.flag("expired")?,
                ttl: time_left(fields, unix_now)?,
            },
            Self::Presence => Request::Presence { channel: channel()? },
            Self::PresenceStats => Request::PresenceStats { channel: channel()? },
            Self::History => Request::History(history(fields)?),
            Self::HistoryRemove => Request::HistoryRemove { channel: channel()? },
            Self::Channels => {
                Request::Channels { pattern: fields.text("pattern")?.unwrap_or_default() }
            }
            Self::Info => Request::Info,
        })
    }
}

fn outgoing(fields: &Fields<'_>) -> Result<Outgoing, Error> {
    let data = match base64_json(fields, "b64data")? {
        Some(data) => data,
        None => fields.required_json("data")?,
    };
    let mut tags = Vec::new();
    if let Some(object) = fields.object("tags")? {
        for (name, value) in object.text_entries()? {
            tags.push((Arc::from(name), Arc::from(value)));
        }
    }
    Ok(Outgoing {
        data,
        tags,
        key: fields.text("key")?,
        exclude: client(fields, "exclude_client")?,
        idempotency_key: fields.text("idempotency_key")?.filter(|key| !key.is_empty()),
        skip_history: fields.flag("skip_history")?,
    })
}

fn subscribe(fields: &Fields<'_>, unix_now: Duration) -> Result<Request, Error> {
    // These would change what a client is told or may do. To take them and to do nothing would be
    // worse than to say so.
    for field in ["data", "b64data", "override"] {
        if fields.has(field) {
            return Err(bad(format!("subscribe.{field} is not supported")));
        }
    }
    let info = match base64_json(fields, "b64info")? {
        Some(info) => Some(info),
        None => fields.present_json("info"),
    };
    Ok(Request::Subscribe {
        target: target(fields)?,
        channel: fields.required_text("channel")?,
        recover: fields.object("recover_since")?.map(|since| since.recover()).transpose()?,
        info,
        ttl: time_left(fields, unix_now)?,
    })
}

fn target(fields: &Fields<'_>) -> Result<Target, Error> {
    let session = match fields.text("session")?.filter(|session| !session.is_empty()) {
        None => None,
        Some(text) => {
            Some(SessionId::parse(&text).ok_or_else(|| fields.must_be("session", "a UUID"))?)
        }
    };
    Ok(Target {
        user: fields.text("user")?.unwrap_or_default(),
        client: client(fields, "client")?,
        session,
    })
}

/// The name of a connection; empty text stands for none.
fn client(fields: &Fields<'_>, field: &str) -> Result<Option<ClientId>, Error> {
    match fields.text(field)?.filter(|client| !client.is_empty()) {
        None => Ok(None),
        Some(text) => {
            ClientId::parse(&text).map(Some).ok_or_else(|| fields.must_be(field, "a UUID"))
        }
    }
}

fn whitelist(fields: &Fields<'_>) -> Result<Vec<ClientId>, Error> {
    let clients = fields.texts("whitelist")?.unwrap_or_default();
    let parse = |text: &String| ClientId::parse(text);
    clients
        .iter()
        .map(parse)
        .collect::<Option<_>>()
        .ok_or_else(|| fields.must_be("whitelist", "a list of UUIDs"))
}

/// The code and reason to end sessions with; without them, clients are to stay away.
fn disconnect(fields: &Fields<'_>) -> Result<Disconnect, Error> {
    let Some(custom) = fields.object("disconnect")? else {
        return Ok(Disconnect::FORCE_NO_RECONNECT);
    };
    // Below 3000 are the codes that the WebSocket protocol itself uses (RFC 6455 §7.4.2).
    let code = custom.u32("code")?.and_then(|code| u16::try_from(code).ok());
    let code = code
        .filter(|code| (3000..5000).contains(code))
        .ok_or_else(|| custom.must_be("code", "a number from 3000 to 4999"))?;
    // A client that finds no reason in a Close frame may not look at the code beside it either, and
    // come back where it is to stay away.
    let reason = custom.text("reason")?.filter(|reason| !reason.is_empty());
    let reason = reason.unwrap_or_else(|| "disconnect".to_owned());
    if reason.len() > MAX_REASON_BYTES {
        return Err(custom.must_be("reason", "a string of at most 123 bytes"));
    }
    Ok(Disconnect { code, reason: reason.into() })
}

/// What is left until `expire_at`, in seconds since 1970; `None`, for ever, where that is 0 or absent.
fn time_left(fields: &Fields<'_>, unix_now: Duration) -> Result<Option<Duration>, Error> {
    let expire_at = fields.u64("expire_at")?.filter(|expire_at| *expire_at != 0);
    Ok(expire_at.map(|expire_at| Duration::from_secs(expire_at).saturating_sub(unix_now)))
}

/// A JSON value in base64 (RFC 4648 §4); empty text stands for none.
fn base64_json(fields: &Fields<'_>, field: &str) -> Result<Option<Json>, Error> {
    let Some(text) = fields.text(field)?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let json = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    json.and_then(|text| json_from_text(&text))
        .map(Some)
        .ok_or_else(|| fields.must_be(field, "JSON in base64"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Epoch, History, Recover};

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    fn outgoing(data: &str) -> Outgoing {
        Outgoing {
            data: Json::from_valid(data),
            tags: vec![],
            key: None,
            exclude: None,
            idempotency_key: None,
            skip_history: false,
        }
    }

    fn user(user: &str) -> Target {
        Target { user: user.to_owned(), ..Target::default() }
    }

    #[track_caller]
    fn reads(method: &str, body: &str, request: Request) {
        let method = Method::from_name(method).unwrap();
        assert_eq!(method.parse(body.as_bytes(), NOW), Ok(request), "{body}");
    }

    #[test]
    fn publish_and_broadcast() {
        let publish = |message| Request::Publish { channel: "c".into(), message };
        reads(
            "publish",
            r#"{"channel": "c", "data": {"a": 1.0}}"#,
            publish(outgoing(r#"{"a": 1.0}"#)),
        );
        // A request that somebody has laid out over several lines is passed on in one.
        reads(
            "publish",
            "{\"channel\":\"c\",\"data\":{\n\"a\":\r\n1}}",
            publish(outgoing("{ \"a\":  1}")),
        );
        reads("publish", r#"{"channel":"c","data":null}"#, publish(outgoing("null")));
        reads(
            "publish",
            r#"{"channel":"c","data":{},"b64data":"eyJhIjoxfQ==","skip_history":true,
                "tags":{"b":"1","a":"2"},"idempotency_key":"k","key":"x",
                "exclude_client":"00000000-0000-4000-8000-000000000007","delta":true}"#,
            publish(Outgoing {
                tags: vec![("b".into(), "1".into()), ("a".into(), "2".into())],
                key: Some("x".into()),
                exclude: Some(ClientId(0x4000_8000_0000_0000_0007)),
                idempotency_key: Some("k".into()),
                skip_history: true,
                ..outgoing("{\"a\":1}")
            }),
        );
        reads(
            "broadcast",
            r#"{"channels":["b","a"],"data":[],"b64data":"","idempotency_key":"","tags":{}}"#,
            Request::Broadcast { channels: vec!["b".into(), "a".into()], message: outgoing("[]") },
        );
    }

    #[test]
    fn what_concerns_sessions() {
        let all =
            Target { user: "7".into(), client: Some(ClientId(1)), session: Some(SessionId(2)) };
        reads(
            "subscribe",
            r#"{"user":"7","channel":"c","client":"00000000-0000-0000-0000-000000000001",
                "session":"00000000-0000-0000-0000-000000000002","info":{"i":1},
                "recover_since":{"offset":5,"epoch":"x"},"expire_at":1700000060}"#,
            Request::Subscribe {
                target: all,
                channel: "c".into(),
                recover: Some(Recover { epoch: Epoch::new("x"), offset: 5 }),
                info: Some(Json::from_valid("{\"i\":1}")),
                ttl: Some(Duration::from_secs(60)),
            },
        );
        reads(
            "subscribe",
            r#"{"user":"7","channel":"c","b64info":"MQ==","client":""}"#,
            Request::Subscribe {
                target: user("7"),
                channel: "c".into(),
                recover: None,
                info: Some(Json::from_valid("1")),
                ttl: None,
            },
        );
        for (body, channel) in [
            (r#"{"user":"7","channel":"c"}"#, Some("c".to_owned())),
            (r#"{"user":"7","channel":""}"#, None),
            (r#"{"user":"7"}"#, None),
        ] {
            reads("unsubscribe", body, Request::Unsubscribe { target: user("7"), channel });
        }
        let refresh = |expired, ttl| Request::Refresh { target: user("7"), expired, ttl };
        reads("refresh", r#"{"user":"7"}"#, refresh(false, None));
        reads("refresh", r#"{"user":"7","expired":true}"#, refresh(true, None));
        reads("refresh", r#"{"user":"7","expire_at":0}"#, refresh(false, None));
        reads("refresh", r#"{"user":"7","expire_at":1}"#, refresh(false, Some(Duration::ZERO)));
    }

    #[test]
    fn disconnect_has_codes_of_its_own() {
        let disconnect = |whitelist, disconnect| Request::Disconnect {
            target: user("7"),
            whitelist,
            disconnect,
        };
        reads("disconnect", r#"{"user":"7"}"#, disconnect(vec![], Disconnect::FORCE_NO_RECONNECT));
        reads(
            "disconnect",
            r#"{"user":"7","whitelist":["00000000-0000-0000-0000-000000000001"],
                "disconnect":{"code":4500,"reason":"out","reconnect":false}}"#,
            disconnect(vec![ClientId(1)], Disconnect { code: 4500, reason: "out".into() }),
        );
        for without in [r#"{"code":3999}"#, r#"{"code":3999,"reason":""}"#] {
            reads(
                "disconnect",
                &format!(r#"{{"user":"7","disconnect":{without}}}"#),
                disconnect(vec![], Disconnect { code: 3999, reason: "disconnect".into() }),
            );
        }
    }

    #[test]
    fn questions() {
        let channel = || "c".to_owned();
        let history = |limit, since| {
            Request::History(History { channel: channel(), limit, since, reverse: false })
        };
        let rows = [
            ("presence", r#"{"channel":"c"}"#, Request::Presence { channel: channel() }),
            ("presence_stats", r#"{"channel":"c"}"#, Request::PresenceStats { channel: channel() }),
            ("history_remove", r#"{"channel":"c"}"#, Request::HistoryRemove { channel: channel() }),
            ("history", r#"{"channel":"c"}"#, history(Some(0), None)),
            (
                "history",
                r#"{"channel":"c","limit":2,"since":{"offset":0,"epoch":""}}"#,
                history(Some(2), Some(Recover { epoch: Epoch::new(""), offset: 0 })),
            ),
            ("channels", "{}", Request::Channels { pattern: String::new() }),
            ("channels", r#"{"pattern":"a*"}"#, Request::Channels { pattern: "a*".into() }),
            ("info", "{}", Request::Info),
        ];
        for (method, body, request) in rows {
            reads(method, body, request);
        }
    }

    #[test]
    fn an_error_names_the_field() {
        let rows = [
            ("publish", "", "publish is not a JSON object, at character 0"),
            ("publish", "[]", "publish is not a JSON object, at character 0"),
            ("publish", r#"{"data":1}"#, "publish.channel is missing"),
            ("publish", r#"{"channel":"c"}"#, "publish.data is missing"),
            (
                "publish",
                r#"{"channel":"c","data":1,"data":2}"#,
                "publish has the field \"data\" twice",
            ),
            (
                "publish",
                r#"{"channel":"c","data":1,"skip_history":"no"}"#,
                "publish.skip_history must be true or false",
            ),
            (
                "publish",
                r#"{"channel":"c","b64data":"e"}"#,
                "publish.b64data must be JSON in base64",
            ),
            (
                "publish",
                r#"{"channel":"c","b64data":"/w=="}"#,
                "publish.b64data must be JSON in base64",
            ),
            (
                "publish",
                r#"{"channel":"c","b64data":"MSAy"}"#,
                "publish.b64data must be JSON in base64",
            ),
            (
                "publish",
                r#"{"channel":"c","data":1,"tags":{"a":1}}"#,
                "tags must have strings only",
            ),
            (
                "publish",
                r#"{"channel":"c","data":1,"exclude_client":"me"}"#,
                "publish.exclude_client must be a UUID",
            ),
            ("broadcast", r#"{"data":1}"#, "broadcast.channels is missing"),
            (
                "broadcast",
                r#"{"channels":"c","data":1}"#,
                "broadcast.channels must be a list of strings",
            ),
            ("subscribe", r#"{"user":"7"}"#, "subscribe.channel is missing"),
            (
                "subscribe",
                r#"{"user":"7","channel":"c","override":{}}"#,
                "subscribe.override is not supported",
            ),
            (
                "subscribe",
                r#"{"user":"7","channel":"c","data":1}"#,
                "subscribe.data is not supported",
            ),
            ("disconnect", r#"{"user":"7","session":"x"}"#, "disconnect.session must be a UUID"),
            (
                "disconnect",
                r#"{"user":"7","whitelist":["x"]}"#,
                "disconnect.whitelist must be a list of UUIDs",
            ),
            (
                "disconnect",
                r#"{"user":"7","disconnect":{"code":1000}}"#,
                "disconnect.code must be a number from 3000 to 4999",
            ),
            (
                "disconnect",
                r#"{"user":"7","disconnect":{}}"#,
                "disconnect.code must be a number from 3000 to 4999",
            ),
            (
                "refresh",
                r#"{"user":"7","expire_at":-1}"#,
                "refresh.expire_at must be a whole number from 0 to 2^64 - 1",
            ),
        ];
        for (method, body, why) in rows {
            let method = Method::from_name(method).unwrap();
            let error = Error::BadRequest(why.to_owned());
            assert_eq!(method.parse(body.as_bytes(), NOW), Err(error), "{body}");
        }
        let reason = "x".repeat(124);
        let body = format!(r#"{{"user":"7","disconnect":{{"code":4000,"reason":"{reason}"}}}}"#);
        let why = "disconnect.reason must be a string of at most 123 bytes".to_owned();
        let refused = Method::Disconnect.parse(body.as_bytes(), NOW);
        assert_eq!(refused, Err(Error::BadRequest(why)));
    }

    #[test]
    fn methods_have_names() {
        for method in Method::ALL {
            assert_eq!(Method::from_name(method.name()), Some(method));
        }
        for name in ["", "batch", "Publish", "rpc"] {
            assert_eq!(Method::from_name(name), None);
        }
    }
}
