//! What was dropped because somebody did not read, by namespace and reason.

use std::collections::BTreeMap;

/// Why something did not get to a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropReason {
    /// The session was ended for being slow: what waited in it, and what did not fit. Or it was ended
    /// with insufficient state, and this waited in it.
    Disconnect,
    /// It made room for something newer.
    Oldest,
    /// There was no room for it.
    New,
    /// Something newer with the same key took its place.
    Superseded,
    /// The subscription was ended with insufficient state: what waited, and what did not fit.
    Gap,
}

/// How much was dropped since the hub began: exact numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    /// By namespace, which is empty for channels without one, and reason.
    counts: BTreeMap<(String, DropReason), u64>,
}

impl Drops {
    pub(crate) fn add(&mut self, namespace: Option<&str>, reason: DropReason, count: usize) {
        if count > 0 {
            let key = (namespace.unwrap_or_default().to_string(), reason);
            *self.counts.entry(key).or_default() += count as u64;
        }
    }

    /// All counts that are not zero: namespace, reason, how many.
    pub fn iter(&self) -> impl Iterator<Item = (&str, DropReason, u64)> {
        self.counts.iter().map(|((namespace, reason), count)| (namespace.as_str(), *reason, *count))
    }
}
