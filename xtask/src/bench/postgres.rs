//! The store `postgres` alone, and beside it the rows that it writes, upserted
//! into the same server by a bare statement a batch.

use super::store::{self, CLIENTS};
use super::table::{Aim, Row};
use crate::postgres::{Postgres, install};

/// The rows.
pub(super) fn measure(events: u64) -> Result<Vec<Row>, String> {
    install()?;
    let server = Postgres::start()?;
    let said = store::run(&server.url("postgres"), CLIENTS, events)?;
    let ours = store::figure(&said, "postgres: ")?;
    let bare = store::figure(&said, "bulk upsert: ")?;
    let sql = store::figure(&said, "SQL only: ")?;
    let what = "store `postgres` alone, flushed, batches of 8,192";
    Ok(vec![
        Row::new(what, ours, "events/s")
            .beside("bare `unnest` and `on conflict` of the same rows", bare)
            .aim(Aim::Times(0.5)),
        Row::new("the same beside SQL alone", ours, "events/s").beside(
            "the rule as upsert and view: no transitions, no history",
            sql,
        ),
    ])
}
