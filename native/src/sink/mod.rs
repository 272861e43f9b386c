//! Where transitions are delivered: at least once, in order.
//!
//! The store's numbered stream is the queue. A sink's place in it, the last
//! transition it need not deliver any more, is kept in the store, and so is a
//! lease: of the instances that share a store one delivers at a time (`turn`),
//! and another goes on from the place when it is gone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{self, Config, SinkFrom, SinkKind};
use crate::store::{Numbered, SinkState, Store, StoreError};

mod letters;
#[cfg(feature = "remoting")]
mod rocketmq;
mod sign;
mod turn;
mod webhook;

pub use letters::Retried;

/// How far transitions are handed over.
#[async_trait]
trait Outlet: Send + Sync {
    /// Hands over all of them, in order, within the timeout of the sink; some
    /// may have arrived where it fails.
    async fn deliver(&self, batch: &[Numbered]) -> Result<(), Refusal>;
    /// Says goodbye to the other end.
    async fn close(&self) {}
}

/// Why a batch was not taken.
#[derive(Debug)]
enum Refusal {
    /// May pass. The other end may have said when to come again.
    Later {
        reason: String,
        after: Option<Duration>,
    },
    /// Will not: these transitions are not wanted, ever.
    Never(String),
}

impl Refusal {
    fn later(reason: impl Into<String>) -> Refusal {
        Refusal::Later {
            reason: reason.into(),
            after: None,
        }
    }
}

/// How a sink fares in this instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It has not asked for its place yet.
    Starting,
    /// Another instance delivers for it.
    Elsewhere,
    /// This one does.
    Delivering,
    /// This one tries to: what is wrong, a sentence.
    Failing(String),
}

/// A configured sink.
pub struct Sink {
    settings: config::Sink,
    store: Arc<dyn Store>,
    outlet: Box<dyn Outlet>,
    condition: Mutex<Condition>,
    /// Taken by the call that delivers dead letters again.
    retrying: tokio::sync::Mutex<()>,
}

impl Sink {
    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Its kind in the configuration.
    pub fn kind(&self) -> &'static str {
        self.settings.kind.name()
    }

    /// How it fares in this instance.
    pub fn condition(&self) -> Condition {
        let condition = self.condition.lock();
        condition.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its place, whichever instance delivers.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn state(&self) -> Result<SinkState, StoreError> {
        Ok(self.store.sink(self.name()).await?.unwrap_or_default())
    }

    fn fares(&self, condition: Condition) {
        *self
            .condition
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = condition;
    }

    /// Notes what is wrong, and logs it.
    fn fails(&self, reason: &str) {
        tracing::warn!(sink = self.name(), "{reason}");
        self.fares(Condition::Failing(reason.to_owned()));
    }
}

/// The configured sinks, each with a place in the store: what is committed
/// from here on is delivered.
///
/// # Errors
/// A sentence: a sink cannot be set up, or the store cannot take its place.
pub async fn open(config: &Config, store: &Arc<dyn Store>) -> Result<Vec<Arc<Sink>>, String> {
    let mut sinks = Vec::new();
    for settings in &config.sink {
        let name = &settings.name;
        let start = async {
            // To count a large store takes long, and is for a new sink alone.
            if store.sink(name).await?.is_some() {
                return Ok(());
            }
            let start = match settings.from {
                SinkFrom::First => store.oldest_transition().await?.saturating_sub(1),
                SinkFrom::Last => store.stats(crate::clock::now()).await?.last_transition,
            };
            store.open_sink(name, start).await
        };
        start
            .await
            .map_err(|error| format!("sink `{name}`: {error}"))?;
        let outlet: Box<dyn Outlet> = match &settings.kind {
            SinkKind::Webhook(webhook) => Box::new(
                webhook::Webhook::new(name, webhook, settings.timeout.duration())
                    .map_err(|reason| format!("sink `{name}`: {reason}"))?,
            ),
            #[cfg(feature = "remoting")]
            SinkKind::Rocketmq(rocketmq) => Box::new(rocketmq::Rocketmq::new(
                (**rocketmq).clone(),
                settings.timeout.duration(),
            )),
        };
        sinks.push(Arc::new(Sink {
            settings: settings.clone(),
            store: Arc::clone(store),
            outlet,
            condition: Mutex::new(Condition::Starting),
            retrying: tokio::sync::Mutex::default(),
        }));
    }
    Ok(sinks)
}

/// Delivers on tasks of their own until `shutdown`. A task then ends as soon
/// as the other end has answered what it was handed.
pub fn start(sinks: &[Arc<Sink>], shutdown: &CancellationToken) -> TaskTracker {
    let tasks = TaskTracker::new();
    for sink in sinks {
        tasks.spawn(turn::run(Arc::clone(sink), shutdown.clone()));
    }
    tasks.close();
    tasks
}
