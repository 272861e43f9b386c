//! A commit: stage in core, then one call of the script.
//!
//! Where nobody else commits, nothing needs a check, and a batch is sent while
//! the one before is still being written ([`Writer::send`], [`Writer::settle`]).
//! Its script writes only if the last commit is the one before, so it cannot
//! come first. Otherwise the script checks each client ([`Writer::commit`]).

use std::collections::{HashSet, VecDeque};
use std::future::{poll_fn, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use foldhash::quality::RandomState;
use mqtt_presence_core::presence::Options;
use redis::cmd;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinHandle, unconstrained, yield_now};

use super::cache::{Cache, Cached};
use super::encode::{Next, Work, encode};
use super::fault::{damaged, unavailable};
use super::link::Link;
use super::packed::Packed;
use super::record;
use super::script::{Caller, Outcome, Write};
use super::totals;
use crate::store::join::{Flip, Stage, stage};
use crate::store::{Batch, Committed, Numbered, StoreError};

/// How often a commit may find its clients changed by others.
const TRIES: usize = 30;
/// Commits that may be under way: one is written, one is prepared.
pub(super) const UNDER_WAY: u32 = 2;

/// The writing side of the store.
#[derive(Debug)]
pub(super) struct Writer {
    pub caller: Arc<Caller>,
    pub options: Options,
    pub cache: Cache,
    pub cache_bytes: usize,
    /// The last commit seen or sent; empty when that is not known.
    pub tip: String,
    /// Transitions known of.
    pub last: u64,
    /// Commits of this instance, and calls of the script.
    numbers: u64,
    tokens: u64,
    /// Batches of which it is not known whether they were written, and their numbers.
    doubt: VecDeque<(Arc<Batch>, u64)>,
    /// A permit for each commit that may be under way.
    turns: Arc<Semaphore>,
    /// Where each commit that was sent and not settled began in the cache.
    under_way: VecDeque<u64>,
    /// One was not written, so those behind it are not either: nothing is sent
    /// until each has been committed with a check.
    broken: bool,
}

/// A commit under way.
pub(super) struct Sent {
    number: u64,
    guess: u64,
    flips: Vec<Flip>,
    answer: JoinHandle<Result<Outcome, StoreError>>,
    _turn: OwnedSemaphorePermit,
}

impl Sent {
    /// What the script said of it.
    pub async fn answer(&mut self) -> Result<Outcome, StoreError> {
        (&mut self.answer)
            .await
            .unwrap_or_else(|error| Err(unavailable(format!("a commit was broken off: {error}"))))
    }
}

impl Writer {
    pub fn new(
        caller: Caller,
        options: Options,
        cache_bytes: usize,
        turns: Arc<Semaphore>,
    ) -> Writer {
        Writer {
            caller: Arc::new(caller),
            options,
            cache: Cache::default(),
            cache_bytes,
            tip: String::new(),
            last: 0,
            numbers: 0,
            tokens: 0,
            doubt: VecDeque::new(),
            turns,
            under_way: VecDeque::new(),
            broken: false,
        }
    }

    /// Sends a batch that needs no check, and takes it for written from then
    /// on: the next may follow before its answer. `None`: it needs one, or
    /// must wait until nothing is under way.
    pub async fn send(&mut self, link: &Arc<Link>, batch: &Batch) -> Option<Sent> {
        let turn = Arc::clone(&self.turns).try_acquire_owned().ok()?;
        if self.broken || self.tip.is_empty() {
            return None;
        }
        let mut places = self.places(batch);
        if places.is_none() {
            // What is wrong here, the commit finds again and says.
            self.load(link, &ids_of(batch)).await.ok()?;
            places = self.places(batch);
        }
        let places = places?;
        let number = self.number();
        let token = self.token();
        let tip = std::mem::take(&mut self.tip);
        let began = self.cache.clock();
        let preparing = async {
            let (write, next, flips) =
                self.prepare(batch, number, Clients::Lent(&places), &token, &tip)?;
            let unchecked = self.caller.unchecked(link, &write).await?;
            Ok::<_, StoreError>((unchecked, next, flips))
        };
        let Ok((unchecked, next, flips)) = preparing.await else {
            self.forget_all();
            return None;
        };
        let (caller, link) = (Arc::clone(&self.caller), Arc::clone(link));
        let asking = async move { caller.ask(&link, &unchecked).await };
        let mut asking: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(unconstrained(asking));
        // Here, so that batches leave in their order; then as a task, so that
        // it goes on, and holds up nobody, while its caller does other things.
        if let Poll::Ready(said) = poll_fn(|cx| Poll::Ready(asking.as_mut().poll(cx))).await {
            asking = Box::pin(ready(said));
        }
        let answer = tokio::spawn(asking);
        yield_now().await;
        self.cache.put_all(next, &token);
        self.under_way.push_back(began);
        let guess = self.last;
        self.last += flips.len() as u64;
        self.tip = token.to_string();
        Some(Sent {
            number,
            guess,
            flips,
            answer,
            _turn: turn,
        })
    }

    fn places(&self, batch: &Batch) -> Option<Vec<Option<usize>>> {
        let events = batch.events.iter();
        self.cache
            .places(events.map(|(event, _)| event.client_id.as_str()))
    }

    /// Takes the answer to what was sent, in the order of the sending. `None`:
    /// it was not written, and must be committed with a check.
    pub fn settle(
        &mut self,
        batch: &Arc<Batch>,
        sent: Sent,
        answer: Result<Outcome, StoreError>,
    ) -> Result<Option<Committed>, StoreError> {
        self.under_way.pop_front();
        match answer {
            // The client of a cluster asks again by itself: what was written
            // by its first call is what was sent.
            Ok(Outcome::Done { base, .. } | Outcome::Again { base, .. }) => {
                let shift = Shift {
                    guess: sent.guess,
                    base,
                };
                if shift.guess != shift.base {
                    self.forget_all();
                }
                self.evict();
                Ok(Some(shift.committed(sent.flips)))
            }
            Ok(Outcome::Changed { last, .. }) => {
                self.broken = true;
                self.last = self.last.max(last);
                for id in ids_of(batch) {
                    self.cache.remove(id);
                }
                self.cache.doubt_all();
                self.tip.clear();
                Ok(None)
            }
            Err(error) => {
                self.broken = true;
                self.doubt(Arc::clone(batch), sent.number);
                Err(error)
            }
        }
    }

    /// Commits a batch, and has the script check its clients.
    pub async fn commit(
        &mut self,
        link: &Link,
        batch: &Arc<Batch>,
    ) -> Result<Committed, StoreError> {
        let doubted = self
            .doubt
            .iter()
            .position(|(other, _)| Arc::ptr_eq(other, batch));
        let number = match doubted.and_then(|place| self.doubt.remove(place)) {
            Some((_, number)) => number,
            None => self.number(),
        };
        let outcome = self.write(link, batch, number).await;
        if outcome.is_err() {
            self.doubt(Arc::clone(batch), number);
        } else if self.under_way.is_empty() {
            self.broken = false;
        }
        outcome
    }

    /// The script may have run all the same.
    fn doubt(&mut self, batch: Arc<Batch>, number: u64) {
        self.forget_all();
        self.doubt.push_back((batch, number));
        if self.doubt.len() > UNDER_WAY as usize {
            // Nobody tried that one again.
            self.doubt.pop_front();
        }
    }

    /// Takes nothing for known any more.
    pub fn forget_all(&mut self) {
        self.cache.clear();
        self.tip.clear();
    }

    /// What is under way stays: the server may not have it yet.
    fn evict(&mut self) {
        let since = self.under_way.front().copied().unwrap_or(u64::MAX);
        self.cache.evict(self.cache_bytes, since);
    }

    async fn write(
        &mut self,
        link: &Link,
        batch: &Batch,
        number: u64,
    ) -> Result<Committed, StoreError> {
        let ids = ids_of(batch);
        for _ in 0..TRIES {
            self.load(link, &ids).await?;
            let token = self.token();
            let tip = std::mem::take(&mut self.tip);
            let (write, mut next, flips) =
                self.prepare(batch, number, Clients::Checked(&ids), &token, &tip)?;
            let outcome = self.caller.call(link, &write).await?;
            drop(write);
            match outcome {
                Outcome::Done { base, alone } => {
                    let shift = Shift {
                        guess: self.last,
                        base,
                    };
                    self.last = base + flips.len() as u64;
                    self.tip = token.to_string();
                    if !alone {
                        self.cache.doubt_all();
                    } else if tip.is_empty() {
                        // The first commit ever.
                        self.cache.found_whole();
                    }
                    for id in &ids {
                        self.cache.confirm(id);
                    }
                    for next in &mut next {
                        next.entry.newest = shift.of(next.entry.newest);
                    }
                    self.cache.put_all(next, &token);
                    self.evict();
                    return Ok(shift.committed(flips));
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

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
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
        let packed = Box::new(Packed::new(entry, self.options.closing));
        let bytes = record.map_or(0, Vec::len);
        self.cache.put(id, packed, token, bytes);
        Ok(())
    }

    /// What the script is told.
    fn prepare<'w, 'b: 'w>(
        &mut self,
        batch: &'b Batch,
        number: u64,
        source: Clients<'_, 'b>,
        token: &'w str,
        tip: &'w str,
    ) -> Result<(Write<'w>, Vec<Next<'b>>, Vec<Flip>), StoreError> {
        let before = totals::middle(self.last);
        let cache = &mut self.cache;
        let known = |position: usize, id: &str| match source {
            Clients::Checked(_) => cache.get(id)?.seen().cloned().map(Box::new),
            Clients::Lent(places) => cache.lend(places[position]?),
        };
        let (stage, entries) = stage(batch, &before, &self.options, known);
        let Stage {
            clients,
            flips,
            totals: after,
            ..
        } = stage;
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
        if let Clients::Checked(ids) = source {
            self.check(&mut write, ids);
        }
        let mut work = Vec::with_capacity(clients.len());
        for ((id, staged), entry) in clients.into_iter().zip(entries) {
            let place = match source {
                Clients::Checked(_) => None,
                Clients::Lent(places) => places[staged.first],
            };
            if staged.changed {
                let entry = entry.unwrap_or_default();
                work.push(Work {
                    id,
                    place,
                    entry,
                    staged,
                });
            } else if let (Some(place), Some(mut entry)) = (place, entry) {
                entry.merge(staged, self.options.closing);
                self.cache.put_back(place, entry);
            }
        }
        let (next, told) = encode(work, &flips, &self.options, token)?;
        for next in &next {
            if next.fresh {
                write.fresh.push(next.id);
            }
            if let Some(at) = next.closed {
                write.closed.push((at, next.id));
            }
            write.records.push((next.id, next.record.clone()));
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
            let token = self.cache.get(id).map(Cached::token);
            write.checks.0.push(id);
            write.checks.1.push(token.unwrap_or_else(|| "".into()));
        }
    }
}

fn ids_of(batch: &Batch) -> Vec<&str> {
    let ids = batch
        .events
        .iter()
        .map(|(event, _)| event.client_id.as_str());
    let ids: HashSet<&str, RandomState> = ids.collect();
    ids.into_iter().collect()
}

/// Where a batch finds its clients.
#[derive(Clone, Copy)]
enum Clients<'w, 'b> {
    /// The script checks these against memory, which keeps them.
    Checked(&'w [&'b str]),
    /// Memory lends the changed ones until the batch is sent: where it has the
    /// client of each event.
    Lent(&'w [Option<usize>]),
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

    fn committed(self, flips: Vec<Flip>) -> Committed {
        let transitions = flips.into_iter().map(|flip| Numbered {
            id: self.of(flip.numbered.id),
            ..flip.numbered
        });
        Committed {
            transitions: transitions.collect(),
        }
    }
}
