//! Where events come from. A source hands deliveries to the pipeline and
//! acknowledges a message only after its delivery was committed.

use async_trait::async_trait;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::pipeline::Intake;

pub mod file;
pub mod fleet;
#[cfg(feature = "grpc")]
pub mod grpc;
pub(crate) mod message;
#[cfg(feature = "remoting")]
pub mod remoting;

/// How a source fares; readiness, `doctor` and the log show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Not connected yet.
    Starting,
    /// Receiving, or able to.
    Ready,
    /// Not receiving: what is wrong and what to do, in one sentence.
    Failing(String),
    /// It has ended and will bring nothing more: a file that was read whole.
    Finished,
}

/// What a source is given to run with.
#[derive(Clone, Debug)]
pub struct Context {
    /// Where deliveries go; waits while the pipeline is full.
    pub intake: Intake,
    /// Cancelled when intake must stop; the source then returns soon, and
    /// leaves what was not committed for redelivery.
    pub shutdown: CancellationToken,
    /// Where the source says how it fares.
    pub health: watch::Sender<Health>,
}

/// A source could not run at all: wrong configuration.
#[derive(Debug, thiserror::Error)]
#[error("source `{source_name}`: {reason}")]
pub struct SourceError {
    /// Which source.
    pub source_name: String,
    /// What is wrong and what to do.
    pub reason: String,
}

/// A source of events.
#[async_trait]
pub trait Source: Send + 'static {
    /// The name in the configuration, in logs and in metrics.
    fn name(&self) -> &str;
    /// Runs until `shutdown` is cancelled or the source has ended. Faults
    /// that may pass (a broker restart, a dead NameServer) are survived
    /// inside and shown through `health`.
    async fn run(self: Box<Self>, context: Context) -> Result<(), SourceError>;
}
