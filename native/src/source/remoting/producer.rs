//! Writing events into a topic, for the simulated fleet and for tests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use mqtt_presence_core::event::Event;
use rocketmq_client_rust::DefaultMQProducer;
use rocketmq_model::common::message::message_single::Message;
use serde::Serialize;
use tokio::sync::Mutex;

use super::client::{Client, hook, settings};
use super::config::Config;
use super::watch::Watch;

/// Messages of one request.
const BATCH: usize = 256;
/// Requests under way at once.
const PIPELINE: usize = 8;
/// How long a batch is tried again: a broker's restart, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// Events could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to topic `{topic}` at `{namesrv}`: {reason}")]
pub struct SendError {
    topic: String,
    namesrv: String,
    reason: String,
}

/// A message whose order among those of its key is kept.
pub struct Keyed {
    /// Its tag.
    pub tag: &'static str,
    /// Its key, which also chooses the queue.
    pub key: String,
    /// Its body.
    pub body: Bytes,
}

/// Writes events into a topic, one message each, as an MQTT service does:
/// tag = `eventType`, key = `clientId`.
pub struct Producer {
    topic: String,
    namesrv: String,
    inner: DefaultMQProducer,
    watch: Arc<Watch>,
    // Taken in `shutdown`.
    client: Mutex<Option<Client>>,
}

impl Producer {
    /// Connects with the settings of a source; group and tags play no part.
    pub async fn start(config: &Config) -> Result<Producer, SendError> {
        let namesrv = config.namesrv.join(";");
        let fail = |reason: String| SendError {
            topic: config.topic.clone(),
            namesrv: namesrv.clone(),
            reason,
        };
        config.check().map_err(fail)?;
        let client = Client::new().map_err(fail)?;
        let watch = Arc::new(Watch::new(config.full_topic(), config.group.clone()));
        let mut inner = DefaultMQProducer::builder(client.runtime())
            .client_config(settings(config))
            .producer_group(format!("{}_producer", config.group))
            .rpc_hook(hook(config, Arc::clone(&watch), None, Arc::default(), None).map_err(fail)?)
            .build();
        if let Err(error) = inner.start().await {
            inner.shutdown().await;
            client.close().await;
            return Err(fail(error.to_string()));
        }
        Ok(Producer {
            topic: config.topic.clone(),
            namesrv,
            inner,
            watch,
            client: Mutex::new(Some(client)),
        })
    }

    /// Writes the events, in batches and several at once, so not in order.
    /// A batch that fails is tried again for three minutes; an error may leave
    /// some events written, some twice, and some not.
    pub async fn send(&self, events: &[Event]) -> Result<(), SendError> {
        let batches: Vec<_> = events
            .chunks(BATCH)
            .map(|batch| self.batch(batch))
            .collect();
        stream::iter(batches)
            .buffer_unordered(PIPELINE)
            .try_collect()
            .await
    }

    async fn batch(&self, events: &[Event]) -> Result<(), SendError> {
        let messages: Vec<Message> = events
            .iter()
            .map(|event| self.message(event.kind.as_str(), &event.client_id, body(event)))
            .collect();
        self.deliver(messages).await
    }

    /// Writes one message with this body, whatever it is, for tests.
    pub async fn send_raw(
        &self,
        tag: &str,
        key: &str,
        body: impl Into<Bytes>,
    ) -> Result<(), SendError> {
        self.deliver(vec![self.message(tag, key, body.into())])
            .await
    }

    /// Writes one message that is found by each of these keys, once.
    pub(super) async fn send_keys(&self, keys: Vec<String>, body: String) -> Result<(), SendError> {
        let message = Message::builder()
            .topic(self.topic.as_str())
            .keys(keys)
            .body(Bytes::from(body))
            .build_unchecked();
        let sent = self.inner.send(message).await;
        sent.map(drop).map_err(|error| self.failed(&error))
    }

    /// Writes the messages, once: those of a key in order, into one queue.
    /// An error may leave some of them written.
    pub async fn send_in_order(&mut self, messages: Vec<Keyed>) -> Result<(), SendError> {
        let topic = self.topic.clone();
        let queues = self.inner.fetch_publish_message_queues(&topic).await;
        let mut queues = queues.map_err(|error| self.failed(&error))?;
        // The same for every instance.
        queues.sort_by_key(|queue| (queue.broker_name().to_string(), queue.queue_id()));
        if queues.is_empty() {
            return Err(self.failed(&"the topic has no queue to write"));
        }
        let mut shares: Vec<Vec<Message>> = vec![Vec::new(); queues.len()];
        for Keyed { tag, key, body } in messages {
            let share = hash(&key) % shares.len() as u64;
            shares[share as usize].push(self.message(tag, &key, body));
        }
        for (queue, share) in queues.iter().zip(shares) {
            for batch in share.chunks(BATCH) {
                let sent = self
                    .inner
                    .send_batch_to_queue(batch.to_vec(), queue.clone());
                sent.await.map_err(|error| self.failed(&error))?;
            }
        }
        Ok(())
    }

    fn failed(&self, reason: &dyn std::fmt::Display) -> SendError {
        SendError {
            topic: self.topic.clone(),
            namesrv: self.namesrv.clone(),
            // The client does not tell what the broker said.
            reason: self.watch.unwritten().unwrap_or_else(|| reason.to_string()),
        }
    }

    fn message(&self, tag: &str, key: &str, body: Bytes) -> Message {
        Message::builder()
            .topic(self.topic.as_str())
            .tags(tag)
            .key(key)
            .body(body)
            .build_unchecked()
    }

    async fn deliver(&self, messages: Vec<Message>) -> Result<(), SendError> {
        let begin = Instant::now();
        loop {
            let Err(error) = self.inner.send_batch(messages.clone()).await else {
                return Ok(());
            };
            // Keys that may not write do not mend meanwhile.
            if begin.elapsed() > PATIENCE || self.watch.unwritten().is_some() {
                return Err(self.failed(&error));
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Says goodbye to the broker and ends the client's threads.
    pub async fn shutdown(mut self) {
        self.inner.shutdown().await;
        if let Some(client) = self.client.lock().await.take() {
            client.close().await;
        }
    }
}

/// FNV-1a: which queue a key has must never change, not even with a compiler.
fn hash(key: &str) -> u64 {
    key.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The notice as an MQTT service writes it, with the fields in its order.
fn body(event: &Event) -> Bytes {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Notice<'a> {
        client_id: &'a str,
        channel_id: &'a str,
        event_type: &'a str,
        time: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_ip: Option<&'a str>,
    }
    let notice = Notice {
        client_id: &event.client_id,
        channel_id: &event.channel_id,
        event_type: event.kind.as_str(),
        time: event.time,
        client_ip: event.client_ip.as_deref(),
    };
    let mut json = serde_json::to_string(&notice).expect("strings and a number are JSON");
    if let Some(inner) = event
        .extra
        .as_deref()
        .and_then(|extra| extra.trim().strip_prefix('{'))
    {
        json.pop();
        json.push(',');
        json.push_str(inner);
    }
    Bytes::from(json)
}
