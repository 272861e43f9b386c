//! The store without a disk: for tests and a first look. It forgets
//! everything when the process ends.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use async_trait::async_trait;
use mqtt_presence_core::presence::{Client, Options};
use tokio::sync::watch;

use super::join::{Counted, Entry, Flip, Totals, stage, timeless};
use super::sink::Leases;
use super::{
    Batch, Committed, DeadLetter, Keep, Numbered, Quarantined, Selection, SinkState, Stats, Store,
    StoreError,
};

mod quarantine;

use quarantine::Quarantine;

/// Most transitions kept, whatever [`Keep`] says: about 300 MB.
const HISTORY_ROWS: u64 = 1_000_000;
/// Clients that one step of the sweep looks at while commits wait.
const SWEEP_STEP: usize = 10_000;

/// Clients, history and quarantine in memory.
#[derive(Debug)]
pub struct Memory {
    options: Options,
    keep: Keep,
    state: RwLock<State>,
    newest: watch::Sender<u64>,
    leases: Leases,
}

#[derive(Debug, Default)]
struct State {
    clients: BTreeMap<String, Entry>,
    /// Ids without a gap, so a position is the id minus that of the first.
    history: VecDeque<Flip>,
    quarantine: Quarantine,
    checkpoints: BTreeMap<String, String>,
    sinks: BTreeMap<String, Sink>,
    totals: Totals,
}

#[derive(Debug, Default)]
struct Sink {
    place: u64,
    dead: BTreeMap<u64, DeadLetter>,
}

impl Memory {
    /// An empty store.
    pub fn new(options: Options, keep: Keep) -> Memory {
        Memory {
            options,
            keep,
            state: RwLock::default(),
            newest: watch::Sender::new(0),
            leases: Leases::default(),
        }
    }

    // A panic while the lock was held would have to come from a collection;
    // what it guards is still sound.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn flip(&self, id: u64) -> Option<&Flip> {
        let first = self.history.front()?.numbered.id;
        self.history
            .get(usize::try_from(id.checked_sub(first)?).ok()?)
    }
}

#[async_trait]
impl Store for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    async fn commit(&self, batch: Arc<Batch>) -> Result<Committed, StoreError> {
        let mut guard = self.write();
        let state = &mut *guard;
        let (staged, _) = stage(&batch, &state.totals, &self.options, |_, id| {
            state.clients.get(id)
        });
        state.totals = staged.totals;
        for (id, client) in staged.clients {
            if !client.changed {
                continue;
            }
            match state.clients.get_mut(id) {
                Some(entry) => entry.merge(client),
                None => {
                    let mut entry = Entry::default();
                    entry.merge(client);
                    state.clients.insert(id.to_owned(), entry);
                }
            }
        }
        let transitions: Vec<_> = staged.flips.iter().map(|f| f.numbered.clone()).collect();
        state.history.extend(staged.flips);
        let most = self.keep.history_rows.min(HISTORY_ROWS);
        while state.history.len() as u64 > most {
            state.history.pop_front();
        }
        state.quarantine.release(&batch.released, &mut state.totals);
        for poison in &batch.poison {
            state
                .quarantine
                .put(poison, batch.now, &self.keep, &mut state.totals);
        }
        state.checkpoints.extend(batch.checkpoints.iter().cloned());
        drop(guard);
        if let Some(last) = transitions.last() {
            self.newest.send_replace(last.id);
        }
        Ok(Committed { transitions })
    }

    async fn clients(&self, ids: &[String]) -> Result<Vec<Option<Client>>, StoreError> {
        let state = self.read();
        let found = ids.iter().map(|id| state.clients.get(id));
        Ok(found.map(|e| e.map(|e| e.client.clone())).collect())
    }

    async fn list(
        &self,
        selection: &Selection,
        now: u64,
    ) -> Result<Vec<(String, Client)>, StoreError> {
        let state = self.read();
        let prefix = selection.prefix.as_str();
        let start = match selection.after.as_deref() {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let status = selection.status;
        let page = state
            .clients
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(|(id, _)| id.starts_with(prefix))
            .filter(|(_, e)| status.is_none_or(|s| e.client.status(&self.options, now) == s))
            .take(selection.limit)
            .map(|(id, entry)| (id.clone(), entry.client.clone()));
        Ok(page.collect())
    }

    async fn stats(&self, now: u64) -> Result<Stats, StoreError> {
        let state = self.read();
        if self.options.lease.is_none() {
            return Ok(state.totals.stats());
        }
        let mut totals = state.totals.without_clients();
        for entry in state.clients.values() {
            totals.add(Counted::at(&entry.client, &self.options, now));
        }
        Ok(totals.stats())
    }

    async fn history(
        &self,
        id: &str,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<Vec<Numbered>, StoreError> {
        let state = self.read();
        let newest = state.clients.get(id).map_or(0, |entry| entry.newest);
        let chain = std::iter::successors(state.flip(newest), |flip| state.flip(flip.previous));
        let mut rows: Vec<Numbered> = chain
            .map(|flip| &flip.numbered)
            .filter(|n| (from..to).contains(&n.transition.observed_at))
            .take(limit)
            .cloned()
            .collect();
        rows.reverse();
        Ok(rows)
    }

    async fn transitions_after(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Numbered>, StoreError> {
        let state = self.read();
        let start = state.history.partition_point(|f| f.numbered.id <= after);
        let rows = state.history.range(start..).take(limit);
        Ok(rows.map(|flip| flip.numbered.clone()).collect())
    }

    async fn oldest_transition(&self) -> Result<u64, StoreError> {
        let state = self.read();
        Ok(state.history.front().map_or(0, |flip| flip.numbered.id))
    }

    async fn quarantine(&self, after: u64, limit: usize) -> Result<Vec<Quarantined>, StoreError> {
        Ok(self.read().quarantine.after(after, limit))
    }

    async fn checkpoint(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.read().checkpoints.get(key).cloned())
    }

    async fn forget(&self, now: u64) -> Result<u64, StoreError> {
        let mut gone = 0;
        let mut start = Bound::Unbounded;
        while let Some(last) = self.forget_some(start, now, &mut gone) {
            start = Bound::Excluded(last);
            // Commits get their turn.
            tokio::task::yield_now().await;
        }
        let oldest = now.saturating_sub(self.keep.history_age);
        let mut state = self.write();
        while let Some(flip) = state.history.front()
            && flip.numbered.transition.observed_at < oldest
        {
            state.history.pop_front();
        }
        Ok(gone)
    }

    async fn open_sink(&self, sink: &str, start: u64) -> Result<(), StoreError> {
        let mut state = self.write();
        let opened = state.sinks.entry(sink.to_owned());
        opened.or_insert_with(|| Sink {
            place: start,
            ..Sink::default()
        });
        Ok(())
    }

    async fn sink(&self, sink: &str) -> Result<Option<SinkState>, StoreError> {
        let state = self.read();
        Ok(state.sinks.get(sink).map(|found| SinkState {
            place: found.place,
            holder: self.leases.holder(sink),
            dead: found.dead.len() as u64,
        }))
    }

    async fn claim_sink(
        &self,
        sink: &str,
        holder: &str,
        lease: Duration,
    ) -> Result<Option<u64>, StoreError> {
        let state = self.read();
        let found = state.sinks.get(sink);
        Ok(found
            .filter(|_| self.leases.claim(sink, holder, lease))
            .map(|found| found.place))
    }

    async fn move_sink(
        &self,
        sink: &str,
        holder: &str,
        to: u64,
        lease: Duration,
        dead: &[DeadLetter],
    ) -> Result<bool, StoreError> {
        let mut state = self.write();
        if !self.leases.renew(sink, holder, lease) {
            return Ok(false);
        }
        if let Some(found) = state.sinks.get_mut(sink)
            && found.place < to
        {
            found.place = to;
            let dead = dead.iter().map(|letter| (letter.numbered.id, letter));
            found
                .dead
                .extend(dead.map(|(id, letter)| (id, letter.clone())));
        }
        Ok(true)
    }

    async fn release_sink(&self, sink: &str, holder: &str) -> Result<(), StoreError> {
        self.leases.release(sink, holder);
        Ok(())
    }

    async fn dead_letters(
        &self,
        sink: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let state = self.read();
        let Some(found) = state.sinks.get(sink) else {
            return Ok(Vec::new());
        };
        let range = (Bound::Excluded(after), Bound::Unbounded);
        let letters = found.dead.range(range).take(limit);
        Ok(letters.map(|(_, letter)| letter.clone()).collect())
    }

    async fn drop_dead_letters(&self, sink: &str, ids: &[u64]) -> Result<(), StoreError> {
        if let Some(found) = self.write().sinks.get_mut(sink) {
            for id in ids {
                found.dead.remove(id);
            }
        }
        Ok(())
    }
}

impl Memory {
    /// Forgets channels of the next clients and answers the last of them.
    fn forget_some(&self, start: Bound<String>, now: u64, gone: &mut u64) -> Option<String> {
        let timeless = timeless(&self.options);
        let mut guard = self.write();
        let state = &mut *guard;
        let mut last = None;
        let range = (start, Bound::Unbounded);
        for (id, entry) in state.clients.range_mut::<String, _>(range).take(SWEEP_STEP) {
            let before = Counted::of(&entry.client, &timeless);
            let dropped = entry.client.forget(now, &self.options);
            if dropped > 0 {
                *gone += dropped as u64;
                let after = Counted::of(&entry.client, &timeless);
                state.totals.change(before, after);
            }
            last = Some(id);
        }
        last.cloned()
    }
}
