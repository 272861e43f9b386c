//! Transitions as RocketMQ messages: the client id is the key, `online` or
//! `offline` the tag. A client's messages have one queue and keep their order.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::{Outlet, Refusal};
use crate::api::TransitionAnswer;
use crate::source::remoting::{Config, Keyed, Producer};
use crate::store::Numbered;

/// A topic.
pub(super) struct Rocketmq {
    config: Config,
    timeout: Duration,
    /// Made when it is needed, and anew after a fault.
    producer: tokio::sync::Mutex<Option<Producer>>,
}

impl Rocketmq {
    pub fn new(config: Config, timeout: Duration) -> Rocketmq {
        Rocketmq {
            config,
            timeout,
            producer: tokio::sync::Mutex::default(),
        }
    }

    async fn send(&self, messages: Vec<Keyed>) -> Result<(), String> {
        let mut kept = self.producer.lock().await;
        // Out of its place: one whose call is broken off is not used again.
        let (producer, config) = (kept.take(), self.config.clone());
        // On a task of its own: a panic of the client ends there. It ends too where
        // the time is over, for then another instance may send.
        let sending = AbortOnDropHandle::new(tokio::spawn(async move {
            let mut producer = match producer {
                Some(producer) => producer,
                None => Producer::start(&config).await?,
            };
            match producer.send_in_order(messages).await {
                Ok(()) => Ok(producer),
                Err(error) => {
                    producer.shutdown().await;
                    Err(error)
                }
            }
        }));
        match sending.await {
            Ok(Ok(producer)) => {
                *kept = Some(producer);
                Ok(())
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!(
                "the client of topic `{}` panicked",
                self.config.topic
            )),
        }
    }
}

#[async_trait]
impl Outlet for Rocketmq {
    async fn deliver(&self, batch: &[Numbered]) -> Result<(), Refusal> {
        let mut messages = Vec::with_capacity(batch.len());
        for numbered in batch {
            let answer = TransitionAnswer::from(numbered.clone());
            let body = serde_json::to_vec(&answer)
                .map_err(|error| Refusal::Never(format!("cannot be written as JSON: {error}")))?;
            messages.push(Keyed {
                tag: if answer.online { "online" } else { "offline" },
                key: answer.client_id,
                body: Bytes::from(body),
            });
        }
        match timeout(self.timeout, self.send(messages)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => Err(Refusal::later(reason)),
            Err(_) => Err(Refusal::later(format!(
                "topic `{}` does not answer in time",
                self.config.topic
            ))),
        }
    }

    async fn close(&self) {
        if let Some(producer) = self.producer.lock().await.take() {
            producer.shutdown().await;
        }
    }
}
