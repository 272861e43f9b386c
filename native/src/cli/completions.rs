//! `mqtt-presence completions`: for the shell.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, failure::Failure};

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mqtt-presence completions bash > ~/.local/share/bash-completion/completions/mqtt-presence
  mqtt-presence completions zsh > ~/.zfunc/_mqtt-presence
  mqtt-presence completions fish > ~/.config/fish/completions/mqtt-presence.fish")]
pub(super) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints them.
pub(super) fn run(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut Cli::command(),
        "mqtt-presence",
        &mut script,
    );
    std::io::Write::write_all(&mut std::io::stdout(), &script)
        .map_err(|error| Failure::of_output(&error))?;
    Ok(ExitCode::SUCCESS)
}
