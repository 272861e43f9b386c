//! RocketMQ 5.x through its proxy, over crate `rocketmq` (gRPC).
//!
//! The crate has faults that this module keeps to itself: it never recovers
//! from a proxy that restarts, it can spin on a stream that was reset, and it
//! panics on answers that it does not know. So everything of it runs in a
//! `connection` with threads of its own; the loop here watches that, ends it
//! at its first fault and builds a new one after a pause.

mod ack;
mod body;
mod config;
mod connection;
mod fault;
mod look;
mod panics;
mod protocol;
mod receiver;
mod spinning;

use std::time::Duration;

use async_trait::async_trait;
use mqtt_presence_core::event::Limits;

use self::connection::{live, show};
use self::fault::Fault;
use super::{Context, Health, Source, SourceError};
use crate::backoff::Backoff;

pub use self::config::Config;
pub use self::look::{Refusal, Trouble, look};

/// A proxy keeps for 20 s what it was told of a topic, "no broker has it" too,
/// and looks again only when it is next asked: who asks seldom reads late.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The name in the configuration.
const NAME: &str = "grpc";

/// A source that receives from a RocketMQ 5.x proxy.
///
/// A message is acknowledged once its delivery was committed; one that was not
/// comes again after [`Config::invisible_seconds`].
#[derive(Debug)]
pub struct Grpc {
    config: Config,
    limits: Limits,
}

impl Grpc {
    /// Connects only when it is run.
    pub fn new(config: Config) -> Self {
        Grpc {
            config,
            limits: Limits::default(),
        }
    }

    /// With other bounds of a record than core's own.
    pub fn within(self, limits: Limits) -> Self {
        Grpc { limits, ..self }
    }
}

#[async_trait]
impl Source for Grpc {
    fn name(&self) -> &str {
        NAME
    }

    async fn run(self: Box<Self>, context: Context) -> Result<(), SourceError> {
        let Grpc { config, limits } = *self;
        config.check().map_err(|reason| SourceError {
            source_name: NAME.to_owned(),
            reason,
        })?;
        panics::contain();
        let mut backoff = Backoff::new(std::process::id()).up_to(LONGEST_PAUSE);
        while !context.shutdown.is_cancelled() {
            let end = live(NAME, &config, limits, &context).await;
            let Some(fault) = end.fault.filter(|_| !context.shutdown.is_cancelled()) else {
                break;
            };
            if end.worked {
                backoff.reset();
            }
            let wait = backoff.next();
            let reason = fault.sentence(&config);
            tracing::warn!(
                source = NAME,
                again_in = ?wait,
                "{reason}; trying again"
            );
            // A proxy that lets an idle poll last longer than ours is no failure.
            if !(end.worked && matches!(fault, Fault::Silent)) {
                show(&context, Health::Failing(reason));
            }
            tokio::select! {
                () = context.shutdown.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        Ok(())
    }
}
