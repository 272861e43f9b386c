//! `cargo xtask`: the commands that build, run, test and measure mqtt-presence.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Build, run, test and measure mqtt-presence.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compare what core offers to embedders with core/API.txt
    Api(xtask::api::ApiArgs),
    /// Measure against peers, in one run on this machine, and print a table
    Bench(xtask::bench::BenchArgs),
    /// Compare the answers of native, Node and Chromium, and print the table
    Conformance(xtask::conformance::ConformanceArgs),
    /// Build the npm package into target/package/mqtt-presence
    Package(xtask::package::PackageArgs),
    /// Build the page into web/dist
    Page(xtask::page::PageArgs),
    /// Start a real RocketMQ, a simulated fleet and the service, until Ctrl-C
    Run(xtask::run::RunArgs),
    /// Let random faults strike three instances of the service for a while, and judge their answers
    Soak(xtask::soak::SoakArgs),
    /// Run every check; installs what it lacks
    Test(xtask::test::TestArgs),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Api(args) => xtask::api::run_with(&args),
        Command::Bench(args) => xtask::bench::bench(&args),
        Command::Conformance(args) => xtask::conformance::conformance(&args),
        Command::Package(args) => xtask::package::run_with(&args),
        Command::Page(args) => xtask::page::page(&args),
        Command::Run(args) => xtask::run::run(&args),
        Command::Soak(args) => xtask::soak::soak(&args),
        Command::Test(args) => xtask::test::test(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("xtask: {reason}");
            ExitCode::FAILURE
        }
    }
}
