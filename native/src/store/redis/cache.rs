//! The clients that commits have used lately, so that a lone instance need
//! not read what it wrote.

use std::sync::Arc;

use foldhash::quality::RandomState;
use indexmap::IndexMap;

use super::encode::Next;
use super::packed::Packed;

/// What an entry costs for each byte of its record, roughly.
const FACTOR: usize = 3;
/// What an entry costs beside that.
const ENTRY_BYTES: usize = 600;

#[derive(Debug)]
pub(super) struct Cached {
    /// Nothing while it is lent.
    entry: Option<Box<Packed>>,
    /// The commit that wrote it; empty for a client that nobody has seen.
    token: Arc<str>,
    /// Current as long as nobody else commits, if it is of this generation.
    generation: u64,
    touched: u64,
    bytes: usize,
}

impl Cached {
    /// The client, if it was ever seen.
    pub fn seen(&self) -> Option<&Packed> {
        let seen = !self.token.is_empty();
        self.entry.as_deref().filter(|_| seen)
    }

    /// The commit that wrote it; empty for a client that nobody has seen.
    pub fn token(&self) -> Arc<str> {
        self.entry
            .as_ref()
            .map_or_else(Arc::default, |_| Arc::clone(&self.token))
    }
}

#[derive(Debug, Default)]
pub(super) struct Cache {
    clients: IndexMap<Arc<str>, Cached, RandomState>,
    bytes: usize,
    generation: u64,
    clock: u64,
    /// Every client that has a record is here.
    whole: bool,
}

impl Cache {
    /// An entry; one that no commit wrote stands for a client without record.
    pub fn get(&self, id: &str) -> Option<&Cached> {
        self.clients.get(id)
    }

    /// The place of each, which only [`Cache::put`] of others leaves as it is;
    /// `None` for a client that is new. Nothing where something must be read
    /// before a commit even if nobody else commits.
    pub fn places<'i>(&self, ids: impl Iterator<Item = &'i str>) -> Option<Vec<Option<usize>>> {
        ids.map(|id| match self.clients.get_full(id) {
            Some((place, _, cached)) => {
                let current = cached.entry.is_some() && cached.generation == self.generation;
                current.then_some(Some(place))
            }
            None => self.whole.then_some(None),
        })
        .collect()
    }

    /// Notes that no client has a record that is not here.
    pub fn found_whole(&mut self) {
        self.whole = true;
    }

    pub fn put(&mut self, id: &str, entry: Box<Packed>, token: Arc<str>, record_bytes: usize) {
        let cached = self.cached(id, entry, token, record_bytes);
        match self.clients.get_mut(id) {
            Some(old) => {
                self.bytes -= old.bytes;
                *old = cached;
            }
            None => drop(self.clients.insert(id.into(), cached)),
        }
    }

    fn cached(
        &mut self,
        id: &str,
        entry: Box<Packed>,
        token: Arc<str>,
        record_bytes: usize,
    ) -> Cached {
        let bytes = ENTRY_BYTES + id.len() + FACTOR * record_bytes;
        self.clock += 1;
        self.bytes += bytes;
        Cached {
            entry: Some(entry),
            token,
            generation: self.generation,
            touched: self.clock,
            bytes,
        }
    }

    /// Takes clients as this commit wrote them.
    pub fn put_all(&mut self, clients: Vec<Next<'_>>, token: &Arc<str>) {
        for next in clients {
            let (token, bytes) = (Arc::clone(token), next.record.len());
            match next.place {
                Some(place) => {
                    let cached = self.cached(next.id, next.entry, token, bytes);
                    let old = std::mem::replace(&mut self.clients[place], cached);
                    self.bytes -= old.bytes;
                }
                None => self.put(next.id, next.entry, token, bytes),
            }
        }
    }

    /// Notes that this entry was just seen to be current.
    pub fn confirm(&mut self, id: &str) {
        if let Some(cached) = self.clients.get_mut(id) {
            cached.generation = self.generation;
        }
    }

    /// The client in this place, if it was ever seen; [`Cache::put_all`] puts
    /// the next there, or [`Cache::put_back`] the same. In between it passes for
    /// one that nobody has seen, which no check of the server lets pass.
    pub fn lend(&mut self, place: usize) -> Option<Box<Packed>> {
        let cached = &mut self.clients[place];
        (!cached.token.is_empty()).then(|| cached.entry.take())?
    }

    /// Puts back what the batch left as it was.
    pub fn put_back(&mut self, place: usize, entry: Box<Packed>) {
        self.clients[place].entry = Some(entry);
    }

    pub fn remove(&mut self, id: &str) {
        self.whole = false;
        if let Some(old) = self.clients.swap_remove(id) {
            self.bytes -= old.bytes;
        }
    }

    /// Somebody else committed: no entry is known to be current any more.
    pub fn doubt_all(&mut self) {
        self.generation += 1;
        self.whole = false;
    }

    pub fn clear(&mut self) {
        self.clients.clear();
        self.bytes = 0;
        self.whole = false;
    }

    /// Where in the order of use it is.
    pub fn clock(&self) -> u64 {
        self.clock
    }

    /// Drops the half used longest ago where there is more than `bytes`, but
    /// nothing used after `since`.
    pub fn evict(&mut self, bytes: usize, since: u64) {
        if self.bytes <= bytes {
            return;
        }
        self.whole = false;
        let mut ages: Vec<u64> = self.clients.values().map(|cached| cached.touched).collect();
        let middle = ages.len() / 2;
        let (_, cut, _) = ages.select_nth_unstable(middle);
        let cut = since.min(*cut);
        let mut kept = 0;
        self.clients.retain(|_, cached| {
            let keep = cached.touched > cut;
            kept += if keep { cached.bytes } else { 0 };
            keep
        });
        self.bytes = kept;
    }
}
