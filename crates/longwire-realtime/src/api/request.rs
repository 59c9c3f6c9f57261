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
    let reason = custom.text("reason")?.unwrap_or_default();
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
