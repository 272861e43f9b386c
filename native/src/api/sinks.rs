//! `GET /v1/sinks` and their dead letters.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::TransitionAnswer;
use super::parameters::Parameters;
use super::problem::{Problem, ProblemSchema};
use super::{Shared, cursor};
use crate::sink::{Condition, Retried, Sink};
use crate::store::DeadLetter;

/// The sinks.
#[derive(Serialize, ToSchema)]
pub struct Sinks {
    /// In the order of the configuration.
    sinks: Vec<SinkAnswer>,
}

/// A sink and how it stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SinkAnswer {
    /// Its name in the configuration.
    name: String,
    /// `webhook` or `rocketmq`.
    kind: &'static str,
    /// `delivering`, `failing`, `elsewhere` (another instance delivers) or `starting`.
    state: &'static str,
    /// What is wrong where it is `failing`.
    error: Option<String>,
    /// Id of the last transition that it need not deliver any more.
    place: u64,
    /// Ids from there to the newest transition.
    behind: u64,
    /// Transitions that it gave up on.
    dead_letters: u64,
}

/// A page of dead letters, oldest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadPage {
    /// The dead letters.
    dead_letters: Vec<Dead>,
    /// Give it as `cursor` for the next page; `null` on the last.
    next_cursor: Option<String>,
}

/// A transition that a sink gave up on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dead {
    /// When, in milliseconds since 1970.
    at: u64,
    /// Why.
    reason: String,
    /// What was not delivered.
    transition: TransitionAnswer,
}

impl From<DeadLetter> for Dead {
    fn from(letter: DeadLetter) -> Dead {
        Dead {
            at: letter.at,
            reason: letter.reason,
            transition: letter.numbered.into(),
        }
    }
}

/// Every sink: how far it is, and what is wrong.
#[utoipa::path(
    get,
    path = "/v1/sinks",
    tag = "sinks",
    responses(
        (status = 200, body = Sinks),
        (status = "default", body = ProblemSchema, content_type = "application/problem+json"),
    ),
)]
pub async fn sinks(
    State(service): State<Shared>,
    parameters: Parameters,
) -> Result<Json<Sinks>, Problem> {
    parameters.finish(&[])?;
    let newest = *service.store.newest().borrow();
    let mut sinks = Vec::with_capacity(service.sinks.len());
    for sink in &service.sinks {
        let stands = sink.state().await?;
        let (state, error) = match sink.condition() {
            Condition::Starting => ("starting", None),
            Condition::Elsewhere => ("elsewhere", None),
            Condition::Delivering => ("delivering", None),
            Condition::Failing(reason) => ("failing", Some(reason)),
        };
        sinks.push(SinkAnswer {
            name: sink.name().to_owned(),
            kind: sink.kind(),
            state,
            error,
            place: stands.place,
            behind: newest.saturating_sub(stands.place),
            dead_letters: stands.dead,
        });
    }
    Ok(Json(Sinks { sinks }))
}

/// What a sink gave up on, with the reason.
#[utoipa::path(
    get,
    path = "/v1/sinks/{name}/dead-letters",
    tag = "sinks",
    params(
        ("name" = String, Path, description = "The sink's name"),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 1000, description = "Dead letters a page, 100 if absent"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
    ),
    responses(
        (status = 200, body = DeadPage),
        (status = 404, description = "No sink has this name", body = ProblemSchema,
            content_type = "application/problem+json"),
        (status = "default", body = ProblemSchema, content_type = "application/problem+json"),
    ),
)]
pub async fn dead_letters(
    State(service): State<Shared>,
    path: Result<Path<String>, PathRejection>,
    mut parameters: Parameters,
) -> Result<Json<DeadPage>, Problem> {
    let sink = named(&service, path)?;
    let limit = parameters.number("limit", 100, 1, 1_000)?;
    let after = cursor::number(&mut parameters)?;
    parameters.finish(&["limit", "cursor"])?;
    let store = &service.store;
    let mut found = store.dead_letters(sink.name(), after, limit + 1).await?;
    let next_cursor = cursor::cut(&mut found, limit, |last| last.numbered.id.to_string());
    Ok(Json(DeadPage {
        dead_letters: found.into_iter().map(Dead::from).collect(),
        next_cursor,
    }))
}

/// Delivers the dead letters of a sink again.
///
/// Oldest first, beside what the sink delivers meanwhile, until one batch is
/// not taken. Those that were taken are no dead letters any more.
#[utoipa::path(
    post,
    path = "/v1/sinks/{name}/dead-letters/retry",
    tag = "sinks",
    params(("name" = String, Path, description = "The sink's name")),
    responses(
        (status = 200, body = Retried),
        (status = 404, description = "No sink has this name", body = ProblemSchema,
            content_type = "application/problem+json"),
        (status = "default", body = ProblemSchema, content_type = "application/problem+json"),
    ),
)]
pub async fn retry(
    State(service): State<Shared>,
    path: Result<Path<String>, PathRejection>,
    parameters: Parameters,
) -> Result<Json<Retried>, Problem> {
    let sink = named(&service, path)?;
    parameters.finish(&[])?;
    Ok(Json(sink.retry().await?))
}

fn named(
    service: &Shared,
    path: Result<Path<String>, PathRejection>,
) -> Result<Arc<Sink>, Problem> {
    let name = path.map_or_else(|_| String::new(), |Path(name)| name);
    let found = service.sinks.iter().find(|sink| sink.name() == name);
    found.cloned().ok_or_else(|| {
        let detail = format!("no sink is called `{name}`; `GET /v1/sinks` lists them");
        Problem::new(StatusCode::NOT_FOUND, "no_such_sink", detail)
    })
}
