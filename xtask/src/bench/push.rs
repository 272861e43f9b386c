//! `Presence.push` of the npm package beside plain JavaScript, in Node.

use std::process::Command;

use super::table::{Aim, Row};
use super::{replay, store};
use crate::{package, place};

/// Once without a look at the transitions, once with.
pub(super) fn measure(events: u64) -> Result<Vec<Row>, String> {
    package::package(None)?;
    let recording = replay::recording(events)?;
    let said = store::output(
        Command::new("node")
            .arg("tests/package/bench.mjs")
            .arg(package::folder())
            .arg(recording)
            .current_dir(place::root()),
    )?;
    print!("{said}");
    let peer = "plain JavaScript: JSON.parse, Map of Map";
    let plain = store::figure(&said, &format!("{peer}: "))?;
    let row = |what: &str| {
        let rate = store::figure(&said, &format!("{what}: "))?;
        Ok::<_, String>(Row::new(format!("{what}, in Node"), rate, "events/s").beside(peer, plain))
    };
    Ok(vec![
        row("`Presence.push`")?.aim(Aim::Times(6.0)),
        row("`Presence.push`, and every transition looked at")?,
    ])
}
