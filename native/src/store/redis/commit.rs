//! A commit: stage in core, then one call of the script.

use std::collections::HashSet;
use std::sync::Arc;

use foldhash::quality::RandomState;
use mqtt_presence_core::presence::Options;
use redis::cmd;

use super::cache::Cache;
use super::encode::{Next, Work, encode};
use super::fault::{damaged, unavailable};
use super::link::Link;
use super::record;
use super::script::{Caller, Outcome, Write};
use super::totals;
use crate::store::join::{Entry, Flip, Stage, stage};
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
        let ids = batch.events.iter().map(|(e, _)| e.client_id.as_str());
        let ids: HashSet<&str, RandomState> = ids.collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        for _ in 0..TRIES {
            self.load(link, &ids).await?;
            let token = self.token();
            let tip = std::mem::take(&mut self.tip);
            let (write, mut next, flips) = self.prepare(batch, number, &ids, &token, &tip)?;
            let wrote = !write.records.is_empty();
            let verified = write.verify;
            let calling = self.caller.call(link, &write);
            // Without a check others' commits are rare: it is remembered as
            // done while the server is at it.
            let outcome = if verified {
                calling.await
            } else {
                let next = std::mem::take(&mut next);
                let remembering = async { self.cache.put_all(next, &token) };
                tokio::join!(calling, remembering).0
            }?;
            drop(write);
            match outcome {
                Outcome::Done { base, alone } => {
                    let shift = Shift {
                        guess: self.last,
                        base,
                    };
                    self.last = base + flips.len() as u64;
                    self.tip = if wrote { token.to_string() } else { tip };
                    if !alone {
                        self.cache.doubt_all();
                        if !wrote {
                            // Somebody else's commit is the last, and unknown.
                            self.tip.clear();
                        }
                    }
                    if verified {
                        for id in &ids {
                            self.cache.confirm(id);
                        }
                        for next in &mut next {
                            next.entry.newest = shift.of(next.entry.newest);
                        }
                        self.cache.put_all(next, &token);
                    } else if shift.guess != shift.base {
                        self.forget_all();
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
                    if !verified {
                        for id in &ids {
                            self.cache.take(id);
                        }
                    }
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
    pub fn token(&mut self) -> Arc<str> {
        self.tokens += 1;
        format!("{:016x}-{}", self.caller.instance, self.tokens).into()
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

    /// What the script is told. Without a check, which others' commits are the
    /// reason for, changed clients leave memory until they are written: if they
    /// are not, they are read again.
    fn prepare<'w, 'b: 'w>(
        &mut self,
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
            released: &batch.released,
            checkpoints: &batch.checkpoints,
            ..Write::default()
        };
        if tip.is_empty() || !ids.iter().all(|id| self.cache.is_current(id)) {
            self.check(&mut write, ids);
        }
        let changed = clients.into_iter().filter(|(_, staged)| staged.changed);
        let cache = &mut self.cache;
        let work = changed.map(|(id, staged)| Work {
            entry: match write.verify {
                true => cache.get(id).map(|cached| cached.entry.clone()),
                false => cache.take(id),
            }
            .unwrap_or_default(),
            id,
            staged,
        });
        let work = work.collect();
        let (mut next, told) = encode(work, &flips, &self.options, token)?;
        for next in &mut next {
            if next.fresh {
                write.fresh.push(next.id);
            }
            if let Some(at) = next.closed {
                write.closed.push((at, next.id));
            }
            write
                .records
                .push((next.id, std::mem::take(&mut next.record)));
        }
        write.flips = told;
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

    /// Has the script check that these clients are what memory says, and not
    /// only that nobody else committed.
    pub fn check<'b>(&self, write: &mut Write<'b>, ids: &[&'b str]) {
        write.verify = true;
        for id in ids {
            let token = self.cache.get(id).map(|cached| Arc::clone(&cached.token));
            write.checks.0.push(id);
            write.checks.1.push(token.unwrap_or_else(|| "".into()));
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
