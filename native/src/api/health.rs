//! `/healthz` (it runs), `/readyz` (it can do its work), `/metrics`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::ProblemSchema;
use super::{Shared, auth};
use crate::config::Scope;
use crate::pipeline::metrics;
use crate::source::Health;

/// It runs.
#[derive(Serialize, ToSchema)]
pub struct Alive {
    /// `ok`
    status: &'static str,
}

/// Whether the service can do its work, and each part of it.
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    /// Whether every part is ready or finished.
    ready: bool,
    /// The parts; empty for those who did not give the token.
    checks: Vec<Check>,
}

/// A source, or the pipeline with its store.
#[derive(Serialize, ToSchema)]
pub struct Check {
    /// Which part.
    name: String,
    /// `starting`, `ready`, `failing` or `finished`.
    state: &'static str,
    /// What is wrong and what to do.
    message: Option<String>,
}

impl Check {
    fn new(name: &str, health: &Health) -> Check {
        let (state, message) = match health {
            Health::Starting => ("starting", Some("not connected yet".to_owned())),
            Health::Ready => ("ready", None),
            Health::Failing(sentence) => ("failing", Some(sentence.clone())),
            Health::Finished => ("finished", None),
        };
        Check {
            name: name.to_owned(),
            state,
            message,
        }
    }
}

/// Whether the process runs. Needs no token.
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, body = Alive)))]
pub async fn healthz() -> Json<Alive> {
    Json(Alive { status: "ok" })
}

/// Whether the service can do its work: 200, or 503 with the reason.
///
/// Needs no token; without it the parts are not named.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "service",
    responses((status = 200, body = Readiness), (status = 503, body = Readiness)),
)]
pub async fn readyz(State(service): State<Shared>, headers: HeaderMap) -> Response {
    let mut ready = !service.leaving.is_cancelled();
    let mut checks = Vec::new();
    for part in &service.parts {
        let health = part.health.borrow().clone();
        ready &= matches!(health, Health::Ready | Health::Finished);
        checks.push(Check::new(&part.name, &health));
    }
    if auth::allows(&service.access, &headers, Scope::Read).is_err() {
        checks.clear();
    }
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(Readiness { ready, checks })).into_response()
}

/// Metrics for Prometheus. With tokens, one that may read is needed.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "service",
    responses(
        (status = 200, body = String, content_type = "text/plain; version=0.0.4"),
        (status = "default", body = ProblemSchema, content_type = "application/problem+json"),
    ),
)]
pub async fn metrics(State(service): State<Shared>) -> Response {
    metrics::followers(service.api.max_streams - service.streams.available_permits());
    service.metrics.run_upkeep();
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
        service.metrics.render(),
    )
        .into_response()
}
