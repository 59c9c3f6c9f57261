//! Commands, replies and pushes by chance, with all that could go wrong in text.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::{
    ChannelName, ClientId, ClientInfo, Command, Connect, Connected, Epoch, Error, History,
    HistoryPage, Json, Position, PresenceStats, Publication, Publish, Push, Recover, Reply,
    SessionId, Subscribe, Subscribed, Unsubscribed,
};

/// SplitMix64.
pub(in crate::dialect) struct Random(pub(in crate::dialect) u64);

impl Random {
    pub(in crate::dialect) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(in crate::dialect) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    pub(in crate::dialect) fn flag(&mut self) -> bool {
        self.next() & 1 == 1
    }

    pub(in crate::dialect) fn option<T>(
        &mut self,
        value: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        self.flag().then(|| value(self))
    }

    pub(in crate::dialect) fn list<T>(&mut self, mut value: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(3)).map(|_| value(self)).collect()
    }

    /// Small, large, and around what a double holds.
    pub(in crate::dialect) fn number(&mut self) -> u64 {
        match self.below(4) {
            0 => self.next() % 3,
            1 => (1 << 53) + self.next() % 3,
            2 => u64::MAX - self.next() % 3,
            _ => self.next(),
        }
    }

    /// Text with all that somebody could take for a delimiter.
    pub(in crate::dialect) fn text(&mut self) -> String {
        const CHARS: [char; 18] = [
            'a',
            'Z',
            '7',
            ' ',
            '"',
            '\\',
            '\n',
            '\r',
            '\0',
            '\u{7f}',
            '\u{2028}',
            '\u{1F600}',
            'ä',
            '.',
            '~',
            ':',
            '{',
            '%',
        ];
        (0..self.below(6)).map(|_| CHARS[self.below(CHARS.len())]).collect()
    }

    pub(in crate::dialect) fn json(&mut self) -> Json {
        let text = match self.below(5) {
            0 => "null".to_owned(),
            1 => format!("[{},{}]", self.number(), self.next().is_multiple_of(2)),
            2 => format!("{{\n{} :\r\n1.50}}", Value::String(self.text())),
            3 => Value::String(self.text()).to_string(),
            _ => "-0.0e+7".to_owned(),
        };
        Json::from_valid(&text)
    }

    pub(in crate::dialect) fn channel(&mut self) -> ChannelName {
        let text = self.text();
        ChannelName::new(&text, 255).unwrap_or_else(|_| ChannelName::new("chat:\"1", 255).unwrap())
    }

    pub(in crate::dialect) fn info(&mut self) -> Arc<ClientInfo> {
        Arc::new(ClientInfo {
            client: ClientId(u128::from(self.next())),
            user: self.text().into(),
            conn_info: self.option(Self::json),
            chan_info: self.option(Self::json),
        })
    }

    pub(in crate::dialect) fn publication(&mut self) -> Arc<Publication> {
        Arc::new(Publication {
            offset: self.number(),
            data: self.json(),
            info: self.option(Self::info),
            tags: self.option(|it| (it.text().into(), it.text().into())).into_iter().collect(),
            key: None,
        })
    }

    pub(in crate::dialect) fn position(&mut self) -> Position {
        Position { epoch: Epoch::new(&self.text()), offset: self.number() }
    }

    pub(in crate::dialect) fn recover(&mut self) -> Recover {
        Recover { epoch: Epoch::new(&self.text()), offset: self.number() }
    }

    pub(in crate::dialect) fn ttl(&mut self) -> Option<Duration> {
        self.option(|it| Duration::from_millis(it.number()))
    }

    pub(in crate::dialect) fn subscribed(&mut self) -> Subscribed {
        Subscribed {
            position: self.option(Self::position),
            recoverable: self.flag(),
            was_recovering: self.flag(),
            recovered: self.flag(),
            publications: self.list(Self::publication),
            ttl: self.ttl(),
        }
    }

    pub(in crate::dialect) fn reply(&mut self) -> Result<Reply, Error> {
        Ok(match self.below(10) {
            0 => Reply::Connect(Connected {
                client: ClientId(u128::from(self.next())),
                session: SessionId(u128::from(self.next())),
                node: self.text().into(),
                version: self.text().into(),
                ttl: self.ttl(),
                ping_interval: Duration::from_millis(self.next() % 60_000),
                pong: self.flag(),
                subs: self.option(|it| (it.channel(), it.subscribed())).into_iter().collect(),
            }),
            1 => Reply::Subscribe(self.subscribed()),
            2 => Reply::Unsubscribe,
            3 => Reply::Publish,
            4 => Reply::Presence(self.list(Self::info)),
            5 => {
                Reply::PresenceStats(PresenceStats { clients: self.below(9), users: self.below(9) })
            }
            6 => Reply::History(HistoryPage {
                publications: self.list(Self::publication),
                position: self.position(),
            }),
            7 => Reply::Refresh { client: ClientId(7), ttl: self.ttl() },
            8 => Reply::SubRefresh { ttl: self.ttl() },
            _ => return Err(Error::BadRequest(self.text())),
        })
    }

    pub(in crate::dialect) fn push(&mut self) -> Push {
        let channel = self.channel();
        match self.below(7) {
            0 => Push::Join { channel, info: self.info() },
            1 => Push::Leave { channel, info: self.info() },
            2 => Push::Subscribe { channel, subscribed: self.subscribed() },
            3 => Push::Unsubscribe { channel, why: Unsubscribed::INSUFFICIENT_STATE },
            4 => Push::Message { data: self.json() },
            5 => Push::Crowd { channel, stats: PresenceStats { clients: 300, users: 200 } },
            _ => Push::Publication {
                channel,
                epoch: self.option(|it| Epoch::new(&it.text())),
                publication: self.publication(),
            },
        }
    }

    pub(in crate::dialect) fn command(&mut self) -> Command {
        let channel = self.text();
        match self.below(9) {
            0 => Command::Connect(Connect {
                token: self.option(Self::text).filter(|token| !token.is_empty()),
                data: self.option(Self::json),
                name: self.text(),
                version: self.text(),
                subs: self.option(|it| (it.text(), it.recover())).into_iter().collect(),
            }),
            1 => Command::Subscribe(Subscribe {
                channel,
                token: self.option(Self::text).filter(|token| !token.is_empty()),
                recover: self.option(Self::recover),
                join_leave: self.flag(),
                positioned: self.flag(),
                recoverable: self.flag(),
            }),
            2 => Command::Publish(Publish {
                channel,
                data: self.json(),
                exclude_self: self.flag(),
                key: self.option(Self::text),
            }),
            3 => Command::History(History {
                channel,
                limit: self.option(|it| it.below(1000)),
                since: self.option(Self::recover),
                reverse: self.flag(),
            }),
            4 => Command::Presence { channel },
            5 => Command::PresenceStats { channel },
            6 => Command::Unsubscribe { channel },
            7 => Command::SubRefresh { channel, token: self.text() },
            _ => Command::Rpc { method: self.text(), data: self.option(Self::json) },
        }
    }
}
