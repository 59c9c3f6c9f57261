//! A publication, and where it stands in its channel.

use std::fmt;
use std::sync::Arc;

use crate::{ClientInfo, Json};

/// Which life of a channel's history an offset belongs to: random text, new whenever the history
/// begins anew.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(Arc<str>);

impl Epoch {
    /// An epoch of that text. Empty text stands for a client that does not know the epoch.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is unknown.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

/// Where a channel's history stands, or where a client is in it: everything up to and including
/// `offset` was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which life of the history.
    pub epoch: Epoch,
    /// The last publication; the first one of an epoch has offset 1.
    pub offset: u64,
}

/// One publication of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Its place in the channel's history; 0 in a channel without history.
    pub offset: u64,
    /// What was published.
    pub data: Json,
    /// Who published it, if it was a client.
    pub info: Option<Arc<ClientInfo>>,
    /// What the publisher put beside the data, in the publisher's order.
    pub tags: Vec<(Arc<str>, Arc<str>)>,
    /// What it is the newest state of, for the slow-consumer policy `latest`. A publication without
    /// one is about the channel as a whole.
    pub key: Option<Arc<str>>,
}

impl Publication {
    /// Bytes that it is counted with where bytes are bounded: its content, and a fixed part for what
    /// holds it.
    pub fn cost_bytes(&self) -> usize {
        const OVERHEAD_BYTES: usize = 160;
        let tags: usize = self.tags.iter().map(|(name, value)| 32 + name.len() + value.len()).sum();
        let info = self.info.as_ref().map_or(0, |info| {
            let parts = [&info.conn_info, &info.chan_info];
            info.user.len() + parts.into_iter().flatten().map(Json::len).sum::<usize>()
        });
        OVERHEAD_BYTES
            + self.data.len()
            + tags
            + info
            + self.key.as_ref().map_or(0, |key| key.len())
    }
}
