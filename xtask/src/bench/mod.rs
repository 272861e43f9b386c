//! `cargo xtask bench`: figures beside their peer's, in one run, on one machine.
//! It prints; but for the instructions it fails on nothing but a run that did
//! not complete.

mod chart;
mod core;
mod grpc;
pub(crate) mod instructions;
mod java;
mod postgres;
mod push;
mod query;
mod record;
mod redis;
mod replay;
mod rocketmq;
mod service;
mod start;
mod store;
mod table;
mod wrk;

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
    /// Keep the figures, in tests/bench (and README.md), in the place of those of the same name
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
    /// From the proxy of a RocketMQ into sqlite, by gRPC
    Grpc,
    /// Instructions of core's hot functions, against tests/bench/instructions.json
    Instructions,
    /// The store `redis`, and `redis-benchmark` beside it
    Redis,
    /// The store `postgres`, and a bare bulk upsert of its rows beside it
    Postgres,
    /// Core's reading and joining on one core, and the Java listener in memory beside it
    Core,
    /// `GET /v1/clients/{id}` at 10,000 requests a second
    Query,
    /// The store `sqlite` alone
    Sqlite,
    /// How core's rate and memory change from ten thousand to ten million clients
    Growth,
    /// How soon `serve` answers over a file of 10 million clients; takes minutes and 15 GB of disk
    Start,
    /// The page in Chromium against its budgets; the table goes into web/README.md
    Page,
}

/// Builds the release binary, measures, prints the table.
pub fn bench(args: &BenchArgs) -> Result<(), String> {
    if args.name == Some(Name::Instructions) {
        return instructions::compare(args.record);
    }
    // The benchmarks of core and the stores are programs of their own, without RocketMQ.
    let own = [
        Name::Redis,
        Name::Postgres,
        Name::Sqlite,
        Name::Core,
        Name::Growth,
    ];
    if args.name.is_none_or(|name| !own.contains(&name)) {
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
    if wanted(Name::Core) {
        rows.extend(core::measure(args.events)?);
    }
    if wanted(Name::Replay) {
        rows.push(replay::measure(args.events)?);
    }
    if wanted(Name::Push) {
        rows.extend(push::measure(args.events)?);
    }
    if wanted(Name::Rocketmq) {
        rows.extend(rocketmq::measure(args.events)?);
    }
    if wanted(Name::Grpc) {
        rows.extend(grpc::measure(args.events)?);
    }
    if wanted(Name::Sqlite) {
        rows.push(store::sqlite(args.events)?);
    }
    if wanted(Name::Redis) {
        rows.extend(redis::measure(args.events)?);
    }
    if wanted(Name::Postgres) {
        rows.extend(postgres::measure(args.events)?);
    }
    if wanted(Name::Query) {
        rows.extend(query::measure(args.events)?);
    }
    if wanted(Name::Start) {
        rows.extend(start::measure()?);
    }
    if !rows.is_empty() {
        println!("\n{}\n\n{}", record::machine(), table::markdown(&rows));
        if args.record {
            record::keep(rows)?;
        }
    }
    if wanted(Name::Growth) {
        let points = core::growth(args.events)?;
        if args.record {
            record::growth(&chart::growth(&points))?;
        }
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
