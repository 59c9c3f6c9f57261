//! Chance, the same on every machine.

/// SplitMix64: enough for tests, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The seed decides everything.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 up to, and without, `bound`; 0 where that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // The remainder is smaller than the bound, so it fits.
        usize::try_from(mixed % (bound.max(1) as u64)).unwrap_or_default()
    }
}
