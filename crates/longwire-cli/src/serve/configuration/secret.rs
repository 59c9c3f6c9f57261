//! Text that nobody is shown: keys and secrets.

use std::fmt;

/// A key or a secret. What prints it prints that it is one.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// What stands for every secret that is printed.
    pub(crate) const MASK: &str = "********";

    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, to compare or to verify with.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Its length in characters.
    pub(crate) fn chars(&self) -> usize {
        self.0.chars().count()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::MASK)
    }
}
