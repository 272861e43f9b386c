//! Straight into a store, without a service in between.

use std::path::PathBuf;
use std::sync::Arc;

use mqtt_presence_core::event::{Limits, read_all};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::super::failure::Failure;
use super::super::serve::stores;
use super::super::settings::SettingsArgs;
use super::target::Untaken;
use crate::config::StoreKind;
use crate::pipeline::{Delivery, Intake, Pipeline, Settings, system_clock};
use crate::source::Health;
use crate::store::{Origin, StoreError};

/// The bridge hands over one batch at a time.
const WAITING: usize = 1;

/// The pipeline of the service, with the bridge for its only source.
pub(super) struct StoreTarget {
    limits: Limits,
    intake: Intake,
    health: watch::Receiver<Health>,
    pipeline: JoinHandle<Result<usize, StoreError>>,
    drain: CancellationToken,
}

impl StoreTarget {
    /// Opens the store that a configuration names, and its rule.
    pub async fn open(config: Option<PathBuf>) -> Result<StoreTarget, Failure> {
        let config = SettingsArgs::of_file(config)
            .load()
            .map_err(|error| Failure::Said(error.to_string()))?;
        if config.store.kind == StoreKind::Memory {
            return Err(Failure::Said(
                "`--to store` needs a store that lasts: the configuration says `memory`; take sqlite, redis or postgres"
                    .into(),
            ));
        }
        let limits = config.limits.event();
        let (store, options) = (config.store, config.rule.options());
        let opened = tokio::task::spawn_blocking(move || stores::open(&store, &options)).await;
        let store = opened
            .map_err(|error| Failure::Said(format!("the store could not be opened: {error}")))?
            .map_err(|error| Failure::Said(error.to_string()))?;
        let (pipeline, health) =
            Pipeline::new(Arc::clone(&store), system_clock(), Settings::default());
        let (intake, deliveries) = Intake::new(WAITING);
        let drain = CancellationToken::new();
        let pipeline = tokio::spawn(pipeline.run(deliveries, drain.clone()));
        Ok(StoreTarget {
            limits,
            intake,
            health,
            pipeline,
            drain,
        })
    }

    /// Returns once the store has all of it, flushed; what is no event is in
    /// the quarantine. While the store is away this waits.
    pub async fn take(&self, lines: &str) -> Result<(), Untaken> {
        let mut delivery = Delivery::default();
        for record in read_all(lines.as_bytes(), self.limits) {
            let origin = Origin {
                source: "bridge".into(),
                ..Origin::default()
            };
            delivery.push(record, origin);
        }
        self.intake.deliver(delivery).await.map_err(|_| {
            let why = match &*self.health.borrow() {
                Health::Failing(sentence) => sentence.clone(),
                _ => "it takes no more".into(),
            };
            Untaken::Never(Failure::Said(format!("the store failed: {why}")))
        })
    }

    /// What was taken is in the store already.
    pub async fn close(self) {
        self.drain.cancel();
        drop(self.intake);
        let _ = self.pipeline.await;
    }
}
