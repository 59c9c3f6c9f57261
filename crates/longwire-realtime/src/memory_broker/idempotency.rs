//! Publications that were asked for with an idempotency key, and what became of them: for a while,
//! and only so many.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::{ChannelName, Position};

type Key = (ChannelName, String);

#[derive(Default)]
pub(super) struct Idempotency {
    known: HashMap<Key, Option<Position>>,
    /// When each is to be forgotten, soonest first: all are remembered for the same time.
    order: VecDeque<(Duration, Key)>,
}

impl Idempotency {
    /// What became of the publication with this key, if it is remembered.
    pub(super) fn recall(&mut self, key: &Key, now: Duration) -> Option<Option<Position>> {
        self.expire(now);
        self.known.get(key).cloned()
    }

    pub(super) fn remember(
        &mut self,
        key: Key,
        position: Option<Position>,
        until: Duration,
        max_keys: usize,
    ) {
        self.known.insert(key.clone(), position);
        self.order.push_back((until, key));
        while self.order.len() > max_keys {
            self.forget_oldest();
        }
    }

    pub(super) fn expire(&mut self, now: Duration) {
        while self.order.front().is_some_and(|&(until, _)| until <= now) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.order.pop_front() {
            self.known.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_forgotten_by_age_and_by_number() {
        let key = |text: &str| (ChannelName::new("c", 9).unwrap(), text.to_string());
        let second = Duration::from_secs;
        let mut keys = Idempotency::default();
        for (at, name) in [(10, "a"), (11, "b"), (12, "c")] {
            keys.remember(key(name), None, second(at), 2);
        }
        assert_eq!(keys.recall(&key("a"), second(0)), None, "the third key pushed it out");
        assert_eq!(keys.recall(&key("b"), second(10)), Some(None));
        assert_eq!(keys.recall(&key("b"), second(11)), None, "its time is over");
        assert_eq!(keys.recall(&key("c"), second(11)), Some(None));
        keys.expire(second(12));
        assert!(keys.known.is_empty() && keys.order.is_empty());
    }
}
