//! Where the state lives. Every store passes the suite in
//! `tests/store_conformance`.
//!
//! What all stores promise:
//! - a commit is all or nothing: clients, transitions, quarantine, checkpoints
//!   and totals of a batch become visible together or not at all;
//! - transitions are numbered 1, 2, 3 … without a gap, and a number is never
//!   given twice, not even after a restart;
//! - a sink has one holder at a time, its place only grows, and what it gave up
//!   on is kept with the place that passes it;
//! - what was committed survives the end of the process (`memory` excepted).

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mqtt_presence_core::presence::Client;
use tokio::sync::watch;

mod answer;
mod batch;
mod bytes;
mod error;
mod join;
mod keep;
mod memory;
mod origin;
mod postgres;
mod record;
mod redis;
mod sink;
mod sqlite;

pub use answer::{Numbered, Quarantined, Selection, Stats};
pub use batch::{Batch, Committed, Poison};
pub use error::{StoreError, StoreTrouble};
pub use keep::Keep;
pub use memory::Memory;
pub use origin::Origin;
pub use postgres::{Looked, Postgres, PostgresSettings};
pub use redis::{Inspected, Redis, RedisSettings};
pub use sink::{DeadLetter, SinkState};
pub use sqlite::{Sqlite, SqliteSettings};

/// A commit that was begun: its outcome is to be waited for.
pub type Committing<'s> = Pin<Box<dyn Future<Output = Result<Committed, StoreError>> + Send + 's>>;

/// A store of clients, transitions, the quarantine and checkpoints.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The name in the configuration.
    fn name(&self) -> &'static str;
    /// Id of the newest transition that queries see, whichever instance of the
    /// service wrote it; 0 when there is none. Followers wait for it to grow.
    fn newest(&self) -> watch::Receiver<u64>;
    /// Joins the batch, durably, all or nothing. The batch is shared because
    /// the caller needs it again when the store is not available.
    async fn commit(&self, batch: Arc<Batch>) -> Result<Committed, StoreError>;
    /// Begins a commit while one that was begun so may still be under way, and
    /// gives its outcome, to be waited for in the order of the beginnings: no
    /// batch is written before one begun earlier. `None`, always where a store
    /// gains nothing by it: not now, `commit` it when nothing is under way.
    async fn start(&self, _batch: Arc<Batch>) -> Option<Committing<'_>> {
        None
    }
    /// The clients of these ids, in the order asked; `None` for one never seen.
    async fn clients(&self, ids: &[String]) -> Result<Vec<Option<Client>>, StoreError>;
    /// One client, with its newest transition if that is still kept; `None` for one never seen.
    async fn client(&self, id: &str) -> Result<Option<(Client, Option<Numbered>)>, StoreError> {
        let found = self.clients(&[id.to_owned()]).await?.pop().flatten();
        let Some(client) = found else {
            return Ok(None);
        };
        let newest = match client.last {
            Some(_) => self.history(id, 0, u64::MAX >> 1, 1).await?.pop(),
            None => None,
        };
        Ok(Some((client, newest)))
    }
    /// A page of clients, stable under writes.
    async fn list(
        &self,
        selection: &Selection,
        now: u64,
    ) -> Result<Vec<(String, Client)>, StoreError>;
    /// Counts.
    async fn stats(&self, now: u64) -> Result<Stats, StoreError>;
    /// A client's transitions with `from <= observedAt < to`, oldest first, at most `limit` (the newest ones).
    async fn history(
        &self,
        id: &str,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<Vec<Numbered>, StoreError>;
    /// Transitions with an id greater than `after`, in order, at most `limit`.
    async fn transitions_after(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Numbered>, StoreError>;
    /// Id of the oldest transition still kept, 0 when there is none.
    async fn oldest_transition(&self) -> Result<u64, StoreError>;
    /// Quarantined records with an id greater than `after`, in order, at most `limit`.
    async fn quarantine(&self, after: u64, limit: usize) -> Result<Vec<Quarantined>, StoreError>;
    /// The checkpoint of this key.
    async fn checkpoint(&self, key: &str) -> Result<Option<String>, StoreError>;
    /// Drops what retention no longer keeps; returns how many channels went.
    async fn forget(&self, now: u64) -> Result<u64, StoreError>;
    /// Gives the sink a place, behind transition `start`, unless it has one.
    async fn open_sink(&self, sink: &str, start: u64) -> Result<(), StoreError>;
    /// How the sink stands; `None` for one that was never opened.
    async fn sink(&self, sink: &str) -> Result<Option<SinkState>, StoreError>;
    /// Takes or renews the lease of the sink, by the clock of the store: its
    /// place, or `None` while the lease of another holder lasts.
    async fn claim_sink(
        &self,
        sink: &str,
        holder: &str,
        lease: Duration,
    ) -> Result<Option<u64>, StoreError>;
    /// Moves the place of the sink to `to`, keeps `dead` and renews the lease,
    /// all or nothing. A place that is at `to` or past it stays, and then `dead`
    /// was kept before. False if another holder has claimed the sink.
    async fn move_sink(
        &self,
        sink: &str,
        holder: &str,
        to: u64,
        lease: Duration,
        dead: &[DeadLetter],
    ) -> Result<bool, StoreError>;
    /// Lets go of the lease, so that another need not wait for its end.
    async fn release_sink(&self, sink: &str, holder: &str) -> Result<(), StoreError>;
    /// What the sink gave up on, of transitions after `after`, in order, at most `limit`.
    async fn dead_letters(
        &self,
        sink: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError>;
    /// Lets dead letters go, by the ids of their transitions. One that has
    /// left before is no error.
    async fn drop_dead_letters(&self, sink: &str, ids: &[u64]) -> Result<(), StoreError>;
}
