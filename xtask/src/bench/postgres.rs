//! The store `postgres` alone, and beside it the rows that it writes, upserted
//! into the same server by a bare statement a batch.

use super::store;
use super::table::Row;
use crate::postgres::{Postgres, install};

/// Clients of the fleet.
const CLIENTS: u64 = 200_000;

/// The rows, and the ratio printed.
pub(super) fn measure(events: u64) -> Result<Vec<Row>, String> {
    install()?;
    let server = Postgres::start()?;
    let said = store::run(&server.url("postgres"), CLIENTS, events)?;
    let ours = store::figure(&said, "postgres: ")?;
    let bare = store::figure(&said, "bulk upsert: ")?;
    println!(
        "The store takes {:.0} % as many events as a bare bulk upsert writes the rows of.",
        100.0 * ours / bare
    );
    let row = |what: &str, rate: f64| Row {
        what: what.into(),
        events,
        seconds: events as f64 / rate,
    };
    Ok(vec![
        row("store `postgres` alone, flushed, batches of 8,192", ours),
        row("bare `unnest` and `on conflict` of the same rows", bare),
    ])
}
