//! What one commit takes and gives.

use mqtt_presence_core::event::Event;

use super::{Numbered, Origin};

/// A record that could not be applied, as it goes to the quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poison {
    /// Where it came from.
    pub origin: Origin,
    /// Stable code of section 1, as text.
    pub code: String,
    /// The field at fault.
    pub field: Option<String>,
    /// The sentence.
    pub message: String,
    /// The raw bytes of the message or record.
    pub raw: Vec<u8>,
}

/// What one commit writes: all of it or nothing.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Accepted events in arrival order.
    pub events: Vec<(Event, Origin)>,
    /// Rejected records. One with the message id, code and bytes of a record
    /// that is in the quarantine already is a redelivery and not kept twice.
    pub poison: Vec<Poison>,
    /// Ids of quarantined records that leave the quarantine, because their
    /// bytes were read after all. One that has left before is no error.
    pub released: Vec<u64>,
    /// How far each file source has read: key and value.
    pub checkpoints: Vec<(String, String)>,
    /// The clock at the commit, milliseconds since 1970.
    pub now: u64,
}

impl Batch {
    /// Whether there is nothing to write but perhaps events that change nothing.
    pub fn is_events_only(&self) -> bool {
        self.poison.is_empty() && self.released.is_empty() && self.checkpoints.is_empty()
    }
}

/// What a commit did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The flips, in order, each with its id in the stream.
    pub transitions: Vec<Numbered>,
}
