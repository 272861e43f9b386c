//! Bytes to events to state on one core, and beside it the documented Java
//! listener on the same text in memory.

use super::chart::Point;
use super::table::{Aim, Row};
use super::{java, store};
use crate::{place, step};

const CLIENTS: u64 = 1_000_000;

/// Parse and join of 1 million clients, and the Java listener.
pub(super) fn measure(events: u64) -> Result<Vec<Row>, String> {
    let folder = place::target().join("bench").join("core");
    place::fresh(&folder)?;
    let text = folder.join("notices.ndjson");
    let said = run(CLIENTS, events, text.to_str())?;
    let changing = store::figure(&said, CHANGING)?;
    let java = java::replay(&text, CLIENTS)?;
    let clients = "1 million clients drawn at random";
    Ok(vec![
        Row::new(
            format!("core, parse and join on one core, {clients}"),
            changing,
            "events/s",
        )
        .beside("Java listener on one thread, in memory", java)
        .aim(Aim::AtLeast(4_000_000.0)),
        Row::new(
            format!("the same beside the Java listener, {clients}"),
            changing,
            "events/s",
        )
        .beside("Java listener on one thread, in memory", java)
        .aim(Aim::Times(5.0)),
        Row::new(
            "core, parse alone",
            store::figure(&said, READING)?,
            "events/s",
        ),
        Row::new(
            "memory of a live client beyond its two ids, 10 million of them",
            beyond_ids(&run(10 * CLIENTS, 0, None)?)?,
            "bytes",
        )
        .aim(Aim::AtMost(100.0)),
    ])
}

/// The same at sizes ten times one another.
pub(super) fn growth(events: u64) -> Result<Vec<Point>, String> {
    [10_000, 100_000, 1_000_000, 10_000_000]
        .into_iter()
        .map(|clients| {
            let said = run(clients, events, None)?;
            Ok(Point {
                clients,
                rate: store::figure(&said, CHANGING)?,
                bytes: store::figure(&said, "bytes of a live client: ")?,
            })
        })
        .collect()
}

const CHANGING: &str = "events of clients drawn at random: ";
const READING: &str = "of which reading alone: ";

fn beyond_ids(said: &str) -> Result<f64, String> {
    let (_, rest) = said
        .split_once("beyond its two ids: ")
        .ok_or("the benchmark says nothing of memory")?;
    store::figure(rest, "")
}

fn run(clients: u64, events: u64, text: Option<&str>) -> Result<String, String> {
    let mut bench = step::cargo(&["bench", "--locked", "--package", "mqtt-presence"]);
    bench
        .args(["--bench", "core", "--no-default-features", "--"])
        .args([clients.to_string(), events.to_string()])
        .args(text)
        // Memory that was touched in the first round stays for the second.
        .env("MIMALLOC_PURGE_DELAY", "-1");
    let said = store::output(&mut bench)?;
    print!("{said}");
    Ok(said)
}
