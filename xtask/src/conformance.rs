//! `cargo xtask conformance`: the vectors and random streams on native, Node
//! and Chromium, and the table of what is equal.

use std::process::Command;

use clap::Args;

use crate::step::{cargo, run};
use crate::{package, place, tool};

/// Options of `cargo xtask conformance`.
#[derive(Args)]
pub struct ConformanceArgs {
    /// Which random streams
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// How many of them
    #[arg(long, default_value_t = 2_000)]
    streams: u32,
}

impl Default for ConformanceArgs {
    fn default() -> Self {
        ConformanceArgs {
            seed: 1,
            streams: 2_000,
        }
    }
}

/// Builds the package and compares.
pub fn conformance(args: &ConformanceArgs) -> Result<(), String> {
    package::package(None)?;
    compare(args)
}

/// Compares with the package that is built.
pub(crate) fn compare(args: &ConformanceArgs) -> Result<(), String> {
    tool::chromium()?;
    run(
        "native answers",
        &mut cargo(&[
            "build",
            "--release",
            "--locked",
            "--package",
            "mqtt-presence-core",
            "--example",
            "answers",
        ]),
    )?;
    let native = place::target().join("release/examples/answers");
    run(
        "conformance",
        Command::new("node")
            .arg("tests/conformance/run.mjs")
            .arg("--native")
            .arg(native)
            .arg("--package")
            .arg(package::folder())
            .arg("--tools")
            .arg(package::project())
            .args(["--seed", &args.seed.to_string()])
            .args(["--streams", &args.streams.to_string()])
            .current_dir(place::root()),
    )
}
