//! `mqtt-presence replay` over a generated NDJSON file.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::program;
use super::table::{Aim, Row, number};
use crate::{place, step};

/// A generated recording.
pub(super) fn recording(events: u64) -> Result<PathBuf, String> {
    let path = place::target().join("bench").join("replay.ndjson");
    let file = std::fs::create_dir_all(path.parent().unwrap_or(&path))
        .and_then(|()| File::create(&path))
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    step::run(
        "generate the recording",
        Command::new(program())
            .args(["generate", "--clients", "200000", "--seed", "1"])
            .args([
                "--duplicate",
                "0.05",
                "--shuffle",
                "50",
                "--events",
                &events.to_string(),
            ])
            .stdout(file),
    )?;
    Ok(path)
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
