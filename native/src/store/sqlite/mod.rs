//! The embedded store: one SQLite file.
//!
//! Clients are spread over the whole file, so writing each changed client in
//! place would write a page for each event. Instead a commit appends: its
//! transitions, and its events as one row of `log`. New and changed clients
//! stay in memory ([`cache`]) and are folded into the table `client` a slice
//! at a time, in key order, beside later commits ([`fold`]). Each row says which
//! batch it includes, so after a crash the log is applied to exactly the rows
//! that lack it ([`recover`]).
//!
//! Commits are synced (`synchronous=FULL`), so they survive a power cut too;
//! one sync serves a whole batch. One thread owns the writing connection;
//! queries run on connections of their own ([`read`]) and, thanks to WAL,
//! never wait for a commit to reach the disk.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use mqtt_presence_core::presence::{Client, Options};
use tokio::sync::{oneshot, watch};

use super::sink::Leases;
use super::{
    Batch, Committed, DeadLetter, Keep, Numbered, Quarantined, Selection, SinkState, Stats, Store,
    StoreError, StoreTrouble,
};

mod cache;
mod fault;
mod fold;
mod log;
mod open;
mod read;
mod recover;
mod schema;
mod sink;
mod sweep;
mod write;
mod writer;

use fault::NAME;
use open::Lock;
use read::Shared;
use sink::Work;
use writer::{Command, Writer};

/// Where the file is and how much memory its store takes.
#[derive(Clone, Debug)]
pub struct SqliteSettings {
    /// The file; its folder must exist. Beside it SQLite keeps `-wal` and
    /// `-shm`, and the service a `.lock`.
    pub path: PathBuf,
    /// Memory for clients, in bytes: about this much, and while a fold is
    /// under way half as much again. Default 1 GiB, from 300,000 clients with
    /// many channels to 1,000,000 with one; what is not needed is not taken.
    /// Where the clients that send need more than this, each commit reads and
    /// writes the rows that are not in memory, and commits take several times
    /// as long.
    pub cache_bytes: usize,
    /// Connections for queries. Default 2; each may take 16 MiB.
    pub readers: usize,
    /// How much of the past is kept.
    pub keep: Keep,
}

impl SqliteSettings {
    /// The defaults, for this file.
    pub fn new(path: impl Into<PathBuf>) -> SqliteSettings {
        SqliteSettings {
            path: path.into(),
            cache_bytes: 1024 * 1024 * 1024,
            readers: 2,
            keep: Keep::default(),
        }
    }
}

/// Clients, history and quarantine in one SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    shared: Arc<Shared>,
    commands: Option<mpsc::Sender<Command>>,
    writer: Option<JoinHandle<()>>,
    /// The file has one process, which may forget them.
    leases: Leases,
    _lock: Lock,
}

impl Sqlite {
    /// Opens the file or makes it, and brings it up to date: about a second
    /// for each million events that were not folded when the process ended.
    /// Blocks meanwhile.
    pub fn open(settings: SqliteSettings, options: Options) -> Result<Sqlite, StoreError> {
        let (lock, connection) = open::open(&settings.path)?;
        let path = settings.path.clone();
        let shared = Arc::new(Shared::new(settings, options));
        let writer = Writer::recover(connection, Arc::clone(&shared))
            .map_err(|fault| fault.at_start(&path))?;
        let (commands, receiver) = mpsc::channel();
        let writer = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || writer.run(&receiver))
            .map_err(|error| StoreError::Unusable {
                store: NAME,
                trouble: StoreTrouble::Other,
                reason: format!("no thread can be started: {error}"),
            })?;
        Ok(Sqlite {
            shared,
            commands: Some(commands),
            writer: Some(writer),
            leases: Leases::default(),
            _lock: lock,
        })
    }

    /// Looks at a file that is there, changing nothing: whether it can be read,
    /// is of this version and not in use.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub fn look(path: &Path) -> Result<(), StoreError> {
        open::look(path)
    }

    async fn sink_work(&self, sink: &str, work: Work) -> Result<(), StoreError> {
        let sink = sink.to_owned();
        self.ask(|answer| Command::Sink { sink, work, answer })
            .await
    }

    /// Has the writer do something and waits for its answer.
    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Command,
    ) -> Result<T, StoreError> {
        let gone = || StoreError::Unusable {
            store: NAME,
            trouble: StoreTrouble::Other,
            reason: "the writer has ended; restart the service".to_owned(),
        };
        let (sender, answer) = oneshot::channel();
        let commands = self.commands.as_ref().ok_or_else(gone)?;
        commands.send(command(sender)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Drop for Sqlite {
    /// Folds what is in memory, so that the next start has nothing to catch
    /// up with, and ends the writer.
    fn drop(&mut self) {
        self.commands = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer of the sqlite store panicked");
        }
    }
}

#[async_trait]
impl Store for Sqlite {
    fn name(&self) -> &'static str {
        NAME
    }

    fn newest(&self) -> watch::Receiver<u64> {
        self.shared.newest.subscribe()
    }

    async fn commit(&self, batch: Arc<Batch>) -> Result<Committed, StoreError> {
        self.ask(|answer| Command::Commit { batch, answer }).await
    }

    async fn clients(&self, ids: &[String]) -> Result<Vec<Option<Client>>, StoreError> {
        let ids = ids.to_vec();
        self.shared.query(move |view| view.clients(&ids)).await
    }

    async fn client(&self, id: &str) -> Result<Option<(Client, Option<Numbered>)>, StoreError> {
        let id = id.to_owned();
        self.shared
            .query_briefly(move |view| view.client(&id))
            .await
    }

    async fn list(
        &self,
        selection: &Selection,
        now: u64,
    ) -> Result<Vec<(String, Client)>, StoreError> {
        let selection = selection.clone();
        self.shared
            .query(move |view| view.list(&selection, now))
            .await
    }

    async fn stats(&self, now: u64) -> Result<Stats, StoreError> {
        if self.shared.options.lease.is_none() {
            return Ok(self.shared.cache().totals.stats());
        }
        self.shared.query(move |view| view.recount(now)).await
    }

    async fn history(
        &self,
        id: &str,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<Vec<Numbered>, StoreError> {
        let id = id.to_owned();
        self.shared
            .query(move |view| view.history(&id, from, to, limit))
            .await
    }

    async fn transitions_after(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Numbered>, StoreError> {
        self.shared
            .query(move |view| view.transitions_after(after, limit))
            .await
    }

    async fn oldest_transition(&self) -> Result<u64, StoreError> {
        self.shared.query(|view| view.oldest_transition()).await
    }

    async fn quarantine(&self, after: u64, limit: usize) -> Result<Vec<Quarantined>, StoreError> {
        self.shared
            .query(move |view| view.quarantine(after, limit))
            .await
    }

    async fn checkpoint(&self, key: &str) -> Result<Option<String>, StoreError> {
        let key = key.to_owned();
        self.shared.query(move |view| view.checkpoint(&key)).await
    }

    async fn forget(&self, now: u64) -> Result<u64, StoreError> {
        let mut gone = 0;
        let mut after = String::new();
        loop {
            let step = self
                .ask(|answer| Command::Forget { after, now, answer })
                .await?;
            gone += step.gone;
            match step.next {
                Some(next) => after = next,
                None => break,
            }
        }
        while self.ask(|answer| Command::Trim { now, answer }).await? {}
        Ok(gone)
    }

    async fn open_sink(&self, sink: &str, start: u64) -> Result<(), StoreError> {
        self.sink_work(sink, Work::Open { start }).await
    }

    async fn sink(&self, sink: &str) -> Result<Option<SinkState>, StoreError> {
        let name = sink.to_owned();
        let state = self.shared.query(move |view| view.sink(&name)).await?;
        Ok(state.map(|state| SinkState {
            holder: self.leases.holder(sink),
            ..state
        }))
    }

    async fn claim_sink(
        &self,
        sink: &str,
        holder: &str,
        lease: Duration,
    ) -> Result<Option<u64>, StoreError> {
        let Some(state) = self.sink(sink).await? else {
            return Ok(None);
        };
        let claimed = self.leases.claim(sink, holder, lease);
        Ok(claimed.then_some(state.place))
    }

    async fn move_sink(
        &self,
        sink: &str,
        holder: &str,
        to: u64,
        lease: Duration,
        dead: &[DeadLetter],
    ) -> Result<bool, StoreError> {
        if !self.leases.renew(sink, holder, lease) {
            return Ok(false);
        }
        let dead = dead.to_vec();
        self.sink_work(sink, Work::Move { to, dead }).await?;
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
        let sink = sink.to_owned();
        self.shared
            .query(move |view| view.dead_letters(&sink, after, limit))
            .await
    }

    async fn drop_dead_letters(&self, sink: &str, ids: &[u64]) -> Result<(), StoreError> {
        let ids = ids.to_vec();
        self.sink_work(sink, Work::Drop { ids }).await
    }
}
