//! How far behind the end of each queue this instance is: the broker's newest
//! offset less the offset that is consumed, as `mqadmin consumerProgress` has it.
//!
//! Both go through the hook: answers to pulls name the end, requests the offset
//! that was committed. A client that is full does not pull, so the session asks
//! for the end itself then.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::pipeline::metrics;

/// An end that is older is asked for.
const FRESH: Duration = Duration::from_secs(5);
/// Queues that have a series of their own; all further ones share one.
const SERIES: usize = 256;
/// The name of that series.
const REST: &str = "other";

#[derive(Debug, Default)]
struct Offsets {
    /// After the newest message, and when that was told.
    end: Option<(Instant, i64)>,
    /// Before this all is committed.
    consumed: Option<i64>,
}

/// The offsets of this instance's queues, by broker and number.
#[derive(Debug, Default)]
pub(super) struct Lags {
    queues: BTreeMap<(String, i32), Offsets>,
}

impl Lags {
    /// These are ours from now on.
    pub(super) fn assign<'a>(&mut self, share: impl Iterator<Item = (&'a str, i32)>) {
        let mut before = std::mem::take(&mut self.queues);
        self.queues = share
            .map(|(broker, id)| {
                let key = (broker.to_owned(), id);
                let known = before.remove(&key).unwrap_or_default();
                (key, known)
            })
            .collect();
    }

    fn find(&mut self, broker: &str, id: i32) -> Option<&mut Offsets> {
        self.queues.get_mut(&(broker.to_owned(), id))
    }

    /// The broker has named the end of a queue.
    pub(super) fn end(&mut self, broker: &str, id: i32, end: i64, now: Instant) {
        if let Some(offsets) = self.find(broker, id) {
            offsets.end = Some((now, end));
        }
    }

    /// The client reads on from here; before its first commit, that is what it
    /// has consumed.
    pub(super) fn begins(&mut self, broker: &str, id: i32, offset: i64) {
        if let Some(offsets) = self.find(broker, id) {
            offsets.consumed.get_or_insert(offset);
        }
    }

    /// The client has told the broker what it consumed.
    pub(super) fn consumed(&mut self, broker: &str, id: i32, offset: i64) {
        if let Some(offsets) = self.find(broker, id) {
            offsets.consumed = Some(offset);
        }
    }

    /// The same from a pull that may have been put earlier: never less.
    pub(super) fn consumed_at_least(&mut self, broker: &str, id: i32, offset: i64) {
        if let Some(offsets) = self.find(broker, id) {
            offsets.consumed = Some(offsets.consumed.unwrap_or(0).max(offset));
        }
    }

    /// Queues whose end was not told lately.
    pub(super) fn stale(&self, now: Instant) -> Vec<(String, i32)> {
        let fresh = |offsets: &Offsets| {
            offsets
                .end
                .is_some_and(|(at, _)| now.saturating_duration_since(at) < FRESH)
        };
        self.queues
            .iter()
            .filter(|(_, offsets)| !fresh(offsets))
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// Messages that wait, by `broker:queue`; a queue of which nothing is known
    /// yet is left out.
    pub(super) fn waiting(&self) -> BTreeMap<String, u64> {
        let mut waiting = BTreeMap::new();
        for ((broker, id), offsets) in &self.queues {
            let (Some((_, end)), Some(consumed)) = (offsets.end, offsets.consumed) else {
                continue;
            };
            let lag = u64::try_from(end - consumed).unwrap_or(0);
            let name = match waiting.len() {
                0..SERIES => format!("{broker}:{id}"),
                _ => REST.to_owned(),
            };
            *waiting.entry(name).or_default() += lag;
        }
        waiting
    }
}

/// What was told to the metrics.
#[derive(Debug, Default)]
pub(super) struct Shown(BTreeSet<String>);

impl Shown {
    /// Tells how many messages of each queue wait. A queue that another
    /// instance has now waits no more here.
    pub(super) fn tell(&mut self, topic: &str, waiting: &BTreeMap<String, u64>) {
        self.0.retain(|queue| {
            let ours = waiting.contains_key(queue);
            if !ours {
                metrics::source_lag(super::NAME, topic, queue, 0);
            }
            ours
        });
        for (queue, messages) in waiting {
            metrics::source_lag(super::NAME, topic, queue, *messages);
            self.0.insert(queue.clone());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_is_the_end_less_what_was_consumed() {
        let now = Instant::now();
        let mut lags = Lags::default();
        lags.assign([("a", 0), ("a", 1)].into_iter());
        assert!(lags.waiting().is_empty());
        lags.begins("a", 0, 100);
        lags.end("a", 0, 150, now);
        lags.end("b", 0, 7, now);
        assert_eq!(lags.waiting(), BTreeMap::from([("a:0".to_owned(), 50)]));
        lags.begins("a", 0, 140);
        lags.consumed_at_least("a", 0, 120);
        lags.consumed_at_least("a", 0, 90);
        assert_eq!(lags.waiting()["a:0"], 30);
        lags.consumed("a", 0, 160);
        assert_eq!(lags.waiting()["a:0"], 0);
        assert_eq!(lags.stale(now), [("a".to_owned(), 1)]);
        assert_eq!(lags.stale(now + FRESH).len(), 2);
        lags.assign([("a", 1)].into_iter());
        assert!(lags.waiting().is_empty());
    }

    #[test]
    fn the_number_of_series_is_bounded() {
        let now = Instant::now();
        let mut lags = Lags::default();
        lags.assign((0..300).map(|id| ("a", id)));
        for id in 0..300 {
            lags.begins("a", id, 0);
            lags.end("a", id, 1, now);
        }
        let waiting = lags.waiting();
        assert_eq!(waiting.len(), SERIES + 1);
        assert_eq!(waiting[REST], 300 - SERIES as u64);
        assert_eq!(waiting.values().sum::<u64>(), 300);
    }
}
