//! The thread that owns the writing connection.

use std::collections::VecDeque;
use std::sync::{Arc, mpsc};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::cache::Cache;
use super::fault::Fault;
use super::fold::Pass;
use super::log::Encoder;
use super::read::{Shared, rows};
use super::sink::Work;
use super::sweep::Step;
use super::write;
use crate::store::join::{Entry, Stage, stage};
use crate::store::{Batch, Committed, StoreError};

/// What the writer is asked to do.
pub(super) enum Command {
    Commit {
        batch: Arc<Batch>,
        answer: oneshot::Sender<Result<Committed, StoreError>>,
    },
    /// Forgets channels of the clients after this id.
    Forget {
        after: String,
        now: u64,
        answer: oneshot::Sender<Result<Step, StoreError>>,
    },
    /// Drops old history; answers whether there is more to drop.
    Trim {
        now: u64,
        answer: oneshot::Sender<Result<bool, StoreError>>,
    },
    /// Writes for a sink.
    Sink {
        sink: String,
        work: Work,
        answer: oneshot::Sender<Result<(), StoreError>>,
    },
}

/// The writing side of the store.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) shared: Arc<Shared>,
    /// The last batch in the log.
    pub(super) batch: u64,
    /// Each batch that is in the log, and its bytes.
    pub(super) log: VecDeque<(u64, usize)>,
    pub(super) log_bytes: usize,
    pub(super) pass: Option<Pass>,
    /// The oldest transition kept, or the next one when there is none.
    pub(super) oldest: u64,
}

impl Writer {
    /// Runs until nobody can ask for anything, then folds what is in memory.
    pub fn run(mut self, commands: &mpsc::Receiver<Command>) {
        // An asker that went away has no use for the answer.
        while let Ok(command) = commands.recv() {
            match command {
                Command::Commit { batch, answer } => {
                    let outcome = self.commit(&batch);
                    let _ = answer.send(self.answer(outcome));
                }
                Command::Forget { after, now, answer } => {
                    let outcome = self.forget(&after, now);
                    let _ = answer.send(self.answer(outcome));
                }
                Command::Trim { now, answer } => {
                    let outcome = self.trim(now);
                    let _ = answer.send(self.answer(outcome));
                }
                Command::Sink { sink, work, answer } => {
                    let outcome = self.sink(&sink, &work);
                    let _ = answer.send(self.answer(outcome));
                }
            }
        }
        if let Err(fault) = self.fold_all() {
            // Nothing is lost: the next start reads the log.
            let error = fault.while_running(&self.shared.settings.path);
            tracing::warn!(%error, "clients were not folded at the end");
        }
    }

    fn answer<T>(&self, outcome: Result<T, Fault>) -> Result<T, StoreError> {
        outcome.map_err(|fault| fault.while_running(&self.shared.settings.path))
    }

    pub(super) fn begin(&self) -> Result<Transaction<'_>, Fault> {
        self.begin_as(TransactionBehavior::Immediate)
    }

    pub(super) fn begin_as(&self, behavior: TransactionBehavior) -> Result<Transaction<'_>, Fault> {
        if !self.connection.is_autocommit() {
            // Left behind by a rollback that failed on a bad disk.
            self.connection.execute_batch("ROLLBACK")?;
        }
        Ok(Transaction::new_unchecked(&self.connection, behavior)?)
    }

    fn commit(&mut self, batch: &Batch) -> Result<Committed, Fault> {
        let number = self.batch + 1;
        self.load(
            batch
                .events
                .iter()
                .map(|(event, _)| event.client_id.as_str()),
        )?;
        let mut staged = self.stage(batch);
        if staged.changes.is_empty() && batch.is_events_only() {
            return Ok(Committed::default());
        }
        staged.totals.batches = number;
        let row = encode(batch, &staged);
        let flips = staged.flips.len() as u64;
        self.start_pass_if_due();
        let transaction = self.begin()?;
        write::transitions(&transaction, &staged.flips)?;
        write::release(&transaction, &batch.released, &mut staged.totals)?;
        write::quarantine(
            &transaction,
            batch,
            &self.shared.settings.keep,
            &mut staged.totals,
        )?;
        write::checkpoints(&transaction, &batch.checkpoints)?;
        if !staged.changes.is_empty() {
            write::log(&transaction, number, &row)?;
        }
        write::totals(&transaction, &staged.totals)?;
        let oldest = self.cap_history(&transaction, staged.totals.last_transition, flips)?;
        let share = self.fold_share(staged.clients.len(), row.len());
        let folded = self.fold(&transaction, share)?;
        transaction.commit()?;

        // On the disk; nothing below can fail.
        self.batch = number;
        self.oldest = oldest;
        if !staged.changes.is_empty() {
            self.log.push_back((number, row.len()));
            self.log_bytes += row.len();
        }
        self.note_folded(folded, number - 1);
        self.shared.cache_mut().totals = staged.totals;
        self.shared
            .change_each(staged.clients, |cache, (id, client)| {
                cache.merge(id, client, number);
            });
        self.evict_if_due();
        if let Some(last) = staged.flips.last() {
            self.shared.newest.send_replace(last.numbered.id);
        }
        let flips = staged.flips.into_iter();
        Ok(Committed {
            transitions: flips.map(|flip| flip.numbered).collect(),
        })
    }

    /// Brings the clients of these ids that have a row into memory.
    pub(super) fn load<'a>(&self, ids: impl Iterator<Item = &'a str>) -> Result<(), Fault> {
        let missing: Vec<&str> = {
            let cache = self.shared.cache();
            ids.filter(|id| !cache.contains(id)).collect()
        };
        if missing.is_empty() {
            return Ok(());
        }
        self.take_in(rows(
            self.begin_as(TransactionBehavior::Deferred)?,
            missing,
        )?);
        Ok(())
    }

    pub(super) fn take_in(&self, rows: Vec<(&str, Entry, u64)>) {
        let touched = self.batch + 1;
        self.shared.cache_mut().reserve(rows.len());
        self.shared.change_each(rows, |cache, (id, entry, folded)| {
            cache.insert(id, entry, folded, touched);
        });
    }

    fn stage<'b>(&self, batch: &'b Batch) -> Stage<'b> {
        let cache: &Cache = &self.shared.cache();
        let (staged, _) = stage(batch, &cache.totals, &self.shared.options, |_, id| {
            cache.get(id)
        });
        staged
    }
}

/// The events that changed something; repeats need no place in the log.
fn encode(batch: &Batch, staged: &Stage<'_>) -> Vec<u8> {
    let mut row = Encoder::new(batch.now, staged.changes.len());
    for &(position, transition) in &staged.changes {
        let (event, origin) = &batch.events[position];
        row.push(event, &origin.label(), transition);
    }
    row.finish()
}
