//! How messages are compressed in a row.

/// The parameters of permessage-deflate, the same both ways.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deflate {
    /// zlib's level of compression.
    pub(crate) level: u8,
    /// The base-2 logarithm of the window.
    pub(crate) window_bits: u8,
    /// Whether a message may refer to those before it.
    pub(crate) takeover: bool,
}

impl Deflate {
    /// How tables call it.
    pub(crate) fn name(self) -> String {
        let Self { level, window_bits, takeover } = self;
        let takeover = if takeover { "takeover" } else { "no takeover" };
        format!("level {level}, window {window_bits}, {takeover}")
    }
}
