//! A commit: stage in core, then one call of the script.

use std::collections::HashSet;
use std::sync::Arc;

use mqtt_presence_core::presence::Options;
use redis::cmd;

use super::cache::Cache;
use super::fault::{damaged, unavailable};
use super::link::Link;
use super::record;
use super::script::{Caller, Outcome, Write};
use super::totals;
use crate::store::join::{Entry, Flip, Stage, closed_at, stage};
use crate::store::{Batch, Committed, Numbered, StoreError};

/// How often a commit may find its clients changed by others.
const TRIES: usize = 30;

/// The writing side of the store.
#[derive(Debug)]
pub(super) struct Writer {
    pub caller: Caller,
    pub options: Options,
    pub cache: Cache,
    pub cache_bytes: usize,
    /// The last commit seen; empty when that is not known.
    pub tip: String,
    /// Transitions known of.
    pub last: u64,
    /// Commits of this instance, and calls of the script.
    numbers: u64,
    tokens: u64,
    /// A batch of which it is not known whether it was written, and its number.
    doubt: Option<(Arc<Batch>, u64)>,
}

/// A client after its batch.
pub(super) struct Next<'b> {
    pub id: &'b str,
    pub entry: Entry,
    pub bytes: usize,
}

impl Writer {
    pub fn new(caller: Caller, options: Options, cache_bytes: usize) -> Writer {
        Writer {
            caller,
            options,
            cache: Cache::default(),
            cache_bytes,
            tip: String::new(),
            last: 0,
            numbers: 0,
            tokens: 0,
            doubt: None,
        }
    }

    pub async fn commit(
        &mut self,
        link: &Link,
        batch: &Arc<Batch>,
    ) -> Result<Committed, StoreError> {
        let number = match self.doubt.take() {
            Some((doubted, number)) if Arc::ptr_eq(&doubted, batch) => number,
            _ => self.numbers + 1,
        };
        self.numbers = number;
        let outcome = self.write(link, batch, number).await;
        if outcome.is_err() {
            // The script may have run all the same.
            self.forget_all();
            self.doubt = Some((Arc::clone(batch), number));
        }
        outcome
    }

    /// Takes nothing for known any more.
    pub fn forget_all(&mut self) {
        self.cache.clear();
        self.tip.clear();
    }

    async fn write(
        &mut self,
        link: &Link,
        batch: &Batch,
        number: u64,
    ) -> Result<Committed, StoreError> {
        let ids: HashSet<&str> = batch
            .events
            .iter()
            .map(|(e, _)| e.client_id.as_str())
            .collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        for _ in 0..TRIES {
            self.load(link, &ids).await?;
            let token = self.token();
            let tip = std::mem::take(&mut self.tip);
            let (write, next, flips) = self.prepare(batch, number, &ids, &token, &tip)?;
            let outcome = self.caller.call(link, &write).await?;
            let wrote = !write.records.is_empty();
            drop(write);
            match outcome {
                Outcome::Done { base, alone } => {
                    let shift = Shift {
                        guess: self.last,
                        base,
                    };
                    self.last = base + flips.len() as u64;
                    self.tip = if wrote { token.clone() } else { tip };
                    if !alone {
                        self.cache.doubt_all();
                        if !wrote {
                            // Somebody else's commit is the last, and unknown.
                            self.tip.clear();
                        }
                    }
                    for id in &ids {
                        self.cache.confirm(id);
                    }
                    for Next {
                        id,
                        mut entry,
                        bytes,
                    } in next
                    {
                        entry.newest = shift.of(entry.newest);
                        self.cache.put(id, entry, token.clone(), bytes);
                    }
                    self.cache.evict(self.cache_bytes);
                    let transitions = flips.into_iter().map(|flip| Numbered {
                        id: shift.of(flip.numbered.id),
                        ..flip.numbered
                    });
                    return Ok(Committed {
                        transitions: transitions.collect(),
                    });
                }
                Outcome::Again { base, count } => {
                    self.forget_all();
                    let transitions =
                        super::read::transitions(link, &self.caller.keys, base, count).await?;
                    return Ok(Committed { transitions });
                }
                Outcome::Changed { last, records } => {
                    self.last = last;
                    self.cache.doubt_all();
                    for (id, record) in records {
                        self.learn(&id, (!record.is_empty()).then_some(&record))?;
                    }
                }
            }
        }
        Err(unavailable(format!(
            "other instances changed the same clients {TRIES} times in a row"
        )))
    }

    /// A name for the next call that no call of any instance ever had.
    pub fn token(&mut self) -> String {
        self.tokens += 1;
        format!("{:016x}-{}", self.caller.instance, self.tokens)
    }

    /// Brings clients into memory that are not there.
    pub async fn load(&mut self, link: &Link, ids: &[&str]) -> Result<(), StoreError> {
        let missing = ids.iter().filter(|id| self.cache.get(id).is_none());
        let missing: Vec<&str> = missing.copied().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mut command = cmd("HMGET");
        command.arg(self.caller.keys.clients());
        for id in &missing {
            command.arg(*id);
        }
        let records: Vec<Option<Vec<u8>>> = link.ask(&command).await?;
        for (id, record) in missing.into_iter().zip(records) {
            self.learn(id, record.as_ref())?;
        }
        Ok(())
    }

    fn learn(&mut self, id: &str, record: Option<&Vec<u8>>) -> Result<(), StoreError> {
        let (entry, token) = match record {
            Some(record) => record::read(id, record)?,
            None => Default::default(),
        };
        // What is known now must not look like a number that a batch gives.
        self.last = self.last.max(entry.newest);
        self.cache.put(id, entry, token, record.map_or(0, Vec::len));
        Ok(())
    }

    fn prepare<'w, 'b: 'w>(
        &'w self,
        batch: &'b Batch,
        number: u64,
        ids: &[&'b str],
        token: &'w str,
        tip: &'w str,
    ) -> Result<(Write<'w>, Vec<Next<'b>>, Vec<Flip>), StoreError> {
        let before = totals::middle(self.last);
        let known = |id: &str| -> Option<&Entry> {
            let cached = self.cache.get(id).filter(|cached| !cached.token.is_empty());
            cached.map(|cached| &cached.entry)
        };
        let Stage {
            clients,
            flips,
            totals: after,
            ..
        } = stage(batch, &before, &self.options, known);
        let mut write = Write {
            number,
            tip,
            guess: self.last,
            token,
            now: batch.now,
            totals: totals::deltas(&before, &after),
            checkpoints: &batch.checkpoints,
            ..Write::default()
        };
        self.check(&mut write, ids);
        let mut next = Vec::with_capacity(clients.len());
        for (id, staged) in clients.into_iter().filter(|(_, staged)| staged.changed) {
            let mut entry = known(id).cloned().unwrap_or_default();
            let closing = self.options.closing;
            let closed_before = closed_at(&entry.client, closing);
            if staged.fresh {
                write.fresh.push(id);
            }
            entry.merge(staged);
            if closed_before.is_none()
                && let Some(at) = closed_at(&entry.client, closing)
            {
                write.closed.push((at, id));
            }
            let record = record::write(&entry, token)?;
            let bytes = record.len();
            write.records.push((id, record));
            next.push(Next { id, entry, bytes });
        }
        for flip in &flips {
            let transition = &flip.numbered.transition;
            let json = serde_json::to_vec(transition).map_err(|e| damaged("a transition", e))?;
            write
                .flips
                .push((flip.previous, transition.observed_at, json));
        }
        for poison in &batch.poison {
            let rest = (&poison.origin, &poison.code, &poison.field, &poison.message);
            let rest = serde_json::to_vec(&rest).map_err(|e| damaged("an origin", e))?;
            let message = poison.origin.message_id.as_deref().unwrap_or_default();
            write
                .poison
                .push((message, &poison.code, &poison.raw, rest));
        }
        Ok((write, next, flips))
    }

    /// Has the script check that these clients are what memory says.
    pub fn check<'b>(&'b self, write: &mut Write<'b>, ids: &[&'b str]) {
        write.verify = !ids.iter().all(|id| self.cache.is_current(id));
        for id in ids {
            let token = self.cache.get(id).map_or("", |cached| &cached.token);
            write.checks.0.push(id);
            write.checks.1.push(token);
        }
    }
}

/// How the numbers of a batch move when others committed since they were given.
#[derive(Clone, Copy)]
struct Shift {
    guess: u64,
    base: u64,
}

impl Shift {
    fn of(self, number: u64) -> u64 {
        if number > self.guess {
            number - self.guess + self.base
        } else {
            number
        }
    }
}
