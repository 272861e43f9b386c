//! How a command ends when it cannot do what it was asked.

use std::io;
use std::process::ExitCode;

/// Why a command stopped.
#[derive(Debug)]
pub(super) enum Failure {
    /// Who read the output has closed it (`| head`): nothing to say.
    PipeClosed,
    /// A sentence for standard error; exit code 2.
    Said(String),
}

impl Failure {
    /// Says why and gives the exit code.
    pub fn exit(self) -> ExitCode {
        match self {
            Failure::PipeClosed => ExitCode::SUCCESS,
            Failure::Said(sentence) => {
                eprintln!("mqtt-presence: {sentence}");
                ExitCode::from(2)
            }
        }
    }

    /// What a failed write to standard output means.
    pub fn of_output(error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::PipeClosed,
            _ => Failure::Said(format!("cannot write to standard output: {error}")),
        }
    }
}
