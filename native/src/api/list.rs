//! `GET /v1/clients`: pages of clients.

use axum::Json;
use axum::extract::State;
use mqtt_presence_core::presence::Status;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::answer::Brief;
use super::cursor;
use super::parameters::Parameters;
use super::problem::{Problem, ProblemSchema};
use crate::clock;
use crate::store::Selection;

/// A page of clients in byte order of their ids.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// The clients.
    clients: Vec<Brief>,
    /// Give it as `cursor` for the next page; `null` on the last.
    next_cursor: Option<String>,
}

/// A page of clients, stable under writes.
///
/// Each client that was there all the while comes exactly once, whatever is
/// written between two pages.
#[utoipa::path(
    get,
    path = "/v1/clients",
    tag = "clients",
    params(
        ("status" = Option<String>, Query, description = "`online`, `offline` or `suspect`; all if absent"),
        ("prefix" = Option<String>, Query, description = "Only ids that begin with this"),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 1000, description = "Clients a page, 100 if absent"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
    ),
    responses(
        (status = 200, body = Page),
        (status = "default", body = ProblemSchema, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(service): State<Shared>,
    mut parameters: Parameters,
) -> Result<Json<Page>, Problem> {
    let status = match parameters.take("status")?.as_deref() {
        None => None,
        Some("online") => Some(Status::Online),
        Some("offline") => Some(Status::Offline),
        Some("suspect") => Some(Status::Suspect),
        Some(other) => {
            let detail =
                format!("`status` is `{other}`; it takes `online`, `offline` or `suspect`");
            return Err(Problem::unprocessable(detail));
        }
    };
    let prefix = parameters.take("prefix")?.unwrap_or_default();
    let limit = parameters.number("limit", 100, 1, 1_000)?;
    let after = parameters
        .take("cursor")?
        .map(|text| cursor::decode(&text))
        .transpose()?;
    parameters.finish(&["status", "prefix", "limit", "cursor"])?;

    let now = clock::now();
    let selection = Selection {
        status,
        prefix,
        after,
        limit: limit + 1,
    };
    let mut found = service.store.list(&selection, now).await?;
    let next_cursor = cursor::cut(&mut found, limit, |(id, _)| id.clone());
    let clients = found
        .into_iter()
        .map(|(id, client)| Brief::new(id, Some(&client), &service.options, now))
        .collect();
    Ok(Json(Page {
        clients,
        next_cursor,
    }))
}
