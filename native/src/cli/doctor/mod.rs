//! `mqtt-presence doctor`: what is wrong and what to do.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::failure::Failure;
use super::settings::SettingsArgs;
use crate::config::{Config, ConfigError, ConfigFault};

mod bind;
mod clock;
mod finding;
mod handshake;
mod print;
mod reach;
mod secrets;
mod sink;
mod source;
mod store;

use finding::{Finding, Name, Severity};

/// Try every configured source, store and sink, and say what is wrong and what to do
///
/// Joins no consumer group, takes no message and changes nothing in the store, delivers nothing.
/// Exit code 0: nothing is wrong, though there may be warnings. 1: something is
/// wrong. 2: the command line is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mqtt-presence doctor --config presence.toml
  mqtt-presence doctor --config presence.toml --format json
  mqtt-presence doctor --set source.0.kind=file --set source.0.path=/var/log/mqtt")]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// How the findings are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line or a paragraph each
    Text,
    /// One object
    Json,
}

/// Everything that was found.
#[derive(Serialize)]
struct Report {
    findings: Vec<Finding>,
    errors: usize,
    warnings: usize,
}

/// Tries everything and prints what it found.
pub(super) fn run(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let findings = match args.settings.load() {
        Ok(config) => examine(&config),
        Err(error) => vec![configuration(&error)],
    };
    let count = |severity| {
        findings
            .iter()
            .filter(|one| one.severity == severity)
            .count()
    };
    let report = Report {
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        findings,
    };
    let mut output = io::stdout().lock();
    match args.format {
        Format::Text => print::text(&mut output, &report),
        Format::Json => serde_json::to_string(&report)
            .map_err(io::Error::other)
            .and_then(|json| writeln!(output, "{json}")),
    }
    .map_err(|error| Failure::of_output(&error))?;
    Ok(if report.errors == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn configuration(error: &ConfigError) -> Finding {
    let name = match error.fault() {
        ConfigFault::UnknownKey => Name::ConfigUnknownKey,
        ConfigFault::SecretUnreadable => Name::ConfigSecretUnreadable,
        ConfigFault::OpenWithoutToken => Name::ConfigOpenWithoutToken,
        ConfigFault::Other => Name::ConfigInvalid,
    };
    Finding::said(name, Severity::Error, "configuration", &error.to_string())
}

fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::good("configuration", "is complete and sound")];
    findings.extend(clock::check());
    let bound = bind::check(&config.api);
    let running = bound.iter().any(|one| one.name == Name::ServiceRunning);
    findings.extend(bound);
    let part = |section: &str, index: usize| match section {
        "source" => format!("source {index} ({})", config.source[index].kind()),
        "sink" => sink::part(&config.sink[index]),
        section => section.to_owned(),
    };
    findings.extend(secrets::check(config, part));
    findings.extend(store::check(&config.store, running));
    for (index, source) in config.source.iter().enumerate() {
        findings.extend(source::check(&part("source", index), source));
    }
    findings.extend(config.sink.iter().flat_map(sink::check));
    findings
}
