//! Flips of a client's answer.

use serde::{Deserialize, Serialize};

use crate::event::{Event, Kind};

/// A client's answer flipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// Whose answer.
    pub client_id: String,
    /// The new answer.
    pub online: bool,
    /// Event time of the cause.
    pub time: u64,
    /// The caller's clock when it was applied.
    pub observed_at: u64,
    /// The event that did it.
    pub cause: Cause,
    /// Whether a list of connections told it, and no event.
    #[serde(default, skip_serializing_if = "is_false")]
    pub synthetic: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// The event that flipped an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// Its channel.
    pub channel_id: String,
    /// Its kind.
    pub event_type: Kind,
    /// Its RocketMQ message, if it came from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The topic of that message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The number of its queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<u32>,
    /// Its offset in the queue, or that of the event in its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

impl Transition {
    /// The flip to `online` that applying this event at `observed_at` caused.
    /// Where its message lies is for the caller to add.
    pub fn new(event: &Event, online: bool, observed_at: u64, message_id: Option<&str>) -> Self {
        Transition {
            client_id: event.client_id.clone(),
            online,
            time: event.time,
            observed_at,
            cause: Cause {
                channel_id: event.channel_id.clone(),
                event_type: event.kind,
                message_id: message_id.map(str::to_owned),
                topic: None,
                queue: None,
                offset: None,
            },
            synthetic: false,
        }
    }
}
