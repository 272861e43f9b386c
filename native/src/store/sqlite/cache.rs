//! The clients that the writer has in memory.
//!
//! Here are those with changes that their rows lack ("dirty") and those used
//! lately. New ones have no row until they are folded ("fresh"): their ids are
//! kept in order, so that lists find them between those of the table.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use foldhash::quality::RandomState;
use mqtt_presence_core::presence::{Channel, Client};

use crate::store::join::{Entry, Staged, Totals};

/// What a cached client costs beside its channels: keys, map slot, counters,
/// and the first node of the tree of channels, which has room for eleven.
const CLIENT_BYTES: usize = 520;
/// What a channel costs beside its texts.
const CHANNEL_BYTES: usize = 310;

#[derive(Debug)]
pub(super) struct Cached {
    pub entry: Entry,
    /// The batch up to which its row goes; 0 when there is no row.
    pub folded: u64,
    pub dirty: bool,
    /// The batch that used it last.
    touched: u64,
    bytes: usize,
}

/// Clients by id, and the totals that go with them.
#[derive(Debug, Default)]
pub(super) struct Cache {
    clients: HashMap<Arc<str>, Cached, RandomState>,
    fresh: BTreeSet<Arc<str>>,
    bytes: usize,
    pub totals: Totals,
}

impl Cache {
    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.clients.get(id).map(|cached| &cached.entry)
    }

    pub fn cached(&self, id: &str) -> Option<&Cached> {
        self.clients.get(id)
    }

    /// The client, a fresh one where none is known.
    pub fn known_or_fresh(&mut self, id: &str, touched: u64) -> &mut Cached {
        if !self.contains(id) {
            self.insert_fresh(id, Entry::default(), touched);
        }
        self.clients.get_mut(id).expect("it is there by now")
    }

    pub fn contains(&self, id: &str) -> bool {
        self.clients.contains_key(id)
    }

    /// About how much memory the clients take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Room for so many more.
    pub fn reserve(&mut self, clients: usize) {
        self.clients.reserve(clients);
    }

    /// Takes in a client as its row has it.
    pub fn insert(&mut self, id: &str, entry: Entry, folded: u64, touched: u64) {
        self.fresh.remove(id);
        self.put(id.into(), entry, folded, touched);
    }

    /// Takes in a client that has no row yet.
    fn insert_fresh(&mut self, id: &str, entry: Entry, touched: u64) {
        let id: Arc<str> = id.into();
        self.fresh.insert(Arc::clone(&id));
        self.put(id, entry, 0, touched);
    }

    fn put(&mut self, id: Arc<str>, entry: Entry, folded: u64, touched: u64) {
        let cached = Cached {
            folded,
            dirty: folded == 0,
            touched,
            bytes: cost(&id, &entry),
            entry,
        };
        self.bytes += cached.bytes;
        if let Some(old) = self.clients.insert(id, cached) {
            self.bytes -= old.bytes;
        }
    }

    /// Ids without a row, in byte order: those after `after`, or from `first`
    /// on where that is `None`.
    pub fn fresh<'a>(
        &'a self,
        first: &'a str,
        after: Option<&'a str>,
    ) -> impl Iterator<Item = &'a str> {
        let start = after.map_or(Bound::Included(first), Bound::Excluded);
        let ids = self.fresh.range::<str, _>((start, Bound::Unbounded));
        ids.map(AsRef::as_ref)
    }

    /// Measures all clients anew, which were changed in place.
    pub fn measure(&mut self) {
        self.bytes = 0;
        for (id, cached) in &mut self.clients {
            cached.bytes = cost(id, &cached.entry);
            self.bytes += cached.bytes;
        }
    }

    /// Makes the outcome of `batch` for one client visible.
    pub fn merge(&mut self, id: &str, staged: Staged, batch: u64) {
        if staged.fresh {
            let mut entry = Entry::default();
            entry.merge(staged);
            self.insert_fresh(id, entry, batch);
            return;
        }
        let cached = self
            .clients
            .get_mut(id)
            .expect("clients are dropped only between commits");
        cached.touched = batch;
        if staged.changed {
            let new = client_bytes(&staged.part);
            let known = &cached.entry.client.channels;
            let replaced = staged.part.channels.keys();
            let old: usize = replaced
                .filter_map(|id| Some(channel_bytes(id, known.get(id)?)))
                .sum();
            cached.entry.merge(staged);
            cached.dirty = true;
            cached.bytes = cached.bytes + new - old;
            self.bytes = self.bytes + new - old;
        }
    }

    /// The ids of all dirty clients, in byte order.
    pub fn dirty(&self) -> Vec<Arc<str>> {
        let dirty = self.clients.iter().filter(|(_, cached)| cached.dirty);
        let mut ids: Vec<Arc<str>> = dirty.map(|(id, _)| Arc::clone(id)).collect();
        ids.sort_unstable();
        ids
    }

    /// Notes that the row of a client includes everything up to `batch`.
    pub fn folded(&mut self, id: &str, batch: u64) {
        if let Some(cached) = self.clients.get_mut(id) {
            cached.dirty = false;
            cached.folded = batch;
            self.fresh.remove(id);
        }
    }

    /// The clean clients used longest ago, without which `bytes` remain.
    pub fn oldest(&self, bytes: usize) -> Vec<Arc<str>> {
        let mut clean: Vec<(&Arc<str>, &Cached)> = self
            .clients
            .iter()
            .filter(|(_, cached)| !cached.dirty)
            .collect();
        clean.sort_unstable_by_key(|(_, cached)| cached.touched);
        let mut excess = self.bytes.saturating_sub(bytes);
        let oldest = clean.into_iter().take_while(|(_, cached)| {
            let more = excess > 0;
            excess = excess.saturating_sub(cached.bytes);
            more
        });
        oldest.map(|(id, _)| Arc::clone(id)).collect()
    }

    /// Lets a clean client go; its row has all of it.
    pub fn evict(&mut self, id: &str) {
        if let Some(cached) = self.clients.remove(id) {
            self.bytes -= cached.bytes;
        }
    }
}

fn cost(id: &str, entry: &Entry) -> usize {
    CLIENT_BYTES + id.len() + client_bytes(&entry.client)
}

/// Memory of a client's channels.
pub(super) fn client_bytes(client: &Client) -> usize {
    let channels = client.channels.iter();
    channels
        .map(|(id, channel)| channel_bytes(id, channel))
        .sum()
}

fn channel_bytes(id: &str, channel: &Channel) -> usize {
    let facts = [&channel.connect, &channel.disconnect, &channel.tcpclean];
    let texts: usize = facts
        .into_iter()
        .flatten()
        .map(|fact| fact.client_ip.as_ref().map_or(0, String::len) + fact.origin.len() + 32)
        .sum();
    CHANNEL_BYTES + id.len() + texts
}
