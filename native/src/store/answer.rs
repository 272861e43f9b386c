//! What a store is asked and what it answers.

use mqtt_presence_core::presence::{ChannelState, Status, Transition};
use serde::{Deserialize, Serialize};

use super::Poison;

/// A transition with its id; ids grow without bound and are never reused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbered {
    /// Position in the stream of all transitions, from 1.
    pub id: u64,
    /// The flip.
    #[serde(flatten)]
    pub transition: Transition,
}

/// A quarantined record as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Position in the quarantine, from 1.
    pub id: u64,
    /// When it was put there.
    pub at: u64,
    /// The record.
    pub poison: Poison,
}

/// A page of clients in byte order of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only clients that read this.
    pub status: Option<Status>,
    /// Only ids that begin with this.
    pub prefix: String,
    /// Only ids greater than this: the last id of the page before.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Counts of `GET /v1/stats` that only the store knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Clients ever seen.
    pub clients: u64,
    /// Clients that read online.
    pub online: u64,
    /// Channels by state, in the order of [`ChannelState`].
    pub channels: Vec<(ChannelState, u64)>,
    /// Records kept in the quarantine.
    pub quarantined: u64,
    /// Records that left the quarantine because it was full.
    pub quarantine_dropped: u64,
    /// Id of the newest transition, 0 when there is none.
    pub last_transition: u64,
}
