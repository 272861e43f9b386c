//! `cargo xtask bench`: figures beside their peer's, in one run, on one machine.
//! It prints; but for the instructions it fails on nothing but a run that did
//! not complete.

pub(crate) mod instructions;
mod java;
mod push;
mod redis;
mod replay;
mod rocketmq;
mod table;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::{page, place, step};

/// Options of `cargo xtask bench`.
#[derive(Args)]
pub struct BenchArgs {
    /// What to measure; everything when absent
    name: Option<Name>,
    /// Events to measure with
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// With `instructions`: write tests/bench/instructions.json anew
    #[arg(long)]
    record: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// `mqtt-presence replay` over an NDJSON file
    Replay,
    /// `Presence.push` of the npm package, and the same rule in plain JavaScript beside it
    Push,
    /// From a RocketMQ topic into sqlite, and the documented Java listener beside it
    Rocketmq,
    /// Instructions of core's hot functions, against tests/bench/instructions.json
    Instructions,
    /// The store `redis`, and `redis-benchmark` beside it
    Redis,
    /// The page in Chromium against its budgets; the table goes into web/README.md
    Page,
}

/// Builds the release binary, measures, prints the table.
pub fn bench(args: &BenchArgs) -> Result<(), String> {
    if args.name == Some(Name::Instructions) {
        return instructions::compare(args.record);
    }
    if args.record {
        return Err("`--record` belongs to `cargo xtask bench instructions`".into());
    }
    // The store's benchmark is a program of its own, without RocketMQ.
    if args.name != Some(Name::Redis) {
        step::run(
            "build mqtt-presence for release",
            &mut step::cargo(&[
                "build",
                "--release",
                "--locked",
                "--package",
                "mqtt-presence",
            ]),
        )?;
    }
    let mut rows = Vec::new();
    let wanted = |name| args.name.is_none_or(|only| only == name);
    if wanted(Name::Replay) {
        rows.push(replay::measure(args.events)?);
    }
    if wanted(Name::Push) {
        push::measure(args.events)?;
    }
    if wanted(Name::Rocketmq) {
        rows.extend(rocketmq::measure(args.events)?);
    }
    if wanted(Name::Redis) {
        rows.extend(redis::measure(args.events)?);
    }
    if !rows.is_empty() {
        table::print(&rows);
    }
    if wanted(Name::Page) {
        page::bench(&program())?;
    }
    if args.name.is_none() {
        instructions::compare(false)?;
    }
    Ok(())
}

/// The binary that is measured.
fn program() -> PathBuf {
    place::target().join("release").join("mqtt-presence")
}
