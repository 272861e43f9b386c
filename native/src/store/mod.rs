//! Where the state lives. Every store passes the suite in `store/conformance.rs`.

use async_trait::async_trait;
use mqtt_presence_core::event::Event;
use mqtt_presence_core::presence::{ChannelState, Client, Status, Transition};
use serde::{Deserialize, Serialize};

/// Where an event came from, for facts, transitions and the quarantine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The configured source: `remoting`, `grpc`, `http`, `file`, `fleet`.
    pub source: String,
    /// RocketMQ message id; the same over a redelivery.
    pub message_id: Option<String>,
    /// RocketMQ topic.
    pub topic: Option<String>,
    /// RocketMQ queue number.
    pub queue: Option<u32>,
    /// Offset in the queue, or in the file.
    pub offset: Option<u64>,
}

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
    /// Rejected records.
    pub poison: Vec<Poison>,
    /// How far each file source has read: key and value.
    pub checkpoints: Vec<(String, String)>,
    /// The clock at the commit, milliseconds since 1970.
    pub now: u64,
}

/// What a commit did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// The flips, in order, each with its id in the stream.
    pub transitions: Vec<Numbered>,
}

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
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Id of the newest transition, 0 when there is none.
    pub last_transition: u64,
}

/// Why a store did not do what it was asked; nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Worth trying again: locked, disk full, connection lost.
    #[error("{store}: {reason}; trying again")]
    Unavailable {
        /// Which store.
        store: &'static str,
        /// What it said.
        reason: String,
    },
    /// Will not mend by itself: a newer schema, a folder that is not writable at start.
    #[error("{store}: {reason}")]
    Unusable {
        /// Which store.
        store: &'static str,
        /// What is wrong and what to do.
        reason: String,
    },
}

/// A store of clients, transitions, the quarantine and checkpoints.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The name in the configuration.
    fn name(&self) -> &'static str;
    /// Joins the batch, durably, all or nothing.
    async fn commit(&self, batch: &Batch) -> Result<Committed, StoreError>;
    /// The clients of these ids, in the order asked; `None` for one never seen.
    async fn clients(&self, ids: &[String]) -> Result<Vec<Option<Client>>, StoreError>;
    /// A page of clients, stable under writes.
    async fn list(
        &self,
        selection: &Selection,
        now: u64,
    ) -> Result<Vec<(String, Client)>, StoreError>;
    /// Counts.
    async fn stats(&self, now: u64) -> Result<Stats, StoreError>;
    /// A client's transitions with `from <= observedAt < to`, oldest first, at most `limit` (the newest ones).
    async fn history(
        &self,
        id: &str,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<Vec<Numbered>, StoreError>;
    /// Transitions with an id greater than `after`, in order, at most `limit`.
    async fn transitions_after(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Numbered>, StoreError>;
    /// Id of the oldest transition still kept, 0 when there is none.
    async fn oldest_transition(&self) -> Result<u64, StoreError>;
    /// Quarantined records with an id greater than `after`, in order, at most `limit`.
    async fn quarantine(&self, after: u64, limit: usize) -> Result<Vec<Quarantined>, StoreError>;
    /// The checkpoint of this key.
    async fn checkpoint(&self, key: &str) -> Result<Option<String>, StoreError>;
    /// Drops what retention no longer keeps; returns how many channels went.
    async fn forget(&self, now: u64) -> Result<u64, StoreError>;
}
