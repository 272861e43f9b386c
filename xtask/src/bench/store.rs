//! The benchmark of the stores, `native/benches/store`, and its figures.

use std::process::{Command, Stdio};

use super::table::{Aim, Row};
use crate::step;

/// Clients of the fleet.
pub(super) const CLIENTS: u64 = 200_000;

/// The store `sqlite`, in the folder for temporary files.
pub(super) fn sqlite(events: u64) -> Result<Row, String> {
    let said = run("", CLIENTS, events)?;
    let rate = figure(&said, "sqlite, synchronous=FULL: ")?;
    let what = "store `sqlite` alone, flushed, batches of 8,192";
    Ok(Row::new(what, rate, "events/s").aim(Aim::AtLeast(200_000.0)))
}

/// What it prints of the store at this URL, of sqlite without one.
pub(super) fn run(url: &str, clients: u64, events: u64) -> Result<String, String> {
    let said = output(
        step::cargo(&[
            "bench",
            "--locked",
            "--package",
            "mqtt-presence",
            "--bench",
            "store",
        ])
        .args(["--no-default-features", "--", url])
        .args([clients.to_string(), events.to_string()]),
    )?;
    print!("{said}");
    Ok(said)
}

/// What a benchmark prints.
pub(super) fn output(command: &mut Command) -> Result<String, String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("a benchmark cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("a benchmark ended with {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The first number of the line that begins so.
pub(super) fn figure(said: &str, begin: &str) -> Result<f64, String> {
    let line = said.lines().find_map(|line| line.strip_prefix(begin));
    let line = line.ok_or_else(|| format!("a benchmark printed no `{begin}`:\n{said}"))?;
    let digits = line.split(|c: char| !c.is_ascii_digit() && c != '.');
    digits
        .filter(|part| !part.is_empty())
        .find_map(|part| part.parse().ok())
        .ok_or_else(|| format!("no number in `{line}`"))
}
