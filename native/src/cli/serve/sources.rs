//! The configured sources, running.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::Part;
use crate::config::{self, Config};
use crate::fleet::FleetConfig;
use crate::pipeline::Intake;
use crate::source::file::{FileConfig, FileSource};
use crate::source::fleet::FleetSource;
use crate::source::{Context, Health, Source, SourceError};
use crate::store::Store;
use crate::trace::Traces;

/// The sources on tasks of their own.
pub(super) struct Running {
    /// How each fares.
    pub parts: Vec<Part>,
    /// The tasks.
    pub tasks: TaskTracker,
    failures: mpsc::UnboundedReceiver<SourceError>,
}

impl Running {
    /// Waits for a source that cannot run as configured.
    pub async fn failed(&mut self) -> SourceError {
        match self.failures.recv().await {
            Some(error) => error,
            // All have ended well.
            None => std::future::pending().await,
        }
    }
}

/// Starts every source that is not served by the HTTP interface.
pub(super) fn start(
    config: &Config,
    intake: &Intake,
    store: &Arc<dyn Store>,
    traces: Option<&Arc<Traces>>,
    shutdown: &CancellationToken,
) -> Running {
    let tasks = TaskTracker::new();
    let (sender, failures) = mpsc::unbounded_channel();
    let mut parts = Vec::new();
    for (index, source) in config.source.iter().enumerate() {
        let Some(source) = build(source, config, store, traces) else {
            continue;
        };
        let name = format!("source {index} ({})", source.name());
        let (health, watched) = watch::channel(Health::Starting);
        parts.push(Part {
            name: name.clone(),
            health: watched,
        });
        let context = Context {
            intake: intake.clone(),
            shutdown: shutdown.clone(),
            health,
        };
        let sender = sender.clone();
        tasks.spawn(async move {
            let source_name = source.name().to_owned();
            // A task of its own: a defect is then told like any other failure.
            let ran = tokio::spawn(source.run(context)).await;
            let outcome = ran.unwrap_or_else(|broken| {
                let reason = format!("it met a defect: {broken}");
                Err(SourceError {
                    source_name,
                    reason,
                })
            });
            match outcome {
                Ok(()) => tracing::info!(source = name, "the source has ended"),
                Err(error) => {
                    let _ = sender.send(error);
                }
            }
        });
    }
    tasks.close();
    Running {
        parts,
        tasks,
        failures,
    }
}

fn build(
    source: &config::Source,
    config: &Config,
    store: &Arc<dyn Store>,
    #[cfg_attr(not(feature = "remoting"), allow(unused_variables))] traces: Option<&Arc<Traces>>,
) -> Option<Box<dyn Source>> {
    Some(match source {
        #[cfg(feature = "remoting")]
        config::Source::Remoting(remoting) => {
            let source = crate::source::remoting::Remoting::new((**remoting).clone())
                .within(config.limits.event());
            Box::new(match traces {
                Some(traces) => source.remembering(Arc::clone(traces)),
                None => source,
            })
        }
        #[cfg(feature = "grpc")]
        config::Source::Grpc(grpc) => {
            Box::new(crate::source::grpc::Grpc::new((**grpc).clone()).within(config.limits.event()))
        }
        config::Source::Http(_) => return None,
        config::Source::File(file) => Box::new(FileSource::new(
            FileConfig {
                follow: file.follow,
                limits: config.limits.event(),
                ..FileConfig::new(&file.path)
            },
            Arc::clone(store),
        )),
        config::Source::Fleet(fleet) => {
            let now = crate::clock::now();
            let endless = FleetConfig {
                clients: fleet.clients,
                events: u64::MAX,
                seed: fleet.seed,
                start: now,
                // A store may know the fleet of an earlier start.
                channels: now,
                pace: Some(fleet.rate),
                ..FleetConfig::default()
            };
            Box::new(FleetSource::new(endless, u64::from(fleet.rate)))
        }
    })
}
