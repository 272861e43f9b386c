//! One life of a consumer, on a thread of its own so that a panic in the
//! client ends the session and nothing else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mqtt_presence_core::event::Limits;
use rocketmq_client_rust::{
    ClientConfig, ConsumeConcurrentlyContext, ConsumeConcurrentlyStatus, DefaultMQPushConsumer,
    MQPushConsumer as _,
};
use rocketmq_model::common::consumer::consume_from_where::ConsumeFromWhere;
use rocketmq_model::common::message::message_ext::MessageExt;
use rocketmq_model::common::message::message_queue::MessageQueue;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::client::{Client, LISTENERS, hook};
use super::config::{Config, From};
use super::holds::Holds;
use super::listener::Listener;
use super::parcel::Tags;
use super::share::Shares;
use super::trace::Tracer;
use super::watch::Watch;
use crate::pipeline::Intake;

/// How long what was taken may go on to the store once intake has stopped.
const DRAIN: Duration = Duration::from_secs(10);
/// How long the end of a session may take in all.
const END: Duration = Duration::from_secs(25);

/// How often the ends of queues that are not pulled from are asked for.
const ENDS: Duration = Duration::from_secs(5);

/// What a consumer is made of.
pub(super) struct Parts {
    pub(super) config: Config,
    /// They name the client to the broker.
    pub(super) settings: ClientConfig,
    pub(super) limits: Limits,
    pub(super) intake: Intake,
    pub(super) watch: Arc<Watch>,
    pub(super) tracer: Option<Arc<Tracer>>,
}

/// A running consumer.
pub(super) struct Session {
    stop: CancellationToken,
    /// Resolves when the session has ended: with why, when it was not asked to.
    pub(super) ended: oneshot::Receiver<Result<(), String>>,
}

impl Session {
    pub(super) fn start(parts: Parts) -> Session {
        let stop = CancellationToken::new();
        let (sender, ended) = oneshot::channel();
        let token = stop.clone();
        let body = move || {
            // A panic drops the sender, which the receiver takes for one.
            let _ = sender.send(live(parts, &token));
        };
        if std::thread::Builder::new()
            .name("remoting".to_owned())
            .spawn(body)
            .is_err()
        {
            tracing::error!("no thread for the RocketMQ client");
        }
        Session { stop, ended }
    }

    /// Stops intake, lets what runs be committed, stores the offsets and
    /// leaves the group. What is not committed by then comes again.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        // One that ended by itself was heard already.
        if self.ended.is_terminated() {
            return;
        }
        if timeout(END, &mut self.ended).await.is_err() {
            tracing::warn!(
                "the RocketMQ client did not end within {} s; left behind",
                END.as_secs()
            );
        }
    }
}

fn live(parts: Parts, stop: &CancellationToken) -> Result<(), String> {
    let client = Client::new()?;
    let result = client.block_on(consume(&client, parts, stop));
    close(client)?;
    result
}

/// Ends a client. That takes its runtime apart, so another one must wait for it.
pub(super) fn close(client: Client) -> Result<(), String> {
    let after = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    after.block_on(client.close());
    Ok(())
}

async fn consume(client: &Client, parts: Parts, stop: &CancellationToken) -> Result<(), String> {
    let Parts {
        config,
        settings,
        limits,
        intake,
        watch,
        tracer,
    } = parts;
    let from = match config.from {
        From::First => ConsumeFromWhere::ConsumeFromFirstOffset,
        From::Last => ConsumeFromWhere::ConsumeFromLastOffset,
    };
    let holds = Arc::new(Holds::default());
    // Traces are told of each message.
    let packs = tracer.is_none().then(|| Tags::new(&config.tags));
    let mut consumer = DefaultMQPushConsumer::builder(client.runtime())
        .client_config(settings)
        .consumer_group(config.group.as_str())
        .consume_from_where(from)
        .allocate_message_queue_strategy(Arc::new(Shares {
            watch: Arc::clone(&watch),
        }))
        .consume_thread_min(LISTENERS)
        .consume_thread_max(LISTENERS)
        // The broker hands out 32 at most.
        .pull_batch_size(32)
        .consume_message_batch_max_size(32)
        .pull_threshold_for_queue(2_048)
        .pull_threshold_size_for_queue(32)
        .consume_concurrently_max_span(65_535)
        // While the store is down a message waits here; it is not sent back
        // after 15 minutes, and never to the dead-letter queue.
        .consume_timeout(7 * 24 * 60)
        .max_reconsume_times(i32::MAX)
        .await_termination_millis_when_shutdown(DRAIN.as_millis() as u64)
        .rpc_hook(Some(hook(
            &config,
            Arc::clone(&watch),
            tracer.clone(),
            Arc::clone(&holds),
            packs,
        )?))
        .build();
    consumer
        .subscribe(config.topic.as_str(), config.tags.as_str())
        .await
        .map_err(|error| error.to_string())?;
    let listener = Listener {
        topic: config.topic.clone(),
        limits,
        intake,
        watch: Arc::clone(&watch),
        tracer,
        holds: Arc::clone(&holds),
        stop: stop.clone(),
    };
    consumer.register_message_listener_concurrently(
        move |messages: &[&MessageExt], context: &ConsumeConcurrentlyContext| {
            listener.take(context.get_message_queue(), messages);
            Ok(ConsumeConcurrentlyStatus::ConsumeSuccess)
        },
    );
    let started = consumer.start().await.map_err(|error| error.to_string());
    if started.is_ok() {
        while stop.run_until_cancelled(sleep(ENDS)).await.is_some() {
            ask_for_ends(&mut consumer, &config.topic, &watch).await;
        }
        // The broker is then told the offsets of what is committed by then.
        let _ = timeout(DRAIN, holds.settle()).await;
    }
    consumer.shutdown().await;
    started
}

/// Asks for the end of each queue whose newest pull is a while ago: while the
/// store is down there are none. Keys that may not ask this leave the lag at
/// what the last pull said.
async fn ask_for_ends(consumer: &mut DefaultMQPushConsumer, topic: &str, watch: &Watch) {
    let stale = watch.lags().stale(Instant::now());
    for (broker, id) in stale {
        let queue = MessageQueue::from_parts(topic, broker.as_str(), id);
        match timeout(ENDS, consumer.max_offset(&queue)).await {
            Ok(Ok(end)) => watch.lags().end(&broker, id, end, Instant::now()),
            Ok(Err(error)) => {
                tracing::debug!(%error, "the end of queue {broker}:{id} was not told");
            }
            Err(_) => return,
        }
    }
}
