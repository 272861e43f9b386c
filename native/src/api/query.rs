//! `POST /v1/clients/query`: many clients at once.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Shared;
use super::answer::Brief;
use super::body;
use super::problem::{Problem, ProblemSchema};
use crate::clock;

/// Most ids of one call.
pub const MOST: usize = 10_000;

/// The clients that are asked for.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
pub struct Query {
    /// At most 10,000 client ids.
    #[schema(max_items = 10000)]
    client_ids: Vec<String>,
}

/// The answers, in the order asked.
#[derive(Serialize, ToSchema)]
pub struct Answers {
    /// One for each id.
    clients: Vec<Brief>,
}

/// Whether each of many clients is online, in the order asked.
#[utoipa::path(
    post,
    path = "/v1/clients/query",
    tag = "clients",
    request_body = Query,
    responses(
        (status = 200, body = Answers),
        (status = "default", body = ProblemSchema, content_type = "application/problem+json"),
    ),
)]
pub async fn query(
    State(service): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Answers>, Problem> {
    body::media_type(&headers, &["application/json"])?;
    let bytes = body::whole(body, &headers, &service.api).await?;
    let ids = ids(&bytes)?;
    let found = service.store.clients(&ids).await?;
    let now = clock::now();
    let clients = ids
        .into_iter()
        .zip(found)
        .map(|(id, client)| Brief::new(id, client.as_ref(), &service.options, now))
        .collect();
    Ok(Json(Answers { clients }))
}

fn ids(bytes: &[u8]) -> Result<Vec<String>, Problem> {
    const SHAPE: &str = "the body is `{\"clientIds\":[\"…\"]}`";
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_json",
            format!("the body is not JSON: {error}; {SHAPE}"),
        )
    })?;
    let Value::Object(mut object) = value else {
        return Err(Problem::unprocessable(format!(
            "the body is no object; {SHAPE}"
        )));
    };
    let list = object.remove("clientIds");
    if let Some(name) = object.keys().next() {
        return Err(Problem::unprocessable(format!(
            "unknown field `{name}`; {SHAPE}"
        )));
    }
    let Some(Value::Array(list)) = list else {
        return Err(Problem::unprocessable(format!(
            "`clientIds` is missing or no array; {SHAPE}"
        )));
    };
    if list.len() > MOST {
        let detail = format!(
            "`clientIds` has {} ids; ask for at most {MOST} at once",
            list.len()
        );
        return Err(Problem::unprocessable(detail));
    }
    list.into_iter()
        .enumerate()
        .map(|(index, id)| match id {
            Value::String(id) => Ok(id),
            other => Err(Problem::unprocessable(format!(
                "`clientIds[{index}]` is `{other}`; client ids are strings"
            ))),
        })
        .collect()
}
