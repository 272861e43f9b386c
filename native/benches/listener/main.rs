//! How many messages a second the RocketMQ client hands to a listener that
//! does nothing: what its users have before their own code runs.
//!
//! `cargo bench --bench listener -- NAMESRV TOPIC GROUP MESSAGES` takes so many
//! from the beginning of the topic and prints `seconds=` from the first to the
//! last, or `lost a queue after=` where nothing came for a while: the client
//! gives a queue up that it asks too often.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rocketmq_client_rust::{
    ClientConfig, ClientRuntime, ClientRuntimeConfig, ConsumeConcurrentlyContext,
    ConsumeConcurrentlyStatus, DefaultMQPushConsumer, MQPushConsumer as _,
};
use rocketmq_model::common::consumer::consume_from_where::ConsumeFromWhere;
use rocketmq_model::common::message::message_ext::MessageExt;
use rocketmq_observability::TelemetryRuntimeGuard;
use rocketmq_runtime::{RuntimeConfig, RuntimeOwner};

/// As of the service.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Without a message for so long, a queue is lost.
const SILENCE: Duration = Duration::from_secs(5);

fn main() {
    // `cargo bench` adds `--bench`.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let [namesrv, topic, group, messages] = &arguments[..] else {
        panic!("NAMESRV TOPIC GROUP MESSAGES, not {arguments:?}");
    };
    let wanted: u64 = messages.parse().unwrap();
    let owner = RuntimeOwner::plan(RuntimeConfig::default())
        .unwrap()
        .build()
        .unwrap();
    let telemetry = TelemetryRuntimeGuard::noop();
    let context = owner.root_context().component("client");
    let runtime =
        ClientRuntime::try_new(context, ClientRuntimeConfig::default(), telemetry.handle())
            .unwrap();
    owner.block_on(async {
        let mut settings = ClientConfig::default();
        settings.set_namesrv_addr(namesrv.as_str().into());
        // As many as it takes: the more, the later it gives a queue up.
        let cores = std::thread::available_parallelism().unwrap().get();
        settings.set_pull_message_service_shards(8 * cores);
        // Batches as of the service, which are the largest.
        let mut consumer = DefaultMQPushConsumer::builder(runtime)
            .client_config(settings)
            .consumer_group(group.as_str())
            .consume_from_where(ConsumeFromWhere::ConsumeFromFirstOffset)
            .pull_batch_size(32)
            .consume_message_batch_max_size(32)
            .build();
        consumer.subscribe(topic.as_str(), "*").await.unwrap();
        let taken = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&taken);
        consumer.register_message_listener_concurrently(
            move |messages: &[&MessageExt], _: &ConsumeConcurrentlyContext| {
                count.fetch_add(messages.len() as u64, Ordering::Relaxed);
                Ok(ConsumeConcurrentlyStatus::ConsumeSuccess)
            },
        );
        consumer.start().await.unwrap();
        println!("{}", count_to(wanted, &taken).await);
    });
    // The rest of the client takes its time to end.
    std::process::exit(0);
}

async fn count_to(wanted: u64, taken: &AtomicU64) -> String {
    let pause = Duration::from_millis(1);
    while taken.load(Ordering::Relaxed) == 0 {
        tokio::time::sleep(pause).await;
    }
    let began = Instant::now();
    let (mut before, mut moved) = (0, began);
    loop {
        let now = taken.load(Ordering::Relaxed);
        if now >= wanted {
            return format!("seconds={}", began.elapsed().as_secs_f64());
        }
        if now != before {
            (before, moved) = (now, Instant::now());
        } else if moved.elapsed() > SILENCE {
            return format!("lost a queue after={now}");
        }
        tokio::time::sleep(pause).await;
    }
}
