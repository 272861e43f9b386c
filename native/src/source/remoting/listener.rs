//! From the client's messages to a delivery.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::Duration;

use mqtt_presence_core::event::Limits;
use rocketmq_model::common::message::message_ext::MessageExt;
use rocketmq_model::common::message::message_queue::MessageQueue;
use tokio_util::sync::CancellationToken;

use super::holds::Holds;
use super::trace::{Gathering, Tracer, read_from};
use super::watch::Watch;
use super::{NAME, parcel};
use crate::pipeline::{Delivery, Intake, OnCommit};
use crate::source::message;
use crate::store::Origin;

/// The property that holds the id a producer gave a message; it stays the same
/// over a redelivery, while the broker's own id changes.
const UNIQUE_KEY: &str = "UNIQ_KEY";

/// How long a call takes whose messages are left where they are, so that the
/// client does not run through its queues meanwhile.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Listener {
    pub(super) topic: String,
    pub(super) limits: Limits,
    pub(super) intake: Intake,
    pub(super) watch: Arc<Watch>,
    pub(super) tracer: Option<Arc<Tracer>>,
    pub(super) holds: Arc<Holds>,
    /// The session is ending: what comes now is left for the next one.
    pub(super) stop: CancellationToken,
}

impl Listener {
    /// Hands the messages over as one delivery. They stay unacknowledged until
    /// that is committed, and for ever when it never is.
    pub(super) fn take(&self, queue: &MessageQueue, messages: &[&MessageExt]) {
        let from = read_from(queue.topic_str(), queue.broker_name(), queue.queue_id());
        let offsets = messages.iter().map(|message| message.queue_offset());
        let hold = self.holds.hold(from, offsets.min().unwrap_or(0));
        if self.stop.is_cancelled() {
            drop(hold);
            return sleep(PAUSE);
        }
        let mut delivery = Delivery::default();
        let tracer = self.tracer.as_ref();
        let mut traced = tracer.map(|tracer| tracer.call(queue, messages.len()));
        for message in messages {
            self.read(message, &mut delivery, traced.as_mut());
        }
        let hold = hold.traced(traced.map(Gathering::delivered));
        let committed = OnCommit::new(move || hold.committed());
        self.watch.in_flight.fetch_add(1, Ordering::Relaxed);
        let taken = self.intake.submit_blocking(delivery, committed);
        self.watch.in_flight.fetch_sub(1, Ordering::Relaxed);
        if taken.is_err() {
            sleep(PAUSE);
        }
    }

    fn read(&self, message: &MessageExt, delivery: &mut Delivery, traced: Option<&mut Gathering>) {
        let queue = u32::try_from(message.queue_id()).ok();
        if let Some(frames) = parcel::open(message) {
            for (offset, frame) in frames {
                let origin = self.origin(frame.unique_key, queue, offset);
                message::read(frame.body, origin, self.limits, delivery);
            }
            return;
        }
        let body = message.body().unwrap_or_default();
        let id = message
            .properties()
            .get(UNIQUE_KEY)
            .unwrap_or_else(|| message.msg_id());
        let origin = self.origin(id, queue, message.queue_offset());
        let (events, poison) = (delivery.events.len(), delivery.poison.len());
        message::read(&body, origin.clone(), self.limits, delivery);
        if let Some(traced) = traced {
            let rejected = delivery.poison.len() > poison;
            traced.add(message, &origin, &delivery.events[events..], rejected);
        }
    }

    fn origin(&self, id: &str, queue: Option<u32>, offset: i64) -> Origin {
        Origin {
            source: NAME.into(),
            message_id: Some(id.to_owned()),
            topic: Some(self.topic.clone()),
            queue,
            offset: u64::try_from(offset).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn what_is_left_at_the_end_is_not_waited_for() {
        let holds = Arc::new(Holds::default());
        let (intake, _deliveries) = Intake::new(1);
        let listener = Listener {
            topic: "T".to_owned(),
            limits: Limits::default(),
            intake,
            watch: Arc::new(Watch::new("T".to_owned(), "G".to_owned())),
            tracer: None,
            holds: Arc::clone(&holds),
            stop: CancellationToken::new(),
        };
        listener.stop.cancel();
        let queue = MessageQueue::from_parts("T", "b", 0);
        let calls = std::thread::spawn(move || {
            for _ in 0..5 {
                listener.take(&queue, &[&MessageExt::default()]);
            }
        });
        let left = read_from("T", "b", 0);
        while holds.stored(&left, 70) > 0 {
            tokio::task::yield_now().await;
        }
        let waited = timeout(PAUSE * 2, holds.settle()).await;
        assert!(waited.is_ok(), "the calls hold up the end");
        assert!(calls.join().is_ok());
    }
}
