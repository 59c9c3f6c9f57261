//! Which connections have something to be done about them in a turn. Each is on it once at most:
//! a flag of the connection says whether it is.
//!
//! Where there is no memory to write a key down, everybody is looked through for that flag.

#[derive(Debug, Default)]
pub(crate) struct Agenda {
    keys: Vec<usize>,
    everybody: bool,
}

impl Agenda {
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && !self.everybody
    }

    pub(crate) fn push(&mut self, key: usize) {
        match self.keys.try_reserve(1) {
            Ok(()) => self.keys.push(key),
            Err(_) => self.everybody = true,
        }
    }

    /// The `index`th key to look at, if there are so many. Every key of a connection is less than
    /// `end`.
    pub(crate) fn key(&self, index: usize, end: usize) -> Option<usize> {
        if self.everybody {
            return Some(index).filter(|index| *index < end);
        }
        self.keys.get(index).copied()
    }

    /// Everything is done. The memory is kept.
    pub(crate) fn clear(&mut self) {
        self.keys.clear();
        self.everybody = false;
    }
}
