//! `POST /v1/quarantine/{id}/retry`, and of all: the bytes are read again, as
//! a newer version may understand them.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use mqtt_presence_core::event::Limits;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::parameters::Parameters;
use super::problem::{Problem, ProblemSchema};
use crate::pipeline::Delivery;
use crate::source::message;
use crate::store::{Poison, Quarantined};

/// Records of one commit.
const PAGE: usize = 100;
/// Most reasons of one answer; the numbers count all.
const MOST_ERRORS: usize = 1_000;

/// What became of quarantined records whose bytes were read again.
#[derive(Default, Serialize, ToSchema)]
pub struct Retried {
    /// Records that were read again.
    retried: u64,
    /// Of these understood: their events are stored, and they left the quarantine.
    accepted: u64,
    /// Of these not understood: they are in the quarantine as before.
    rejected: u64,
    /// Why, for the first 1,000.
    errors: Vec<StillRejected>,
}

/// Why a record stays in the quarantine.
#[derive(Serialize, ToSchema)]
pub struct StillRejected {
    /// Its number in the quarantine.
    id: u64,
    /// Stable code.
    code: String,
    /// The field at fault, `null` where the whole record is.
    field: Option<String>,
    /// What is wrong.
    message: String,
}

/// Reads one quarantined record again.
///
/// It leaves the quarantine in the commit that stores its events, if all of
/// it is understood. Otherwise nothing changes, and the answer says why.
/// Trying again does no harm: an event counts once however often it comes.
#[utoipa::path(
    post,
    path = "/v1/quarantine/{id}/retry",
    tag = "events",
    params(("id" = u64, Path, description = "The record's number in the quarantine")),
    responses(
        (status = 200, body = Retried),
        (status = 404, description = "There is no such record, or it has left", body = ProblemSchema,
            content_type = "application/problem+json"),
        (status = "default", body = ProblemSchema, content_type = "application/problem+json"),
    ),
)]
pub async fn retry(
    State(service): State<Shared>,
    path: Result<Path<String>, PathRejection>,
    parameters: Parameters,
) -> Result<Json<Retried>, Problem> {
    parameters.finish(&[])?;
    let text = path.map_or_else(|_| String::new(), |Path(text)| text);
    let absent = || {
        let detail =
            format!("`{text}` is no record of the quarantine; `GET /v1/quarantine` lists them");
        Problem::new(StatusCode::NOT_FOUND, "not_quarantined", detail)
    };
    let id: u64 = text.parse().map_err(|_| absent())?;
    let before = id.checked_sub(1).ok_or_else(absent)?;
    let found = service.store.quarantine(before, 1).await?;
    let record = found.into_iter().find(|record| record.id == id);
    let mut retried = Retried::default();
    again(&service, vec![record.ok_or_else(absent)?], &mut retried).await?;
    Ok(Json(retried))
}

/// Reads every quarantined record again.
///
/// As of one, in commits of some hundred: where the call breaks off, those
/// that have left stay out, and it can be made again.
#[utoipa::path(
    post,
    path = "/v1/quarantine/retry",
    tag = "events",
    responses(
        (status = 200, body = Retried),
        (status = "default", body = ProblemSchema, content_type = "application/problem+json"),
    ),
)]
pub async fn retry_all(
    State(service): State<Shared>,
    parameters: Parameters,
) -> Result<Json<Retried>, Problem> {
    parameters.finish(&[])?;
    let mut retried = Retried::default();
    let mut after = 0;
    loop {
        let page = service.store.quarantine(after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(Json(retried));
        };
        after = last.id;
        again(&service, page, &mut retried).await?;
    }
}

/// Puts what is understood through the pipeline, as one delivery.
async fn again(
    service: &Shared,
    records: Vec<Quarantined>,
    retried: &mut Retried,
) -> Result<(), Problem> {
    let mut delivery = Delivery::default();
    for Quarantined { id, poison, .. } in records {
        retried.retried += 1;
        let Some(rejected) = read(&poison, service.limits, &mut delivery) else {
            retried.accepted += 1;
            delivery.released.push(id);
            continue;
        };
        retried.rejected += 1;
        if retried.errors.len() < MOST_ERRORS {
            retried.errors.push(StillRejected {
                id,
                code: rejected.code,
                field: rejected.field,
                message: rejected.message,
            });
        }
    }
    if delivery.released.is_empty() {
        return Ok(());
    }
    let delivered = service.intake.deliver(delivery).await;
    delivered.map_err(|_| Problem::shutting_down())
}

/// Adds the events of a record, all of them or none; what is wrong with it.
fn read(poison: &Poison, limits: Limits, delivery: &mut Delivery) -> Option<Poison> {
    let mut again = Delivery::default();
    message::read(&poison.raw, poison.origin.clone(), limits, &mut again);
    let rejected = again.poison.pop();
    if rejected.is_none() {
        delivery.events.extend(again.events);
    }
    rejected
}
