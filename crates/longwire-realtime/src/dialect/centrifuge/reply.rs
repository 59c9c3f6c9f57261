//! Replies to commands.

use super::{code, is_temporary, shapes};
use crate::dialect::writer::{Object, object};
use crate::{CommandId, Connected, Error, Reply};

/// Appends the reply to the command of that number; nothing to a command without one, which wants
/// none.
pub fn encode_reply(id: CommandId, reply: &Result<Reply, Error>, out: &mut Vec<u8>) {
    if id == 0 {
        return;
    }
    object(out, |it| {
        it.number("id", id.into());
        match reply {
            Ok(reply) => body(it, reply),
            Err(error) => it.object("error", |it| {
                it.number("code", code(error).into());
                it.text("message", &error.to_string());
                it.flag("temporary", is_temporary(error));
            }),
        }
    });
}

/// The one field of a reply beside its number.
pub(crate) fn body(it: &mut Object<'_>, reply: &Reply) {
    match reply {
        Reply::Connect(connected) => it.object("connect", |it| connect(it, connected)),
        Reply::Subscribe(subscribed) => {
            it.object("subscribe", |it| shapes::subscribed(it, subscribed));
        }
        Reply::Unsubscribe => it.object("unsubscribe", |_| {}),
        Reply::Publish => it.object("publish", |_| {}),
        Reply::Presence(clients) => it.object("presence", |it| shapes::presence(it, clients)),
        Reply::PresenceStats(stats) => {
            it.object("presence_stats", |it| shapes::presence_stats(it, *stats));
        }
        Reply::History(page) => it.object("history", |it| shapes::history(it, page)),
        Reply::Refresh { client, ttl } => it.object("refresh", |it| {
            it.plain("client", client);
            shapes::ttl(it, *ttl);
        }),
        Reply::SubRefresh { ttl } => it.object("sub_refresh", |it| shapes::ttl(it, *ttl)),
    }
}

fn connect(it: &mut Object<'_>, connected: &Connected) {
    it.plain("client", connected.client);
    it.text("version", &connected.version);
    shapes::ttl(it, connected.ttl);
    it.nonzero("ping", shapes::whole_seconds_up(connected.ping_interval));
    it.flag("pong", connected.pong);
    // SDKs over SSE and HTTP streaming send these two with each command: they find the session.
    it.plain("session", connected.session);
    it.text("node", &connected.node);
    if !connected.subs.is_empty() {
        it.object("subs", |it| {
            for (channel, subscribed) in &connected.subs {
                it.object(channel.as_str(), |it| shapes::subscribed(it, subscribed));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ChannelName, ClientId, ClientInfo, Epoch, HistoryPage, Json, Position, PresenceStats,
        Publication, SessionId, Subscribed,
    };
    use std::sync::Arc;
    use std::time::Duration;

    #[track_caller]
    fn writes(reply: &Result<Reply, Error>, expected: &str) {
        let mut out = Vec::new();
        encode_reply(7, reply, &mut out);
        let expected = format!("{{\"id\":7,{expected}}}");
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    fn info() -> Arc<ClientInfo> {
        Arc::new(ClientInfo {
            client: ClientId(7),
            user: "u\"7".into(),
            conn_info: Some(Json::from_valid("{ \"a\":1 }")),
            chan_info: None,
        })
    }

    fn publication(offset: u64) -> Arc<Publication> {
        let data = Json::from_valid("{\"n\":1.0}");
        Arc::new(Publication { offset, data, info: None, tags: vec![], key: None })
    }

    fn position(offset: u64) -> Position {
        Position { epoch: Epoch::new("xD5R"), offset }
    }

    const NOTHING: Subscribed = Subscribed {
        position: None,
        recoverable: false,
        was_recovering: false,
        recovered: false,
        publications: Vec::new(),
        ttl: None,
    };

    #[test]
    fn connect() {
        let connected = Connected {
            client: ClientId(1),
            session: SessionId(2),
            node: "n1".into(),
            version: "0.1.0".into(),
            ttl: None,
            ping_interval: Duration::ZERO,
            pong: false,
            subs: vec![],
        };
        writes(
            &Ok(Reply::Connect(connected.clone())),
            "\"connect\":{\"client\":\"00000000-0000-0000-0000-000000000001\",\
             \"version\":\"0.1.0\",\"session\":\"00000000-0000-0000-0000-000000000002\",\
             \"node\":\"n1\"}",
        );
        let recovered = Subscribed {
            position: Some(position(15)),
            recoverable: true,
            was_recovering: true,
            recovered: true,
            publications: vec![publication(15)],
            ..NOTHING
        };
        let connected = Connected {
            ttl: Some(Duration::from_secs(600)),
            ping_interval: Duration::from_secs(25),
            pong: true,
            subs: vec![
                (ChannelName::new("personal:7", 20).unwrap(), recovered),
                (ChannelName::new("a\"b", 20).unwrap(), NOTHING),
            ],
            ..connected
        };
        writes(
            &Ok(Reply::Connect(connected)),
            "\"connect\":{\"client\":\"00000000-0000-0000-0000-000000000001\",\
             \"version\":\"0.1.0\",\"expires\":true,\"ttl\":600,\"ping\":25,\"pong\":true,\
             \"session\":\"00000000-0000-0000-0000-000000000002\",\"node\":\"n1\",\
             \"subs\":{\"personal:7\":{\"recoverable\":true,\"positioned\":true,\
             \"epoch\":\"xD5R\",\"offset\":15,\"recovered\":true,\"was_recovering\":true,\
             \"publications\":[{\"data\":{\"n\":1.0},\"offset\":15}]},\"a\\\"b\":{}}}",
        );
    }

    #[test]
    fn subscribe() {
        writes(&Ok(Reply::Subscribe(NOTHING)), "\"subscribe\":{}");
        let recovered = Subscribed {
            position: Some(position(7)),
            recoverable: true,
            was_recovering: true,
            recovered: true,
            publications: vec![publication(6), publication(7)],
            ttl: Some(Duration::from_secs(300)),
        };
        writes(
            &Ok(Reply::Subscribe(recovered.clone())),
            "\"subscribe\":{\"recoverable\":true,\"positioned\":true,\"epoch\":\"xD5R\",\
             \"offset\":7,\"recovered\":true,\"was_recovering\":true,\
             \"publications\":[{\"data\":{\"n\":1.0},\"offset\":6},\
             {\"data\":{\"n\":1.0},\"offset\":7}],\"expires\":true,\"ttl\":300}",
        );
        let lost = Subscribed {
            position: Some(position(0)),
            recovered: false,
            publications: vec![],
            ttl: None,
            ..recovered
        };
        writes(
            &Ok(Reply::Subscribe(lost)),
            "\"subscribe\":{\"recoverable\":true,\"positioned\":true,\"epoch\":\"xD5R\",\
             \"offset\":0,\"was_recovering\":true}",
        );
    }

    #[test]
    fn the_other_methods() {
        let refresh = |ttl| Ok(Reply::Refresh { client: ClientId(7), ttl });
        let page = HistoryPage { publications: vec![publication(9)], position: position(u64::MAX) };
        let rows = [
            (Ok(Reply::Unsubscribe), r#""unsubscribe":{}"#),
            (Ok(Reply::Publish), r#""publish":{}"#),
            (Ok(Reply::Presence(vec![])), r#""presence":{"presence":{}}"#),
            (
                Ok(Reply::Presence(vec![info()])),
                r#""presence":{"presence":{"00000000-0000-0000-0000-000000000007":{"user":"u\"7","client":"00000000-0000-0000-0000-000000000007","conn_info":{ "a":1 }}}}"#,
            ),
            (
                Ok(Reply::PresenceStats(PresenceStats { clients: 3, users: 0 })),
                r#""presence_stats":{"num_clients":3,"num_users":0}"#,
            ),
            (
                Ok(Reply::History(HistoryPage { publications: vec![], position: position(0) })),
                r#""history":{"publications":[],"epoch":"xD5R","offset":0}"#,
            ),
            (
                Ok(Reply::History(page)),
                r#""history":{"publications":[{"data":{"n":1.0},"offset":9}],"epoch":"xD5R","offset":18446744073709551615}"#,
            ),
            (refresh(None), r#""refresh":{"client":"00000000-0000-0000-0000-000000000007"}"#),
            (
                refresh(Some(Duration::from_millis(600_001))),
                r#""refresh":{"client":"00000000-0000-0000-0000-000000000007","expires":true,"ttl":601}"#,
            ),
            (
                Ok(Reply::SubRefresh { ttl: Some(Duration::ZERO) }),
                r#""sub_refresh":{"expires":true,"ttl":1}"#,
            ),
            (Ok(Reply::SubRefresh { ttl: None }), r#""sub_refresh":{}"#),
        ];
        for (reply, expected) in rows {
            writes(&reply, expected);
        }
    }

    #[test]
    fn every_error_has_its_number() {
        let rows = [
            (Error::Internal, r#"100,"message":"internal server error","temporary":true"#),
            (Error::Unauthorized, r#"101,"message":"unauthorized""#),
            (Error::UnknownChannel, r#"102,"message":"unknown channel""#),
            (Error::PermissionDenied, r#"103,"message":"permission denied""#),
            (Error::MethodNotFound, r#"104,"message":"method not found""#),
            (Error::AlreadySubscribed, r#"105,"message":"already subscribed""#),
            (Error::LimitExceeded("channels"), r#"106,"message":"limit exceeded: channels""#),
            (Error::BadRequest("\"".into()), r#"107,"message":"bad request: \"""#),
            (Error::NotAvailable, r#"108,"message":"not available""#),
            (Error::TokenExpired, r#"109,"message":"token expired""#),
            (Error::Expired, r#"110,"message":"expired""#),
            (Error::TooManyRequests, r#"111,"message":"too many requests","temporary":true"#),
            (Error::UnrecoverablePosition, r#"112,"message":"unrecoverable position""#),
        ];
        for (error, expected) in rows {
            writes(&Err(error), &format!("\"error\":{{\"code\":{expected}}}"));
        }
    }

    #[test]
    fn a_command_without_a_number_wants_no_reply() {
        let mut out = Vec::new();
        encode_reply(0, &Ok(Reply::Publish), &mut out);
        encode_reply(0, &Err(Error::Internal), &mut out);
        assert_eq!(out, b"");
    }
}
