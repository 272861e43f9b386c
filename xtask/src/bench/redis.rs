//! The store `redis` alone, and beside it what `redis-benchmark` writes into
//! the same server in pipelined SETs of the same size.

use std::process::Command;

use super::store::{self, CLIENTS};
use super::table::{Aim, Row};
use crate::place;
use crate::redis::{Server, install};

/// The rows.
pub(super) fn measure(events: u64) -> Result<Vec<Row>, String> {
    install()?;
    let folder = place::target().join("bench").join("redis");
    place::fresh(&folder)?;
    // As the documentation advises: appended, flushed once a second.
    let server = Server::start(&folder, &["--appendonly", "yes"])?;
    let store_said = store::run(&server.url(), CLIENTS, events)?;
    let ours = store::figure(&store_said, "redis: ")?;
    // What one client takes: the record, without its key.
    let size: u64 = server
        .cli(&["EVAL", MEAN, "1", "{mqtt-presence}:clients"])?
        .parse()
        .map_err(|_| "redis-server did not say how large the records are".to_owned())?;
    server.cli(&["FLUSHALL"])?;
    let said = store::output(
        Command::new("redis-benchmark")
            .args(["-p", &server.port().to_string(), "-t", "set", "--csv"])
            .args(["-d", &size.to_string(), "-r", &CLIENTS.to_string()])
            .args(["-P", "64", "-n", &events.to_string()]),
    )?;
    let sets = store::figure(&said, "\"SET\"")?;
    let what = "store `redis` alone, `appendonly yes`, batches of 8,192";
    let lua = store::figure(&store_said, "Lua alone: ")?;
    Ok(vec![
        Row::new(what, ours, "events/s")
            .beside(
                format!("`redis-benchmark`, SETs of {size} bytes, 64 pipelined"),
                sets,
            )
            .aim(Aim::Times(0.7)),
        Row::new("the same beside a script alone", ours, "events/s")
            .beside("the rule in Lua alone: no transitions, no history", lua),
    ])
}

/// The mean length of a hash's values.
const MEAN: &str = "
local fields = redis.call('HRANDFIELD', KEYS[1], 1000)
local bytes = 0
for _, field in ipairs(fields) do bytes = bytes + redis.call('HSTRLEN', KEYS[1], field) end
return math.floor(bytes / #fields)";
