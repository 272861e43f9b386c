//! `GET /v1/clients/{clientId}`: is it online, and why.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use mqtt_presence_core::presence::{Client, Explain};

use super::Shared;
use super::answer::{Explained, LastTransition};
use super::parameters::Parameters;
use super::problem::{Problem, ProblemSchema};
use crate::clock;

/// The id in the path, whose `%` sequences must be UTF-8.
pub fn id(path: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    path.map(|Path(id)| id).map_err(|_| {
        let detail = "the client id in the path is not UTF-8; write each byte that is no letter or digit as `%XX`";
        Problem::new(StatusCode::BAD_REQUEST, "invalid_path", detail)
    })
}

/// Whether a client is online, since when, and why.
///
/// A client never seen answers 200 with `status: "unknown"`.
#[utoipa::path(
    get,
    path = "/v1/clients/{clientId}",
    tag = "clients",
    params(("clientId" = String, Path, description = "The client id, percent-encoded: `GID_x%40%40%40dev%2F1`")),
    responses(
        (status = 200, body = Explained),
        (status = "default", body = ProblemSchema, content_type = "application/problem+json"),
    ),
)]
pub async fn client(
    State(service): State<Shared>,
    path: Result<Path<String>, PathRejection>,
    parameters: Parameters,
) -> Result<Json<Explained>, Problem> {
    answer(&service, &id(path)?, parameters).await
}

/// The client whose id is `query`, which `POST /v1/clients/query` would hide.
pub async fn called_query(
    State(service): State<Shared>,
    parameters: Parameters,
) -> Result<Json<Explained>, Problem> {
    answer(&service, "query", parameters).await
}

async fn answer(
    service: &Shared,
    id: &str,
    parameters: Parameters,
) -> Result<Json<Explained>, Problem> {
    parameters.finish(&[])?;
    let (client, newest) = service.store.client(id).await?.unzip();
    let last = client.as_ref().and_then(|client: &Client| client.last);
    let last = newest
        .flatten()
        .map(LastTransition::from)
        .or_else(|| last.map(LastTransition::from));
    let explain = Explain::new(id, client.as_ref(), &service.options, clock::now());
    Ok(Json(Explained::new(explain, last)))
}
