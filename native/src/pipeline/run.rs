//! The pipeline itself.

use std::fmt::Display;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::group::{Group, Sealed};
use super::{Delivery, metrics};
use crate::source::Health;
use crate::store::{Batch, Committed, Committing, Store, StoreError};

/// Says what time it is, in milliseconds since 1970.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The clock of the machine.
pub fn system_clock() -> Clock {
    Arc::new(crate::clock::now)
}

/// How the pipeline works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A group with so many records takes no further delivery. Default 8,192.
    pub commit_records: usize,
    /// How long what waits at shutdown may take; what is left then is
    /// delivered again after the next start. Default 10 s.
    pub drain: Duration,
    /// How long the first wait is when the store is not available; each
    /// further one is twice as long. Default 100 ms.
    pub back_off: Duration,
    /// The longest such wait. Default 5 s.
    pub back_off_most: Duration,
    /// How often channels and history past their retention are dropped.
    /// Default 60 s.
    pub sweep: Duration,
    /// How often the store is asked whether it is there. Default 2 s.
    pub probe: Duration,
    /// How long its answer may take. Default 5 s.
    pub probe_most: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            commit_records: 8192,
            drain: Duration::from_secs(10),
            back_off: Duration::from_millis(100),
            back_off_most: Duration::from_secs(5),
            sweep: Duration::from_secs(60),
            probe: Duration::from_secs(2),
            probe_most: Duration::from_secs(5),
        }
    }
}

/// Commits what the intake takes.
pub struct Pipeline {
    store: Arc<dyn Store>,
    clock: Clock,
    settings: Settings,
    health: watch::Sender<Health>,
    /// Whether a commit failed and has not succeeded since.
    retrying: AtomicBool,
}

impl Pipeline {
    /// A pipeline into this store, and whether the store takes commits.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Clock,
        settings: Settings,
    ) -> (Pipeline, watch::Receiver<Health>) {
        let (health, health_seen) = watch::channel(Health::Starting);
        let pipeline = Pipeline {
            store,
            clock,
            settings,
            health,
            retrying: AtomicBool::new(false),
        };
        (pipeline, health_seen)
    }

    /// Runs until every intake is gone, or after `shutdown` until what waits
    /// is committed or the deadline has passed. An error means that the store
    /// is unusable; its sentence says what to do. Nothing is acknowledged
    /// that the store does not have: returns how many deliveries were left.
    pub async fn run(
        self,
        receiver: mpsc::Receiver<Delivery>,
        shutdown: CancellationToken,
    ) -> Result<usize, StoreError> {
        let outcome = tokio::select! {
            outcome = self.commit_all(receiver, shutdown) => outcome,
            error = self.sweep() => Err(error),
            error = self.probe() => Err(error),
        };
        if let Err(error) = &outcome {
            let _ = self.health.send_replace(Health::Failing(error.to_string()));
        }
        outcome
    }

    async fn commit_all(
        &self,
        receiver: mpsc::Receiver<Delivery>,
        shutdown: CancellationToken,
    ) -> Result<usize, StoreError> {
        match self.store.stats((self.clock)()).await {
            Ok(_) => drop(self.health.send_replace(Health::Ready)),
            // It is asked again soon.
            Err(error @ StoreError::Unavailable { .. }) => {
                self.health.send_replace(Health::Failing(error.to_string()));
            }
            Err(error) => return Err(error),
        }
        let mut newest_event = 0;
        let mut inflow = Inflow {
            receiver,
            shutdown,
            deadline: None,
            group: Group::default(),
        };
        let mut next = None;
        loop {
            let first = match next.take() {
                Some(begun) => begun,
                None if inflow.group.is_empty() => {
                    tokio::select! {
                        delivery = inflow.receiver.recv() => match delivery {
                            Some(delivery) => inflow.group.add(delivery),
                            None => return Ok(0),
                        },
                        () = inflow.shutdown.cancelled(), if inflow.deadline.is_none() => {
                            inflow.close(self.settings.drain);
                        }
                    }
                    continue;
                }
                None => {
                    let most = self.settings.commit_records;
                    inflow.group.fill(&mut inflow.receiver, most);
                    self.seal(&mut inflow)
                }
            };
            let (sealed, committed, took) = match self.finish(first, &mut next, &mut inflow).await?
            {
                Finished::Committed(sealed, committed, took) => (sealed, committed, took),
                Finished::Left(deliveries) => return Ok(deliveries),
            };
            newest_event = metrics::committed(
                &sealed.batch,
                &committed,
                sealed.deliveries,
                took,
                newest_event,
            );
            sealed.acknowledge();
        }
    }

    fn seal(&self, inflow: &mut Inflow) -> Begun<'_> {
        Begun {
            sealed: std::mem::take(&mut inflow.group).seal((self.clock)()),
            since: Instant::now(),
            outcome: None,
        }
    }

    /// Commits while the next group gathers; one that is full meanwhile is
    /// begun as `next` where the store can.
    async fn finish<'s>(
        &'s self,
        first: Begun<'s>,
        next: &mut Option<Begun<'s>>,
        inflow: &mut Inflow,
    ) -> Result<Finished, StoreError> {
        let Begun {
            sealed,
            since,
            outcome,
        } = first;
        let batch = || Arc::clone(&sealed.batch);
        let begun = match outcome {
            Some(outcome) => Some(outcome),
            None => self.store.start(batch()).await,
        };
        // Only behind one that the store has begun may another be.
        let leads = begun.is_some();
        let begun = begun.unwrap_or_else(|| self.store.commit(batch()));
        let mut commit = pin!(self.commit(batch(), begun));
        let most = self.settings.commit_records;
        loop {
            let room = inflow.group.len() < most;
            if leads && !room && next.is_none() {
                let mut second = self.seal(inflow);
                second.outcome = self.store.start(Arc::clone(&second.sealed.batch)).await;
                *next = Some(second);
                continue;
            }
            tokio::select! {
                committed = &mut commit => {
                    let committed = committed?;
                    return Ok(Finished::Committed(sealed, committed, since.elapsed()));
                }
                () = inflow.shutdown.cancelled(), if inflow.deadline.is_none() => {
                    inflow.close(self.settings.drain);
                }
                () = passed(inflow.deadline) => {
                    let second = next.as_ref().map_or(0, |begun| begun.sealed.deliveries);
                    return Ok(Finished::Left(inflow.leave(sealed.deliveries + second)));
                }
                Some(delivery) = inflow.receiver.recv(), if room => inflow.group.add(delivery),
            }
        }
    }

    /// Commits what was begun, however often it takes.
    async fn commit(
        &self,
        batch: Arc<Batch>,
        mut begun: Committing<'_>,
    ) -> Result<Committed, StoreError> {
        let mut wait = self.settings.back_off;
        loop {
            match begun.await {
                Ok(committed) => {
                    self.retrying.store(false, Relaxed);
                    self.recovered();
                    return Ok(committed);
                }
                Err(error @ StoreError::Unavailable { .. }) => {
                    self.retrying.store(true, Relaxed);
                    self.failing(&error, batch.events.len() + batch.poison.len());
                }
                Err(error) => return Err(error),
            }
            sleep(wait).await;
            wait = (wait * 2).min(self.settings.back_off_most);
            begun = self.store.commit(Arc::clone(&batch));
        }
    }

    /// Asks the store now and then, for ever: while no commit does, or one
    /// waits, nobody else would notice soon that it is gone, or back.
    async fn probe(&self) -> StoreError {
        let most = self.settings.probe_most;
        loop {
            sleep(self.settings.probe).await;
            // A start waits for its own answer, a failed commit for the next attempt.
            if self.retrying.load(Relaxed) || *self.health.borrow() == Health::Starting {
                continue;
            }
            match timeout(most, self.store.oldest_transition()).await {
                // What can be read may still take no commit.
                Ok(Ok(_)) if self.retrying.load(Relaxed) => {}
                Ok(Ok(_)) => self.recovered(),
                Ok(Err(error @ StoreError::Unavailable { .. })) => self.failing(&error, 0),
                Ok(Err(error)) => return error,
                Err(_) => {
                    let reason = format!(
                        "{}: no answer within {} s; look at its load, and that it can be reached",
                        self.store.name(),
                        most.as_secs()
                    );
                    self.failing(&reason, 0);
                }
            }
        }
    }

    fn failing(&self, error: &dyn Display, waiting: usize) {
        metrics::store_failed();
        let health = Health::Failing(error.to_string());
        let changed = self.health.send_if_modified(|before| {
            let changed = *before != health;
            *before = health;
            changed
        });
        if changed {
            tracing::error!(%error, waiting, "nothing is acknowledged until the store is back");
        }
    }

    fn recovered(&self) {
        let changed = self.health.send_if_modified(|before| {
            let changed = *before != Health::Ready;
            *before = Health::Ready;
            changed
        });
        if changed {
            tracing::info!("the store is there again");
        }
    }

    /// Drops what retention no longer keeps, from time to time, for ever.
    async fn sweep(&self) -> StoreError {
        loop {
            sleep(self.settings.sweep).await;
            match self.store.forget((self.clock)()).await {
                Ok(channels) => metrics::forgotten(channels),
                // Commits say so, and the next sweep tries again.
                Err(error @ StoreError::Unavailable { .. }) => {
                    tracing::debug!(%error, "nothing was forgotten");
                }
                Err(error) => return error,
            }
        }
    }
}

/// A group on its way into the store.
struct Begun<'s> {
    sealed: Sealed,
    since: Instant,
    /// Where the store has begun with it already.
    outcome: Option<Committing<'s>>,
}

/// What became of a group.
enum Finished {
    /// The store has it; so long that took.
    Committed(Sealed, Committed, Duration),
    /// The deadline has passed: so many deliveries come again.
    Left(usize),
}

/// What comes in, and until when.
struct Inflow {
    receiver: mpsc::Receiver<Delivery>,
    shutdown: CancellationToken,
    /// Set once nothing further is taken: when what waits must be committed.
    deadline: Option<Instant>,
    /// What gathers for the next commit.
    group: Group,
}

impl Inflow {
    fn close(&mut self, drain: Duration) {
        self.receiver.close();
        self.deadline = Some(Instant::now() + drain);
    }

    /// Counts what is dropped unacknowledged; its sources get it again.
    fn leave(&mut self, under_way: usize) -> usize {
        let mut left = under_way + self.group.deliveries();
        while self.receiver.try_recv().is_ok() {
            left += 1;
        }
        metrics::left(left);
        tracing::warn!(
            deliveries = left,
            "left for redelivery: the store did not take them in time"
        );
        left
    }
}

async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
