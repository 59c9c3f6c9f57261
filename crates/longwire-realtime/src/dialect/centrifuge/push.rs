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
        Push::Publication { channel, publication } => {
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
