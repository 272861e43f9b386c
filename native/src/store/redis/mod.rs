//! The store for several instances: Redis 6.2 or later, alone or a cluster.
//!
//! All keys of a store have one hash tag ([`keys`]), so one script writes a
//! commit whole, also in a cluster, where a store lives on one master. The
//! rule stays in core: an instance stages a batch on the records it has in
//! memory, and the script writes only if those are still the newest; if not,
//! it answers the newer ones and the batch is staged again. Each record names
//! the commit that wrote it, a name that no other commit ever has, so a fail-over
//! that lost commits is noticed too. A lone instance finds its own commit to be
//! the last, and then nothing needs a check: one round trip a batch, as a
//! [`transaction`], and the next one is prepared meanwhile.
//!
//! Transitions are numbered by the script. An instance guesses the numbers;
//! where others were faster, the script moves them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mqtt_presence_core::presence::{Client, Options};
use redis::cmd;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::task::AbortHandle;

use super::{
    Batch, Committed, Committing, DeadLetter, Keep, Numbered, Quarantined, Selection, SinkState,
    Stats, Store, StoreError,
};
use crate::config::Secret;

mod cache;
mod commit;
mod encode;
mod fault;
mod keys;
mod link;
mod open;
mod packed;
mod read;
mod record;
mod script;
mod sink;
mod sweep;
mod told;
mod totals;
mod transaction;

use commit::{UNDER_WAY, Writer};
use fault::NAME;
use keys::Keys;
use link::Link;

/// How often the number of transitions is asked for, to notice those of other
/// instances.
const LOOK: Duration = Duration::from_millis(50);

/// Where Redis is, and how much memory this end takes.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// `redis://[USER@]HOST:PORT`, or `rediss://` for TLS; of a cluster some
    /// nodes, with commas.
    pub url: String,
    /// Whether that is a Redis Cluster.
    pub cluster: bool,
    /// The password, if it asks for one.
    pub password: Option<Secret>,
    /// Certificates (PEM) to trust instead of the system's.
    pub tls_ca: Option<PathBuf>,
    /// What the keys begin with, in braces; no braces in it. Default `mqtt-presence`.
    pub prefix: String,
    /// Memory for clients that commits used lately, in bytes: about this much.
    /// Default 512 MiB.
    pub cache_bytes: usize,
    /// How much of the past is kept.
    pub keep: Keep,
}

impl RedisSettings {
    /// The defaults, for this server.
    pub fn new(url: impl Into<String>) -> RedisSettings {
        RedisSettings {
            url: url.into(),
            cluster: false,
            password: None,
            tls_ca: None,
            prefix: "mqtt-presence".to_owned(),
            cache_bytes: 512 << 20,
            keep: Keep::default(),
        }
    }
}

/// Clients, history and quarantine in Redis.
#[derive(Debug)]
pub struct Redis {
    link: Arc<Link>,
    keys: Keys,
    options: Options,
    history_age: u64,
    writer: Mutex<Writer>,
    /// Those of the writer: whoever has all knows that no commit is under way.
    turns: Arc<Semaphore>,
    newest: Arc<watch::Sender<u64>>,
    looking: AbortHandle,
}

impl Redis {
    /// Connects, looks whether the server loses no state by its settings, and
    /// brings the totals in line where the rule has changed.
    ///
    /// # Errors
    /// `Unavailable`: the server is not reached, or reads its data.
    /// `Unusable`: a sentence that says what to set.
    pub async fn open(settings: RedisSettings, options: Options) -> Result<Redis, StoreError> {
        let link = Link::new(&settings)?;
        for warning in open::inspect(&link, settings.cluster).await? {
            tracing::warn!("redis: {warning}");
        }
        let keys = Keys::new(&settings.prefix);
        let rule = open::adopt(&link, &keys, &options).await?;
        let caller = script::Caller {
            keys: keys.clone(),
            keep: settings.keep.clone(),
            rule,
            instance: open::instance(),
        };
        let turns = Arc::new(Semaphore::new(UNDER_WAY as usize));
        let newest = watch::Sender::new(read::last_transition(&link, &keys).await?);
        let (link, newest) = (Arc::new(link), Arc::new(newest));
        let looking = tokio::spawn(look(Arc::clone(&link), keys.clone(), Arc::clone(&newest)));
        Ok(Redis {
            keys,
            history_age: settings.keep.history_age,
            writer: Mutex::new(Writer::new(
                caller,
                options.clone(),
                settings.cache_bytes,
                Arc::clone(&turns),
            )),
            turns,
            options,
            link,
            newest,
            looking: looking.abort_handle(),
        })
    }

    /// Tries the server without writing: what is wrong, or what to look at.
    ///
    /// # Errors
    /// As [`open`](Redis::open).
    pub async fn inspect(settings: &RedisSettings) -> Result<Inspected, StoreError> {
        let link = Link::new(settings)?;
        let warnings = open::inspect(&link, settings.cluster).await?;
        open::known(&link, &Keys::new(&settings.prefix)).await?;
        let (seconds, micros): (i64, i64) = link.ask(&cmd("TIME")).await?;
        let now = i64::try_from(crate::clock::now()).unwrap_or(i64::MAX);
        Ok(Inspected {
            warnings,
            clock_ahead: seconds * 1_000 + micros / 1_000 - now,
        })
    }

    fn grow(&self, committed: &Committed) {
        if let Some(last) = committed.transitions.last() {
            grow(&self.newest, last.id);
        }
    }
}

/// What a look at the server has shown.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// What a crash would lose, each with what to do.
    pub warnings: Vec<String>,
    /// How many milliseconds the server's clock is ahead of this machine's.
    pub clock_ahead: i64,
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

/// Follows the number of transitions. Errors are for commits to report.
async fn look(link: Arc<Link>, keys: Keys, newest: Arc<watch::Sender<u64>>) {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Ok(last) = read::last_transition(&link, &keys).await {
            grow(&newest, last);
        }
    }
}

fn grow(newest: &watch::Sender<u64>, last: u64) {
    newest.send_if_modified(|before| {
        let grown = last > *before;
        *before = last.max(*before);
        grown
    });
}

#[async_trait]
impl Store for Redis {
    fn name(&self) -> &'static str {
        NAME
    }

    fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    async fn commit(&self, batch: Arc<Batch>) -> Result<Committed, StoreError> {
        if batch.events.is_empty() && batch.is_events_only() {
            return Ok(Committed::default());
        }
        let committed = self.writer.lock().await.commit(&self.link, &batch).await?;
        self.grow(&committed);
        Ok(committed)
    }

    async fn start(&self, batch: Arc<Batch>) -> Option<Committing<'_>> {
        // No wait for the lock: whoever has it may be waited for behind this.
        let mut writer = self.writer.try_lock().ok()?;
        let mut sent = writer.send(&self.link, &batch).await?;
        drop(writer);
        Some(Box::pin(async move {
            let answer = sent.answer().await;
            let settled = self.writer.lock().await.settle(&batch, sent, answer)?;
            match settled {
                Some(committed) => {
                    self.grow(&committed);
                    Ok(committed)
                }
                None => self.commit(batch).await,
            }
        }))
    }

    async fn clients(&self, ids: &[String]) -> Result<Vec<Option<Client>>, StoreError> {
        let entries = read::entries(&self.link, &self.keys, ids).await?;
        let clients = entries
            .into_iter()
            .map(|entry| entry.map(|entry| entry.client));
        Ok(clients.collect())
    }

    async fn list(
        &self,
        selection: &Selection,
        now: u64,
    ) -> Result<Vec<(String, Client)>, StoreError> {
        read::list(&self.link, &self.keys, &self.options, selection, now).await
    }

    async fn stats(&self, now: u64) -> Result<Stats, StoreError> {
        read::stats(&self.link, &self.keys, &self.options, now).await
    }

    async fn history(
        &self,
        id: &str,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<Vec<Numbered>, StoreError> {
        read::history(&self.link, &self.keys, id, (from, to), limit).await
    }

    async fn transitions_after(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Numbered>, StoreError> {
        read::transitions(&self.link, &self.keys, after, limit as u64).await
    }

    async fn oldest_transition(&self) -> Result<u64, StoreError> {
        read::oldest_transition(&self.link, &self.keys).await
    }

    async fn quarantine(&self, after: u64, limit: usize) -> Result<Vec<Quarantined>, StoreError> {
        read::quarantine(&self.link, &self.keys, after, limit).await
    }

    async fn checkpoint(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.link
            .ask(cmd("HGET").arg(self.keys.checkpoints()).arg(key))
            .await
    }

    async fn forget(&self, now: u64) -> Result<u64, StoreError> {
        let (mut gone, mut skip) = (0, 0);
        loop {
            // It is no link of the chain that commits under way are.
            let _all = self.turns.acquire_many(UNDER_WAY).await;
            let step = self
                .writer
                .lock()
                .await
                .forget(&self.link, now, &mut skip)
                .await?;
            gone += step.gone;
            if !step.more {
                break;
            }
        }
        let oldest = now.saturating_sub(self.history_age);
        self.writer.lock().await.trim(&self.link, oldest).await?;
        Ok(gone)
    }

    async fn open_sink(&self, sink: &str, start: u64) -> Result<(), StoreError> {
        sink::open(&self.link, &self.keys, sink, start).await
    }

    async fn sink(&self, sink: &str) -> Result<Option<SinkState>, StoreError> {
        sink::state(&self.link, &self.keys, sink).await
    }

    async fn claim_sink(
        &self,
        sink: &str,
        holder: &str,
        lease: Duration,
    ) -> Result<Option<u64>, StoreError> {
        sink::claim(&self.link, &self.keys, sink, holder, lease).await
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
        sink::go(&self.link, &self.keys, own, to, lease, dead).await
    }

    async fn release_sink(&self, sink: &str, holder: &str) -> Result<(), StoreError> {
        sink::release(&self.link, &self.keys, sink, holder).await
    }

    async fn dead_letters(
        &self,
        sink: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        sink::letters(&self.link, &self.keys, sink, after, limit).await
    }

    async fn drop_dead_letters(&self, sink: &str, ids: &[u64]) -> Result<(), StoreError> {
        sink::drop_letters(&self.link, &self.keys, sink, ids).await
    }
}
