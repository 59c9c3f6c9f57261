//! Memory for which the allocator may have nothing: a value on the heap whose making can fail, and
//! a question to ask before calling what would panic or abort.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hint::black_box;
use core::ops::{Deref, DerefMut};

/// What a `Box` is, but `new` says so where there is no memory. Of what `std` has, a `Vec` alone
/// can be asked for memory without aborting; one of length 1 turns into this.
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

/// How `zlib-rs` aligns what it allocates. More than anything else here needs.
#[repr(align(64))]
struct Line(#[allow(dead_code, reason = "it is there for its size")] [u8; 64]);

/// Whether the allocator has a block of `bytes` now. It is given back at once, so what is called
/// next gets it, unless another thread is quicker.
pub(crate) fn has_room(bytes: usize) -> bool {
    let mut lines = Vec::<Line>::new();
    let reserved = lines.try_reserve_exact(bytes.div_ceil(size_of::<Line>())).is_ok();
    // Nothing is done with the block, and the compiler is not to conclude that none is needed.
    black_box(&lines);
    reserved
}

#[cfg(test)]
mod tests {
    use super::{Heap, has_room};

    #[test]
    fn a_value_can_be_read_and_changed() {
        let mut value = Heap::new([1, 2, 3]).unwrap();
        value[1] = 5;
        assert_eq!(*value, [1, 5, 3]);
        assert_eq!(size_of::<Option<Heap<[u8; 3]>>>(), size_of::<usize>());
    }

    #[test]
    fn nothing_is_room_and_everything_is_not() {
        assert!(has_room(0) && has_room(1) && has_room(1 << 20));
        assert!(!has_room(usize::MAX) && !has_room(isize::MAX as usize));
    }
}
