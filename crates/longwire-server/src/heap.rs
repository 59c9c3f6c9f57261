//! A value on the heap, for which there may be no memory.

use std::ops::{Deref, DerefMut};

/// What a `Box` is, but `new` says so where there is no memory. Of what `std` has, a `Vec` alone
/// can be asked for memory without aborting; one of length 1 turns into this.
#[derive(Debug)]
pub(crate) struct Heap<T>(Box<[T; 1]>);

impl<T> Heap<T> {
    /// `None` where there is no memory.
    pub(crate) fn new(value: T) -> Option<Self> {
        let mut values = Vec::new();
        values.try_reserve_exact(1).ok()?;
        values.push(value);
        // The capacity is the length, so nothing is moved.
        Box::try_from(values).ok().map(Self)
    }
}

impl<T> Deref for Heap<T> {
    type Target = T;

    fn deref(&self) -> &T {
        let [value] = &*self.0;
        value
    }
}

impl<T> DerefMut for Heap<T> {
    fn deref_mut(&mut self) -> &mut T {
        let [value] = &mut *self.0;
        value
    }
}
