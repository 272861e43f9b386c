//! The clients that the writer has in memory, so that it need not read them.

use lru::LruCache;
use mqtt_presence_core::presence::Client;

use crate::store::join::Entry;

/// What a client costs beside its channels.
const CLIENT_BYTES: usize = 500;
/// What a channel costs, with its texts.
const CHANNEL_BYTES: usize = 400;

/// A client and how far it is known.
pub(super) struct Cached {
    pub entry: Entry,
    /// The batch that its row was written in.
    pub written: u64,
    /// The last batch at which the row was known to be the same.
    pub checked: u64,
}

/// Clients by id, those used longest ago at the end.
pub(super) struct Cache {
    clients: LruCache<String, Cached>,
    bytes: usize,
}

impl Default for Cache {
    fn default() -> Cache {
        Cache {
            clients: LruCache::unbounded(),
            bytes: 0,
        }
    }
}

impl Cache {
    pub fn len(&self) -> usize {
        self.clients.len()
    }

    pub fn peek(&self, id: &str) -> Option<&Cached> {
        self.clients.peek(id)
    }

    pub fn touch(&mut self, id: &str) -> Option<&mut Cached> {
        self.clients.get_mut(id)
    }

    pub fn put(&mut self, id: String, cached: Cached) {
        self.bytes += bytes(&cached.entry.client);
        if let Some(old) = self.clients.put(id, cached) {
            self.bytes -= bytes(&old.entry.client);
        }
    }

    pub fn take(&mut self, id: &str) -> Option<Cached> {
        let cached = self.clients.pop(id)?;
        self.bytes -= bytes(&cached.entry.client);
        Some(cached)
    }

    /// Drops those used longest ago until the rest fits.
    pub fn shrink(&mut self, most: usize) {
        while self.bytes > most
            && let Some((_, cached)) = self.clients.pop_lru()
        {
            self.bytes -= bytes(&cached.entry.client);
        }
    }
}

fn bytes(client: &Client) -> usize {
    CLIENT_BYTES + CHANNEL_BYTES * client.channels.len()
}
