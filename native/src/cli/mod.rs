//! The command line: one module a subcommand.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[cfg(feature = "bridge")]
mod bridge;
mod cause;
mod completions;
mod doctor;
mod failure;
mod generate;
mod get;
mod health;
mod instant;
mod log;
mod progress;
mod replay;
mod safe;
mod serve;
mod service;
mod settings;
mod signals;
mod sse;
mod table;
mod trace;
mod trust;
mod watch;

use failure::Failure;

/// Which MQTT clients are online, from connect, disconnect and tcpclean
/// notices that come twice, late and in the wrong order.
#[derive(Debug, Parser)]
#[command(
    name = "mqtt-presence",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "\
Examples:
  mqtt-presence replay notices.ndjson          who is online, from a file
  mqtt-presence serve --store memory           a service that keeps nothing
  mqtt-presence serve --config presence.toml   a service as the file says
  mqtt-presence get GID_x@@@dev1               ask it
  mqtt-presence watch                          follow it
  mqtt-presence bridge --from mqtt://127.0.0.1 --to stdout
                                               a broker's own notices
  mqtt-presence doctor --config presence.toml  what is wrong, and what to do"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// In alphabetical order.
#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(feature = "bridge")]
    Bridge(Box<bridge::BridgeArgs>),
    Completions(completions::CompletionsArgs),
    Doctor(doctor::DoctorArgs),
    Generate(generate::GenerateArgs),
    Get(get::GetArgs),
    Health(health::HealthArgs),
    Replay(replay::ReplayArgs),
    Serve(Box<serve::ServeArgs>),
    Trace(trace::TraceArgs),
    Watch(watch::WatchArgs),
}

/// Runs the command that the arguments ask for. Bad usage ends the process
/// with code 2, `--help` and `--version` with 0.
pub fn run() -> ExitCode {
    let result = match Cli::parse().command {
        #[cfg(feature = "bridge")]
        Command::Bridge(args) => bridge::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Get(args) => get::run(&args),
        Command::Health(args) => health::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Trace(args) => trace::run(&args),
        Command::Watch(args) => watch::run(&args),
    };
    result.unwrap_or_else(Failure::exit)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definition_of_the_arguments_is_sound() {
        super::Cli::command().debug_assert();
    }
}
