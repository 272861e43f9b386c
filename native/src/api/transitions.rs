//! `GET /v1/transitions`: flips as they happen, as server-sent events.
//!
//! A follower reads from the store, woken by the id of the newest flip. So a
//! slow one costs no memory: it holds one batch and its place.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::Shared;
use super::access::Pass;
use super::answer::TransitionAnswer;
use super::parameters::Parameters;
use super::problem::{Problem, ProblemSchema};
use super::settle::{Decided, Settling};
use crate::clock;
use crate::config::Span;
use crate::store::{Numbered, StoreError};

/// How many flips are read from the store at once.
const BATCH: usize = 256;
/// How long a follower that lost the connection waits before it tries again.
const RETRY: Duration = Duration::from_secs(2);
/// How often a comment shows that the connection is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Longest time that a change may be asked to last.
const LONGEST_SETTLE: Duration = Duration::from_secs(60 * 60);
/// Transitions of one client that are looked at for one shortly before another.
const NEIGHBOURS: usize = 64;

/// Flips as they happen.
///
/// Each has an `id:`; `data:` is a transition. With the header
/// `Last-Event-ID` (browsers send it by themselves) or `?lastEventId=` the
/// stream goes on after that id, without gap or repeat; 0 stands for the
/// oldest that is kept. Without either, it begins now. An `id:` without data
/// only says how far the stream has come. If a follower is so slow that
/// flips are dropped before it reads them, an event named `gap` says so and
/// the stream ends. It also ends when its token ceases.
///
/// With `settle` only changes come that lasted so long, counted from
/// `observedAt`; each keeps the `id` of its transition. A client that goes and
/// is back sooner is not told of at all. An `id` says that everything up to it
/// was decided, so after a broken connection what was still settling is looked
/// at again, and its time goes on from `observedAt`. If a client was blinking
/// just then, its answer is told once it settles, even if it is the one that
/// was told last.
#[utoipa::path(
    get,
    path = "/v1/transitions",
    tag = "clients",
    params(
        ("Last-Event-ID" = Option<u64>, Header, description = "Go on after this id"),
        ("lastEventId" = Option<u64>, Query, description = "The same, for clients that cannot set headers"),
        ("prefix" = Option<String>, Query, description = "Only clients whose id begins with this"),
        ("settle" = Option<String>, Query, description = "Only changes that lasted so long: a duration such as `5s`, at most `1h`"),
    ),
    responses(
        (status = 200, body = TransitionAnswer, content_type = "text/event-stream"),
        (status = 410, description = "Transitions after that id are no longer kept", body = ProblemSchema,
            content_type = "application/problem+json"),
        (status = "default", body = ProblemSchema, content_type = "application/problem+json"),
    ),
)]
pub async fn transitions(
    State(service): State<Shared>,
    headers: HeaderMap,
    mut parameters: Parameters,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let asked = parameters.take("lastEventId")?;
    let prefix = parameters.take("prefix")?.unwrap_or_default();
    let settle = parameters.take("settle")?;
    parameters.finish(&["lastEventId", "prefix", "settle"])?;
    let settling = settle.as_deref().map(settling).transpose()?.flatten();
    // A browser that reconnects repeats the query and adds the header, which is newer.
    let header = headers
        .get("last-event-id")
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let asked = header.filter(|text| !text.is_empty()).or(asked);

    let permit = service.streams.clone().try_acquire_owned().map_err(|_| {
        let detail = format!(
            "{} follow transitions already (`api.max_streams`)",
            service.api.max_streams
        );
        Problem::unavailable("too_many_streams", detail).retry_after(5)
    })?;
    let pass = service.access.pass(&headers);
    let newest = service.store.newest();
    let at = start(&service, asked).await?;
    let follower = Follower {
        service,
        prefix,
        at,
        read: at,
        told: None,
        queue: VecDeque::new(),
        settling,
        unsure_until: None,
        newest,
        pass,
        _permit: permit,
    };
    let events = stream::unfold(Some(follower), |follower| async move {
        let mut follower = follower?;
        let (event, goes_on) = follower.next().await?;
        Some((Ok(event), goes_on.then_some(follower)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// From `?settle=`; none for no time at all.
fn settling(text: &str) -> Result<Option<Settling>, Problem> {
    let span = text.parse::<Span>().ok();
    match span.filter(|span| span.duration() <= LONGEST_SETTLE) {
        Some(span) if span.millis() == 0 => Ok(None),
        Some(span) => Ok(Some(Settling::new(span.millis()))),
        None => Err(Problem::unprocessable(format!(
            "`settle` is `{text}`; it takes a duration such as `5s`, at most `1h`"
        ))),
    }
}

/// The id after which the stream begins.
async fn start(service: &Shared, asked: Option<String>) -> Result<u64, Problem> {
    let oldest = service.store.oldest_transition().await?;
    let newest = service
        .store
        .stats(crate::clock::now())
        .await?
        .last_transition;
    let Some(text) = asked else { return Ok(newest) };
    let Ok(asked) = text.parse::<u64>() else {
        let detail = format!(
            "`Last-Event-ID` is `{text}`; it takes the `id:` of a transition, or 0 for all that is kept"
        );
        return Err(Problem::unprocessable(detail));
    };
    if asked == 0 {
        return Ok(oldest.saturating_sub(1));
    }
    let gone = |detail: String| {
        let problem = Problem::new(StatusCode::GONE, "transitions_gone", detail);
        Err(problem.with("oldest", oldest).with("newest", newest))
    };
    if asked > newest {
        return gone(format!(
            "transition {asked} is newer than the newest, {newest}: the store is another one than before. Begin anew: \
             ask without `Last-Event-ID`, and read the clients"
        ));
    }
    let first_kept = if oldest == 0 { newest + 1 } else { oldest };
    if asked + 1 < first_kept {
        return gone(format!(
            "transitions after {asked} are no longer all kept (`store.history`); the oldest is {oldest}. Begin anew: \
             ask without `Last-Event-ID`, and read the clients"
        ));
    }
    Ok(asked)
}

struct Follower {
    service: Shared,
    prefix: String,
    /// The last id that was looked at, and under `settle` decided on.
    at: u64,
    /// The last id that was read from the store.
    read: u64,
    /// The last id that the other end knows of.
    told: Option<u64>,
    queue: VecDeque<Numbered>,
    settling: Option<Settling>,
    /// Changes that the store took before this time may follow soon on others
    /// that this follower has not seen, or not kept.
    unsure_until: Option<u64>,
    newest: watch::Receiver<u64>,
    pass: Pass,
    _permit: OwnedSemaphorePermit,
}

impl Follower {
    /// The next event and whether more may come; `None` at the end.
    async fn next(&mut self) -> Option<(Event, bool)> {
        let shutdown = self.service.shutdown.clone();
        loop {
            if let Some(numbered) = self.ready() {
                self.told = Some(numbered.id);
                return Some((flip(numbered), true));
            }
            if self.told != Some(self.at) {
                let first = self.told.is_none();
                self.told = Some(self.at);
                let place = Event::default().id(self.at.to_string());
                return Some((if first { place.retry(RETRY) } else { place }, true));
            }
            if shutdown.is_cancelled() || self.pass.has_ceased() {
                return None;
            }
            let outcome = match &self.settling {
                Some(settling) if settling.is_full() => self.decide_alone().await,
                _ => self.read_on().await,
            };
            let pause = match outcome {
                Ok(Step::Goes) => continue,
                Ok(Step::Gap(oldest)) => return Some((gap(self.read, oldest), false)),
                Ok(Step::Wait(pause)) => pause,
                Err(error) => {
                    // The other end comes back with its place.
                    tracing::warn!(%error, "a follower of transitions was let go");
                    return None;
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => return None,
                () = self.pass.ceased() => return None,
                changed = self.newest.changed() => changed.ok()?,
                () = after(pause) => {}
            }
        }
    }

    /// What can be told without the store.
    fn ready(&mut self) -> Option<Numbered> {
        if let Some(settling) = &mut self.settling {
            while let Some(decided) = settling.decide() {
                // What waits is read again after a break.
                self.at = settling.oldest().map_or(self.read, |(next, _)| next.id - 1);
                if let Decided::Lasted(numbered) = decided {
                    return Some(numbered);
                }
            }
            if settling.oldest().is_none() {
                self.at = self.read;
            }
            return None;
        }
        while let Some(numbered) = self.queue.pop_front() {
            self.at = numbered.id;
            if numbered.transition.client_id.starts_with(&self.prefix) {
                return Some(numbered);
            }
        }
        None
    }

    /// Reads what comes next.
    async fn read_on(&mut self) -> Result<Step, StoreError> {
        self.newest.borrow_and_update();
        let now = clock::now();
        let store = Arc::clone(&self.service.store);
        let batch = store.transitions_after(self.read, BATCH).await?;
        if let Some(first) = batch.first()
            && first.id > self.read + 1
        {
            let oldest = store.oldest_transition().await?;
            if oldest > self.read + 1 {
                return Ok(Step::Gap(oldest));
            }
        }
        let complete = batch.len() < BATCH;
        let empty = batch.is_empty();
        if let Some(last) = batch.last() {
            self.read = last.id;
        }
        let Some(settling) = &mut self.settling else {
            self.queue = batch.into();
            return Ok(if empty { Step::Wait(None) } else { Step::Goes });
        };
        for numbered in batch {
            let taken = numbered.transition.observed_at;
            let unsure = *self.unsure_until.get_or_insert(taken + settling.millis());
            let id = &numbered.transition.client_id;
            if !id.starts_with(&self.prefix) {
                continue;
            }
            let mut before = Some(!numbered.transition.online);
            if taken < unsure && !settling.knows(id) {
                let since = (taken + 1).saturating_sub(settling.millis());
                let near = store.history(id, since, taken + 1, NEIGHBOURS).await?;
                if near.len() == NEIGHBOURS || near.iter().any(|other| other.id < numbered.id) {
                    before = None;
                }
            }
            settling.push(numbered, before);
        }
        if complete {
            settling.saw(now);
        }
        match settling.oldest() {
            _ if !empty => Ok(Step::Goes),
            Some((_, end)) if end <= now => Ok(Step::Goes),
            Some((_, end)) => Ok(Step::Wait(Some(Duration::from_millis(end - now)))),
            None => Ok(Step::Wait(None)),
        }
    }

    /// So many changes wait that no more are read: the oldest is decided by
    /// its client's history as soon as its time is over.
    async fn decide_alone(&mut self) -> Result<Step, StoreError> {
        let now = clock::now();
        let Some(settling) = &mut self.settling else {
            return Ok(Step::Goes);
        };
        let Some((oldest, end)) = settling.oldest() else {
            return Ok(Step::Goes);
        };
        if now < end {
            self.newest.borrow_and_update();
            return Ok(Step::Wait(Some(Duration::from_millis(end - now))));
        }
        let flip = &oldest.transition;
        let store = &self.service.store;
        let span = store.history(&flip.client_id, flip.observed_at, end, 1);
        if span.await?.iter().any(|next| next.id > oldest.id) {
            // Its follower is not among those that wait, and must not take
            // this one for told.
            self.unsure_until = self.unsure_until.max(Some(end));
            settling.undo();
        } else {
            settling.confirm();
        }
        Ok(Step::Goes)
    }
}

/// What a look at the store came to.
enum Step {
    Goes,
    /// Nothing to do until there is something new, or this has passed.
    Wait(Option<Duration>),
    /// Transitions are gone; this is the oldest that is kept.
    Gap(u64),
}

async fn after(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}

fn flip(numbered: Numbered) -> Event {
    let id = numbered.id.to_string();
    let answer = TransitionAnswer::from(numbered);
    Event::default()
        .id(id)
        .json_data(answer)
        .expect("a transition is plain JSON")
}

fn gap(at: u64, oldest: u64) -> Event {
    let detail = format!(
        "transitions after {at} were dropped (`store.history`) before they were read; the oldest is {oldest}. Begin \
         anew: ask without `Last-Event-ID`, and read the clients"
    );
    let problem = Problem::new(StatusCode::GONE, "transitions_gone", detail).with("oldest", oldest);
    Event::default()
        .event("gap")
        .data(problem.document().to_string())
}
