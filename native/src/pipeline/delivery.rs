//! What a source hands over.

use std::fmt;

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
    /// Called after the commit. Dropped uncalled when the delivery was not
    /// committed: the source then leaves it for redelivery.
    pub committed: Option<OnCommit>,
    /// Its share of the intake's budget.
    pub(super) charge: Option<Charge>,
}

/// What is to be done once the store has a delivery.
pub struct OnCommit(Box<dyn FnOnce() + Send + Sync>);

impl OnCommit {
    /// Does this. Commits wait for it, so it should not take long.
    pub fn new(act: impl FnOnce() + Send + Sync + 'static) -> OnCommit {
        OnCommit(Box::new(act))
    }

    /// Tells whoever waits at the other end.
    pub(super) fn tell(waiting: oneshot::Sender<()>) -> OnCommit {
        OnCommit::new(|| {
            // A source that gave up waiting gets the delivery again.
            let _ = waiting.send(());
        })
    }

    /// The store has it.
    pub fn call(self) {
        (self.0)();
    }
}

impl fmt::Debug for OnCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnCommit")
    }
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
