//! Whether a client that comes back gets all that it missed.

use crate::{Position, Publication, Recover};
use std::sync::Arc;

/// Whether `publications`, which the history had after `since`, are all that the client missed
/// before `top`. If not, it gets none of them: a part would be a gap that it does not see.
pub(crate) fn is_complete(
    since: &Recover,
    top: &Position,
    publications: &[Arc<Publication>],
    max_publications: usize,
) -> bool {
    // An offset of another epoch says nothing. A client that knows no epoch trusts us.
    if !since.epoch.is_empty() && since.epoch != top.epoch {
        return false;
    }
    if since.offset == top.offset {
        return true;
    }
    let (Some(first), Some(last)) = (publications.first(), publications.last()) else {
        return false;
    };
    first.offset.checked_sub(1) == Some(since.offset)
        && last.offset == top.offset
        && publications.len() <= max_publications
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Epoch, Json};

    fn publications(offsets: std::ops::RangeInclusive<u64>) -> Vec<Arc<Publication>> {
        let data = Json::from_valid("1");
        let make = |offset| Publication {
            offset,
            data: data.clone(),
            info: None,
            tags: Vec::new(),
            key: None,
        };
        offsets.map(|offset| Arc::new(make(offset))).collect()
    }

    #[test]
    #[expect(clippy::reversed_empty_ranges, reason = "how a range of nothing is written")]
    fn all_or_nothing() {
        // The top is at offset 9 of epoch "a"; at most 4 are recovered.
        let rows = [
            ("nothing was missed", "a", 9, 1..=0, true),
            ("nothing was missed, epoch unknown", "", 9, 1..=0, true),
            ("nothing was missed, but another epoch", "b", 9, 1..=0, false),
            ("one was missed", "a", 8, 9..=9, true),
            ("four were missed", "a", 5, 6..=9, true),
            ("four were missed, epoch unknown", "", 5, 6..=9, true),
            ("four were missed, but another epoch", "b", 5, 6..=9, false),
            ("five were missed, which is one too many", "a", 4, 5..=9, false),
            ("the history begins too late", "a", 5, 7..=9, false),
            ("the history ends too early", "a", 5, 6..=8, false),
            ("the history is empty", "a", 5, 1..=0, false),
            ("the client is ahead of the channel", "a", 10, 1..=0, false),
            ("the client is at the end of time", "a", u64::MAX, 1..=0, false),
        ];
        for (what, epoch, offset, had, complete) in rows {
            let since = Recover { epoch: Epoch::new(epoch), offset };
            let top = Position { epoch: Epoch::new("a"), offset: 9 };
            assert_eq!(is_complete(&since, &top, &publications(had), 4), complete, "{what}");
        }
    }
}
