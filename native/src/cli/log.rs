//! The log: structured lines on standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// What libraries log of themselves is left out: a source's health says the
/// same in a sentence. A level for one of them brings it back, such as
/// `info,rocketmq=warn`.
const QUIET: &str = "rocketmq=off,tower_http=off";

/// Begins to log. `RUST_LOG` goes before the configuration.
pub(super) fn begin(log: &Log) {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("{QUIET},{}", log.level)));
    let colours = io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(colours);
    let begun = match log.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if begun.is_err() {
        eprintln!("mqtt-presence: the log was begun twice");
    }
}
