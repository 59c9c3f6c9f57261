//! Bytes on their way to many.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::{ChannelName, Position};

/// Bytes that are ready to be sent, shared by all who get them.
#[derive(Clone)]
pub struct Payload {
    shared: Arc<Shared>,
}

struct Shared {
    bytes: Box<[u8]>,
    /// Where a reader is behind them.
    mark: Option<(ChannelName, Position)>,
}

impl Payload {
    /// Bytes behind which a reader of that channel is at that position: a publication with an offset. Or
    /// any others.
    pub fn new(bytes: Vec<u8>, mark: Option<(ChannelName, Position)>) -> Self {
        Self { shared: Arc::new(Shared { bytes: bytes.into(), mark }) }
    }

    /// Where a reader is behind it.
    pub fn mark(&self) -> Option<(&ChannelName, &Position)> {
        self.shared.mark.as_ref().map(|(channel, position)| (channel, position))
    }

    /// Whether it is the same, not only equal.
    pub fn is_the_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.shared.bytes
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        **self == **other && self.mark() == other.mark()
    }
}

impl Eq for Payload {}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Payload");
        debug.field("bytes", &String::from_utf8_lossy(self)).field("mark", &self.mark()).finish()
    }
}
