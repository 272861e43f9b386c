//! How long `GET /v1/clients/{id}` takes at a steady rate, measured from the
//! moment a request is due.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::replay;
use super::service::Service;
use super::store::CLIENTS;
use super::table::{Aim, Row};
use crate::{place, step, tool};

/// Requests a second, for so long, over so many connections.
const RATE: &str = "10000";
const SECONDS: &str = "20s";
const CONNECTIONS: &str = "16";

/// The 99th percentile, with the store in memory and with sqlite.
pub(super) fn measure(events: u64) -> Result<Vec<Row>, String> {
    let oha = tool::built::program("oha", "1.16.0")?;
    let recording = replay::recording(events)?;
    // The events and those that come twice.
    let events = lines(&recording)?;
    ["memory", "sqlite"]
        .into_iter()
        .map(|store| {
            let milliseconds = ask(&oha, &recording, events, store)?;
            let what = format!("`GET /v1/clients/{{id}}`, p99 at 10,000 requests/s, {store}");
            Ok(Row::new(what, milliseconds, "ms").aim(Aim::AtMost(1.0)))
        })
        .collect()
}

fn ask(oha: &Path, recording: &Path, events: u64, store: &str) -> Result<f64, String> {
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
    let answer = folder.join("oha.json");
    let urls = folder.join("urls.txt");
    let ids = (0..CLIENTS).step_by(7).map(|client| {
        format!(
            "http://127.0.0.1:{}/v1/clients/GID_fleet%40%40%40device-{client:06}\n",
            service.port
        )
    });
    fs::write(&urls, ids.collect::<String>())
        .map_err(|error| format!("cannot write `{}`: {error}", urls.display()))?;
    step::run(
        "10,000 requests a second",
        Command::new(oha)
            .args(["-q", RATE, "-z", SECONDS, "-c", CONNECTIONS])
            .args(["--latency-correction", "--no-tui", "--urls-from-file"])
            .args(["--output-format", "json", "--output"])
            .arg(&answer)
            .arg(&urls),
    )?;
    service.stop()?;
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
    let rate = said["summary"]["requestsPerSec"].as_f64().unwrap_or(0.0);
    println!(
        "{rate:.0} requests/s; p50 {}, p99 {}, p99.9 {} s",
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
