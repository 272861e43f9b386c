//! The command line: one module a subcommand.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod failure;
mod generate;
mod instant;
mod progress;
mod replay;
mod safe;
mod table;

use failure::Failure;

/// Which MQTT clients are online, from connect, disconnect and tcpclean
/// notices that come twice, late and in the wrong order.
#[derive(Debug, Parser)]
#[command(
    name = "mqtt-presence",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// In alphabetical order.
#[derive(Debug, Subcommand)]
enum Command {
    Generate(generate::GenerateArgs),
    Replay(replay::ReplayArgs),
}

/// Runs the command that the arguments ask for. Bad usage ends the process
/// with code 2, `--help` and `--version` with 0.
pub fn run() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Generate(args) => generate::run(&args),
        Command::Replay(args) => replay::run(&args),
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
