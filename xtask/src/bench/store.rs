//! The benchmark of the stores, `native/benches/store`, and its figures.

use std::process::{Command, Stdio};

use crate::step;

/// What it prints of the store at this URL.
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
