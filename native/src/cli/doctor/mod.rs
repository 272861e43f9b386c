//! `mqtt-presence doctor`: what is wrong and what to do.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Args;
use comfy_table::Color;

use super::failure::Failure;
use super::safe::safe;
use super::settings::SettingsArgs;
use super::table;
use crate::config::Config;

mod bind;
mod clock;
mod finding;
mod reach;
mod sink;
mod source;
mod store;

use finding::{Finding, Verdict};

/// Try every configured source, store and sink, and say what is wrong and what to do
///
/// Takes no message from any source, writes nothing to the store and delivers nothing. Exit
/// code 0: all is well. 1: something is wrong.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mqtt-presence doctor --config presence.toml
  mqtt-presence doctor --set source.0.kind=file --set source.0.path=/var/log/mqtt")]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Tries everything and prints what it found.
pub(super) fn run(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let findings = match args.settings.load() {
        Ok(config) => examine(&config),
        Err(error) => vec![Finding::wrong("configuration", error.to_string())],
    };
    let colours = table::colours();
    let mut output = io::stdout().lock();
    for finding in &findings {
        line(&mut output, finding, colours).map_err(|error| Failure::of_output(&error))?;
    }
    let wrong = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Wrong)
        .count();
    let verdict = match wrong {
        0 => "all is well".to_owned(),
        1 => "one thing is wrong".to_owned(),
        wrong => format!("{wrong} things are wrong"),
    };
    writeln!(output, "{verdict}").map_err(|error| Failure::of_output(&error))?;
    Ok(if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::good("configuration", "is complete and sound")];
    findings.extend(clock::check());
    findings.extend(bind::check(&config.api));
    findings.extend(store::check(&config.store));
    for (index, source) in config.source.iter().enumerate() {
        findings.extend(source::check(
            &format!("source {index} ({})", source.kind()),
            source,
        ));
    }
    findings.extend(config.sink.iter().flat_map(sink::check));
    findings
}

fn line(output: &mut impl Write, finding: &Finding, colours: bool) -> io::Result<()> {
    let (word, colour) = match finding.verdict {
        Verdict::Good => ("good ", Color::Green),
        Verdict::Note => ("note ", Color::Yellow),
        Verdict::Wrong => ("WRONG", Color::Red),
    };
    let word = table::paint(word, colour, colours);
    writeln!(
        output,
        "{word}  {}: {}",
        finding.part,
        safe(&finding.sentence)
    )
}
