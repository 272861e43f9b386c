//! The `mqtt-presence` command.
#![recursion_limit = "512"]

use std::process::ExitCode;

fn main() -> ExitCode {
    mqtt_presence::cli::run()
}
