//! Queries, on connections of their own.
//!
//! A client that is in memory is answered from there. For others the table is
//! right, if it is asked after memory was: only clients whose row is up to
//! date are dropped from memory.

use std::sync::{Arc, Mutex, PoisonError};

use mqtt_presence_core::event::Kind;
use mqtt_presence_core::presence::{Cause, Client, Options, Status, Transition};
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Transaction};
use tokio::sync::{Semaphore, watch};

use super::cache::Cache;
use super::fault::{Fault, NAME};
use super::{SqliteSettings, open, write};
use crate::store::join::{Counted, Entry};
use crate::store::{Numbered, Poison, Quarantined, Selection, Stats, StoreError, StoreTrouble};

/// Clients that a query looks at under one lock of the memory.
const CHUNK: usize = 512;
/// Clients that are changed in memory while queries wait: some 30 µs.
const AT_ONCE: usize = 64;
/// `observedAt` follows the id unless the clock was set back; so far back
/// history still finds everything.
const CLOCK_SLACK: u64 = 24 * 60 * 60 * 1000;

/// What the writer and the queries share.
#[derive(Debug)]
pub(super) struct Shared {
    pub settings: SqliteSettings,
    pub options: Options,
    cache: RwLock<Cache>,
    /// Id of the newest transition on the disk.
    pub newest: watch::Sender<u64>,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Shared {
    pub fn new(settings: SqliteSettings, options: Options) -> Shared {
        Shared {
            permits: Arc::new(Semaphore::new(settings.readers.max(1))),
            settings,
            options,
            cache: RwLock::default(),
            newest: watch::Sender::new(0),
            idle: Mutex::default(),
        }
    }

    pub fn cache(&self) -> RwLockReadGuard<'_, Cache> {
        self.cache.read()
    }

    /// Only the writer changes the cache.
    pub fn cache_mut(&self) -> RwLockWriteGuard<'_, Cache> {
        self.cache.write()
    }

    /// Changes clients one after another, between some of which queries get
    /// their turn.
    pub fn change_each<T>(
        &self,
        changes: impl IntoIterator<Item = T>,
        mut change: impl FnMut(&mut Cache, T),
    ) {
        let mut cache = self.cache_mut();
        for (number, one) in changes.into_iter().enumerate() {
            if number % AT_ONCE == AT_ONCE - 1 {
                RwLockWriteGuard::bump(&mut cache);
            }
            change(&mut cache, one);
        }
    }

    /// Runs a query on a thread that may block.
    pub async fn query<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&View<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let gone = || StoreError::Unavailable {
            store: NAME,
            trouble: StoreTrouble::Other,
            reason: "the query was broken off".to_owned(),
        };
        let permits = Arc::clone(&self.permits);
        let permit = permits.acquire_owned().await.map_err(|_| gone())?;
        let shared = Arc::clone(self);
        let query = move || {
            let _permit = permit;
            shared.ask(ask)
        };
        tokio::task::spawn_blocking(query)
            .await
            .map_err(|_| gone())?
            .map_err(|fault: Fault| fault.while_running(&self.settings.path))
    }

    /// Runs a query of a row or two on this thread where a connection is free:
    /// to hand it over takes several times as long as it does, and longest
    /// where all cores are busy.
    pub async fn query_briefly<T: Send + 'static>(
        self: &Arc<Self>,
        ask: impl FnOnce(&View<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Ok(_permit) = self.permits.try_acquire() else {
            return self.query(ask).await;
        };
        self.ask(ask)
            .map_err(|fault| fault.while_running(&self.settings.path))
    }

    pub(super) fn ask<T>(
        &self,
        ask: impl FnOnce(&View<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let connection = match self.idle().pop() {
            Some(connection) => connection,
            None => open::connect_reader(&self.settings.path)?,
        };
        let outcome = ask(&View {
            shared: self,
            connection: &connection,
        });
        self.idle().push(connection);
        outcome
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// These clients as their rows have them, each with the batch up to which its
/// row goes; those without a row are left out. In one transaction: otherwise
/// each would lock the file and let it go.
pub(super) fn rows<'a>(
    reading: Transaction<'_>,
    mut ids: Vec<&'a str>,
) -> Result<Vec<(&'a str, Entry, u64)>, Fault> {
    // In key order, so that neighbours share a page while it is at hand.
    ids.sort_unstable();
    ids.dedup();
    let mut rows = Vec::new();
    {
        let mut select = select(&reading)?;
        for id in ids {
            if let Some((entry, folded)) = row(&mut select, id)? {
                rows.push((id, entry, folded));
            }
        }
    }
    reading.commit()?;
    Ok(rows)
}

fn select(connection: &Connection) -> Result<CachedStatement<'_>, Fault> {
    Ok(connection.prepare_cached(
        "SELECT newest_transition, batch, record FROM client WHERE client_id = ?1",
    )?)
}

fn row(select: &mut CachedStatement<'_>, id: &str) -> Result<Option<(Entry, u64)>, Fault> {
    let mut rows = select.query([id])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let entry = Entry {
        client: write::client_of(id, row, 2)?,
        newest: unsigned(row, 0)?,
    };
    Ok(Some((entry, unsigned(row, 1)?)))
}

/// What a query sees.
pub(super) struct View<'a> {
    shared: &'a Shared,
    pub(super) connection: &'a Connection,
}

impl View<'_> {
    pub fn clients(&self, ids: &[String]) -> Result<Vec<Option<Client>>, Fault> {
        let mut clients = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            let start = clients.len();
            {
                let cache = self.shared.cache();
                let found = chunk.iter().map(|id| cache.get(id));
                clients.extend(found.map(|entry| entry.map(|entry| entry.client.clone())));
            }
            for (id, client) in chunk.iter().zip(&mut clients[start..]) {
                if client.is_none() {
                    *client = self.row(id)?.map(|entry| entry.client);
                }
            }
        }
        Ok(clients)
    }

    /// A client and its newest transition.
    pub fn client(&self, id: &str) -> Result<Option<(Client, Option<Numbered>)>, Fault> {
        let cached = self.shared.cache().get(id).cloned();
        let entry = match cached {
            Some(entry) => Some(entry),
            None => self.row(id)?,
        };
        let Some(entry) = entry else {
            return Ok(None);
        };
        let newest = self.transition(entry.newest)?;
        Ok(Some((entry.client, newest.map(|(numbered, _)| numbered))))
    }

    /// The transition of this id, and the id of its client's previous one.
    fn transition(&self, id: u64) -> Result<Option<(Numbered, u64)>, Fault> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, client_id, online, time, observed_at, channel_id, event_type, message_id,
                synthetic, topic, queue, queue_offset, previous FROM transition WHERE id = ?1",
        )?;
        let row = select.query_row([id.cast_signed()], |row| {
            Ok((numbered(row)?, unsigned(row, 12)?))
        });
        Ok(row.optional()?)
    }

    /// A client as its row has it.
    fn row(&self, id: &str) -> Result<Option<Entry>, Fault> {
        let found = row(&mut select(self.connection)?, id)?;
        Ok(found.map(|(entry, _)| entry))
    }

    /// Hands clients with this prefix to `each`, in byte order, from the
    /// first after `after` on, until it answers false.
    fn walk(
        &self,
        prefix: &str,
        after: Option<&str>,
        chunk: usize,
        mut each: impl FnMut(String, Client) -> bool,
    ) -> Result<(), Fault> {
        let mut first = self.connection.prepare_cached(
            "SELECT client_id FROM client WHERE client_id >= ?1 ORDER BY client_id LIMIT ?2",
        )?;
        let mut further = self.connection.prepare_cached(
            "SELECT client_id FROM client WHERE client_id > ?1 ORDER BY client_id LIMIT ?2",
        )?;
        let mut after = after.filter(|after| *after >= prefix).map(str::to_owned);
        loop {
            let (select, start) = match &after {
                Some(after) => (&mut further, after.as_str()),
                None => (&mut first, prefix),
            };
            // Memory is asked first: what leaves it meanwhile is in the table.
            let cache = self.shared.cache();
            let fresh = cache.fresh(prefix, after.as_deref()).take(chunk);
            let mut ids: Vec<String> = fresh.map(str::to_owned).collect();
            drop(cache);
            let rows = select.query_map((start, chunk as i64), |row| row.get(0))?;
            ids.extend(rows.collect::<Result<Vec<String>, _>>()?);
            ids.sort_unstable();
            ids.dedup();
            ids.truncate(chunk);
            let Some(last) = ids.last().cloned() else {
                return Ok(());
            };
            ids.retain(|id| id.starts_with(prefix));
            let end = ids.len() < chunk;
            let clients = self.clients(&ids)?;
            for (id, client) in ids.into_iter().zip(clients) {
                if let Some(client) = client
                    && !each(id, client)
                {
                    return Ok(());
                }
            }
            if end {
                return Ok(());
            }
            after = Some(last);
        }
    }

    pub fn list(&self, selection: &Selection, now: u64) -> Result<Vec<(String, Client)>, Fault> {
        let options = &self.shared.options;
        let mut page = Vec::new();
        let never = selection.status == Some(Status::Unknown)
            || (selection.status == Some(Status::Suspect) && options.lease.is_none());
        if selection.limit == 0 || never {
            return Ok(page);
        }
        let after = selection.after.as_deref();
        let chunk = if selection.status.is_none() {
            selection.limit.min(CHUNK)
        } else {
            CHUNK
        };
        self.walk(&selection.prefix, after, chunk, |id, client| {
            if selection
                .status
                .is_none_or(|status| client.status(options, now) == status)
            {
                page.push((id, client));
            }
            page.len() < selection.limit
        })?;
        Ok(page)
    }

    /// Counts client by client, for what depends on the clock.
    pub fn recount(&self, now: u64) -> Result<Stats, Fault> {
        let mut totals = self.shared.cache().totals.without_clients();
        self.walk("", None, CHUNK, |_, client| {
            totals.add(Counted::at(&client, &self.shared.options, now));
            true
        })?;
        Ok(totals.stats())
    }

    pub fn history(
        &self,
        id: &str,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<Vec<Numbered>, Fault> {
        let cached = self.shared.cache().get(id).map(|entry| entry.newest);
        let mut next = match cached {
            Some(newest) => newest,
            None => self.row(id)?.map_or(0, |entry| entry.newest),
        };
        let mut rows = Vec::new();
        while next > 0 && rows.len() < limit {
            // The rest of the chain is no longer kept.
            let Some((numbered, previous)) = self.transition(next)? else {
                break;
            };
            let observed_at = numbered.transition.observed_at;
            if observed_at.saturating_add(CLOCK_SLACK) < from {
                break;
            }
            if (from..to).contains(&observed_at) {
                rows.push(numbered);
            }
            next = previous;
        }
        rows.reverse();
        Ok(rows)
    }

    pub fn transitions_after(&self, after: u64, limit: usize) -> Result<Vec<Numbered>, Fault> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, client_id, online, time, observed_at, channel_id, event_type, message_id,
                synthetic, topic, queue, queue_offset FROM transition WHERE id > ?1 ORDER BY id LIMIT ?2",
        )?;
        let rows = select.query_map((signed(after), signed(limit as u64)), numbered)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn oldest_transition(&self) -> Result<u64, Fault> {
        let oldest: Option<i64> = self
            .connection
            .prepare_cached("SELECT min(id) FROM transition")?
            .query_row([], |row| row.get(0))?;
        Ok(oldest.map_or(0, i64::cast_unsigned))
    }

    pub fn quarantine(&self, after: u64, limit: usize) -> Result<Vec<Quarantined>, Fault> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, at, origin, code, field, message, raw FROM quarantine
                WHERE id > ?1 ORDER BY id LIMIT ?2",
        )?;
        let mut rows = select.query((signed(after), signed(limit as u64)))?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            let id = unsigned(row, 0)?;
            let origin: String = row.get(2)?;
            let origin = serde_json::from_str(&origin).map_err(|error| {
                Fault::Row(format!("quarantined record {id} cannot be read ({error})"))
            })?;
            records.push(Quarantined {
                id,
                at: unsigned(row, 1)?,
                poison: Poison {
                    origin,
                    code: row.get(3)?,
                    field: row.get(4)?,
                    message: row.get(5)?,
                    raw: row.get(6)?,
                },
            });
        }
        Ok(records)
    }

    pub fn checkpoint(&self, key: &str) -> Result<Option<String>, Fault> {
        let mut select = self
            .connection
            .prepare_cached("SELECT value FROM checkpoint WHERE key = ?1")?;
        Ok(select.query_row([key], |row| row.get(0)).optional()?)
    }
}

/// A bound of a query; beyond what SQLite counts to means no bound.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, rusqlite::Error> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}

fn numbered(row: &Row<'_>) -> Result<Numbered, rusqlite::Error> {
    let event_type: String = row.get(6)?;
    let event_type = match event_type.as_str() {
        "connect" => Kind::Connect,
        "disconnect" => Kind::Disconnect,
        _ => Kind::Tcpclean,
    };
    Ok(Numbered {
        id: unsigned(row, 0)?,
        transition: Transition {
            client_id: row.get(1)?,
            online: row.get(2)?,
            time: unsigned(row, 3)?,
            observed_at: unsigned(row, 4)?,
            cause: Cause {
                channel_id: row.get(5)?,
                event_type,
                message_id: row.get(7)?,
                topic: row.get(9)?,
                queue: row.get(10)?,
                offset: row.get::<_, Option<i64>>(11)?.map(i64::cast_unsigned),
            },
            synthetic: row.get(8)?,
        },
    })
}
