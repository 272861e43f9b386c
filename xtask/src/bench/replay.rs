//! `mqtt-presence replay` over a generated NDJSON file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::program;
use super::table::{Aim, Row, number};
use crate::{place, step};

/// A generated recording, with events that come twice and late.
pub(super) fn recording(events: u64) -> Result<PathBuf, String> {
    let path = place::target().join("bench").join("replay.ndjson");
    generate(
        &path,
        200_000,
        events,
        &["--duplicate", "0.05", "--shuffle", "50"],
    )?;
    Ok(path)
}

/// Writes the events of a fleet to this file.
pub(super) fn generate(
    path: &Path,
    clients: u64,
    events: u64,
    faults: &[&str],
) -> Result<(), String> {
    let file = std::fs::create_dir_all(path.parent().unwrap_or(path))
        .and_then(|()| File::create(path))
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    step::run(
        "generate the recording",
        Command::new(program())
            .args(["generate", "--seed", "1"])
            .args(["--clients", &clients.to_string()])
            .args(["--events", &events.to_string()])
            .args(faults)
            .stdout(file),
    )
}

pub(super) fn measure(events: u64) -> Result<Row, String> {
    let path = recording(events)?;
    let began = Instant::now();
    step::run(
        "replay it",
        Command::new(program())
            .args(["replay", "--format", "json"])
            .arg(&path)
            .stdout(Stdio::null()),
    )?;
    let seconds = began.elapsed().as_secs_f64();
    let what = format!(
        "`replay` of an NDJSON file, {} events",
        number(events as f64)
    );
    // The aim is of a million.
    let row = Row::new(what, seconds, "s");
    Ok(match events {
        1_000_000 => row.aim(Aim::AtMost(3.0)),
        _ => row,
    })
}
