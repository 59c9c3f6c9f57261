//! Pushes: what a client is told without having asked.

use super::shapes;
use crate::dialect::writer::{Object, object};
use crate::{ChannelName, Push};

/// Appends a push; nothing where the protocol has no words for it.
pub fn encode_push(push: &Push, out: &mut Vec<u8>) {
    match push {
        Push::Ping => out.extend_from_slice(b"{}"),
        // Counts instead of names: the protocol knows joins and leaves of one client only.
        Push::Crowd { .. } => {}
        push => object(out, |it| it.object("push", |it| body(it, push))),
    }
}

/// The channel, and what has happened there. Plain event streams and long polls say it in the same
/// words.
pub(crate) fn body(it: &mut Object<'_>, push: &Push) {
    match push {
        Push::Publication { channel, publication, .. } => {
            about(it, channel, "pub", |it| shapes::publication(it, publication));
        }
        Push::Join { channel, info } => about(it, channel, "join", |it| {
            it.object("info", |it| shapes::client_info(it, info));
        }),
        Push::Leave { channel, info } => about(it, channel, "leave", |it| {
            it.object("info", |it| shapes::client_info(it, info));
        }),
        Push::Subscribe { channel, subscribed } => {
            about(it, channel, "subscribe", |it| shapes::subscribed(it, subscribed));
        }
        Push::Unsubscribe { channel, why } => about(it, channel, "unsubscribe", |it| {
            it.number("code", why.code.into());
            it.text("reason", why.reason);
        }),
        Push::Disconnect(disconnect) => it.object("disconnect", |it| {
            it.number("code", disconnect.code.into());
            it.text("reason", &disconnect.reason);
        }),
        Push::Message { data } => it.object("message", |it| it.json("data", data)),
        Push::Crowd { channel, stats } => about(it, channel, "presence_stats", |it| {
            shapes::presence_stats(it, *stats);
        }),
        Push::Ping => {}
    }
}

fn about(
    it: &mut Object<'_>,
    channel: &ChannelName,
    kind: &str,
    members: impl FnOnce(&mut Object<'_>),
) {
    it.text("channel", channel.as_str());
    it.object(kind, members);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ClientId, ClientInfo, Disconnect, Epoch, Json, Position, PresenceStats, Publication,
        Subscribed, Unsubscribed,
    };
    use std::sync::Arc;

    fn channel() -> ChannelName {
        ChannelName::new("chat:\"42\"", 20).unwrap()
    }

    fn info() -> Arc<ClientInfo> {
        Arc::new(ClientInfo {
            client: ClientId(u128::MAX),
            user: "7".into(),
            conn_info: Some(Json::from_valid("1")),
            chan_info: Some(Json::from_valid("{}")),
        })
    }

    const INFO: &str = "{\"user\":\"7\",\"client\":\"ffffffff-ffff-ffff-ffff-ffffffffffff\",\
                        \"conn_info\":1,\"chan_info\":{}}";

    fn publication(publication: Publication) -> Push {
        Push::Publication { channel: channel(), epoch: None, publication: Arc::new(publication) }
    }

    #[track_caller]
    fn writes(push: &Push, expected: &str) {
        let mut out = Vec::new();
        encode_push(push, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn publications() {
        let bare = Publication {
            offset: 0,
            data: Json::from_valid("{ \"text\":\"\u{2028}\" }"),
            info: None,
            tags: vec![],
            key: Some("k".into()),
        };
        writes(
            &publication(bare.clone()),
            "{\"push\":{\"channel\":\"chat:\\\"42\\\"\",\"pub\":{\"data\":{ \"text\":\"\u{2028}\" }}}}",
        );
        let full = Publication {
            offset: u64::MAX,
            info: Some(info()),
            tags: vec![("b".into(), "\n".into()), ("a".into(), String::new().into())],
            ..bare
        };
        writes(
            &publication(full),
            &format!(
                "{{\"push\":{{\"channel\":\"chat:\\\"42\\\"\",\"pub\":{{\
                 \"data\":{{ \"text\":\"\u{2028}\" }},\"offset\":18446744073709551615,\
                 \"info\":{INFO},\"tags\":{{\"b\":\"\\n\",\"a\":\"\"}}}}}}}}"
            ),
        );
    }

    #[test]
    fn everything_else() {
        let subscribed = Subscribed {
            position: Some(Position { epoch: Epoch::new("x"), offset: 1 }),
            recoverable: true,
            was_recovering: false,
            recovered: false,
            publications: vec![],
            ttl: None,
        };
        let stats = PresenceStats { clients: 200, users: 100 };
        let rows = [
            (Push::Join { channel: channel(), info: info() }, format!("\"join\":{{\"info\":{INFO}}}")),
            (
                Push::Leave { channel: channel(), info: info() },
                format!("\"leave\":{{\"info\":{INFO}}}"),
            ),
            (
                Push::Subscribe { channel: channel(), subscribed },
                "\"subscribe\":{\"recoverable\":true,\"positioned\":true,\"epoch\":\"x\",\"offset\":1}"
                    .to_owned(),
            ),
            (
                Push::Unsubscribe { channel: channel(), why: Unsubscribed::INSUFFICIENT_STATE },
                "\"unsubscribe\":{\"code\":2500,\"reason\":\"insufficient state\"}".to_owned(),
            ),
        ];
        for (push, expected) in rows {
            let channel = "\"channel\":\"chat:\\\"42\\\"\"";
            writes(&push, &format!("{{\"push\":{{{channel},{expected}}}}}"));
        }
        writes(
            &Push::Disconnect(Disconnect::SHUTDOWN),
            r#"{"push":{"disconnect":{"code":3001,"reason":"shutdown"}}}"#,
        );
        writes(
            &Push::Message { data: Json::from_valid("[]") },
            r#"{"push":{"message":{"data":[]}}}"#,
        );
        writes(&Push::Ping, "{}");
        writes(&Push::Crowd { channel: channel(), stats }, "");
    }
}
