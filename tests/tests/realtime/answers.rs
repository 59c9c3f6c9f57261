//! What a follower makes of the answers to its commands.

use serde_json::Value;

use super::book::Book;
use super::follower::Follower;
use super::following::Asked;
use super::told::number;
use super::world::{GRACE, LOBBY};

impl Follower {
    /// Whether a command of one who was subscribed came when it was no longer.
    fn came_late(&self, id: u64, channel: &str) -> bool {
        self.channels.get(channel).is_some_and(|it| id <= it.ended_behind)
    }

    pub(crate) fn answered(&mut self, id: u64, asked: &Asked, reply: &Value, book: &mut Book) {
        let error = reply.get("error").map(|it| it["code"].as_u64().expect("a code"));
        let is_expired = error == Some(109);
        match *asked {
            Asked::Connect if is_expired => {
                assert!(self.expires.is_some_and(|at| at <= self.now), "{reply}");
                self.lose();
            }
            Asked::Connect => {
                let connect = &reply["connect"];
                let text = |name: &str| connect[name].as_str().unwrap_or_default().to_owned();
                (self.client, self.connected_in) = (Some(text("client")), Some(self.tick));
                self.link.as_mut().expect("a link").name((text("session"), text("node")));
                assert!(error.is_none() && !text("client").is_empty(), "{reply}");
                assert_eq!(connect["expires"] == true, self.expires.is_some(), "{reply}");
                let channels: Vec<_> = self.channels.keys().copied().collect();
                channels.into_iter().for_each(|channel| self.subscribe(channel));
            }
            Asked::Subscribe(channel) if is_expired => {
                let following = self.channels.get_mut(channel).expect("a channel of it");
                assert!(following.expires.is_some_and(|at| at <= self.now), "{reply}");
                following.asking = false;
                self.subscribe(channel);
            }
            Asked::Subscribe(channel) => {
                assert!(error.is_none(), "{reply}");
                self.subscribed(channel, &reply["subscribe"], book);
            }
            Asked::Unsubscribe(channel) => {
                assert!(error.is_none(), "{reply}");
                let following = self.channels.get_mut(channel).expect("a channel of it");
                (following.subscribed, following.cut_at) = (false, None);
                following.ended_behind = self.next_id;
                self.subscribe(channel);
            }
            // Only subscribers may do these.
            Asked::Publish(channel, _) | Asked::Look(channel) if error == Some(103) => {
                assert!(self.came_late(id, channel), "{reply}");
            }
            Asked::Publish(channel, number) => {
                assert!(error.is_none(), "{reply}");
                book.acknowledged.insert((channel, number));
            }
            // It came too late itself.
            Asked::Refresh(_) | Asked::SubRefresh(..) if is_expired => {}
            Asked::Refresh(until) => {
                assert!(error.is_none(), "{reply}");
                self.expires = until;
                book.refreshed += 1;
            }
            Asked::SubRefresh(channel, until) => {
                // Only a subscription can be refreshed.
                let is_late = error == Some(107) && self.came_late(id, channel);
                assert!(error.is_none() || is_late, "{reply}");
                if error.is_none() {
                    let following = self.channels.get_mut(channel).expect("a channel of it");
                    following.expires = until;
                    book.refreshed += 1;
                }
            }
            // Most channels do not know who is there.
            Asked::Look(_) => assert!(error.is_none_or(|code| code == 108), "{reply}"),
        }
    }

    fn subscribed(&mut self, channel: &'static str, reply: &Value, book: &mut Book) {
        let following = self.channels.get_mut(channel).expect("a channel of it");
        let epoch = reply["epoch"].as_str().expect("an epoch").to_owned();
        let place = (epoch, reply["offset"].as_u64().unwrap_or(0));
        book.stands(channel, &place);
        let publications = reply["publications"].as_array();
        if let Some(before) = &following.place {
            assert_eq!(reply["was_recovering"], true, "{reply}");
            if reply["recovered"] == true {
                book.recoveries[0] += 1;
                let mut at = before.clone();
                for publication in publications.into_iter().flatten() {
                    let here = (place.0.clone(), publication["offset"].as_u64().expect("one"));
                    book.got(channel, Some(&at), &here, number(publication), false);
                    at = here;
                }
                assert_eq!(at, place, "{channel}: not all of what was missed");
            } else {
                assert!(publications.is_none_or(Vec::is_empty), "{reply}");
                book.missed(channel, before, &place, self.now);
            }
        }
        following.place = Some(place);
        (following.subscribed, following.asking) = (true, false);
        following.subscribed_in = self.tick;
        following.news.clear();
        let is_blink = following.cut_at.take().is_some_and(|at| self.now < at + GRACE);
        if is_blink && channel == LOBBY {
            self.entries -= 1;
            book.blinks += 1;
        }
        if !following.wanted {
            self.leave(channel);
        }
    }
}
