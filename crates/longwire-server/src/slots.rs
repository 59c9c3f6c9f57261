//! Values under keys, which are small numbers and are used again: what a slab is, but room for a
//! value is made before, and that can fail.

use std::ops::{Index, IndexMut};

pub(crate) struct Slots<T> {
    slots: Vec<Slot<T>>,
    /// The first of the vacant slots, or the number of slots where there is none.
    vacant: usize,
    len: usize,
}

enum Slot<T> {
    Taken(T),
    /// Which slot is vacant next.
    Vacant(usize),
}

impl<T> Slots<T> {
    pub(crate) fn new() -> Self {
        Self { slots: Vec::new(), vacant: 0, len: 0 }
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Every key is less than this.
    pub(crate) fn end(&self) -> usize {
        self.slots.len()
    }

    /// Makes room for a value, and says which key it will have. `None` where there is no memory.
    pub(crate) fn reserve(&mut self) -> Option<usize> {
        if self.vacant == self.slots.len() {
            self.slots.try_reserve(1).ok()?;
        }
        Some(self.vacant)
    }

    /// Puts a value where [`reserve`](Self::reserve) has made room for it.
    pub(crate) fn insert(&mut self, value: T) -> usize {
        let key = self.vacant;
        match self.slots.get_mut(key) {
            Some(slot) => {
                if let Slot::Vacant(next) = std::mem::replace(slot, Slot::Taken(value)) {
                    self.vacant = next;
                }
            }
            None => {
                self.slots.push(Slot::Taken(value));
                self.vacant = self.slots.len();
            }
        }
        self.len += 1;
        key
    }

    pub(crate) fn remove(&mut self, key: usize) -> Option<T> {
        let slot = self.slots.get_mut(key).filter(|slot| matches!(slot, Slot::Taken(_)))?;
        let Slot::Taken(value) = std::mem::replace(slot, Slot::Vacant(self.vacant)) else {
            return None;
        };
        self.vacant = key;
        self.len -= 1;
        Some(value)
    }

    pub(crate) fn get(&self, key: usize) -> Option<&T> {
        match self.slots.get(key) {
            Some(Slot::Taken(value)) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn get_mut(&mut self, key: usize) -> Option<&mut T> {
        match self.slots.get_mut(key) {
            Some(Slot::Taken(value)) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn contains(&self, key: usize) -> bool {
        self.get(key).is_some()
    }

    #[cfg(any(test, feature = "simulation"))]
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        (0..self.end()).filter_map(|key| self.get(key))
    }
}

impl<T> Index<usize> for Slots<T> {
    type Output = T;

    fn index(&self, key: usize) -> &T {
        self.get(key).expect("a key that is in use")
    }
}

impl<T> IndexMut<usize> for Slots<T> {
    fn index_mut(&mut self, key: usize) -> &mut T {
        self.get_mut(key).expect("a key that is in use")
    }
}

#[cfg(test)]
mod tests {
    use super::Slots;

    #[test]
    fn keys_are_used_again_the_last_one_first() {
        let mut slots = Slots::new();
        for (key, value) in ["a", "b", "c"].into_iter().enumerate() {
            assert_eq!(slots.reserve(), Some(key));
            assert_eq!(slots.insert(value), key);
        }
        assert_eq!((slots.len(), slots.end()), (3, 3));
        assert_eq!((slots.remove(0), slots.remove(2)), (Some("a"), Some("c")));
        assert_eq!((slots.remove(2), slots.remove(9)), (None, None));
        assert_eq!(slots.values().collect::<Vec<_>>(), [&"b"]);
        assert!(slots.contains(1) && !slots.contains(0) && !slots.contains(3));
        for (key, value) in [(2, "d"), (0, "e"), (3, "f")] {
            assert_eq!(slots.reserve(), Some(key));
            assert_eq!(slots.insert(value), key);
            assert_eq!(slots[key], value);
        }
        assert_eq!((slots.len(), slots.end()), (4, 4));
        (0..4).for_each(|key| assert!(slots.remove(key).is_some()));
        assert!(slots.is_empty());
    }
}
