//! Who has what: the publications that are under way, and which one each subscriber has to get next.
//!
//! A publication is done, and forgotten, when all have it who had joined when it was published.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

/// A publication under way.
#[derive(Debug)]
struct UnderWay {
    text: String,
    due: Duration,
    /// How many subscribers lack it.
    lacking: usize,
}

/// The publications under way, and what has become of them.
#[derive(Debug, Default)]
pub(super) struct Tally {
    under_way: VecDeque<UnderWay>,
    /// How many were done before the oldest of these.
    done: u64,
    /// Of each subscriber, the number of the publication that it has to get next.
    next: Vec<u64>,
    deliveries: u64,
}

impl Tally {
    /// The number of the next publication.
    pub(super) fn next_number(&self) -> u64 {
        self.done + self.under_way.len() as u64
    }

    /// How many publications are under way.
    pub(super) fn outstanding(&self) -> usize {
        self.under_way.len()
    }

    /// How many deliveries there were.
    pub(super) fn deliveries(&self) -> u64 {
        self.deliveries
    }

    /// One more subscriber, which gets what is published from here on.
    pub(super) fn join(&mut self) {
        self.next.push(self.next_number());
    }

    /// One more publication.
    pub(super) fn publish(&mut self, text: String, due: Duration) {
        self.under_way.push_back(UnderWay { text, due, lacking: self.next.len() });
    }

    /// Takes what a subscriber got, which has to begin with the publication that is next for it: when
    /// that was due.
    ///
    /// # Errors
    /// It is another publication, one that was changed, or none.
    pub(super) fn deliver(&mut self, subscriber: usize, received: &str) -> Result<Duration> {
        let next = self.next.get_mut(subscriber).context("nobody has joined there")?;
        let place = usize::try_from(*next - self.done)?;
        let publication = self.under_way.get_mut(place).with_context(|| {
            format!("subscriber {subscriber} got {:?}, which it had already", start(received))
        })?;
        ensure!(
            received.starts_with(&publication.text),
            "subscriber {subscriber} got {:?}, not publication {next} as it was",
            start(received)
        );
        *next += 1;
        self.deliveries += 1;
        publication.lacking -= 1;
        let due = publication.due;
        while self.under_way.front().is_some_and(|oldest| oldest.lacking == 0) {
            self.under_way.pop_front();
            self.done += 1;
        }
        Ok(due)
    }
}

/// Enough of a text to recognise it.
fn start(text: &str) -> String {
    text.chars().take(48).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two subscribers and two publications, `~0` and `~1`.
    fn tally() -> Tally {
        let mut tally = Tally::default();
        tally.join();
        tally.join();
        tally.publish("~0".to_owned(), Duration::from_secs(10));
        tally.publish("~1".to_owned(), Duration::from_secs(11));
        tally
    }

    #[test]
    fn a_publication_is_done_when_all_have_it() {
        let mut tally = tally();
        // Who gets what, when that was due, and how many are outstanding then.
        let table = [(0, "~0", 10, 2), (0, "~1", 11, 2), (1, "~0\"}", 10, 1), (1, "~1", 11, 0)];
        for (subscriber, received, due, outstanding) in table {
            let delivered = tally.deliver(subscriber, received).unwrap();
            assert_eq!((delivered.as_secs(), tally.outstanding()), (due, outstanding));
        }
        assert_eq!((tally.deliveries(), tally.next_number()), (4, 2));
    }

    #[test]
    fn whoever_joins_later_gets_what_is_published_later() {
        let mut tally = tally();
        tally.join();
        tally.publish("~2".to_owned(), Duration::ZERO);
        assert!(tally.deliver(2, "~0").is_err());
        tally.deliver(2, "~2").unwrap();
    }

    #[test]
    fn what_is_not_next_is_an_error() {
        let table: [(&[&str], &str, &str); 4] = [
            (&[], "~1", "subscriber 1 got \"~1\", not publication 0 as it was"),
            (&["~0"], "~0", "subscriber 1 got \"~0\", not publication 1 as it was"),
            (&["~0", "~1"], "~1", "subscriber 1 got \"~1\", which it had already"),
            (&["~0"], "~", "subscriber 1 got \"~\", not publication 1 as it was"),
        ];
        for (before, received, wanted) in table {
            let mut tally = tally();
            for received in before {
                tally.deliver(1, received).unwrap();
            }
            assert_eq!(tally.deliver(1, received).unwrap_err().to_string(), wanted);
        }
        assert!(tally().deliver(2, "~0").is_err());
    }
}
