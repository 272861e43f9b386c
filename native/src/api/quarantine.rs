//! `GET /v1/quarantine`: rejected records, raw, with the reason.

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::cursor;
use super::parameters::Parameters;
use super::problem::{Problem, ProblemSchema};
use crate::store::{Origin, Quarantined};

/// A page of the quarantine, oldest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// The records.
    records: Vec<Held>,
    /// Give it as `cursor` for the next page; `null` on the last.
    next_cursor: Option<String>,
}

/// A rejected record.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// Its number in the quarantine.
    id: u64,
    /// When it was put there, in milliseconds since 1970.
    at: u64,
    /// Where it came from.
    origin: Origin,
    /// Stable code.
    code: String,
    /// The field at fault, `null` where the whole record is.
    field: Option<String>,
    /// What is wrong.
    message: String,
    /// How `raw` is written: `utf-8` (as it is) or `base64`.
    encoding: &'static str,
    /// The bytes.
    raw: String,
}

impl From<Quarantined> for Held {
    fn from(Quarantined { id, at, poison }: Quarantined) -> Held {
        let (encoding, raw) = match String::from_utf8(poison.raw) {
            Ok(text) => ("utf-8", text),
            Err(error) => ("base64", STANDARD.encode(error.as_bytes())),
        };
        Held {
            id,
            at,
            origin: poison.origin,
            code: poison.code,
            field: poison.field,
            message: poison.message,
            encoding,
            raw,
        }
    }
}

/// Records that were rejected, with their bytes and the reason.
#[utoipa::path(
    get,
    path = "/v1/quarantine",
    tag = "events",
    params(
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 1000, description = "Records a page, 100 if absent"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
    ),
    responses(
        (status = 200, body = Page),
        (status = "default", body = ProblemSchema, content_type = "application/problem+json"),
    ),
)]
pub async fn quarantine(
    State(service): State<Shared>,
    mut parameters: Parameters,
) -> Result<Json<Page>, Problem> {
    let limit = parameters.number("limit", 100, 1, 1_000)?;
    let after = cursor::number(&mut parameters)?;
    parameters.finish(&["limit", "cursor"])?;
    let mut found = service.store.quarantine(after, limit + 1).await?;
    let next_cursor = cursor::cut(&mut found, limit, |last| last.id.to_string());
    Ok(Json(Page {
        records: found.into_iter().map(Held::from).collect(),
        next_cursor,
    }))
}
