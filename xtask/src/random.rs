//! Numbers that look drawn by lot, for tests: the same everywhere for one seed.

/// A linear congruential generator, of its seed.
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next number, from 0 to below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}
