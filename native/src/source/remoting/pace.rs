//! How often a queue is asked for messages.
//!
//! The client divides the queues into shards by a hash of its own, counts the
//! requests of each shard, and loses the one after 4,096 in a second: its
//! queue is read no more until the session is built anew. With as many shards
//! as it takes, more than three fast queues hardly ever meet in one, so that a
//! third of its count is each queue's.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::trace::Queue;

/// Requests a second that a shard surely takes.
const SHARD: u32 = 4_000;
/// Queues that may share one.
const TOGETHER: usize = 3;
/// Shards the client takes for each core.
const SHARDS_A_CORE: usize = 8;
/// What was not asked for in this time is not made up for.
const BURST: Duration = Duration::from_secs(1);

/// As many shards as the client takes on this machine.
pub(super) fn shards() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from) * SHARDS_A_CORE
}

/// When each queue may be asked next.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<HashMap<Queue, Instant>>);

impl Pace {
    /// How long the next request of a queue should wait, being one of `queues`.
    pub(super) fn wait(&self, queue: Queue, queues: usize, now: Instant) -> Duration {
        let together = queues.clamp(1, TOGETHER) as u32;
        let apart = Duration::from_secs(1) * together / SHARD;
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        let turn = next.entry(queue).or_insert(earliest);
        *turn = (*turn).max(earliest) + apart;
        turn.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests in the first second, and in the next.
    fn asked(queues: usize) -> [u32; 2] {
        let pace = Pace::default();
        let mut now = Instant::now();
        let begin = now;
        let mut counts = [0; 2];
        loop {
            now += pace.wait(Queue::default(), queues, now);
            let second = (now - begin).as_secs() as usize;
            match counts.get_mut(second) {
                Some(count) => *count += 1,
                None => return counts,
            }
        }
    }

    #[test]
    fn as_many_as_a_shard_takes_even_when_three_queues_meet_in_it() {
        for (queues, most) in [(1, 4_000), (2, 2_000), (3, 1_333), (16, 1_333)] {
            let [first, second] = asked(queues);
            // What was left at the start, and what comes in a second.
            assert!(first.abs_diff(2 * most) < 4, "{queues}: {first}");
            assert!(second.abs_diff(most) < 4, "{queues}: {second}");
        }
    }

    #[test]
    fn a_queue_that_is_slower_does_not_wait() {
        let pace = Pace::default();
        let mut now = Instant::now();
        for _ in 0..5_000 {
            now += Duration::from_millis(1);
            assert_eq!(pace.wait(Queue::default(), 4, now), Duration::ZERO);
        }
    }
}
