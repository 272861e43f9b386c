//! `GET /v1/clients/{clientId}/history`: a client's transitions.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::answer::TransitionAnswer;
use super::clients;
use super::parameters::Parameters;
use super::problem::{Problem, ProblemSchema};

/// Latest time that is asked of a store.
pub(super) const END: u64 = (1 << 53) - 1;

/// A client's transitions, oldest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The client.
    client_id: String,
    /// They were applied at this time or later, in milliseconds since 1970.
    from: u64,
    /// They were applied before this time.
    to: u64,
    /// The newest ones of that span.
    transitions: Vec<TransitionAnswer>,
    /// Whether the span has older ones: ask again with `to` = the first one's `observedAt` + 1.
    more: bool,
}

/// When a client went online and offline.
#[utoipa::path(
    get,
    path = "/v1/clients/{clientId}/history",
    tag = "clients",
    params(
        ("clientId" = String, Path, description = "The client id, percent-encoded"),
        ("from" = Option<String>, Query, description = "Applied at this time or later: milliseconds since 1970 or RFC 3339"),
        ("to" = Option<String>, Query, description = "Applied before this time: milliseconds since 1970 or RFC 3339"),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 1000, description = "At most so many, 1,000 if absent"),
    ),
    responses(
        (status = 200, body = History),
        (status = "default", body = ProblemSchema, content_type = "application/problem+json"),
    ),
)]
pub async fn history(
    State(service): State<Shared>,
    path: Result<Path<String>, PathRejection>,
    mut parameters: Parameters,
) -> Result<Json<History>, Problem> {
    let client_id = clients::id(path)?;
    let from = parameters.time("from")?.unwrap_or(0);
    let to = parameters.time("to")?.unwrap_or(END).min(END);
    let limit = parameters.number("limit", 1_000, 1, 1_000)?;
    parameters.finish(&["from", "to", "limit"])?;
    if from > to {
        return Err(Problem::unprocessable(format!(
            "`from` is `{from}`, later than `to`, `{to}`"
        )));
    }
    let mut found = service
        .store
        .history(&client_id, from, to, limit + 1)
        .await?;
    let more = found.len() > limit;
    if more {
        found.remove(0);
    }
    let transitions = found.into_iter().map(TransitionAnswer::from).collect();
    Ok(Json(History {
        client_id,
        from,
        to,
        transitions,
        more,
    }))
}
