//! One instance's turn at a sink: from taking the lease until losing it.
//!
//! Nothing is handed over unless the lease lasts longer than that may take. So
//! two instances never hand over at the same time, even if one of them stalls.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Condition, Refusal, Sink};
use crate::backoff::Backoff;
use crate::clock;
use crate::follow::{Follow, Step};
use crate::pipeline::metrics;
use crate::store::{DeadLetter, Numbered, StoreError};

/// How much longer than the longest delivery a lease lasts.
const SPARE: Duration = Duration::from_secs(10);
/// What must be left of a lease after the longest delivery.
const MARGIN: Duration = Duration::from_secs(2);
/// How often an instance that does not deliver asks whether it may.
const ASK: Duration = Duration::from_secs(1);
/// Dead letters that a sink has at most; then it waits instead.
const MOST_DEAD: u64 = 10_000;
/// Longest wait that another end may ask for.
const LONGEST_AFTER: Duration = Duration::from_secs(60 * 60);

/// Delivers whenever the lease is to be had, until `shutdown`.
pub(super) async fn run(sink: Arc<Sink>, shutdown: CancellationToken) {
    let random = RandomState::new().hash_one(clock::now());
    let holder = format!("{}-{random:016x}", std::process::id());
    let name = sink.name();
    while !shutdown.is_cancelled() {
        let asked = Instant::now();
        match sink.store.claim_sink(name, &holder, lease(&sink)).await {
            Ok(Some(place)) => {
                tracing::info!(sink = name, place, "delivers from here on");
                let mut turn = Turn {
                    sink: &sink,
                    holder: &holder,
                    shutdown: &shutdown,
                    place,
                    held_until: asked + lease(&sink),
                };
                turn.run().await;
                metrics::sink_behind(name, 0);
            }
            Ok(None) => sink.fares(Condition::Elsewhere),
            Err(error) => sink.fails(&error.to_string()),
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = sleep(ASK) => {}
        }
    }
    // Nothing is under way: another may begin at once.
    if let Err(error) = sink.store.release_sink(name, &holder).await {
        tracing::warn!(sink = name, %error, "others wait for the end of the lease");
    }
    sink.outlet.close().await;
}

fn lease(sink: &Sink) -> Duration {
    sink.settings.timeout.duration() + SPARE
}

struct Turn<'a> {
    sink: &'a Sink,
    holder: &'a str,
    shutdown: &'a CancellationToken,
    /// As the store has it.
    place: u64,
    held_until: Instant,
}

/// What there is to hand over.
enum Next {
    Batch(Vec<Numbered>),
    Nothing(Option<Duration>),
    Gap(u64),
}

impl Turn<'_> {
    async fn run(&mut self) {
        let mut follow = self.follow(self.place);
        while !self.shutdown.is_cancelled() {
            match next(&mut follow, self.sink.settings.batch).await {
                Ok(Next::Batch(batch)) => {
                    if !self.hand_over(&batch, follow.place()).await {
                        return;
                    }
                }
                Ok(Next::Nothing(pause)) => {
                    self.sink.fares(Condition::Delivering);
                    self.behind(follow.place());
                    // What was passed over is noted when the lease is renewed.
                    if !self.hold(follow.place(), lease(self.sink) / 2).await {
                        return;
                    }
                    tokio::select! {
                        () = self.shutdown.cancelled() => {}
                        () = sleep(lease(self.sink) / 4) => {}
                        goes = follow.wait(pause) => if !goes { return },
                    }
                }
                Ok(Next::Gap(oldest)) => {
                    let missed = oldest - 1 - follow.read();
                    tracing::error!(
                        sink = self.sink.name(),
                        missed,
                        "transitions were dropped (`store.history`) before they were delivered"
                    );
                    metrics::sink_missed(self.sink.name(), missed);
                    if !self.advance(oldest - 1, &[]).await {
                        return;
                    }
                    follow = self.follow(oldest - 1);
                }
                Err(error) => {
                    self.sink.fails(&error.to_string());
                    if !self.rest(ASK).await {
                        return;
                    }
                }
            }
        }
    }

    fn follow(&self, at: u64) -> Follow {
        let settings = &self.sink.settings;
        let settle = settings.settle.map(|span| span.millis());
        let prefix = settings.prefix.clone();
        Follow::new(
            Arc::clone(&self.sink.store),
            at,
            prefix,
            settle.filter(|settle| *settle > 0),
        )
    }

    /// Hands over until it is taken or given up, then moves the place to `to`;
    /// false where the turn is over.
    async fn hand_over(&mut self, batch: &[Numbered], to: u64) -> bool {
        let (sink, count) = (self.sink, batch.len() as u64);
        let began = Instant::now();
        let mut backoff = Backoff::own();
        self.behind(self.place);
        loop {
            let needed = sink.settings.timeout.duration() + MARGIN;
            if !self.hold(self.place, needed).await {
                return false;
            }
            let (reason, given_up, after) = match sink.outlet.deliver(batch).await {
                Ok(()) => {
                    metrics::sink_delivered(sink.name(), count);
                    sink.fares(Condition::Delivering);
                    return self.advance(to, &[]).await;
                }
                Err(Refusal::Never(reason)) => (reason, true, None),
                Err(Refusal::Later { reason, after }) => {
                    let patience = sink.settings.give_up_after.duration();
                    (reason, began.elapsed() >= patience, after)
                }
            };
            metrics::sink_failed(sink.name());
            sink.fails(&reason);
            if given_up {
                match self.room(count).await {
                    Ok(true) => return self.bury(batch, to, &reason).await,
                    Ok(false) => sink.fails(&format!(
                        "{reason}; there are {MOST_DEAD} dead letters, so it is tried until it works: have them \
                         delivered again with `POST /v1/sinks/{}/dead-letters/retry`",
                        sink.name()
                    )),
                    Err(error) => sink.fails(&error.to_string()),
                }
            }
            let pause = backoff.next().max(after.unwrap_or_default());
            if !self.rest(pause.min(LONGEST_AFTER)).await {
                return false;
            }
        }
    }

    fn behind(&self, place: u64) {
        let newest = *self.sink.store.newest().borrow();
        metrics::sink_behind(self.sink.name(), newest.saturating_sub(place));
    }

    async fn bury(&mut self, batch: &[Numbered], to: u64, reason: &str) -> bool {
        let at = clock::now();
        let letter = |numbered: &Numbered| DeadLetter {
            at,
            reason: reason.to_owned(),
            numbered: numbered.clone(),
        };
        let dead: Vec<DeadLetter> = batch.iter().map(letter).collect();
        let kept = self.advance(to, &dead).await;
        if kept {
            metrics::sink_dead(self.sink.name(), dead.len() as u64);
            tracing::error!(
                sink = self.sink.name(),
                count = dead.len(),
                "given up: among the dead letters"
            );
        }
        kept
    }

    /// Whether so many dead letters more are not too many.
    async fn room(&self, count: u64) -> Result<bool, StoreError> {
        Ok(self.sink.state().await?.dead + count <= MOST_DEAD)
    }

    /// Waits without losing the lease; false where the turn is over.
    async fn rest(&mut self, pause: Duration) -> bool {
        let end = Instant::now() + pause;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            tokio::select! {
                () = self.shutdown.cancelled() => return false,
                () = sleep(left.min(lease(self.sink) / 4)) => {}
            }
            if !self.hold(self.place, lease(self.sink) / 2).await {
                return false;
            }
        }
    }

    /// Sees to it that the lease lasts so long; renewing it moves the place to `to`.
    async fn hold(&mut self, to: u64, long: Duration) -> bool {
        self.held_until >= Instant::now() + long || self.advance(to, &[]).await
    }

    /// Moves the place and renews the lease, however often that takes; false
    /// where another instance has taken over, or at the end.
    async fn advance(&mut self, to: u64, dead: &[DeadLetter]) -> bool {
        let sink = self.sink;
        let mut backoff = Backoff::own();
        loop {
            let asked = Instant::now();
            let moving = sink
                .store
                .move_sink(sink.name(), self.holder, to, lease(sink), dead);
            match moving.await {
                Ok(true) => {
                    self.held_until = asked + lease(sink);
                    self.place = self.place.max(to);
                    return true;
                }
                Ok(false) => {
                    tracing::warn!(sink = sink.name(), "another instance has taken over");
                    return false;
                }
                Err(error) => sink.fails(&error.to_string()),
            }
            tokio::select! {
                () = self.shutdown.cancelled() => return false,
                () = sleep(backoff.next()) => {}
            }
        }
    }
}

/// Up to so many transitions, or nothing for now.
async fn next(follow: &mut Follow, most: usize) -> Result<Next, StoreError> {
    let mut batch = Vec::new();
    loop {
        while batch.len() < most
            && let Some(numbered) = follow.ready()
        {
            batch.push(numbered);
        }
        if batch.len() == most {
            return Ok(Next::Batch(batch));
        }
        match follow.step().await {
            Ok(Step::Goes) => {}
            // Those that were read go first; the rest is looked at again.
            _ if !batch.is_empty() => return Ok(Next::Batch(batch)),
            Ok(Step::Wait(pause)) => return Ok(Next::Nothing(pause)),
            Ok(Step::Gap(oldest)) => return Ok(Next::Gap(oldest)),
            Err(error) => return Err(error),
        }
    }
}
