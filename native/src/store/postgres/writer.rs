//! Commits, one at a time; instances take turns at the row of totals.
//!
//! Alone, an instance reads the clients that it lacks and writes with one
//! statement, which does nothing unless the totals are still those of its own
//! last batch: two round trips, no transaction left open between them, and so
//! no lock that a frozen instance could keep. Beside others, it locks the
//! totals first and reads which of the batch's clients others have changed.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use futures_util::future::try_join;
use tokio::time::timeout;

use super::cache::{Cache, Cached};
use super::fault::Fault;
use super::link::Link;
use super::totals::{self, Turn, columns};
use super::write::{Rows, WRITE};
use super::{PATIENCE, Shared, partition, quarantine, text};
use crate::store::join::{Entry, Stage, stage};
use crate::store::{Batch, Committed, StoreTrouble};

const LOOK: &str = concat!("SELECT ", columns!(), " FROM total");
const LOCK: &str = concat!("SELECT ", columns!(), " FROM total FOR UPDATE");
/// Of the clients of these ids, those written after the batch that is known.
const CHANGED: &str = "
SELECT client.client_id, client.last_transition, client.batch, client.record::text
FROM unnest($1::text[], $2::bigint[]) AS known (client_id, batch)
JOIN client ON client.client_id = known.client_id AND client.batch > known.batch";
const OUTCOME: &str = "SELECT value FROM checkpoint WHERE key = $1::text";

/// The writing side of the store.
pub(super) struct Writer {
    shared: Arc<Shared>,
    link: Option<Link>,
    turn: Turn,
    cache: Cache,
    /// Clients checked at this batch or later are as their rows are: since
    /// then all batches were this instance's own.
    valid_from: u64,
    /// Whether the last turn followed one of this instance.
    alone: bool,
    doubt: Option<Doubt>,
    /// The key under which this instance notes its last commit of a turn.
    marker: String,
    number: u64,
}

/// A commit whose answer has not come yet.
struct Doubt {
    batch: Arc<Batch>,
    /// What it writes under the instance's key.
    value: String,
    committed: Committed,
}

impl Writer {
    pub fn new(shared: Arc<Shared>, link: Link, turn: Turn) -> Writer {
        Writer {
            shared,
            link: Some(link),
            turn,
            cache: Cache::default(),
            valid_from: u64::MAX,
            alone: false,
            doubt: None,
            marker: format!("instance:{:016x}", instance()),
            number: 0,
        }
    }

    pub async fn commit(&mut self, batch: &Arc<Batch>) -> Result<Committed, Fault> {
        let outcome = match timeout(PATIENCE, self.try_commit(batch)).await {
            Ok(outcome) => outcome,
            Err(elapsed) => Err(elapsed.into()),
        };
        match &outcome {
            Ok(committed) => {
                self.cache.shrink(self.shared.settings.cache_bytes);
                if let Some(last) = committed.transitions.last() {
                    self.shared.saw(last.id);
                }
            }
            Err(_) => self.doubt_all(),
        }
        outcome
    }

    /// What is known may be wrong, and the session may be in a transaction.
    /// The next may be to a server that lacks the newest batches and gives
    /// their numbers again, so nothing in memory can be compared with it.
    pub fn doubt_all(&mut self) {
        self.link = None;
        self.cache = Cache::default();
        self.alone = false;
        self.valid_from = u64::MAX;
    }

    async fn try_commit(&mut self, batch: &Arc<Batch>) -> Result<Committed, Fault> {
        let link = self.connected().await?;
        let outcome = self.turns(&link, batch).await;
        if outcome.is_ok() {
            self.link = Some(link);
        }
        outcome
    }

    /// The connection, taken out: one that met an error is not put back.
    pub async fn connected(&mut self) -> Result<Link, Fault> {
        match self.link.take() {
            Some(link) if !link.client.is_closed() => Ok(link),
            _ => {
                self.doubt_all();
                self.shared.address.connect().await
            }
        }
    }

    pub fn give_back(&mut self, link: Link) {
        self.link = Some(link);
    }

    async fn turns(&mut self, link: &Link, batch: &Arc<Batch>) -> Result<Committed, Fault> {
        if self.alone
            && self.doubt.is_none()
            && batch.poison.is_empty()
            && batch.released.is_empty()
            && let Some(committed) = self.alone(link, batch).await?
        {
            return Ok(committed);
        }
        self.lock(link).await?;
        if let Some(committed) = self.settled(link, batch).await? {
            link.batch("ROLLBACK").await?;
            return Ok(committed);
        }
        self.load(link, batch).await?;
        let mut staged = self.stage(batch);
        if !batch.released.is_empty() {
            quarantine::release(link, &batch.released, &mut staged.totals).await?;
        }
        if !batch.poison.is_empty() {
            let keep = &self.shared.settings.keep;
            quarantine::write(link, batch, keep, &mut staged.totals).await?;
        }
        let last = staged.totals.last_transition;
        let until = self.turn.partitioned_until;
        if until <= last {
            self.turn.partitioned_until = partition::reach(link, until, last).await?;
        }
        let mut work = self.work(batch, staged)?;
        if work.is_nothing(batch) {
            link.batch("ROLLBACK").await?;
            return Ok(work.committed);
        }
        // Now, or COMMIT would be sent before the statement is prepared.
        link.prepared(WRITE).await?;
        self.number += 1;
        let value = format!("{} {}", self.number, batch.now);
        work.rows.marker(&self.marker, &value);
        self.doubt = Some(Doubt {
            batch: Arc::clone(batch),
            value,
            committed: std::mem::take(&mut work.committed),
        });
        let write = work.write(link, &self.turn);
        // Sent together: the second does nothing where the first failed.
        let (written, ()) = try_join(write, link.batch("COMMIT")).await?;
        if !written {
            return Err(Fault::Passing("a turn under the lock was lost".to_owned()));
        }
        if let Some(doubt) = self.doubt.take() {
            work.committed = doubt.committed;
        }
        Ok(self.done(work))
    }

    /// What became of this batch when its answer was lost, if it was. Asked
    /// under the lock, which that commit held too: it has ended.
    ///
    /// Not by its transaction id: a server that crashed gives the id of a
    /// transaction that it lost to another one, which may have committed.
    async fn settled(
        &mut self,
        link: &Link,
        batch: &Arc<Batch>,
    ) -> Result<Option<Committed>, Fault> {
        let Some(doubt) = self.doubt.take() else {
            return Ok(None);
        };
        if !Arc::ptr_eq(&doubt.batch, batch) {
            return Ok(None);
        }
        let rows = match link.rows(OUTCOME, &[&self.marker]).await {
            Ok(rows) => rows,
            Err(fault) => {
                self.doubt = Some(doubt);
                return Err(fault);
            }
        };
        let said: Option<String> = rows.first().map(|row| row.get(0));
        Ok((said == Some(doubt.value)).then_some(doubt.committed))
    }

    /// Without a lock; `None` when somebody else had the turn.
    async fn alone(&mut self, link: &Link, batch: &Batch) -> Result<Option<Committed>, Fault> {
        self.load(link, batch).await?;
        let staged = self.stage(batch);
        if staged.totals.last_transition >= self.turn.partitioned_until {
            return Ok(None);
        }
        let work = self.work(batch, staged)?;
        let before = self.turn.totals.batches;
        if work.is_nothing(batch) {
            // Acknowledged only while the server answers.
            let rows = link.rows(LOOK, &[]).await?;
            let same = rows
                .first()
                .is_some_and(|row| totals::of(row).totals.batches == before);
            self.alone = same;
            return Ok(same.then_some(work.committed));
        }
        let write = work.write(link, &self.turn);
        self.alone = write.await?;
        Ok(self.alone.then(|| self.done(work)))
    }

    /// Begins a transaction and takes the turn.
    pub async fn lock(&mut self, link: &Link) -> Result<(), Fault> {
        let (statement, ()) = try_join(link.prepared(LOCK), link.batch("BEGIN")).await?;
        let row = link.client.query_one(&statement, &[]).await?;
        let turn = totals::of(&row);
        if turn.rule != self.shared.rule {
            let sentence = format!(
                "another instance counts {} by the rule `{}`, this one by `{}`; give all instances the same `[rule]`",
                self.shared.address.place, turn.rule, self.shared.rule
            );
            return Err(Fault::Sentence(StoreTrouble::Other, sentence));
        }
        self.alone = turn.totals.batches == self.turn.totals.batches;
        if !self.alone || self.valid_from == u64::MAX {
            self.valid_from = turn.totals.batches;
        }
        self.turn = turn;
        Ok(())
    }

    pub fn turn(&self) -> &Turn {
        &self.turn
    }

    /// Brings the batch's clients into memory as their rows are now.
    async fn load(&mut self, link: &Link, batch: &Batch) -> Result<(), Fault> {
        let at = self.turn.totals.batches;
        // Every client is here: one that is not has no row.
        let complete = self.cache.len() as u64 == self.turn.totals.clients;
        let mut asked: HashMap<&str, i64> = HashMap::new();
        for (event, _) in &batch.events {
            let id = event.client_id.as_str();
            match self.cache.touch(id) {
                Some(cached) if cached.checked >= self.valid_from => {}
                Some(cached) => drop(asked.insert(id, cached.written.cast_signed())),
                None if complete => {}
                None => drop(asked.insert(id, -1)),
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        let mut asked: Vec<(&str, i64)> = asked.into_iter().collect();
        asked.sort_unstable();
        let ids: Vec<_> = asked.iter().map(|(id, _)| text::write(id)).collect();
        let known: Vec<i64> = asked.iter().map(|(_, batch)| *batch).collect();
        for row in link.rows(CHANGED, &[&ids, &known]).await? {
            let id = text::read(row.get(0));
            let client = super::read::client_of(&id, row.get(3))?;
            let newest = row.get::<_, i64>(1).cast_unsigned();
            let written = row.get::<_, i64>(2).cast_unsigned();
            let entry = Entry { client, newest };
            self.cache.put(
                id,
                Cached {
                    entry,
                    written,
                    checked: at,
                },
            );
        }
        for (id, _) in asked {
            if let Some(cached) = self.cache.touch(id) {
                cached.checked = at;
            }
        }
        Ok(())
    }

    fn stage<'b>(&self, batch: &'b Batch) -> Stage<'b> {
        let options = &self.shared.options;
        let (staged, _) = stage(batch, &self.turn.totals, options, |_, id| {
            self.cache.peek(id).map(|cached| &cached.entry)
        });
        staged
    }

    /// The rows to write. Changed clients leave the cache until they are
    /// written: after a failure they are read again.
    fn work(&mut self, batch: &Batch, staged: Stage<'_>) -> Result<Work, Fault> {
        let mut turn = self.turn.clone();
        let number = turn.totals.batches + 1;
        turn.totals = staged.totals;
        turn.totals.batches = number;
        let mut rows = Rows::default();
        let mut changed: Vec<_> = staged
            .clients
            .into_iter()
            .filter(|(_, client)| client.changed)
            .collect();
        // In key order, as all instances write them.
        changed.sort_unstable_by_key(|(id, _)| *id);
        let mut clients = Vec::with_capacity(changed.len());
        for (id, client) in changed {
            let mut entry = self
                .cache
                .take(id)
                .map(|cached| cached.entry)
                .unwrap_or_default();
            entry.merge(client);
            rows.client(id, &entry, &self.shared.options)?;
            clients.push((id.to_owned(), entry));
        }
        rows.transitions(&staged.flips);
        rows.checkpoints(&batch.checkpoints);
        let most = self.shared.settings.keep.history_rows;
        Ok(Work {
            oldest: (turn.totals.last_transition + 1).saturating_sub(most),
            committed: Committed {
                transitions: staged.flips.into_iter().map(|flip| flip.numbered).collect(),
            },
            turn,
            rows,
            clients,
        })
    }

    /// What is on the server becomes what is known.
    fn done(&mut self, work: Work) -> Committed {
        self.turn = work.turn;
        let batch = self.turn.totals.batches;
        for (id, entry) in work.clients {
            self.cache.put(
                id,
                Cached {
                    entry,
                    written: batch,
                    checked: batch,
                },
            );
        }
        work.committed
    }

    /// Drops a client from memory.
    pub fn forget(&mut self, id: &str) {
        self.cache.take(id);
    }

    /// After a sweep wrote batch `turn`, all but whom it changed is as it was.
    pub fn wrote(&mut self, turn: Turn) {
        self.turn = turn;
    }
}

/// A batch, ready to be written.
struct Work {
    turn: Turn,
    rows: Rows,
    clients: Vec<(String, Entry)>,
    committed: Committed,
    oldest: u64,
}

impl Work {
    /// Writes it over `before`; false when somebody else had the turn.
    async fn write(&self, link: &Link, before: &Turn) -> Result<bool, Fault> {
        let batch = before.totals.batches;
        self.rows
            .write(link, batch, &before.rule, &self.turn.totals, self.oldest)
            .await
    }

    fn is_nothing(&self, batch: &Batch) -> bool {
        self.clients.is_empty() && batch.is_events_only()
    }
}

/// The totals as they are now.
pub(super) async fn look(link: &Link) -> Result<Turn, Fault> {
    let rows = link.rows(LOOK, &[]).await?;
    let row = rows.first();
    row.map(totals::of)
        .ok_or_else(|| Fault::Row("its table `total` is empty".to_owned()))
}

/// A number that no other instance has.
fn instance() -> u64 {
    // Seeded from the operating system; the time tells apart what that does not.
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(crate::clock::now());
    hasher.finish()
}
