//! What a source hands over.

use mqtt_presence_core::event::{Event, Record};
use tokio::sync::oneshot;

use super::budget::Charge;
use crate::store::{Origin, Poison};

/// What a source hands over at once: one listener call, one chunk of a file,
/// one request. It is committed as a whole.
#[derive(Debug, Default)]
pub struct Delivery {
    /// Accepted events in arrival order.
    pub events: Vec<(Event, Origin)>,
    /// Rejected records, for the quarantine.
    pub poison: Vec<Poison>,
    /// Ids of quarantined records that leave with this delivery.
    pub released: Vec<u64>,
    /// How far a file source has read with this delivery.
    pub checkpoint: Option<(String, String)>,
    /// Sent after the commit. Dropped without a word when the delivery was
    /// not committed: the source then leaves it for redelivery.
    pub committed: Option<oneshot::Sender<()>>,
    /// Its share of the intake's budget.
    pub(super) charge: Option<Charge>,
}

/// What an event takes beside its texts.
const EVENT_BYTES: usize = 256;

impl Delivery {
    /// A delivery of these events and rejected records.
    pub fn new(events: Vec<(Event, Origin)>, poison: Vec<Poison>) -> Delivery {
        Delivery {
            events,
            poison,
            ..Delivery::default()
        }
    }

    /// Adds a record: its event, or why there is none.
    pub fn push(&mut self, record: Record, origin: Origin) {
        match record.outcome {
            Ok(event) => self.events.push((event, origin)),
            Err(rejected) => self.poison.push(Poison {
                origin,
                code: rejected.code.as_str().to_owned(),
                field: rejected.field,
                message: rejected.message,
                raw: rejected.raw,
            }),
        }
    }

    /// Records in it, accepted and rejected.
    pub fn len(&self) -> usize {
        self.events.len() + self.poison.len()
    }

    /// Whether it holds no record; it may still move a checkpoint.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how much memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let origin = |origin: &Origin| {
            origin.source.len() + optional(&origin.message_id) + optional(&origin.topic)
        };
        let events = self.events.iter().map(|(event, from)| {
            EVENT_BYTES
                + event.client_id.len()
                + event.channel_id.len()
                + optional(&event.client_ip)
                + optional(&event.extra)
                + origin(from)
        });
        let poison = self.poison.iter().map(|poison| {
            EVENT_BYTES + poison.raw.len() + poison.message.len() + origin(&poison.origin)
        });
        events.chain(poison).sum()
    }
}
