//! The rule: which channels of a client are live, and so whether it is online.
//!
//! A [`Client`] is everything known of one client id. Stores keep clients as
//! they like, hand one to [`Client::apply`] with each event and write it back;
//! [`Presence`] is the map of all clients in memory.
//!
//! Events join into slots, so they may come twice, late, in any order and
//! through any number of instances; the state of a channel and the answer of a
//! client are derived from the slots each time they are asked for.

mod answer;
mod batch;
mod channel;
mod channels;
mod client;
mod client_row;
mod client_rows;
mod clients;
mod column;
mod explain;
mod forget;
mod merge;
mod options;
mod packed;
mod quote;
mod reason;
mod reconcile;
mod row;
mod rows;
mod side;
mod six;
mod snapshot;
mod state;
mod table;
mod transition;
mod wide;

pub use answer::{ChannelAnswer, SlotAnswer};
pub use channel::{Channel, Fact};
pub use client::{Applied, Client, Last};
pub use clients::{ClientAnswer, Presence, PresenceStats};
pub use explain::{Explain, ExplainedChannel, ExplainedSlot};
pub use options::{Closing, Options};
pub use reconcile::{Listed, RECONCILED, repair};
pub use snapshot::SnapshotError;
pub use state::{ChannelState, Counts, Status};
pub use transition::{Cause, Transition};
