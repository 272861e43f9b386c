//! The peer: the listener that hosted MQTT services document, in Java.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{maven, place};

/// Consumes `events` from the topic as this group; answers the seconds it took.
pub(super) fn listen(namesrv: &str, topic: &str, group: &str, events: u64) -> Result<f64, String> {
    let events = events.to_string();
    let printed = run(&["NoticeListener", namesrv, topic, group, &events])?;
    value(&printed, "seconds=")
}

/// Takes the notices of a file on one thread; answers events a second of those
/// that come after the first `untimed`.
pub(super) fn replay(file: &Path, untimed: u64) -> Result<f64, String> {
    let file = file.to_string_lossy();
    let printed = run(&["NoticeReplay", &file, &untimed.to_string()])?;
    Ok(value(&printed, "events=")? / value(&printed, "seconds=")?)
}

fn run(arguments: &[&str]) -> Result<String, String> {
    let source = place::root().join("tests").join("bench").join("java");
    let build = place::target().join("bench").join("java");
    maven::build("build the Java listener", &source, &build)?;
    println!("\n==> the Java listener");
    let mut java = Command::new("java");
    // Its memory is touched before the clock runs, as that of its peers is.
    java.args(["-Xms4g", "-Xmx4g", "-XX:+AlwaysPreTouch"]);
    for package in [
        "java.lang",
        "java.nio",
        "java.util",
        "jdk.internal.misc",
        "jdk.internal.ref",
        "sun.nio.ch",
    ] {
        java.arg(format!("--add-opens=java.base/{package}=ALL-UNNAMED"));
    }
    let output = java
        .arg(format!("-Duser.home={}", build.display()))
        .arg("-cp")
        .arg(maven::class_path(&build))
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("`java` cannot be started: {error}"))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(format!("the Java listener did not complete: {printed}"));
    }
    Ok(printed)
}

fn value(printed: &str, name: &str) -> Result<f64, String> {
    printed
        .split_whitespace()
        .find_map(|word| word.strip_prefix(name)?.parse().ok())
        .ok_or_else(|| format!("the Java listener says no `{name}`: {printed}"))
}
