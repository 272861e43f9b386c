//! What `trace = true` does: each listener call is remembered for the service's
//! own `trace`, and written to the broker's trace topic as any RocketMQ client
//! does. Neither ever holds a message up.

use std::ops::Range;
use std::sync::Arc;

use mqtt_presence_core::event::Event;
use rocketmq_model::common::message::message_client_id_setter::MessageClientIDSetter;
use rocketmq_model::common::message::message_ext::MessageExt;
use rocketmq_model::common::message::message_queue::MessageQueue;

use super::Config;
use crate::clock;
use crate::store::Origin;
use crate::trace::{Message, Queue, Traces};

mod record;
mod writer;

use record::{Read, Record, Traced};
pub(super) use writer::TOPIC;
use writer::Writer;

/// Broker's properties: its region, and whether a message is traced.
const REGION: &str = "MSG_REGION";
const SWITCH: &str = "TRACE_ON";
/// Where a client reads what was given back to the broker.
pub(super) const RETRY: &str = "%RETRY%";

/// A queue, by what the client calls it.
pub(super) fn read_from(topic: &str, broker: &str, id: i32) -> Queue {
    Queue {
        broker: broker.to_owned(),
        retry: topic.contains(RETRY),
        id,
    }
}

/// Follows the messages of a source.
pub(super) struct Tracer {
    traces: Arc<Traces>,
    writer: Writer,
}

impl Tracer {
    pub(super) fn start(config: &Config, traces: Arc<Traces>) -> Tracer {
        Tracer {
            traces,
            writer: Writer::start(config),
        }
    }

    /// A listener call begins.
    pub(super) fn call(self: &Arc<Self>, queue: &MessageQueue, messages: usize) -> Gathering {
        Gathering {
            tracer: Arc::clone(self),
            queue: read_from(queue.topic_str(), queue.broker_name(), queue.queue_id()),
            messages: Vec::with_capacity(messages),
            read: Read::default(),
        }
    }

    /// The broker was told that all of this queue before `offset` is consumed;
    /// `topic` is the one that is read, the group's retry topic or the source's.
    pub(super) fn told(&self, topic: &str, broker: &str, queue: i32, offset: u64) {
        let queue = read_from(topic, broker, queue);
        self.traces.acknowledged(&queue, offset, clock::now());
    }

    /// Writes what is left, for some seconds at most.
    pub(super) async fn close(&self) {
        self.writer.close().await;
    }
}

/// A listener call whose messages are being read.
pub(super) struct Gathering {
    tracer: Arc<Tracer>,
    queue: Queue,
    messages: Vec<Message>,
    read: Read,
}

impl Gathering {
    /// A message with these events, and perhaps records for the quarantine.
    pub(super) fn add(
        &mut self,
        message: &MessageExt,
        origin: &Origin,
        events: &[(Event, Origin)],
        rejected: bool,
    ) {
        let id = origin.message_id.clone().unwrap_or_default();
        let property = |name: &str| message.properties().get(name).map(|text| text.as_str());
        let retries = u32::try_from(message.reconsume_times()).unwrap_or(0);
        if property(SWITCH) != Some("false") {
            if let Some(region) = property(REGION) {
                region.clone_into(&mut self.read.region);
            }
            self.read.messages.push(Traced {
                id: id.clone(),
                retries,
                keys: property("KEYS").unwrap_or_default().to_owned(),
            });
        }
        let mut clients: Vec<String> = Vec::with_capacity(1);
        for (event, _) in events {
            if clients.last() != Some(&event.client_id) {
                clients.push(event.client_id.clone());
            }
        }
        if clients.len() > 1 {
            clients.sort_unstable();
            clients.dedup();
        }
        self.messages.push(Message {
            message_id: id,
            topic: origin.topic.clone().unwrap_or_default(),
            queue: self.queue.clone(),
            offset: origin.offset.unwrap_or(0),
            retries,
            clients,
            rejected,
            born: u64::try_from(message.born_timestamp()).unwrap_or(0),
            stored: u64::try_from(message.store_timestamp()).unwrap_or(0),
        });
    }

    /// All are read, and go to the store.
    pub(super) fn delivered(mut self) -> Call {
        let now = clock::now();
        self.read.request = MessageClientIDSetter::create_uniq_id();
        self.read.began = now;
        let read = Arc::new(self.read);
        self.tracer.writer.offer(Record::Before(Arc::clone(&read)));
        Call {
            numbers: self.tracer.traces.delivered(self.messages, now),
            tracer: self.tracer,
            read,
        }
    }
}

/// A listener call whose messages are with the store.
pub(super) struct Call {
    tracer: Arc<Tracer>,
    numbers: Range<u64>,
    read: Arc<Read>,
}

impl Call {
    /// The store has them, or they are left to be read again.
    pub(super) fn ended(self, committed: bool) {
        let now = clock::now();
        if committed {
            self.tracer.traces.committed(self.numbers, now);
        } else {
            self.tracer.traces.returned(self.numbers, now);
        }
        self.tracer.writer.offer(Record::After {
            read: self.read,
            ended: now,
            committed,
        });
    }
}
