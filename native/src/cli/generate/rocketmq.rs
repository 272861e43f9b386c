//! `generate --to rocketmq`: the fleet produces into a topic.

use std::time::{Duration, Instant};

use clap::Args;
use mqtt_presence_core::event::Event;

use super::super::failure::Failure;
use super::super::progress::{self, Unit};
use crate::fleet::Fleet;
use crate::source::remoting::{Config, Producer};

/// Events of one call of the producer, which cuts them into batches of its own.
const CALL: usize = 8_192;
/// Calls a second where there is a rate, as far as it is that high.
const CALLS: u32 = 10;

/// The topic that the fleet produces into.
#[derive(Args, Debug)]
#[command(next_help_heading = "RocketMQ")]
pub(super) struct RocketmqArgs {
    /// NameServers, `host:port` with `;` between them
    #[arg(long, value_name = "ADDRESS", required_if_eq("to", "rocketmq"))]
    namesrv: Option<String>,
    /// The topic; it must be there
    #[arg(long, value_name = "TOPIC", required_if_eq("to", "rocketmq"))]
    topic: Option<String>,
    /// Events a second, which their times keep up with; as fast as the topic takes them when absent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) rate: Option<u32>,
}

/// Sends every event of the fleet; `events` is for the progress bar.
pub(super) fn send(args: &RocketmqArgs, fleet: Fleet, events: Option<u64>) -> Result<(), Failure> {
    let (Some(namesrv), Some(topic)) = (&args.namesrv, &args.topic) else {
        return Err(Failure::Said(
            "`--to rocketmq` needs `--namesrv` and `--topic`".into(),
        ));
    };
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::Said(format!("cannot start: {error}")))?;
    let said = |error: crate::source::remoting::SendError| Failure::Said(error.to_string());
    runtime.block_on(async {
        let config = Config::new(namesrv, topic, "mqtt_presence_generate");
        let producer = Producer::start(&config).await.map_err(said)?;
        let sent = produce(&producer, args.rate, fleet, events).await;
        producer.shutdown().await;
        sent.map_err(said)
    })
}

async fn produce(
    producer: &Producer,
    rate: Option<u32>,
    mut fleet: Fleet,
    events: Option<u64>,
) -> Result<(), crate::source::remoting::SendError> {
    let bar = progress::bar(Unit::Events, events, super::LARGE);
    let call = rate.map_or(CALL, |rate| rate.div_ceil(CALLS) as usize);
    let started = Instant::now();
    let mut sent = 0;
    loop {
        let some: Vec<Event> = fleet.by_ref().take(call).collect();
        if some.is_empty() {
            bar.finish_and_clear();
            return Ok(());
        }
        producer.send(&some).await?;
        sent += some.len() as u64;
        bar.set_position(sent);
        if let Some(rate) = rate {
            let due = Duration::from_secs_f64(sent as f64 / f64::from(rate));
            tokio::time::sleep(due.saturating_sub(started.elapsed())).await;
        }
    }
}
