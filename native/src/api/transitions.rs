//! `GET /v1/transitions`: flips as they happen, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::access::Pass;
use super::answer::TransitionAnswer;
use super::parameters::Parameters;
use super::problem::{Problem, ProblemSchema};
use crate::config::Span;
use crate::follow::{Follow, LONGEST_SETTLE, Step};
use crate::store::Numbered;

/// How long a follower that lost the connection waits before it tries again.
const RETRY: Duration = Duration::from_secs(2);
/// How often a comment shows that the connection is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

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
    let settle = settle.as_deref().map(settling).transpose()?.flatten();
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
    let at = start(&service, asked).await?;
    let follower = Follower {
        follow: Follow::new(Arc::clone(&service.store), at, prefix, settle),
        told: None,
        shutdown: service.shutdown.clone(),
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

/// From `?settle=`, in milliseconds; none for no time at all.
fn settling(text: &str) -> Result<Option<u64>, Problem> {
    let span = text.parse::<Span>().ok();
    match span.filter(|span| span.duration() <= LONGEST_SETTLE) {
        Some(span) if span.millis() == 0 => Ok(None),
        Some(span) => Ok(Some(span.millis())),
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
    follow: Follow,
    /// The last id that the other end knows of.
    told: Option<u64>,
    shutdown: CancellationToken,
    pass: Pass,
    _permit: OwnedSemaphorePermit,
}

impl Follower {
    /// The next event and whether more may come; `None` at the end.
    async fn next(&mut self) -> Option<(Event, bool)> {
        let shutdown = self.shutdown.clone();
        loop {
            if let Some(numbered) = self.follow.ready() {
                self.told = Some(numbered.id);
                return Some((flip(numbered), true));
            }
            let at = self.follow.place();
            if self.told != Some(at) {
                let first = self.told.is_none();
                self.told = Some(at);
                let place = Event::default().id(at.to_string());
                return Some((if first { place.retry(RETRY) } else { place }, true));
            }
            if shutdown.is_cancelled() || self.pass.has_ceased() {
                return None;
            }
            let pause = match self.follow.step().await {
                Ok(Step::Goes) => continue,
                Ok(Step::Gap(oldest)) => return Some((gap(self.follow.read(), oldest), false)),
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
                goes = self.follow.wait(pause) => if !goes { return None },
            }
        }
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
