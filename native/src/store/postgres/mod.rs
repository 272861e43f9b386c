//! The store for several instances: PostgreSQL 13 or later.
//!
//! The rule stays in core: an instance joins a batch in memory and writes the
//! clients that it changed. Instances take turns at one row of totals
//! ([`writer`]), so transitions are numbered without a gap and become visible
//! in order. docs/postgres.md has the tables for people who query them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mqtt_presence_core::presence::{Client, Options};
use tokio::sync::{Mutex, watch};
use tokio::task::AbortHandle;

use super::{
    Batch, Committed, DeadLetter, Keep, Numbered, Quarantined, Selection, SinkState, Stats, Store,
    StoreError,
};
use crate::config::Secret;

mod cache;
mod fault;
mod link;
mod newest;
mod partition;
mod quarantine;
mod read;
mod schema;
mod sink;
mod sweep;
mod text;
mod totals;
mod write;
mod writer;

use fault::{Fault, NAME};
use link::Address;
use read::Readers;
use sweep::Cursor;
use writer::Writer;

/// How long the server may be silent before nothing is expected of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the server is and how much memory its store takes here.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// `postgres://user@host:port/database`, without a password.
    pub url: String,
    /// The password, where the server wants one.
    pub password: Option<Secret>,
    /// A PEM file with the certificate authority of the server; with it, TLS
    /// is required. Without it the system's authorities are trusted, and TLS
    /// is used where the server offers it.
    pub tls_ca: Option<PathBuf>,
    /// The schema that holds all tables; made where it is missing. Lower-case
    /// letters, digits and `_`.
    pub schema: String,
    /// Memory for clients, in bytes, about. Default 512 MiB.
    pub cache_bytes: usize,
    /// How much of the past is kept.
    pub keep: Keep,
}

impl PostgresSettings {
    /// The defaults, for this server.
    pub fn new(url: impl Into<String>) -> PostgresSettings {
        PostgresSettings {
            url: url.into(),
            password: None,
            tls_ca: None,
            schema: "mqtt_presence".to_owned(),
            cache_bytes: 512 << 20,
            keep: Keep::default(),
        }
    }
}

/// Clients, history and quarantine in a PostgreSQL database, which several
/// instances may share.
pub struct Postgres {
    shared: Arc<Shared>,
    writer: Mutex<Writer>,
    readers: Readers,
    follower: AbortHandle,
}

/// What the writer, the queries and the follower share.
struct Shared {
    settings: PostgresSettings,
    options: Options,
    /// What totals and columns are counted by.
    rule: String,
    address: Arc<Address>,
    newest: watch::Sender<u64>,
}

impl Shared {
    /// A transition with this id is there.
    fn saw(&self, id: u64) {
        self.newest.send_if_modified(|newest| {
            let grows = *newest < id;
            *newest = (*newest).max(id);
            grows
        });
    }
}

impl Postgres {
    /// Connects, makes the schema or brings it up to date, and counts anew if
    /// the rule is another than before: some seconds for each million clients.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it is worth trying again, and
    /// otherwise what is wrong and what to do.
    pub async fn open(
        settings: PostgresSettings,
        options: Options,
    ) -> Result<Postgres, StoreError> {
        let address = Address::new(&settings).map_err(|fault| fault.at_start("`store.url`"))?;
        let address = Arc::new(address);
        let rule = format!(
            "closing={:?} takeover={} lease={:?}",
            options.closing, options.takeover, options.lease
        );
        let shared = Arc::new(Shared {
            settings,
            options,
            rule,
            address: Arc::clone(&address),
            newest: watch::Sender::new(0),
        });
        let start = async {
            let link = address.connect().await?;
            schema::migrate(&link, &shared.settings.schema, &address.place).await?;
            sweep::recount(&link, &shared).await?;
            let turn = writer::look(&link).await?;
            shared.saw(turn.totals.last_transition);
            Ok(Writer::new(Arc::clone(&shared), link, turn))
        };
        let writer = start
            .await
            .map_err(|fault: Fault| fault.at_start(&address.place))?;
        let follower = tokio::spawn(newest::follow(Arc::clone(&shared)));
        Ok(Postgres {
            writer: Mutex::new(writer),
            readers: Readers::new(address),
            follower: follower.abort_handle(),
            shared,
        })
    }

    /// Connects and looks, changing nothing.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub async fn look(settings: &PostgresSettings) -> Result<Looked, StoreError> {
        let address = Address::new(settings).map_err(|fault| fault.at_start("`store.url`"))?;
        let (schema, place) = (&settings.schema, &address.place);
        let look = async {
            let link = address.connect().await?;
            let version = schema::look(&link, schema, place).await?;
            let clock = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
            let clock: i64 = link.client.query_one(clock, &[]).await?.get(0);
            let now = i64::try_from(crate::clock::now()).unwrap_or(i64::MAX);
            Ok(Looked {
                sentence: match version {
                    Some(version) => {
                        format!("{place} answers; the schema `{schema}` has version {version}")
                    }
                    None => format!("{place} answers; the schema `{schema}` will be made"),
                },
                clock_ahead: clock - now,
            })
        };
        look.await.map_err(|fault: Fault| fault.at_start(place))
    }

    fn said<T>(&self, outcome: Result<T, Fault>) -> Result<T, StoreError> {
        outcome.map_err(|fault| fault.while_running(&self.shared.address.place))
    }
}

/// What a look at the server has shown.
#[derive(Clone, Debug)]
pub struct Looked {
    /// For people.
    pub sentence: String,
    /// How many milliseconds the server's clock is ahead of this machine's.
    pub clock_ahead: i64,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

#[async_trait]
impl Store for Postgres {
    fn name(&self) -> &'static str {
        NAME
    }

    fn newest(&self) -> watch::Receiver<u64> {
        self.shared.newest.subscribe()
    }

    async fn commit(&self, batch: Arc<Batch>) -> Result<Committed, StoreError> {
        let outcome = self.writer.lock().await.commit(&batch).await;
        self.said(outcome)
    }

    async fn clients(&self, ids: &[String]) -> Result<Vec<Option<Client>>, StoreError> {
        self.said(self.readers.clients(ids).await)
    }

    async fn list(
        &self,
        selection: &Selection,
        now: u64,
    ) -> Result<Vec<(String, Client)>, StoreError> {
        self.said(
            self.readers
                .list(selection, &self.shared.options, now)
                .await,
        )
    }

    async fn stats(&self, now: u64) -> Result<Stats, StoreError> {
        self.said(self.readers.stats(&self.shared.options, now).await)
    }

    async fn history(
        &self,
        id: &str,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<Vec<Numbered>, StoreError> {
        self.said(self.readers.history(id, from, to, limit).await)
    }

    async fn transitions_after(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Numbered>, StoreError> {
        self.said(self.readers.transitions_after(after, limit).await)
    }

    async fn oldest_transition(&self) -> Result<u64, StoreError> {
        self.said(self.readers.oldest_transition().await)
    }

    async fn quarantine(&self, after: u64, limit: usize) -> Result<Vec<Quarantined>, StoreError> {
        self.said(self.readers.quarantine(after, limit).await)
    }

    async fn checkpoint(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.said(self.readers.checkpoint(key).await)
    }

    async fn forget(&self, now: u64) -> Result<u64, StoreError> {
        let mut gone = 0;
        let mut cursor = Some(Cursor::start());
        while let Some(from) = cursor {
            let mut writer = self.writer.lock().await;
            let step = writer.forget_step(&self.shared, from, now).await;
            drop(writer);
            let (dropped, next) = self.said(step)?;
            gone += dropped;
            cursor = next;
        }
        let mut writer = self.writer.lock().await;
        let trimmed = writer.trim(&self.shared, now).await;
        drop(writer);
        self.said(trimmed)?;
        Ok(gone)
    }

    async fn open_sink(&self, sink: &str, start: u64) -> Result<(), StoreError> {
        self.said(self.readers.open_sink(sink, start).await)
    }

    async fn sink(&self, sink: &str) -> Result<Option<SinkState>, StoreError> {
        self.said(self.readers.sink(sink).await)
    }

    async fn claim_sink(
        &self,
        sink: &str,
        holder: &str,
        lease: Duration,
    ) -> Result<Option<u64>, StoreError> {
        self.said(self.readers.claim_sink(sink, holder, lease).await)
    }

    async fn move_sink(
        &self,
        sink: &str,
        holder: &str,
        to: u64,
        lease: Duration,
        dead: &[DeadLetter],
    ) -> Result<bool, StoreError> {
        let own = (sink, holder);
        self.said(self.readers.move_sink(own, to, lease, dead).await)
    }

    async fn release_sink(&self, sink: &str, holder: &str) -> Result<(), StoreError> {
        self.said(self.readers.release_sink(sink, holder).await)
    }

    async fn dead_letters(
        &self,
        sink: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.said(self.readers.dead_letters(sink, after, limit).await)
    }

    async fn drop_dead_letters(&self, sink: &str, ids: &[u64]) -> Result<(), StoreError> {
        self.said(self.readers.drop_dead_letters(sink, ids).await)
    }
}
