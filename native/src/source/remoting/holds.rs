//! What is on its way to the store.
//!
//! A listener call ends as soon as the pipeline has its messages, so the
//! client takes them for consumed. The broker is told of no offset past the
//! first message that the store does not have: the hook asks here.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::trace::Call;
use crate::trace::Queue;

/// How often the end of a session looks whether all is committed.
const LOOK: Duration = Duration::from_millis(20);

/// What waits, by queue. One session's.
#[derive(Debug, Default)]
pub(super) struct Holds(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The offset of each call's first message, and how many calls began there.
    first: HashMap<Queue, BTreeMap<i64, usize>>,
    /// Calls that may be committed yet.
    pending: usize,
}

impl Holds {
    /// Messages from `first` on are on their way.
    pub(super) fn hold(self: &Arc<Self>, queue: Queue, first: i64) -> Hold {
        let mut state = self.state();
        let calls = state.first.entry(queue.clone()).or_default();
        *calls.entry(first).or_default() += 1;
        state.pending += 1;
        drop(state);
        Hold {
            holds: Arc::clone(self),
            queue,
            first,
            call: None,
        }
    }

    /// How much of what the client has consumed the store has.
    pub(super) fn stored(&self, queue: &Queue, consumed: i64) -> i64 {
        let state = self.state();
        let held = state.first.get(queue).and_then(|calls| calls.keys().next());
        held.map_or(consumed, |held| consumed.min(*held))
    }

    /// Waits until nothing is left that may be committed.
    pub(super) async fn settle(&self) {
        while self.state().pending > 0 {
            tokio::time::sleep(LOOK).await;
        }
    }

    // Counters are whole whatever panicked beside them.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A listener call on its way. Dropped uncommitted it holds its offset for
/// ever, so that its messages are read again.
pub(super) struct Hold {
    holds: Arc<Holds>,
    queue: Queue,
    first: i64,
    call: Option<Call>,
}

impl Hold {
    /// The same, with a trace that is told how it ends.
    pub(super) fn traced(mut self, call: Option<Call>) -> Hold {
        self.call = call;
        self
    }

    /// The store has it.
    pub(super) fn committed(mut self) {
        let mut state = self.holds.state();
        if let Some(calls) = state.first.get_mut(&self.queue)
            && let Some(count) = calls.get_mut(&self.first)
        {
            *count -= 1;
            if *count == 0 {
                calls.remove(&self.first);
            }
        }
        drop(state);
        if let Some(call) = self.call.take() {
            call.ended(true);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.holds.state().pending -= 1;
        if let Some(call) = self.call.take() {
            call.ended(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_is_not_stored_bounds_what_is_told() {
        let holds = Arc::new(Holds::default());
        let queue = |id| Queue {
            id,
            ..Queue::default()
        };
        assert_eq!(holds.stored(&queue(1), 70), 70);
        let early = holds.hold(queue(1), 10);
        let late = holds.hold(queue(1), 42);
        let again = holds.hold(queue(1), 10);
        for (told, of) in [(10, 70), (10, 10), (5, 5)] {
            assert_eq!(holds.stored(&queue(1), of), told);
        }
        assert_eq!(holds.stored(&queue(2), 70), 70);
        early.committed();
        assert_eq!(holds.stored(&queue(1), 70), 10);
        again.committed();
        assert_eq!(holds.stored(&queue(1), 70), 42);
        late.committed();
        assert_eq!(holds.stored(&queue(1), 70), 70);
    }

    #[tokio::test]
    async fn what_is_never_stored_is_waited_for_no_longer_and_never_passed() {
        let holds = Arc::new(Holds::default());
        let lost = holds.hold(Queue::default(), 10);
        let waits = tokio::time::timeout(LOOK * 3, holds.settle()).await;
        assert!(waits.is_err());
        drop(lost);
        holds.settle().await;
        assert_eq!(holds.stored(&Queue::default(), 70), 10);
    }
}
