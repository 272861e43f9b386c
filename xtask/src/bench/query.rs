//! How long `GET /v1/clients/{id}` takes: at a steady rate, measured from the
//! moment a request is due, and on a few connections that never pause; then at
//! a tenth of that rate while events are stored as fast as they can be.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::replay;
use super::service::Service;
use super::store::CLIENTS;
use super::table::{Aim, Row};
use super::wrk;
use crate::{place, step, tool};

/// Requests a second, for so long, over so many connections.
const RATE: u32 = 10_000;
const SECONDS: u32 = 20;
const CONNECTIONS: &str = "16";
/// The same while events are stored, and how many there are at least for it.
const RATE_MEANWHILE: u32 = 1_000;
const SECONDS_MEANWHILE: u32 = 10;
const EVENTS_MEANWHILE: u64 = 8_000_000;

/// The 99th percentiles, with the store in memory and with sqlite.
pub(super) fn measure(events: u64) -> Result<Vec<Row>, String> {
    let oha = tool::built::program("oha", "1.16.0")?;
    let recording = replay::recording(events)?;
    // The events and those that come twice.
    let events = lines(&recording)?;
    let mut rows = Vec::new();
    for store in ["memory", "sqlite"] {
        rows.extend(of_store(&oha, &recording, events, store)?);
    }
    rows.extend(meanwhile(&oha)?);
    Ok(rows)
}

/// A service over sqlite that reads a file, and somebody who asks.
fn meanwhile(oha: &Path) -> Result<Vec<Row>, String> {
    let folder = place::target().join("bench").join("query");
    place::fresh(&folder)?;
    let recording = folder.join("events.ndjson");
    replay::generate(&recording, CLIENTS, EVENTS_MEANWHILE, &[])?;
    let store = folder.join("presence.sqlite");
    let parts = format!(
        "[store]\nkind = \"sqlite\"\npath = {store:?}\n\n[[source]]\nkind = \"file\"\npath = {recording:?}\n"
    );
    let mut service = Service::start(&folder, "rate = 0\n", &parts)?;
    service.until_stored(EVENTS_MEANWHILE / 8, Duration::from_secs(120))?;
    let (before, began) = (service.stored()?, Instant::now());
    let p99 = steadily(
        oha,
        &folder,
        service.port,
        RATE_MEANWHILE,
        SECONDS_MEANWHILE,
    )?;
    let (after, seconds) = (service.stored()?, began.elapsed().as_secs_f64());
    service.kill();
    if after >= EVENTS_MEANWHILE {
        return Err("every event was stored before the last question".into());
    }
    let what = format!(
        "`GET /v1/clients/{{id}}`, p99 of {RATE_MEANWHILE} requests/s while events are stored, sqlite"
    );
    Ok(vec![
        Row::new(what, p99, "ms").aim(Aim::AtMost(1.0)),
        Row::rate(
            "events stored meanwhile, from a file",
            after - before,
            seconds,
        )
        .aim(Aim::AtLeast(200_000.0)),
    ])
}

fn of_store(oha: &Path, recording: &Path, events: u64, store: &str) -> Result<Vec<Row>, String> {
    let folder = place::target().join("bench").join("query");
    place::fresh(&folder)?;
    let path = match store {
        "sqlite" => format!("path = {:?}\n", folder.join("presence.sqlite")),
        _ => String::new(),
    };
    let parts = format!(
        "[store]\nkind = \"{store}\"\n{path}\n[[source]]\nkind = \"file\"\npath = {recording:?}\n"
    );
    let mut service = Service::start(&folder, "rate = 0\n", &parts)?;
    service.until_stored(events, Duration::from_secs(120))?;
    // The store folds in what was loaded.
    std::thread::sleep(Duration::from_secs(10));
    let steady = steadily(oha, &folder, service.port, RATE, SECONDS)?;
    let seen = wrk::ask(&folder, service.port)?;
    service.stop()?;
    let what = "`GET /v1/clients/{id}`";
    Ok(vec![
        Row::new(
            format!("{what}, p99 of 10,000 requests/s, ten at once each ms (oha), {store}"),
            steady,
            "ms",
        )
        .aim(Aim::AtMost(1.0)),
        Row::new(
            format!("{what}, p99 of 4 connections without a pause (wrk), {store}"),
            seen.p99,
            "ms",
        )
        .aim(Aim::AtMost(1.0)),
        Row::new(
            format!("{what}, answers to those 4 connections, {store}"),
            seen.rate,
            "requests/s",
        )
        .aim(Aim::AtLeast(10_000.0)),
    ])
}

/// Asks at a rate that does not wait for answers; the 99th percentile in
/// milliseconds. `oha` wakes each millisecond and asks what is due by then at
/// once, so this is the time of the last of several.
fn steadily(oha: &Path, folder: &Path, port: u16, rate: u32, seconds: u32) -> Result<f64, String> {
    let answer = folder.join("oha.json");
    let urls = folder.join("urls.txt");
    let ids = (0..CLIENTS).step_by(7).map(|client| {
        format!("http://127.0.0.1:{port}/v1/clients/GID_fleet%40%40%40device-{client:06}\n")
    });
    fs::write(&urls, ids.collect::<String>())
        .map_err(|error| format!("cannot write `{}`: {error}", urls.display()))?;
    step::run(
        &format!("{rate} requests a second"),
        Command::new(oha)
            .args(["-q", &rate.to_string(), "-z", &format!("{seconds}s")])
            .args(["-c", CONNECTIONS])
            .args(["--latency-correction", "--no-tui", "--urls-from-file"])
            .args(["--output-format", "json", "--output"])
            .arg(&answer)
            .arg(&urls),
    )?;
    let text = fs::read(&answer).map_err(|error| format!("oha said nothing: {error}"))?;
    let said: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| format!("oha: {error}"))?;
    let answers = &said["statusCodeDistribution"];
    if answers
        .as_object()
        .is_none_or(|answers| answers.keys().any(|code| code != "200"))
    {
        return Err(format!("not every request was answered: {answers}"));
    }
    let answered = said["summary"]["requestsPerSec"].as_f64().unwrap_or(0.0);
    println!(
        "{answered:.0} requests/s; p50 {}, p99 {}, p99.9 {} s",
        said["latencyPercentiles"]["p50"],
        said["latencyPercentiles"]["p99"],
        said["latencyPercentiles"]["p99.9"],
    );
    said["latencyPercentiles"]["p99"]
        .as_f64()
        .map(|seconds| seconds * 1000.0)
        .ok_or_else(|| "oha names no p99".to_owned())
}

fn lines(path: &Path) -> Result<u64, String> {
    let bytes = fs::read(path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    Ok(bytes.iter().filter(|byte| **byte == b'\n').count() as u64)
}
