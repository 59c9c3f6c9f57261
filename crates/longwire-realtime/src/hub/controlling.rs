//! What an application wants of sessions, on the hub that has them.

use std::sync::Arc;

use super::Hub;
use super::pending::Origin;
use crate::broker::Control;
use crate::{Disconnect, Unsubscribed};

impl Hub {
    pub(super) fn control(&mut self, number: u64, control: &Control) {
        match control {
            Control::Subscribe { target, channel, recover, info, ttl } => {
                let Some(namespace) = self.config.namespace(channel).map(Arc::clone) else {
                    return;
                };
                let max_channels = self.config.limits.max_channels_per_session;
                for key in self.sessions.meant(target, number) {
                    let known = self.channels.find(channel.as_str());
                    let Some(session) = self.sessions.get(key) else { continue };
                    let has = known.is_some_and(|known| session.subscription(known).is_some());
                    if has || session.subscriptions.len() >= max_channels {
                        continue;
                    }
                    let expires_at = ttl.map(|ttl| self.now.saturating_add(ttl));
                    let namespace = Arc::clone(&namespace);
                    let origin = Origin::Application;
                    self.begin_subscription(key, channel.clone(), namespace, origin, |it| {
                        it.recover.clone_from(recover);
                        it.info.clone_from(info);
                        it.expires_at = expires_at;
                    });
                }
            }
            Control::Unsubscribe { target, channel } => {
                for key in self.sessions.meant(target, number) {
                    let Some(session) = self.sessions.get(key) else { continue };
                    let named = channel.as_ref().map(|it| self.channels.find(it.as_str()));
                    // As sessions do, a subscription may have come when this had been asked for.
                    let meant = session.subscriptions.iter().filter(|it| {
                        it.last_control < number
                            && named.is_none_or(|named| named == Some(it.channel))
                    });
                    for index in meant.map(|it| it.channel).collect::<Vec<_>>() {
                        self.revoke(key, index, Unsubscribed::SERVER);
                    }
                }
            }
            Control::Disconnect { target, whitelist, disconnect } => {
                for key in self.sessions.meant(target, number) {
                    let Some(session) = self.sessions.get(key) else { continue };
                    if !whitelist.contains(&session.client) {
                        self.disconnect(key, disconnect.clone());
                    }
                }
            }
            Control::Refresh { target, expired, ttl } => {
                for key in self.sessions.meant(target, number) {
                    if *expired {
                        self.disconnect(key, Disconnect::EXPIRED);
                    } else {
                        self.set_expiry(key, *ttl);
                    }
                }
            }
        }
    }
}
