//! The dialect of the tests: a line for each thing that a client is told, and tokens in plain text.

use std::fmt::Write as _;
use std::time::Duration;

use longwire_realtime::{
    ClaimedChannel, ClientInfo, Codec, Command, CommandId, ConnectionClaims, Dialect, Disconnect,
    Epoch, Error, Position, Publication, Push, Reply, Subscribed, SubscriptionClaims, TokenError,
    Tokens,
};

/// Epochs are numbers here: `1` for the first.
pub(crate) fn epoch(text: &str) -> Epoch {
    Epoch::new(&if text.is_empty() { String::new() } else { format!("{text:0>16}") })
}

fn position(position: &Position) -> String {
    format!("{}/{}", position.epoch.as_str().trim_start_matches('0'), position.offset)
}

fn publication(publication: &Publication) -> String {
    match publication.offset {
        0 => publication.data.as_str().to_string(),
        offset => format!("{offset}={}", publication.data.as_str()),
    }
}

fn publications(all: &[std::sync::Arc<Publication>]) -> String {
    let each: Vec<String> = all.iter().map(|it| publication(it)).collect();
    format!("[{}]", each.join(" "))
}

fn who(info: &ClientInfo) -> String {
    let mut text = format!("{:x}", info.client.0 & 0xffff_ffff);
    if !info.user.is_empty() {
        let _ = write!(text, "={}", info.user);
    }
    text
}

fn subscribed(subscribed: &Subscribed) -> String {
    let mut text = "subscribed".to_string();
    if let Some(at) = &subscribed.position {
        let _ = write!(text, " at {}", position(at));
    }
    if subscribed.was_recovering {
        let outcome = if subscribed.recovered { "recovered" } else { "not recovered" };
        let _ = write!(text, " {outcome} {}", publications(&subscribed.publications));
    }
    if let Some(ttl) = subscribed.ttl {
        let _ = write!(text, " for {ttl:?}");
    }
    text
}

pub(crate) struct Words;

impl Codec for Words {
    fn decode(
        &self,
        _: Dialect,
        _: &[u8],
        _: &mut Vec<(CommandId, Command)>,
    ) -> Result<(), Disconnect> {
        Err(Disconnect::BAD_REQUEST)
    }

    fn encode_reply(
        &self,
        _: Dialect,
        _: CommandId,
        reply: &Result<Reply, Error>,
        out: &mut Vec<u8>,
    ) {
        let text = match reply {
            Err(error) => format!("error: {error}"),
            Ok(Reply::Connect(connected)) => {
                let mut text = "connected".to_string();
                for (name, it) in &connected.subs {
                    let _ = write!(text, ", {name} {}", subscribed(it));
                }
                if let Some(ttl) = connected.ttl {
                    let _ = write!(text, " for {ttl:?}");
                }
                text
            }
            Ok(Reply::Subscribe(it)) => subscribed(it),
            Ok(Reply::Unsubscribe) => "unsubscribed".into(),
            Ok(Reply::Publish) => "published".into(),
            Ok(Reply::Presence(members)) => {
                let each: Vec<String> = members.iter().map(|it| who(it)).collect();
                format!("present [{}]", each.join(" "))
            }
            Ok(Reply::PresenceStats(stats)) => format!("{}/{}", stats.clients, stats.users),
            Ok(Reply::History(page)) => {
                format!("history {} {}", position(&page.position), publications(&page.publications))
            }
            Ok(Reply::Refresh { ttl, .. }) => format!("refreshed {ttl:?}"),
            Ok(Reply::SubRefresh { ttl }) => format!("subscription refreshed {ttl:?}"),
            Ok(_) => "?".into(),
        };
        out.extend_from_slice(text.as_bytes());
    }

    fn encode_push(&self, _: Dialect, push: &Push, out: &mut Vec<u8>) {
        let text = match push {
            Push::Publication { channel, publication: it, .. } => {
                format!("{channel} {}", publication(it))
            }
            Push::Join { channel, info } => format!("{channel} +{}", who(info)),
            Push::Leave { channel, info } => format!("{channel} -{}", who(info)),
            Push::Crowd { channel, stats } => {
                format!("{channel} {}/{}", stats.clients, stats.users)
            }
            Push::Subscribe { channel, subscribed: it } => format!("{channel} {}", subscribed(it)),
            Push::Unsubscribe { channel, why } => format!("{channel} unsubscribed {}", why.code),
            Push::Disconnect(disconnect) => format!("disconnect {}", disconnect.code),
            Push::Ping => "ping".into(),
            _ => "?".into(),
        };
        out.extend_from_slice(text.as_bytes());
    }
}

/// `user@expiry/channel,channel` for connections, `user>channel@expiry` for subscriptions.
pub(crate) struct PlainTokens;

fn expiry(text: Option<&str>, now: Duration) -> Result<Option<Duration>, TokenError> {
    let Some(text) = text else { return Ok(None) };
    let at = Duration::from_secs(text.parse().map_err(|_| TokenError::Invalid)?);
    if at <= now { Err(TokenError::Expired) } else { Ok(Some(at)) }
}

impl Tokens for PlainTokens {
    fn connection(&self, token: &str, now: Duration) -> Result<ConnectionClaims, TokenError> {
        if token.contains('>') {
            return Err(TokenError::Invalid);
        }
        let (token, channels) = token.split_once('/').unwrap_or((token, ""));
        let (user, at) = token.split_once('@').map_or((token, None), |(user, at)| (user, Some(at)));
        let channels = channels.split(',').filter(|channel| !channel.is_empty());
        Ok(ConnectionClaims {
            user: user.into(),
            expires_at: expiry(at, now)?,
            info: None,
            channels: channels
                .map(|channel| ClaimedChannel { channel: channel.into(), info: None })
                .collect(),
        })
    }

    fn subscription(&self, token: &str, now: Duration) -> Result<SubscriptionClaims, TokenError> {
        let (user, channel) = token.split_once('>').ok_or(TokenError::Invalid)?;
        let (channel, at) =
            channel.split_once('@').map_or((channel, None), |(channel, at)| (channel, Some(at)));
        Ok(SubscriptionClaims {
            user: user.into(),
            channel: channel.into(),
            expires_at: expiry(at, now)?,
            info: None,
        })
    }
}
