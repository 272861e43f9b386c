//! `mqtt-presence health`: one question, for the probes of containers.

use std::process::ExitCode;

use clap::Args;

use super::failure::Failure;
use super::service::{Service, ServiceArgs, Unanswered};

/// Ask a running service whether it is ready
///
/// Exit code 0: yes. 1: no, or it is not reached; standard error says why.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mqtt-presence health
  mqtt-presence health --alive --url http://127.0.0.1:8787")]
pub(super) struct HealthArgs {
    /// Only whether it runs, whatever its sources and store do
    #[arg(long)]
    alive: bool,
    #[command(flatten)]
    service: ServiceArgs,
}

/// Asks once.
pub(super) fn run(args: &HealthArgs) -> Result<ExitCode, Failure> {
    let service = Service::new(&args.service)?;
    let path = if args.alive { "/healthz" } else { "/readyz" };
    let Err(unanswered) = service.get(path) else {
        return Ok(ExitCode::SUCCESS);
    };
    let sentence = match unanswered {
        Unanswered::Refused { status: 503, .. } => format!(
            "the service at `{}` is not ready; `GET /readyz` with its token says why",
            args.service.url
        ),
        Unanswered::Unreached(sentence) | Unanswered::Refused { sentence, .. } => sentence,
    };
    eprintln!("mqtt-presence: {sentence}");
    Ok(ExitCode::FAILURE)
}
