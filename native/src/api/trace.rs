//! `GET /v1/trace/{id}`: the way of a message, or of a client's messages, from
//! the broker to the answer.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::TransitionAnswer;
use super::history::END;
use super::parameters::Parameters;
use super::problem::{Problem, ProblemSchema};
use super::{Service, Shared, clients};
use crate::store::{Numbered, Origin, Quarantined};
use crate::trace::{Traces, Way};

/// Newest transitions of a client that are looked at.
const HISTORY: usize = 1_000;
/// Clients of one message that are looked at.
const CLIENTS: usize = 100;
/// Newest transitions among which a message is searched that is not remembered.
const SEARCH: u64 = 100_000;
/// Rejected records among which it is searched.
const REJECTED: usize = 10_000;
/// How many of either are read at once.
const PAGE: usize = 1_000;
const PAGE_REJECTED: usize = 100;

/// The way of a message, or of a client's messages.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// What was asked for.
    id: String,
    /// Since when this instance remembers times, in milliseconds since 1970;
    /// `null` where no source of it has `trace = true`.
    since: Option<u64>,
    /// The oldest message that it still remembers, if it dropped some.
    oldest: Option<u64>,
    /// Oldest first; the newest `limit` of them.
    messages: Vec<Traced>,
    /// What was searched, where nothing was found.
    note: Option<String>,
}

/// A message, or an event that came without one, and its way. A message that
/// was delivered twice is there twice.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Traced {
    /// Its RocketMQ id.
    message_id: Option<String>,
    /// Its topic.
    topic: Option<String>,
    /// The broker that it was read from.
    broker: Option<String>,
    /// The number of its queue.
    queue: Option<u32>,
    /// Its offset in the queue, or that of the event in its file.
    offset: Option<u64>,
    /// How often it was given back to the broker before.
    retries: Option<u32>,
    /// The clients that its events are of.
    client_ids: Vec<String>,
    /// When its producer made it, by the producer's clock.
    born: Option<u64>,
    /// When the broker stored it, by the broker's clock.
    stored: Option<u64>,
    /// When it came to this instance.
    delivered: Option<u64>,
    /// When this instance's store had it.
    committed: Option<u64>,
    /// When it was left uncommitted instead, to be read again.
    returned: Option<u64>,
    /// When the broker was told an offset past it; that happens every 5 s, and
    /// with requests for further messages.
    acknowledged: Option<u64>,
    /// Why the times are not known.
    missing: Option<String>,
    /// What it changed.
    transitions: Vec<TransitionAnswer>,
    /// What of it is in the quarantine.
    rejected: Vec<Rejected>,
}

/// A record in the quarantine.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rejected {
    /// Its number there.
    id: u64,
    /// When it was put there.
    at: u64,
    /// Stable code.
    code: String,
    /// What is wrong.
    message: String,
}

/// The way of a message, or of a client's messages, from broker to answer
///
/// `id` is a RocketMQ message id or a client id. What messages changed comes from
/// the store; the times of their steps from the memory of the instance that is
/// asked, if it handled them.
#[utoipa::path(
    get,
    path = "/v1/trace/{id}",
    tag = "clients",
    params(
        ("id" = String, Path, description = "A client id or a message id, percent-encoded"),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 1000, description = "At most so many messages, 100 if absent"),
    ),
    responses(
        (status = 200, body = Trace),
        (status = "default", body = ProblemSchema, content_type = "application/problem+json"),
    ),
)]
pub async fn trace(
    State(service): State<Shared>,
    path: Result<Path<String>, PathRejection>,
    mut parameters: Parameters,
) -> Result<Json<Trace>, Problem> {
    let id = clients::id(path)?;
    let limit = parameters.number("limit", 100, 1, 1_000)?;
    parameters.finish(&["limit"])?;
    let traces = service.traces.as_deref();
    let ways = traces.map(|traces| traces.find(&id)).unwrap_or_default();
    let mut found = changed(&service, &id, &ways).await?;
    let mut note = None;
    let unknown = ways.is_empty() && found.is_empty();
    let mut rejected = Vec::new();
    if unknown || ways.iter().any(|way| way.message.rejected) {
        // One at a time: it may read much.
        let _turn = service.searching.lock().await;
        if unknown {
            let from;
            (found, from) = search(&service, &id).await?;
            note = Some(format!(
                "it is no client that has changed, and no message of the transitions from {from} on or in the quarantine"
            ));
        }
        let mut ids: BTreeSet<&str> = ways
            .iter()
            .filter(|way| way.message.rejected)
            .map(|way| way.message.message_id.as_str())
            .collect();
        ids.insert(&id);
        rejected = quarantined(&service, &ids).await?;
    }
    let mut messages = join(ways, found, rejected, traces);
    let more = messages.len().saturating_sub(limit);
    messages.drain(..more);
    Ok(Json(Trace {
        id,
        since: traces.map(Traces::since),
        oldest: traces.and_then(Traces::oldest),
        note: note.filter(|_| messages.is_empty()),
        messages,
    }))
}

/// The transitions of the client, and of the clients of the message.
async fn changed(service: &Service, id: &str, ways: &[Way]) -> Result<Vec<Numbered>, Problem> {
    let mut found = service.store.history(id, 0, END, HISTORY).await?;
    let of_message = ways.iter().filter(|way| way.message.message_id == id);
    let clients: BTreeSet<&String> = of_message.flat_map(|way| &way.message.clients).collect();
    for client in clients
        .into_iter()
        .filter(|client| *client != id)
        .take(CLIENTS)
    {
        let history = service.store.history(client, 0, END, HISTORY).await?;
        found.extend(history.into_iter().filter(|one| is_of(one, id)));
    }
    Ok(found)
}

/// The newest transitions that a message made, and the id from which on was searched.
async fn search(service: &Service, message_id: &str) -> Result<(Vec<Numbered>, u64), Problem> {
    let newest = *service.store.newest().borrow();
    let from = newest.saturating_sub(SEARCH);
    let mut found = Vec::new();
    let mut after = from;
    loop {
        let page = service.store.transitions_after(after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok((found, from + 1));
        };
        after = last.id;
        found.extend(page.into_iter().filter(|one| is_of(one, message_id)));
        if after >= newest {
            return Ok((found, from + 1));
        }
    }
}

async fn quarantined(
    service: &Service,
    message_ids: &BTreeSet<&str>,
) -> Result<Vec<Quarantined>, Problem> {
    let (mut found, mut after) = (Vec::new(), 0);
    for _ in 0..REJECTED / PAGE_REJECTED {
        let page = service.store.quarantine(after, PAGE_REJECTED).await?;
        let Some(last) = page.last() else {
            break;
        };
        after = last.id;
        found.extend(page.into_iter().filter(|record| {
            let id = record.poison.origin.message_id.as_deref();
            id.is_some_and(|id| message_ids.contains(id))
        }));
    }
    Ok(found)
}

fn is_of(numbered: &Numbered, message_id: &str) -> bool {
    numbered.transition.cause.message_id.as_deref() == Some(message_id)
}

/// What is remembered with what the store has, in the order of their times.
fn join(
    ways: Vec<Way>,
    changed: Vec<Numbered>,
    rejected: Vec<Quarantined>,
    traces: Option<&Traces>,
) -> Vec<Traced> {
    let mut joined = Joined {
        ways: ways
            .into_iter()
            .map(|way| (way.delivered, Traced::from(way)))
            .collect(),
        others: BTreeMap::new(),
        traces,
    };
    for numbered in changed {
        let cause = &numbered.transition.cause;
        let origin = Origin {
            message_id: cause.message_id.clone(),
            topic: cause.topic.clone(),
            queue: cause.queue,
            offset: cause.offset,
            ..Origin::default()
        };
        let traced = joined.of(origin, numbered.id, numbered.transition.observed_at);
        let client = &numbered.transition.client_id;
        if !traced.client_ids.contains(client) {
            traced.client_ids.push(client.clone());
        }
        traced.transitions.push(TransitionAnswer::from(numbered));
    }
    for Quarantined { id, at, poison } in rejected {
        let traced = joined.of(poison.origin, id, at);
        traced.rejected.push(Rejected {
            id,
            at,
            code: poison.code,
            message: poison.message,
        });
    }
    let mut messages = joined.ways;
    messages.extend(joined.others.into_values());
    messages.sort_by_key(|(at, _)| *at);
    messages.into_iter().map(|(_, traced)| traced).collect()
}

/// Messages with their times.
struct Joined<'a> {
    ways: Vec<(u64, Traced)>,
    /// What no way here explains, by message; an event without one is alone.
    others: BTreeMap<(Option<String>, u64), (u64, Traced)>,
    traces: Option<&'a Traces>,
}

impl Joined<'_> {
    /// The message of what the store has under this number, since `at`.
    fn of(&mut self, origin: Origin, number: u64, at: u64) -> &mut Traced {
        let known = self
            .ways
            .iter_mut()
            .find(|(_, one)| one.message_id == origin.message_id && one.is_at(at));
        if let Some((_, traced)) = known {
            return traced;
        }
        let alone = if origin.message_id.is_none() {
            number
        } else {
            0
        };
        let other = self.others.entry((origin.message_id.clone(), alone));
        let traced = other.or_insert_with(|| (at, Traced::stored(origin, at, self.traces)));
        &mut traced.1
    }
}

impl From<Way> for Traced {
    fn from(way: Way) -> Traced {
        let message = way.message;
        Traced {
            message_id: Some(message.message_id),
            topic: Some(message.topic),
            broker: Some(message.queue.broker),
            queue: u32::try_from(message.queue.id).ok(),
            offset: Some(message.offset),
            retries: Some(message.retries),
            client_ids: message.clients,
            born: Some(message.born),
            stored: Some(message.stored),
            delivered: Some(way.delivered),
            committed: way.committed,
            returned: way.returned,
            acknowledged: way.acknowledged,
            ..Traced::default()
        }
    }
}

impl Traced {
    /// One that only the store knows of, since `at`.
    fn stored(origin: Origin, at: u64, traces: Option<&Traces>) -> Traced {
        let missing = match &origin.message_id {
            Some(_) => missing(at, traces),
            None => "it came from no RocketMQ message".to_owned(),
        };
        Traced {
            message_id: origin.message_id,
            topic: origin.topic,
            queue: origin.queue,
            offset: origin.offset,
            missing: Some(missing),
            ..Traced::default()
        }
    }

    /// Whether what was applied at this time came by this way: the clock is
    /// read once it was delivered and before it is committed.
    fn is_at(&self, at: u64) -> bool {
        self.delivered.is_some_and(|delivered| delivered <= at)
            && self.committed.is_none_or(|committed| at <= committed)
            && self.returned.is_none_or(|returned| at <= returned)
    }
}

/// Why nothing is remembered of what was applied at this time.
fn missing(at: u64, traces: Option<&Traces>) -> String {
    let Some(traces) = traces else {
        return "no source of this instance has `trace = true`".to_owned();
    };
    let since = traces.since();
    match traces.oldest() {
        _ if at < since => format!(
            "it was handled before this instance was started, at {}, or by another one",
            moment(since)
        ),
        Some(oldest) if at <= oldest => format!(
            "it is older than what this instance still remembers, from {} on, or was handled by another one",
            moment(oldest)
        ),
        _ => "another instance handled it, or a source without `trace = true`".to_owned(),
    }
}

fn moment(millis: u64) -> String {
    let time = i64::try_from(millis).map(Timestamp::from_millisecond);
    time.ok()
        .and_then(Result::ok)
        .map_or_else(|| millis.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_for_a_lack_is_told() {
        assert!(missing(5, None).contains("`trace = true`"));
        let traces = Traces::with_bytes(1_000, 0);
        assert!(missing(999, Some(&traces)).contains("1970-01-01T00:00:01Z"));
        assert!(missing(1_001, Some(&traces)).contains("another instance"));
        for now in [2_000, 3_000] {
            traces.delivered(vec![crate::trace::Message::default()], now);
        }
        assert!(missing(2_000, Some(&traces)).contains("from 1970-01-01T00:00:03Z on"));
    }
}
