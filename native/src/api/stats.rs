//! `GET /v1/stats`: counts.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::parameters::Parameters;
use super::problem::{Problem, ProblemSchema};
use super::records::{self, Behind, Records};
use crate::clock;

/// Counts of the whole service.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Clients ever seen.
    clients: u64,
    /// Clients that are online.
    online: u64,
    /// Channels by state.
    channels: BTreeMap<&'static str, u64>,
    /// Records since the service was started.
    records: Records,
    /// Records in the quarantine.
    quarantined: u64,
    /// Records that left the quarantine because it was full.
    quarantine_dropped: u64,
    /// Id of the newest transition, 0 when there is none.
    last_transition: u64,
    /// How far the events of the last commit lay behind the clock, in
    /// milliseconds; `null` before the first.
    lag: Option<u64>,
    /// How many messages wait in each queue that this instance reads; of
    /// `remoting` sources.
    source_lag: Vec<Behind>,
}

/// Counts: clients, channels by state, records by kind and error code, lag.
#[utoipa::path(
    get,
    path = "/v1/stats",
    tag = "clients",
    responses(
        (status = 200, body = Stats),
        (status = "default", body = ProblemSchema, content_type = "application/problem+json"),
    ),
)]
pub async fn stats(
    State(service): State<Shared>,
    parameters: Parameters,
) -> Result<Json<Stats>, Problem> {
    parameters.finish(&[])?;
    let read = records::read(&service.metrics.render());
    let stats = service.store.stats(clock::now()).await?;
    Ok(Json(Stats {
        clients: stats.clients,
        online: stats.online,
        channels: stats
            .channels
            .into_iter()
            .map(|(state, count)| (state.as_str(), count))
            .collect(),
        records: read.records,
        quarantined: stats.quarantined,
        quarantine_dropped: stats.quarantine_dropped,
        last_transition: stats.last_transition,
        lag: read.lag,
        source_lag: read.behind,
    }))
}
