//! One compiler for what is recorded of it: the oldest that the workspace
//! allows. Another one counts other instructions and lists an API otherwise.

use std::process::Command;

use crate::{place, step};

/// Its release.
pub const RUST: &str = concat!(env!("CARGO_PKG_RUST_VERSION"), ".0");

/// A `cargo` command with it, which rustup installs where it is not there.
pub fn cargo(arguments: &[&str]) -> Result<Command, String> {
    if is_it("rustc", &["--version"]) {
        return Ok(step::cargo(arguments));
    }
    if !is_it("rustup", &["run", RUST, "rustc", "--version"]) {
        step::run(
            "install the recorded compiler",
            Command::new("rustup").args(["toolchain", "install", "--profile", "minimal", RUST]),
        )?;
    }
    let mut command = Command::new("rustup");
    command
        .args(["run", RUST, "cargo"])
        .args(arguments)
        .current_dir(place::root());
    Ok(command)
}

fn is_it(program: &str, arguments: &[&str]) -> bool {
    let output = Command::new(program).args(arguments).output();
    output.is_ok_and(|output| {
        let said = String::from_utf8_lossy(&output.stdout);
        said.split_whitespace().nth(1) == Some(RUST)
    })
}
