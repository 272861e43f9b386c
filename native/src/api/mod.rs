//! The HTTP interface: one file for each resource.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use mqtt_presence_core::{event, presence};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::trace::TraceLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config;
use crate::pipeline::Intake;
use crate::sink::Sink;
use crate::source::Health;
use crate::store::Store;
use crate::trace::Traces;

mod access;
mod answer;
mod auth;
mod body;
mod clients;
mod crowded;
mod cursor;
mod events;
mod headers;
mod health;
mod history;
mod list;
mod openapi;
mod page;
mod parameters;
mod problem;
mod quarantine;
mod query;
mod rate;
mod reconcile;
mod records;
mod reread;
mod retry;
mod server;
mod sinks;
mod stats;
mod tls;
mod trace;
mod transitions;

pub use access::Access;
pub(crate) use answer::TransitionAnswer;
pub use reread::reread;
pub use server::Server;
pub use tls::Tls;

/// A part of the service whose health decides on readiness.
#[derive(Clone, Debug)]
pub struct Part {
    /// The source's name, or `pipeline`.
    pub name: String,
    /// How it fares.
    pub health: watch::Receiver<Health>,
}

/// What the interface is given to answer with.
pub struct Parts {
    /// The `[api]` section.
    pub api: config::Api,
    /// The tokens that are valid.
    pub access: Arc<Access>,
    /// Where the state lives.
    pub store: Arc<dyn Store>,
    /// How clients are judged.
    pub options: presence::Options,
    /// Limits of a record.
    pub limits: event::Limits,
    /// The way into the pipeline.
    pub intake: Intake,
    /// Whether events are taken over HTTP.
    pub takes_events: bool,
    /// Sources and pipeline.
    pub parts: Vec<Part>,
    /// Where transitions are delivered.
    pub sinks: Vec<Arc<Sink>>,
    /// The ways of messages, where a source remembers them.
    pub traces: Option<Arc<Traces>>,
    /// What Prometheus reads.
    pub metrics: PrometheusHandle,
    /// Cancelled when the service is no longer ready, because it will end.
    pub leaving: CancellationToken,
    /// Cancelled when streams must end.
    pub shutdown: CancellationToken,
}

/// What every handler shares.
struct Service {
    api: config::Api,
    access: Arc<Access>,
    store: Arc<dyn Store>,
    options: presence::Options,
    limits: event::Limits,
    intake: Intake,
    takes_events: bool,
    parts: Vec<Part>,
    sinks: Vec<Arc<Sink>>,
    traces: Option<Arc<Traces>>,
    metrics: PrometheusHandle,
    leaving: CancellationToken,
    shutdown: CancellationToken,
    streams: Arc<Semaphore>,
    /// Taken by the list of connections that is being read.
    reconciling: tokio::sync::Mutex<()>,
    /// Taken by a trace that goes through transitions and quarantine.
    searching: tokio::sync::Mutex<()>,
    rate: rate::Rate,
    document: OnceLock<utoipa::openapi::OpenApi>,
}

type Shared = Arc<Service>;

/// Every route with its limits, its guards and its description.
pub fn router(parts: Parts) -> Router {
    let service = Arc::new(Service {
        streams: Arc::new(Semaphore::new(parts.api.max_streams)),
        reconciling: tokio::sync::Mutex::default(),
        searching: tokio::sync::Mutex::default(),
        rate: rate::Rate::new(parts.api.rate),
        api: parts.api,
        access: parts.access,
        store: parts.store,
        options: parts.options,
        limits: parts.limits,
        intake: parts.intake,
        takes_events: parts.takes_events,
        parts: parts.parts,
        sinks: parts.sinks,
        traces: parts.traces,
        metrics: parts.metrics,
        leaving: parts.leaving,
        shutdown: parts.shutdown,
        document: OnceLock::new(),
    });
    let reads = OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(query::query))
        .route("/v1/clients/query", get(clients::called_query))
        .routes(routes!(clients::client))
        .routes(routes!(history::history))
        .routes(routes!(trace::trace))
        .routes(routes!(stats::stats))
        .routes(routes!(transitions::transitions))
        .routes(routes!(quarantine::quarantine))
        .routes(routes!(sinks::sinks))
        .routes(routes!(sinks::dead_letters))
        .routes(routes!(health::metrics))
        .route_layer(from_fn_with_state(service.clone(), auth::read));
    let writes = OpenApiRouter::new()
        .routes(routes!(events::events))
        .routes(routes!(reconcile::reconcile))
        .routes(routes!(retry::retry))
        .routes(routes!(retry::retry_all))
        .routes(routes!(sinks::retry))
        .route_layer(from_fn_with_state(service.clone(), auth::write));
    let (router, document) = OpenApiRouter::with_openapi(openapi::Base::openapi())
        .merge(openapi::guarded(reads))
        .merge(openapi::guarded(writes))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(openapi::openapi))
        .routes(routes!(page::page))
        .split_for_parts();
    let _ = service.document.set(document);
    let router = router
        .fallback(page::file)
        .method_not_allowed_fallback(problem::method_not_allowed);
    let layers = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http())
        .layer(from_fn(headers::secure))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn_with_state(service.clone(), auth::same_site))
        .option_layer(cors(&service.api.cors))
        .layer(from_fn_with_state(service.clone(), rate::limit))
        .layer(from_fn_with_state(service.clone(), rate::timeout));
    router.layer(layers).with_state(service)
}

/// None unless origins are configured.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin).ok())
        .collect();
    if origins.is_empty() {
        return None;
    }
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("last-event-id"),
        ]);
    Some(layer)
}
