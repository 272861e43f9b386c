//! `Presence.push` of the npm package beside plain JavaScript, in Node.

use std::process::Command;

use super::replay;
use crate::{package, place, step};

/// Measures and prints a table of its own: the times over the peer.
pub(super) fn measure(events: u64) -> Result<(), String> {
    package::package(None)?;
    let recording = replay::recording(events)?;
    step::run(
        "Presence.push beside plain JavaScript",
        Command::new("node")
            .arg("tests/package/bench.mjs")
            .arg(package::folder())
            .arg(recording)
            .current_dir(place::root()),
    )
}
