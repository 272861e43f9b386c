//! Prometheus' checker of rules, out of Debian's package and not installed: an
//! installed one would start a server.

use std::path::PathBuf;
use std::process::Command;

use crate::step::run;
use crate::{place, tool};

/// The program; fetched where it is not at hand.
pub fn promtool() -> Result<PathBuf, String> {
    if tool::answers("promtool", &["--version"]) {
        return Ok("promtool".into());
    }
    let folder = place::target().join("tool").join("prometheus");
    let program = folder.join("usr/bin/promtool");
    if program.is_file() {
        return Ok(program);
    }
    if !tool::answers("apt-get", &["--version"]) {
        return Err("install `promtool`, which comes with Prometheus, and try again".to_owned());
    }
    place::fresh(&folder)?;
    let download = || {
        let mut command = Command::new("apt-get");
        command
            .args(["download", "-qq", "prometheus"])
            .current_dir(&folder);
        command
    };
    // The lists of packages may be missing, or too old.
    if run("apt-get download prometheus", &mut download()).is_err() {
        run(
            "apt-get update",
            Command::new("apt-get").args(["update", "-qq"]),
        )?;
        run("apt-get download prometheus", &mut download())?;
    }
    run(
        "unpack prometheus",
        Command::new("sh")
            .args(["-c", "dpkg-deb --extract prometheus_*.deb ."])
            .current_dir(&folder),
    )?;
    Ok(program)
}
