//! The store `redis` alone, and beside it what `redis-benchmark` writes into
//! the same server in pipelined SETs of the same size.

use std::process::Command;

use super::table::Row;
use crate::redis::{Server, install};
use crate::{place, step};

/// Clients of the fleet, and keys of the benchmark.
const CLIENTS: u64 = 200_000;

/// The rows, and the ratio printed.
pub(super) fn measure(events: u64) -> Result<Vec<Row>, String> {
    install()?;
    let folder = place::target().join("bench").join("redis");
    place::fresh(&folder)?;
    // As the documentation advises: appended, flushed once a second.
    let server = Server::start(&folder, &["--appendonly", "yes"])?;
    let said = output(
        step::cargo(&[
            "bench",
            "--locked",
            "--package",
            "mqtt-presence",
            "--bench",
            "store",
        ])
        .args(["--no-default-features", "--", &server.url()])
        .args([CLIENTS.to_string(), events.to_string()]),
    )?;
    let line = said.lines().find(|line| line.starts_with("redis: "));
    let line = line.ok_or_else(|| format!("the benchmark printed no figure:\n{said}"))?;
    println!("{line}");
    let store = first_number(line)?;
    // What one client takes: the record, without its key.
    let size: u64 = server
        .cli(&["EVAL", MEAN, "1", "{mqtt-presence}:clients"])?
        .parse()
        .map_err(|_| "redis-server did not say how large the records are".to_owned())?;
    server.cli(&["FLUSHALL"])?;
    let said = output(
        Command::new("redis-benchmark")
            .args(["-p", &server.port().to_string(), "-t", "set", "--csv"])
            .args(["-d", &size.to_string(), "-r", &CLIENTS.to_string()])
            .args(["-P", "64", "-n", &events.to_string()]),
    )?;
    let line = said.lines().find(|line| line.starts_with("\"SET\""));
    let line = line.ok_or_else(|| format!("redis-benchmark printed no figure:\n{said}"))?;
    let sets = first_number(line)?;
    println!(
        "The store takes {:.0} % as many events as redis-benchmark sets keys of {size} bytes (64 pipelined).",
        100.0 * store / sets
    );
    let row = |what: String, rate: f64| Row {
        what,
        events,
        seconds: events as f64 / rate,
    };
    Ok(vec![
        row(
            "store `redis` alone, `appendonly yes`, batches of 8,192".into(),
            store,
        ),
        row(
            format!("`redis-benchmark -t set -P 64 -d {size}` on the same server"),
            sets,
        ),
    ])
}

/// The mean length of a hash's values.
const MEAN: &str = "
local fields = redis.call('HRANDFIELD', KEYS[1], 1000)
local bytes = 0
for _, field in ipairs(fields) do bytes = bytes + redis.call('HSTRLEN', KEYS[1], field) end
return math.floor(bytes / #fields)";

fn output(command: &mut Command) -> Result<String, String> {
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| format!("a benchmark cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("a benchmark ended with {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The first number of a line.
fn first_number(line: &str) -> Result<f64, String> {
    let digits = line.split(|c: char| !c.is_ascii_digit() && c != '.');
    digits
        .filter(|part| !part.is_empty())
        .find_map(|part| part.parse().ok())
        .ok_or_else(|| format!("no number in `{line}`"))
}
