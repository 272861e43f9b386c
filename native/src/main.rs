//! The `mqtt-presence` command.
#![recursion_limit = "512"]

use std::process::ExitCode;

/// Messages are taken apart on one thread and dropped on another, which the
/// system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mqtt_presence::cli::run()
}
