//! `cargo xtask test`: every check, the cheap ones first.

use std::process::Command;

use clap::Args;

use crate::step::{cargo, run};
use crate::tool;

/// Options of `cargo xtask test`.
#[derive(Args)]
pub struct TestArgs {}

/// Runs every check and stops at the first that fails.
pub fn test(_: &TestArgs) -> Result<(), String> {
    tool::java_and_maven()?;
    run("format", &mut cargo(&["fmt", "--all", "--check"]))?;

    let deny = tool::deny::cargo_deny()?;
    run(
        "licences, bans and sources of dependencies",
        Command::new(deny)
            .args(["check", "licenses", "bans", "sources"])
            .current_dir(crate::place::root()),
    )?;

    let (mut build, with) = tool::wasm::build("mqtt-presence-core")?;
    run(&format!("core for wasm32, with {with}"), &mut build)?;

    let lints = ["--", "--deny", "warnings"];
    run(
        "clippy",
        cargo(&["clippy", "--workspace", "--all-targets", "--locked"]).args(lints),
    )?;
    run(
        "clippy without RocketMQ",
        cargo(&[
            "clippy",
            "--package",
            "mqtt-presence",
            "--no-default-features",
            "--locked",
        ])
        .args(lints),
    )?;
    run(
        "documentation",
        cargo(&["doc", "--workspace", "--no-deps", "--locked"])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )?;
    run("tests", &mut cargo(&["test", "--workspace", "--locked"]))?;
    crate::readme::check()
}
