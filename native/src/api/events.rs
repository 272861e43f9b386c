//! `POST /v1/events`: the `http` source.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use mqtt_presence_core::event::{Code, Reader, Record};
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::body::{self, Chunks};
use super::problem::{Problem, ProblemSchema};
use crate::pipeline::Delivery;
use crate::store::Origin;

/// What a body may be called; whatever it says, any container is read.
const MEDIA_TYPES: &[&str] = &[
    "application/json",
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/json-seq",
    "application/octet-stream",
];
/// Most rejected records of one body. A body of junk is refused as a whole,
/// so that its errors do not fill the memory.
const MOST_REJECTED: usize = 10_000;

/// What became of the records of one body.
#[derive(Default, Serialize, ToSchema)]
pub struct Taken {
    /// Records in the body.
    records: u64,
    /// Of these stored, duplicates included.
    accepted: u64,
    /// Of these no events; they are in the quarantine.
    rejected: u64,
    /// Why each of these was rejected.
    errors: Vec<RecordError>,
}

/// Why a record was rejected, and where it stands.
#[derive(Serialize, ToSchema)]
pub struct RecordError {
    /// Number of the record in the body, from 1.
    record: u64,
    /// Line, from 1.
    line: u64,
    /// Column in bytes, from 1.
    column: u64,
    /// Offset in bytes, from 0.
    offset: u64,
    /// Stable code.
    #[schema(value_type = String, example = "missing_field")]
    code: Code,
    /// The field at fault, `null` where the whole record is.
    field: Option<String>,
    /// What is wrong.
    message: String,
}

/// Takes events: one object, an array, NDJSON, or values one after another.
///
/// 200 once the store has all of them. 207 when some records were no events:
/// the others are stored, these are named and kept in the quarantine. 400
/// when none was an event. Sending the same events again changes nothing.
#[utoipa::path(
    post,
    path = "/v1/events",
    tag = "events",
    request_body(content = String, content_type = "application/json",
        description = "Also `application/x-ndjson`, `application/json-seq`, `application/octet-stream`; the container is recognised by itself"),
    responses(
        (status = 200, body = Taken),
        (status = 207, description = "Some records were rejected", body = Taken),
        (status = 400, description = "No record was accepted", body = ProblemSchema,
            content_type = "application/problem+json"),
        (status = 415, description = "Another `Content-Type`, or a `Content-Encoding`; nothing was stored", body = ProblemSchema,
            content_type = "application/problem+json"),
        (status = "default", body = ProblemSchema, content_type = "application/problem+json"),
    ),
)]
pub async fn events(
    State(service): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    if !service.takes_events {
        let detail = "this service takes no events over HTTP: its configuration has sources, and none of them is \
                      `[[source]]` with `kind = \"http\"`";
        return Err(Problem::new(StatusCode::FORBIDDEN, "ingest_off", detail));
    }
    body::media_type(&headers, MEDIA_TYPES)?;
    let (delivery, taken) = read(&service, Chunks::new(body, &headers, &service.api)?).await?;
    if taken.records == 0 {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "no_records",
            "the body holds no record",
        ));
    }
    service
        .intake
        .deliver(delivery)
        .await
        .map_err(|_| Problem::shutting_down())?;
    Ok(match (taken.accepted, taken.rejected) {
        (_, 0) => Json(taken).into_response(),
        (0, rejected) => {
            let detail =
                format!("none of the {rejected} records is an event; they are in the quarantine");
            Problem::new(StatusCode::BAD_REQUEST, "no_events", detail)
                .with("records", taken.records)
                .with("accepted", taken.accepted)
                .with("rejected", taken.rejected)
                .with(
                    "errors",
                    serde_json::to_value(taken.errors).unwrap_or_default(),
                )
                .into_response()
        }
        _ => (StatusCode::MULTI_STATUS, Json(taken)).into_response(),
    })
}

async fn read(service: &Shared, mut chunks: Chunks) -> Result<(Delivery, Taken), Problem> {
    let mut reader = Reader::new(service.limits);
    let mut delivery = Delivery::default();
    let mut taken = Taken::default();
    loop {
        let chunk = chunks.next().await?;
        match &chunk {
            Some(bytes) => reader.push(bytes),
            None => reader.finish(),
        }
        while let Some(record) = reader.next() {
            sort(record, &mut delivery, &mut taken);
            if taken.errors.len() > MOST_REJECTED {
                let detail = format!(
                    "more than {MOST_REJECTED} records of this body are no events, the first for this reason: {}. \
                     Nothing of it was stored",
                    taken.errors[0].message
                );
                return Err(Problem::new(StatusCode::BAD_REQUEST, "no_events", detail));
            }
        }
        if chunk.is_none() {
            return Ok((delivery, taken));
        }
    }
}

fn sort(record: Record, delivery: &mut Delivery, taken: &mut Taken) {
    taken.records += 1;
    match &record.outcome {
        Ok(_) => taken.accepted += 1,
        Err(rejected) => {
            taken.rejected += 1;
            taken.errors.push(RecordError {
                record: record.place.record,
                line: record.place.line,
                column: record.place.column,
                offset: record.place.offset,
                code: rejected.code,
                field: rejected.field.clone(),
                message: rejected.message.clone(),
            });
        }
    }
    let origin = Origin {
        source: "http".into(),
        ..Origin::default()
    };
    delivery.push(record, origin);
}
