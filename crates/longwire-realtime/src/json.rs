//! A JSON value as its sender wrote it: checked once where it comes in, then passed on byte for
//! byte and shared by reference count.

use std::fmt;
use std::sync::Arc;

/// The text of one JSON value, which nobody parses or writes anew on its way.
///
/// Dialects make one from what a JSON parser has accepted. In a wire form that is not JSON it is
/// text like any other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Json(Arc<str>);

impl Json {
    /// Takes the text of a value that was found to be valid JSON.
    pub fn from_valid(text: &str) -> Self {
        Self(text.into())
    }

    /// The value's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Bytes of the text.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no text at all, which is no JSON value: it stands for data that is absent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
