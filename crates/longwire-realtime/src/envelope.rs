//! A publication on its way to its subscribers, with the bytes it has in each wire form.
//!
//! The bytes are made by whoever needs a form first and are shared by all hubs. They live as long as
//! the publication is on its way; the history keeps the publication alone.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::{ChannelName, ClientId, Codec, Dialect, Epoch, Payload, Position, Publication, Push};

/// A publication on its way.
pub struct Envelope {
    /// To which channel.
    pub channel: ChannelName,
    /// Which life of the channel's history its offset belongs to; `None` where it has no offset.
    pub epoch: Option<Epoch>,
    /// What was published.
    pub publication: Arc<Publication>,
    /// Whose session is left out.
    pub exclude: Option<ClientId>,
    forms: [OnceLock<Payload>; Dialect::COUNT],
}

impl Envelope {
    /// Nothing is encoded yet.
    pub fn new(
        channel: ChannelName,
        epoch: Option<Epoch>,
        publication: Arc<Publication>,
        exclude: Option<ClientId>,
    ) -> Self {
        Self { channel, epoch, publication, exclude, forms: Default::default() }
    }

    /// Its bytes in a dialect, which are encoded now if nobody needed them before.
    pub fn payload(&self, dialect: Dialect, codec: &dyn Codec) -> &Payload {
        self.forms[dialect.index()].get_or_init(|| {
            let push = Push::Publication {
                channel: self.channel.clone(),
                epoch: self.epoch.clone(),
                publication: Arc::clone(&self.publication),
            };
            let mut bytes = Vec::new();
            codec.encode_push(dialect, &push, &mut bytes);
            let mark = self.epoch.clone().map(|epoch| {
                (self.channel.clone(), Position { epoch, offset: self.publication.offset })
            });
            Payload::new(bytes, mark)
        })
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("channel", &self.channel)
            .field("epoch", &self.epoch)
            .field("publication", &self.publication)
            .field("exclude", &self.exclude)
            .finish_non_exhaustive()
    }
}
