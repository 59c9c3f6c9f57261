//! A message that is coming in, as the model keeps it.

/// The message that is coming in.
#[derive(Default)]
pub(crate) struct Message {
    pub(crate) is_text: bool,
    pub(crate) compressed: bool,
    pub(crate) fragments: usize,
    pub(crate) wire_bytes: u64,
    pub(crate) last_is_empty: bool,
    /// Compressed as long as it has not been inflated.
    pub(crate) data: Vec<u8>,
}
