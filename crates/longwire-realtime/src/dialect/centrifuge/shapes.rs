//! What looks the same in replies, in pushes and in the server's API.

use std::time::Duration;

use crate::dialect::writer::Object;
use crate::{ClientInfo, HistoryPage, Position, PresenceStats, Publication, Subscribed};

/// A publication.
pub(crate) fn publication(it: &mut Object<'_>, publication: &Publication) {
    it.json("data", &publication.data);
    it.nonzero("offset", publication.offset);
    if let Some(info) = &publication.info {
        it.object("info", |it| client_info(it, info));
    }
    if !publication.tags.is_empty() {
        it.object("tags", |it| {
            for (name, value) in &publication.tags {
                it.text(name, value);
            }
        });
    }
}

/// What others are told of a client.
pub(crate) fn client_info(it: &mut Object<'_>, info: &ClientInfo) {
    it.text("user", &info.user);
    it.plain("client", info.client);
    it.optional_json("conn_info", info.conn_info.as_ref());
    it.optional_json("chan_info", info.chan_info.as_ref());
}

/// Who is in a channel, each under the name of the connection.
pub(crate) fn presence<'c>(
    it: &mut Object<'_>,
    clients: impl IntoIterator<Item = &'c std::sync::Arc<ClientInfo>>,
) {
    it.object("presence", |it| {
        for info in clients {
            it.object(&info.client.to_string(), |it| client_info(it, info));
        }
    });
}

/// How many are in a channel.
pub(crate) fn presence_stats(it: &mut Object<'_>, stats: PresenceStats) {
    it.number("num_clients", stats.clients as u64);
    it.number("num_users", stats.users as u64);
}

/// Part of a channel's history.
pub(crate) fn history(it: &mut Object<'_>, page: &HistoryPage) {
    it.objects("publications", &page.publications, |it, item| publication(it, item));
    position(it, &page.position);
}

/// An epoch and an offset.
pub(crate) fn position(it: &mut Object<'_>, position: &Position) {
    it.text("epoch", position.epoch.as_str());
    it.number("offset", position.offset);
}

/// How a subscription begins.
pub(crate) fn subscribed(it: &mut Object<'_>, subscribed: &Subscribed) {
    it.flag("recoverable", subscribed.recoverable);
    it.flag("positioned", subscribed.position.is_some());
    if let Some(begin) = &subscribed.position {
        position(it, begin);
    }
    it.flag("recovered", subscribed.recovered);
    it.flag("was_recovering", subscribed.was_recovering);
    if !subscribed.publications.is_empty() {
        it.objects("publications", &subscribed.publications, |it, item| publication(it, item));
    }
    ttl(it, subscribed.ttl);
}

/// How long something is good for; absent for ever.
///
/// Whole seconds, up: an SDK that was told 0 would ask for a new token again and again.
pub(crate) fn ttl(it: &mut Object<'_>, ttl: Option<Duration>) {
    if let Some(ttl) = ttl {
        it.flag("expires", true);
        it.number("ttl", whole_seconds_up(ttl).max(1));
    }
}

/// Whole seconds that are not less than `duration`.
pub(crate) fn whole_seconds_up(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0))
}
