//! Who came to a channel and left it, as someone is told who has been there from the beginning.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::told::News;
use super::world::ROOM;

#[derive(Default)]
pub(crate) struct Attendance {
    /// By channel and user: how many have come, and left.
    counts: BTreeMap<(&'static str, Rc<str>), (usize, usize)>,
    /// The connections in the room, where nobody takes the place of another one.
    in_room: BTreeSet<Rc<str>>,
}

impl Attendance {
    pub(crate) fn told(&mut self, channel: &'static str, news: &News) {
        let News { joins, user, client } = news;
        let (came, left) = self.counts.entry((channel, Rc::clone(user))).or_default();
        *if *joins { &mut *came } else { &mut *left } += 1;
        assert!(left <= came, "{channel}: more of {user:?} have left than came");
        if channel == ROOM {
            let changed = match joins {
                true => self.in_room.insert(Rc::clone(client)),
                false => self.in_room.remove(client),
            };
            assert!(changed, "{client} of {user:?}: {joins} for the second time");
        }
    }

    /// How many of this user have come.
    pub(crate) fn came(&self, channel: &'static str, user: &str) -> usize {
        self.counts.get(&(channel, user.into())).map_or(0, |it| it.0)
    }

    /// How many of each user there are, of whom there is anybody.
    pub(crate) fn present(&self, channel: &'static str) -> BTreeMap<String, usize> {
        let here = self.counts.iter().filter(|((of, _), _)| *of == channel);
        let here = here.map(|((_, user), (came, left))| (user.to_string(), came - left));
        here.filter(|(_, count)| *count > 0).collect()
    }

    /// The connections in the room.
    pub(crate) fn in_room(&self) -> BTreeSet<String> {
        self.in_room.iter().map(|it| it.to_string()).collect()
    }
}
