//! How long to wait before the next attempt.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// Doubles from 0.5 s to 30 s, or to less. Up to a quarter is taken off again, another
/// share each time, so that instances which lost one server at the same moment
/// do not come back at the same moment.
#[derive(Debug)]
pub(crate) struct Backoff {
    failures: u32,
    counter: u32,
    longest: Duration,
}

impl Backoff {
    /// `seed` differs between instances.
    pub(crate) fn new(seed: u32) -> Self {
        Backoff {
            failures: 0,
            counter: seed,
            longest: LONGEST,
        }
    }

    /// No wait is longer than this.
    #[cfg(any(feature = "grpc", test))]
    pub(crate) fn up_to(self, longest: Duration) -> Self {
        Backoff { longest, ..self }
    }

    /// Another series of waits than those of other instances.
    pub(crate) fn own() -> Self {
        // Seeded from the operating system.
        Backoff::new(RandomState::new().hash_one(0) as u32)
    }

    /// It worked: the next failure is the first again.
    #[cfg(any(feature = "grpc", test))]
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    pub(crate) fn next(&mut self) -> Duration {
        let doublings = self.failures.min(10);
        self.failures = self.failures.saturating_add(1);
        self.counter = self.counter.wrapping_add(1);
        // A multiple of the golden ratio spreads neighbouring counters evenly.
        let share = self.counter.wrapping_mul(0x9E37_79B9) >> 24;
        let full = (FIRST * 2_u32.pow(doublings)).min(self.longest);
        full - full * share / 1024
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_the_limit_and_starts_anew() {
        let mut backoff = Backoff::new(7);
        let waits: Vec<Duration> = (0..40).map(|_| backoff.next()).collect();
        for (failures, wait) in (0_u32..).zip(&waits) {
            let full = (FIRST * 2_u32.pow(failures.min(10))).min(LONGEST);
            assert!(
                *wait <= full && *wait >= full * 3 / 4,
                "{failures}: {wait:?}"
            );
        }
        assert!(waits[20..].windows(2).any(|pair| pair[0] != pair[1]));
        backoff.reset();
        assert!(backoff.next() <= FIRST);
        let mut short = Backoff::new(7).up_to(FIRST * 3);
        assert!((0..40).all(|_| short.next() <= FIRST * 3));
    }
}
