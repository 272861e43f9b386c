//! A large `sqlite` file: how fast it grows, in how much memory, and how soon
//! `serve` answers over it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::replay;
use super::service::Service;
use super::table::{Aim, Row, number};
use crate::place;

const CLIENTS: u64 = 10_000_000;
/// So many leave hardly a client without one.
const EVENTS: u64 = 25_000_000;
/// One that answers must know.
const CLIENT: &str = "/v1/clients/GID_fleet%40%40%40device-000007";

pub(super) fn measure() -> Result<Vec<Row>, String> {
    let folder = place::target().join("bench").join("start");
    place::fresh(&folder)?;
    let recording = folder.join("events.ndjson");
    replay::generate(&recording, CLIENTS, EVENTS, &[])?;
    let store = format!(
        "[store]\nkind = \"sqlite\"\npath = {:?}\n",
        folder.join("presence.sqlite")
    );
    let source = format!("[[source]]\nkind = \"file\"\npath = {recording:?}\n");
    let mut service = Service::start(&folder, "", &format!("{store}\n{source}"))?;
    let seconds = service.until_stored(EVENTS, Duration::from_secs(1800))?;
    let clients = number(service.clients()? as f64);
    let mut rows = vec![
        Row::rate(
            format!("events stored in `sqlite` while {clients} clients come, from a file"),
            EVENTS,
            seconds,
        ),
        Row::new(
            "memory of the service meanwhile, at most; `sqlite` may have 1,074 MB",
            service.most_memory()?,
            "MB",
        ),
    ];
    service.kill();
    fs::remove_file(&recording).map_err(|error| format!("`{}`: {error}", recording.display()))?;
    for after in ["kill -9", "an end in order"] {
        let seconds = answers(&folder, &store)?;
        let what = format!(
            "`serve` over a `sqlite` file of {clients} clients, to its first answer, after {after}"
        );
        rows.push(Row::new(what, seconds, "s").aim(Aim::AtMost(5.0)));
    }
    fs::remove_dir_all(&folder).map_err(|error| format!("`{}`: {error}", folder.display()))?;
    Ok(rows)
}

/// Seconds until it answers for a client; it is then ended in order.
fn answers(folder: &Path, store: &str) -> Result<f64, String> {
    let began = Instant::now();
    let mut service = Service::start(folder, "", store)?;
    service.until_found(CLIENT, Duration::from_secs(300))?;
    let seconds = began.elapsed().as_secs_f64();
    service.stop_within(Duration::from_secs(600))?;
    Ok(seconds)
}
