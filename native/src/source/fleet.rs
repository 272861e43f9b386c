//! The simulated fleet as a source, for a first look without a broker.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Context, Health, Source, SourceError};
use crate::fleet::{Fleet, FleetConfig};
use crate::pipeline::Delivery;
use crate::store::Origin;

const NAME: &str = "fleet";
/// How often events are handed over.
const TICK: Duration = Duration::from_millis(50);
/// Events in one delivery.
const EVENTS: u64 = 1000;

/// The source `fleet`.
pub struct FleetSource {
    config: FleetConfig,
    rate: u64,
}

impl FleetSource {
    /// A fleet that sends `rate` events a second, and at least one. What the
    /// store cannot take in time waits: a fleet never piles up.
    pub fn new(config: FleetConfig, rate: u64) -> FleetSource {
        FleetSource {
            config,
            rate: rate.max(1),
        }
    }
}

#[async_trait]
impl Source for FleetSource {
    fn name(&self) -> &str {
        NAME
    }

    async fn run(self: Box<Self>, context: Context) -> Result<(), SourceError> {
        context.health.send_replace(Health::Ready);
        let mut fleet = (0u64..).zip(Fleet::new(self.config)).peekable();
        let mut started = Instant::now();
        let mut sent = 0;
        while fleet.peek().is_some() {
            let due = (started.elapsed().as_secs_f64() * self.rate as f64) as u64;
            let now = due.saturating_sub(sent).min(EVENTS);
            if now == 0 {
                tokio::select! {
                    () = tokio::time::sleep(TICK.min(Duration::from_secs(1) / self.rate.min(1000) as u32)) => continue,
                    () = context.shutdown.cancelled() => return Ok(()),
                }
            }
            let events = fleet.by_ref().take(now as usize).map(|(number, event)| {
                let origin = Origin {
                    source: NAME.into(),
                    offset: Some(number),
                    ..Origin::default()
                };
                (event, origin)
            });
            let delivery = Delivery::new(events.collect(), Vec::new());
            sent += now;
            tokio::select! {
                delivered = context.intake.deliver(delivery) => if delivered.is_err() {
                    return Ok(());
                },
                () = context.shutdown.cancelled() => return Ok(()),
            }
            // After a stop of the store the rate goes on, and nothing is made up for.
            if started.elapsed() > Duration::from_secs(5) {
                started = Instant::now();
                sent = 0;
            }
        }
        context.health.send_replace(Health::Finished);
        Ok(())
    }
}
