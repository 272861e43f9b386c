//! `mqtt-presence serve`: sources → store → answers.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;

use super::failure::Failure;
use super::log;
use super::settings::SettingsArgs;

mod ending;
mod sources;
mod start;
pub(super) mod stores;

/// Run the service: events in, answers out
///
/// Exit code 0: it was told to end and did. 1: it could not start, or did not
/// end in time. 2: the configuration is wrong. SIGTERM and Ctrl-C end it in
/// order; a second one ends it at once, and what was not stored comes again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mqtt-presence serve --store memory --set source.0.kind=fleet
  mqtt-presence serve --config presence.toml
  mqtt-presence serve --store redis --set store.url=redis://127.0.0.1:6379
  mqtt-presence serve --config presence.toml --bind 0.0.0.0:8787 --token-file token
  MQTT_PRESENCE_SOURCE__0__SECRET_KEY=… mqtt-presence serve --config presence.toml
  mqtt-presence serve --config presence.toml --print-config

Every key of the file can be a variable, MQTT_PRESENCE_SECTION__KEY, or a flag,
--set section.key=VALUE; the later wins. mqtt-presence.example.toml has them all.")]
pub(super) struct ServeArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Print the configuration that results, without its secrets, and end
    #[arg(long)]
    print_config: bool,
}

/// Runs until it is told to end.
pub(super) fn run(args: &ServeArgs) -> Result<ExitCode, Failure> {
    let config = args
        .settings
        .load()
        .map_err(|error| Failure::Said(error.to_string()))?;
    if args.print_config {
        io::stdout()
            .write_all(config.shown().as_bytes())
            .map_err(|error| Failure::of_output(&error))?;
        return Ok(ExitCode::SUCCESS);
    }
    log::begin(&config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Said(format!("no threads can be started: {error}")))?;
    let outcome = runtime.block_on(start::service(config));
    // A thread that waits for standard input or a lookup cannot be ended.
    runtime.shutdown_background();
    Ok(match outcome {
        Ok(code) => code,
        Err(sentence) => {
            eprintln!("mqtt-presence: {sentence}");
            ExitCode::FAILURE
        }
    })
}
