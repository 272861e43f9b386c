//! From the client's messages to a delivery, and back to an answer.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use mqtt_presence_core::event::Limits;
use rocketmq_model::common::message::message_ext::MessageExt;
use rocketmq_model::common::message::message_queue::MessageQueue;

use super::NAME;
use super::trace::{Gathering, Tracer};
use super::watch::Watch;
use crate::pipeline::{Delivery, Intake};
use crate::source::message;
use crate::store::Origin;

/// The property that holds the id a producer gave a message; it stays the same
/// over a redelivery, while the broker's own id changes.
const UNIQUE_KEY: &str = "UNIQ_KEY";

pub(super) struct Listener {
    pub(super) topic: String,
    pub(super) intake: Intake,
    pub(super) watch: Arc<Watch>,
    pub(super) tracer: Option<Arc<Tracer>>,
}

impl Listener {
    /// Hands the messages over as one delivery and waits for its commit.
    /// `false` when there was none: the client then gives the messages back
    /// to the broker, which sends them again after 10 s and more.
    pub(super) fn take(&self, queue: &MessageQueue, messages: &[&MessageExt]) -> bool {
        let mut delivery = Delivery::default();
        let tracer = self.tracer.as_ref();
        let mut traced = tracer.map(|tracer| tracer.call(queue, messages.len()));
        for message in messages {
            let body = message.body().unwrap_or_default();
            let origin = self.origin(message);
            let (events, poison) = (delivery.events.len(), delivery.poison.len());
            message::read(&body, &origin, Limits::default(), &mut delivery);
            if let Some(traced) = &mut traced {
                let rejected = delivery.poison.len() > poison;
                traced.add(message, &origin, &delivery.events[events..], rejected);
            }
        }
        let call = traced.map(Gathering::delivered);
        self.watch.in_flight.fetch_add(1, Ordering::Relaxed);
        let committed = self.intake.deliver_blocking(delivery).is_ok();
        self.watch.in_flight.fetch_sub(1, Ordering::Relaxed);
        if let Some(call) = call {
            call.ended(committed);
        }
        committed
    }

    fn origin(&self, message: &MessageExt) -> Origin {
        let id = message
            .properties()
            .get(UNIQUE_KEY)
            .unwrap_or_else(|| message.msg_id());
        Origin {
            source: NAME.to_owned(),
            message_id: Some(id.to_string()),
            topic: Some(self.topic.clone()),
            queue: u32::try_from(message.queue_id()).ok(),
            offset: u64::try_from(message.queue_offset()).ok(),
        }
    }
}
