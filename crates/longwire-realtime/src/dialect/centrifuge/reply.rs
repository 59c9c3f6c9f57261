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
            Ok(reply) => method(it, reply),
            Err(error) => it.object("error", |it| {
                it.number("code", code(error).into());
                it.text("message", &error.to_string());
                it.flag("temporary", is_temporary(error));
            }),
        }
    });
}

/// The one field of a reply beside its number.
fn method(it: &mut Object<'_>, reply: &Reply) {
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
