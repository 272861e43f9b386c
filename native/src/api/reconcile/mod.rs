//! `POST /v1/reconcile`: a list of who is really connected repairs what lost
//! events left wrong. Core says what an entry means; this reads the list and
//! looks for what it lacks.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mqtt_presence_core::event::{Event, Kind};
use mqtt_presence_core::presence::{Client, Listed, repair};
use serde::Serialize;
use tokio::sync::mpsc;
use utoipa::ToSchema;

use super::Shared;
use super::body::{self, Chunks};
use super::parameters::Parameters;
use super::problem::{Problem, ProblemSchema};
use crate::clock;
use crate::pipeline::Delivery;
use crate::store::{Origin, Selection};

mod list;

use list::{CHUNK, Entry, Head, Part};

/// Where the call is.
pub const PATH: &str = "/v1/reconcile";
/// Most channels of one list; a full one keeps 16 bytes of each.
const MOST: usize = 5_000_000;
/// How far a list may be ahead of the clock, in milliseconds.
const AHEAD: u64 = 60_000;

/// A list of open connections, for OpenAPI.
#[derive(ToSchema)]
#[schema(as = Reconcile, rename_all = "camelCase")]
#[allow(dead_code)]
pub struct ReconcileSchema {
    /// Whether a channel that is not in the list is closed; false if absent.
    full: Option<bool>,
    /// The list is of the clients whose id begins with this, and full for those.
    prefix: Option<String>,
    /// When the list was made, in milliseconds since 1970; a full one needs it.
    as_of: Option<u64>,
    /// The open connections, at most 5,000,000. Comes last.
    clients: Vec<EntrySchema>,
}

/// An open connection; other fields are passed over.
#[derive(ToSchema)]
#[schema(as = ReconcileEntry, rename_all = "camelCase")]
#[allow(dead_code)]
pub struct EntrySchema {
    /// The client.
    client_id: String,
    /// The connection.
    channel_id: String,
}

/// What a list changed.
#[derive(Default, Serialize, ToSchema)]
pub struct Reconciled {
    /// Channels in the list.
    listed: u64,
    /// Of these not known before, and live now.
    opened: u64,
    /// Of these whose lease was renewed.
    confirmed: u64,
    /// Of these known to have ended; they stay so.
    ended: u64,
    /// Channels that were open here and are not in the full list.
    closed: u64,
}

/// Takes a list of who is really connected.
///
/// A channel in the list that is not known becomes live, and one under a
/// lease is confirmed. With `full`, one that is open here, connected before
/// `asOf` and is not in the list is closed. Events go before lists: what
/// connected since, or has ended, stays as it is, and events that come later
/// join as ever. Transitions that come of it have `synthetic: true`.
///
/// The list is applied as it comes, and what it lacks is closed after its
/// end. One that breaks off closes nothing; send it again, the same list
/// changes nothing twice. One list is taken at a time.
#[utoipa::path(
    post,
    path = "/v1/reconcile",
    tag = "events",
    request_body = ReconcileSchema,
    responses(
        (status = 200, body = Reconciled),
        (status = 409, description = "Another list is being read", body = ProblemSchema,
            content_type = "application/problem+json"),
        (status = "default", body = ProblemSchema, content_type = "application/problem+json"),
    ),
)]
pub async fn reconcile(
    State(service): State<Shared>,
    headers: HeaderMap,
    parameters: Parameters,
    body: Body,
) -> Result<Json<Reconciled>, Problem> {
    parameters.finish(&[])?;
    body::media_type(&headers, &["application/json"])?;
    let Ok(_turn) = service.reconciling.try_lock() else {
        let detail = "another list of connections is being read; send this one when that is done";
        let problem = Problem::new(StatusCode::CONFLICT, "reconcile_running", detail);
        return Err(problem.retry_after(5));
    };
    let (bytes, read) = mpsc::channel(4);
    let (parts, mut taken) = mpsc::channel(2);
    let parser = tokio::task::spawn_blocking(move || {
        list::read(read, |part| parts.blocking_send(part).is_ok())
    });
    let feed = feed(Chunks::endless(body, &service.api), bytes);
    let mut work = Work::new(&service);
    let apply = async move {
        while let Some(part) = taken.recv().await {
            match part {
                Part::Some(head, entries) => work.listed(&head, entries).await?,
                Part::End(head) => work.lacking(&head).await?,
            }
        }
        Ok::<_, Problem>(work.done)
    };
    let (fed, applied) = tokio::join!(feed, apply);
    fed?;
    let applied = applied?;
    match parser.await {
        Ok(Ok(())) => Ok(Json(applied)),
        Ok(Err(error)) => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_list",
            format!("the list of connections cannot be read: {error}; nothing was closed"),
        )),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Hands the body over; one that dawdles is let go.
async fn feed(mut chunks: Chunks, bytes: mpsc::Sender<Bytes>) -> Result<(), Problem> {
    loop {
        let Some(chunk) = chunks.next().await? else {
            return Ok(());
        };
        // The reader that has stopped says why.
        if bytes.send(chunk).await.is_err() {
            return Ok(());
        }
    }
}

struct Work<'a> {
    service: &'a Shared,
    done: Reconciled,
    /// What a full list has, as two hashes each.
    seen: HashSet<(u64, u64)>,
    hashes: [RandomState; 2],
}

impl Work<'_> {
    fn new(service: &Shared) -> Work<'_> {
        Work {
            service,
            done: Reconciled::default(),
            seen: HashSet::new(),
            hashes: [RandomState::new(), RandomState::new()],
        }
    }

    fn hash(&self, client_id: &str, channel_id: &str) -> (u64, u64) {
        let hash = |state: &RandomState| state.hash_one((client_id, channel_id));
        (hash(&self.hashes[0]), hash(&self.hashes[1]))
    }

    /// Some channels of the list.
    async fn listed(&mut self, head: &Head, entries: Vec<Entry>) -> Result<(), Problem> {
        let as_of = as_of(head)?;
        self.done.listed += entries.len() as u64;
        if self.done.listed > MOST as u64 {
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "list_too_large",
                format!("the list has more than {MOST} channels; send one list for each `prefix`"),
            ));
        }
        let ids: Vec<String> = entries
            .iter()
            .map(|entry| entry.client_id.clone())
            .collect();
        let known = self.service.store.clients(&ids).await?;
        let mut events = Vec::new();
        for (
            Entry {
                client_id,
                channel_id,
            },
            client,
        ) in entries.iter().zip(known)
        {
            if head.full {
                let hash = self.hash(client_id, channel_id);
                self.seen.insert(hash);
            }
            let channel = client
                .as_ref()
                .and_then(|client| client.channels.get(channel_id))
                .map(|channel| &**channel);
            let listed = Listed::new(channel, as_of, &self.service.options);
            match listed {
                Listed::Known => {}
                Listed::Confirmed => self.done.confirmed += 1,
                Listed::Opened => self.done.opened += 1,
                Listed::Ended => self.done.ended += 1,
            }
            let kind = listed.repair();
            events.extend(kind.map(|kind| repair(client_id, channel_id, kind, as_of)));
        }
        self.apply(events).await
    }

    /// The list is whole: what it lacks is closed.
    async fn lacking(&mut self, head: &Head) -> Result<(), Problem> {
        let as_of = as_of(head)?;
        if !head.full {
            return Ok(());
        }
        let mut selection = Selection {
            prefix: head.prefix.clone(),
            limit: CHUNK,
            ..Selection::default()
        };
        let store = Arc::clone(&self.service.store);
        loop {
            let page = store.list(&selection, clock::now()).await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            selection.after = Some(last.clone());
            let events: Vec<Event> = page
                .iter()
                .flat_map(|(id, client)| self.lacks(id, client, as_of))
                .collect();
            self.done.closed += events.len() as u64;
            self.apply(events).await?;
        }
    }

    fn lacks(&self, id: &str, client: &Client, as_of: u64) -> Vec<Event> {
        let open = client.open_before(as_of, &self.service.options);
        open.filter(|channel| !self.seen.contains(&self.hash(id, channel)))
            .map(|channel| repair(id, channel, Kind::Tcpclean, as_of))
            .collect()
    }

    async fn apply(&self, events: Vec<Event>) -> Result<(), Problem> {
        if events.is_empty() {
            return Ok(());
        }
        let origin = Origin::reconciled();
        let events = events.into_iter().map(|event| (event, origin.clone()));
        let delivery = Delivery::new(events.collect(), Vec::new());
        let delivered = self.service.intake.deliver(delivery).await;
        delivered.map_err(|_| Problem::shutting_down())
    }
}

/// When the list was made.
fn as_of(head: &Head) -> Result<u64, Problem> {
    let now = clock::now();
    match head.as_of {
        Some(as_of) if (1..=now + AHEAD).contains(&as_of) => Ok(as_of),
        Some(as_of) => Err(Problem::unprocessable(format!(
            "`asOf` is `{as_of}`; it takes milliseconds since 1970, and the clock here says {now}"
        ))),
        None if head.full => Err(Problem::unprocessable(
            "a full list needs `asOf`, the time in milliseconds since 1970 when it was made: what connected since is \
             not in it",
        )),
        None => Ok(now),
    }
}
