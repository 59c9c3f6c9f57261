//! What the script of the target `realtime_hub` can say: commands of clients, requests of an
//! application, and the tokens of both.

use crate::shape;
use arbitrary::{Result, Unstructured};
use longwire_realtime::api::Method;
use longwire_realtime::{
    ClaimedChannel, ClientId, Command, Connect, ConnectionClaims, Disconnect, Epoch, History, Json,
    Outgoing, Publish, Recover, Request, Subscribe, SubscriptionClaims, Target, TokenError,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// The channels that are used.
pub(crate) const CHANNELS: [&str; 12] = [
    "a", "gap:1", "old:1", "new:1", "last:1", "room:1", "plain:1", "shut:1", "d#u1", "b", "gap:2",
    "none:1",
];

/// Tokens of connections: a user, channels behind `+`, and when it expires behind `@`.
const TOKENS: [&str; 8] = ["", "u1", "u2", "u1+room:1", "u2+gap:1,a", "u1@3", "!", "?"];

/// Reads tokens as plain text: `!` has expired, `?` is none, and `user/channel` is for a subscription.
#[derive(Clone, Copy)]
pub(crate) struct Tokens;

impl longwire_realtime::Tokens for Tokens {
    fn connection(
        &self,
        token: &str,
        _: Duration,
    ) -> std::result::Result<ConnectionClaims, TokenError> {
        check(token)?;
        let (token, channels) = token.split_once('+').unwrap_or((token, ""));
        let (user, expires_at) = token.split_once('@').unwrap_or((token, ""));
        let channels = channels.split(',').filter(|channel| !channel.is_empty());
        let channels = channels.map(|it| ClaimedChannel { channel: it.into(), info: None });
        Ok(ConnectionClaims {
            user: user.into(),
            expires_at: expires_at.parse().ok().map(Duration::from_secs),
            info: None,
            channels: channels.collect(),
        })
    }

    fn subscription(
        &self,
        token: &str,
        unix_now: Duration,
    ) -> std::result::Result<SubscriptionClaims, TokenError> {
        check(token)?;
        let (user, channel) = token.split_once('/').ok_or(TokenError::Invalid)?;
        Ok(SubscriptionClaims {
            user: user.into(),
            channel: channel.into(),
            expires_at: Some(unix_now + Duration::from_secs(10)),
            info: Some(Json::from_valid("{}")),
        })
    }
}

fn check(token: &str) -> std::result::Result<(), TokenError> {
    match token {
        "!" => Err(TokenError::Expired),
        "?" => Err(TokenError::Invalid),
        _ => Ok(()),
    }
}

fn pick<T: Copy>(u: &mut Unstructured<'_>, all: &[T]) -> Result<T> {
    let at: u8 = u.arbitrary()?;
    Ok(all[usize::from(at) % all.len()])
}

fn token(u: &mut Unstructured<'_>) -> Result<Option<String>> {
    Ok(Some(pick(u, &TOKENS)?.to_owned()).filter(|token| !token.is_empty()))
}

/// A string of so many characters, twice what a byte says.
fn data(u: &mut Unstructured<'_>) -> Result<Json> {
    let len = usize::from(u.arbitrary::<u8>()?) * 2;
    Ok(Json::from_valid(&format!("\"{}\"", "x".repeat(len))))
}

fn key(flags: u8) -> Option<String> {
    (flags & 0x30 != 0).then(|| format!("k{}", flags >> 4 & 3))
}

/// A command of a client, of the kind that a number from 10 to 15 stands for.
pub(crate) fn command(
    kind: u8,
    places: &BTreeMap<String, Recover>,
    u: &mut Unstructured<'_>,
) -> Result<Command> {
    if kind == 10 {
        let subs = places.iter().map(|(channel, place)| (channel.clone(), place.clone()));
        let subs = subs.collect();
        return Ok(Command::Connect(Connect { token: token(u)?, subs, ..Connect::default() }));
    }
    let channel = pick(u, &CHANNELS)?.to_owned();
    let flags: u8 = u.arbitrary()?;
    Ok(match kind {
        11 | 12 => Command::Subscribe(Subscribe {
            token: (flags & 8 != 0).then(|| format!("u1/{channel}")),
            recover: match flags & 3 {
                0 => None,
                1 => Some(Recover { epoch: Epoch::new(""), offset: (flags >> 4).into() }),
                _ => places.get(&channel).cloned(),
            },
            join_leave: flags & 4 != 0,
            channel,
            ..Subscribe::default()
        }),
        13 => Command::Unsubscribe { channel },
        14 => Command::Publish(Publish {
            channel,
            data: data(u)?,
            exclude_self: flags & 0xc0 == 0xc0,
            key: key(flags),
        }),
        _ => match flags & 7 {
            0 => Command::Presence { channel },
            1 => Command::PresenceStats { channel },
            2 => Command::Refresh { token: token(u)?.unwrap_or_default() },
            3 => Command::SubRefresh { token: format!("u1/{channel}"), channel },
            4 => Command::Rpc { method: "m".into(), data: None },
            _ => Command::History(History {
                limit: (flags & 0x40 == 0).then_some(usize::from(flags >> 3 & 7)),
                since: places.get(&channel).cloned().filter(|_| flags & 0x80 != 0),
                reverse: flags & 0x40 != 0,
                channel,
            }),
        },
    })
}

/// The channel of a command that leaves somebody out.
pub(crate) fn left_out(command: &Command) -> Option<String> {
    match command {
        Command::Publish(it) if it.exclude_self => Some(it.channel.clone()),
        _ => None,
    }
}

/// A reader's channels, each once, its token, and whether it comes back to where the last one was.
pub(crate) fn reader(u: &mut Unstructured<'_>) -> Result<(Vec<String>, Option<String>, bool)> {
    let mask: u16 = u.arbitrary()?;
    let chosen = CHANNELS.iter().enumerate().filter(|(at, _)| mask >> at & 1 != 0);
    let channels = chosen.map(|(_, channel)| (*channel).to_owned()).collect();
    Ok((channels, token(u)?, mask >> 15 != 0))
}

/// A request of an application, and the channels in which it leaves somebody out.
pub(crate) fn request(u: &mut Unstructured<'_>) -> Result<(Request, Vec<String>)> {
    let (kind, flags): (u8, u8) = u.arbitrary()?;
    let channel = pick(u, &CHANNELS)?.to_owned();
    let target = target(flags);
    let request = match kind % 16 {
        0..4 => Request::Publish { channel, message: message(flags, u)? },
        4 => {
            let channels = vec![channel, "a".into(), "gap:1".into()];
            Request::Broadcast { channels, message: message(flags, u)? }
        }
        5 => {
            let offset = u64::from(flags >> 4);
            let recover = (flags & 1 != 0).then(|| Recover { epoch: Epoch::new(""), offset });
            let ttl = (flags & 2 != 0).then_some(Duration::from_secs(1));
            Request::Subscribe { target, channel, recover, info: None, ttl }
        }
        6 => Request::Unsubscribe { target, channel: (flags & 1 != 0).then_some(channel) },
        7 => {
            let code = 3000 + u16::from(flags) * 4;
            let disconnect = Disconnect { code, reason: "so".into() };
            Request::Disconnect { target, whitelist: vec![client(flags >> 4)], disconnect }
        }
        8 => {
            let ttl = (flags & 2 != 0).then_some(Duration::from_secs(2));
            Request::Refresh { target, expired: flags & 0xf1 == 1, ttl }
        }
        9 => Request::Presence { channel },
        10 => Request::PresenceStats { channel },
        11 => Request::History(History { channel, limit: Some(3), ..History::default() }),
        12 => Request::HistoryRemove { channel },
        13 => Request::Channels { pattern: "*a*".into() },
        14 => Request::Info,
        _ => {
            let method = Method::ALL[usize::from(flags) % Method::ALL.len()];
            method.parse(shape::short(u)?, Duration::ZERO).unwrap_or(Request::Info)
        }
    };
    let left_out = match &request {
        Request::Publish { channel, message } if message.exclude.is_some() => vec![channel.clone()],
        Request::Broadcast { channels, message } if message.exclude.is_some() => channels.clone(),
        _ => Vec::new(),
    };
    Ok((request, left_out))
}

fn message(flags: u8, u: &mut Unstructured<'_>) -> Result<Outgoing> {
    Ok(Outgoing {
        data: data(u)?,
        tags: Vec::new(),
        key: key(flags),
        exclude: (flags & 0x0c == 0x0c).then(|| client(flags >> 4)),
        idempotency_key: (flags & 0xc0 == 0xc0).then(|| "once".to_owned()),
        skip_history: flags & 3 == 3,
    })
}

fn target(flags: u8) -> Target {
    match flags >> 2 & 3 {
        0 => Target { user: "u1".into(), ..Target::default() },
        1 => Target { user: "u2".into(), ..Target::default() },
        2 => Target { client: Some(client(flags >> 4)), ..Target::default() },
        _ => Target::default(),
    }
}

/// A name that a session may have: they are drawn in a row, and made UUIDs of version 4.
fn client(number: u8) -> ClientId {
    ClientId(u128::from(number) | 4 << 76 | 2 << 62)
}

/// Inputs to begin with.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    // The number of an operation, and in its upper half whose it is.
    let scripts: [&[u8]; 9] = [
        // A client connects, subscribes, publishes, leaves, comes back and recovers.
        &[0, 10, 1, 11, 0, 4, 14, 0, 0, 9, 13, 0, 0, 14, 9, 0, 3, 3, 0, 0, 0, 9, 11, 0, 2],
        // Two on two hubs in a room; one goes, comes back within its grace, and goes for good.
        &[
            0, 10, 1, 11, 5, 4, 0x80, 0x1a, 2, 0x1b, 5, 4, 5, 0x18, 4, 20, 0, 0x2a, 2, 0x2b, 5, 4,
            4, 99,
        ],
        // Somebody stalls, under each policy.
        &[
            0, 10, 1, 11, 1, 0, 11, 2, 0, 11, 3, 0, 11, 4, 0, 6, 3, 4, 0, 1, 200, 3, 4, 0, 2, 200,
            3, 4, 0, 3, 200, 3, 4, 0x10, 4, 200, 3, 4, 0x10, 4, 200, 3, 4, 0, 1, 200, 7, 40, 6,
        ],
        // A reader of three channels stalls, is told of a gap, and reads again.
        &[
            2, 7, 0, 0, 6, 3, 0, 0, 1, 200, 3, 0, 0, 1, 200, 3, 0, 0, 1, 200, 3, 0, 0, 0, 9, 3, 0,
            0, 1, 200, 7, 200, 6, 8, 2, 7, 0x80, 0,
        ],
        // The token subscribes, and the application subscribes, unsubscribes, refreshes, disconnects.
        &[
            0, 10, 4, 3, 5, 0, 0, 3, 5, 1, 9, 3, 0, 0, 9, 5, 3, 6, 5, 0, 3, 8, 6, 0, 4, 255, 3, 7,
            4, 0, 3, 14, 0, 0,
        ],
        // Over Server-Sent Events, with what is wrong in between.
        &[
            1, 10, 7, 1, 0x19, 17, b'{', b'"', b'i', b'd', b'"', b':', b'1', b',', b'"', b'r',
            b'p', b'c', b'"', b':', b'{', b'}', b'}', 9, 3, b'{', b'}', b'\n',
        ],
        // An application's subscriptions of readers, with what they recover.
        &[
            2, 1, 0, 1, 3, 0, 0, 9, 5, 3, 0, 0, 9, 5, 3, 5, 1, 9, 3, 0, 0, 9, 5, 3, 0, 0, 0, 5, 3,
            6, 1, 0, 3, 0, 0, 0, 7, 3, 5, 0, 0, 3, 0, 0, 0, 7,
        ],
        // Time: tokens and subscriptions expire.
        &[0, 10, 5, 11, 0, 8, 2, 1, 0, 5, 4, 255, 4, 255, 4, 255, 3, 9, 0, 0],
        // Too many, and more than the history keeps.
        &[
            0, 10, 1, 11, 6, 0, 0x80, 0x1a, 2, 0x1b, 6, 0, 0, 0x2a, 0, 0x2b, 6, 0, 11, 0, 0, 13, 0,
            0, 3, 4, 0, 0, 99, 3, 4, 0, 0, 99, 3, 4, 0, 0, 99, 3, 4, 0, 0, 99, 3, 4, 0, 0, 99, 11,
            0, 2,
        ],
    ];
    let mut scripts = scripts.map(Vec::from).to_vec();
    // All behind each other, so that long ones are tried from the beginning.
    let backwards: Vec<Vec<u8>> = scripts.iter().rev().cloned().collect();
    scripts.extend([scripts.concat(), backwards.concat()]);
    shape::product(&[&[0], &[3], &[0x0f]], &scripts)
}
