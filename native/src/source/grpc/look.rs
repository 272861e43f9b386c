//! Whether the proxy lets a source begin, asked without taking a message: a
//! consumer starts, which asks for the route of its topic, and ends. What the
//! keys may do with the group, a proxy says only to who receives.

use tokio::time::timeout;

use super::config::{CALL, Config};
use super::connection::{start, threads};
use super::fault::Fault;
use super::panics;
use super::receiver::joined;

/// Why a source would bring nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of it.
    pub trouble: Trouble,
    /// The whole of it, in a sentence.
    pub reason: String,
}

/// What keeps a source from its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No broker of the proxy has the topic.
    TopicMissing,
    /// The keys are wrong or missing, or may not read the topic.
    Refused,
    /// Anything else.
    Other,
}

/// Starts a consumer and ends it; blocks for some seconds at most.
///
/// # Errors
/// What the configuration, the proxy or the library has against it.
pub fn look(config: &Config) -> Result<(), Refusal> {
    let other = |reason| Refusal {
        trouble: Trouble::Other,
        reason,
    };
    config.check().map_err(other)?;
    panics::contain();
    // Its threads are left to themselves: the library's tasks may never end.
    let runtime = threads().map_err(|error| other(Fault::Threads(error).sentence(config)))?;
    let tried = config.clone();
    let trying = runtime.spawn(async move {
        let (consumer, _) = start(&tried).await?;
        // Only a courtesy: the proxy forgets a client that says nothing.
        let _ = timeout(CALL, consumer.shutdown()).await;
        Ok(())
    });
    let looked = joined(runtime.block_on(trying));
    runtime.shutdown_background();
    looked.map_err(|fault| Refusal {
        trouble: fault.trouble(),
        reason: fault.sentence(config),
    })
}
