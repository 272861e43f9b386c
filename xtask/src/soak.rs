//! `cargo xtask soak`: the end-to-end test `soak`, for as long as wanted.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::{place, postgres, redis, step, tool};

/// Options of `cargo xtask soak`.
#[derive(Args)]
pub struct SoakArgs {
    /// How long faults strike; the last round and its verdict come on top
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=10_080))]
    minutes: u64,
    /// Where the three instances keep their state
    #[arg(long, value_enum, default_value_t = Store::Redis)]
    store: Store,
    /// Another seed, other faults in another order, and another fleet
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Store {
    Redis,
    Postgres,
}

/// Builds the test and runs it to its end. Ctrl-C reaches it too: it then
/// ends its round and prints what it has.
pub fn soak(args: &SoakArgs) -> Result<(), String> {
    tool::java_and_maven()?;
    let store = match args.store {
        Store::Redis => {
            redis::install()?;
            "redis"
        }
        Store::Postgres => {
            postgres::install()?;
            "postgres"
        }
    };
    let test = build()?;
    ctrlc::set_handler(|| {}).map_err(|error| format!("Ctrl-C cannot be caught: {error}"))?;
    step::run(
        "soak",
        Command::new(test)
            .args(["--exact", "soak", "--nocapture"])
            .env("SOAK_MINUTES", args.minutes.to_string())
            .env("SOAK_STORE", store)
            .env("SOAK_SEED", args.seed.to_string())
            .current_dir(place::root().join("native")),
    )
}

/// The test's executable. It is not left to `cargo test` to run it: Ctrl-C
/// would end cargo at once, and nobody would wait for the table.
fn build() -> Result<PathBuf, String> {
    // Of the whole workspace, so that it shares its build with `cargo xtask test`.
    let output = step::cargo(&["test", "--locked", "--workspace"])
        .args(["--test", "e2e", "--no-run", "--message-format", "json"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("the soak's build ended with {}", output.status));
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "e2e")
        .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
        .ok_or_else(|| "cargo named no executable of the test `e2e`".to_owned())
}
