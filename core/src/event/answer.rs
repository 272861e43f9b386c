//! Records as JSON shows them, wherever an embedding hands them out.

use serde::Serialize;

use super::{Code, Event, Kind, Place, Record, Rejected};

/// Records that were read: those accepted and those rejected, each in order.
#[derive(Debug, Default, Serialize)]
pub struct Records {
    /// Accepted records.
    pub events: Vec<EventAnswer>,
    /// Rejected records.
    pub errors: Vec<RejectedAnswer>,
}

impl Records {
    /// Adds the next record.
    pub fn push(&mut self, Record { place, outcome }: Record) {
        match outcome {
            Ok(event) => self.events.push(EventAnswer::new(place, event)),
            Err(rejected) => self.errors.push(RejectedAnswer::new(place, *rejected)),
        }
    }
}

/// An accepted record; keys in the order of `tests/conformance/parse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventAnswer {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// Whose connection.
    pub client_id: String,
    /// Which connection.
    pub channel_id: String,
    /// What happened to it.
    pub event_type: Kind,
    /// Milliseconds since 1970.
    pub time: u64,
    /// `ip:port`, if the event had one.
    pub client_ip: Option<String>,
    /// The ignored fields as one JSON object, if there were any.
    pub extra: Option<String>,
}

impl EventAnswer {
    fn new(place: Place, event: Event) -> EventAnswer {
        EventAnswer {
            place,
            client_id: event.client_id,
            channel_id: event.channel_id,
            event_type: event.kind,
            time: event.time,
            client_ip: event.client_ip,
            extra: event.extra,
        }
    }
}

/// A rejected record; keys in the order of a report's errors.
#[derive(Debug, Serialize)]
pub struct RejectedAnswer {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// Stable code.
    pub code: Code,
    /// The field at fault, if it is one.
    pub field: Option<String>,
    /// A sentence.
    pub message: String,
}

impl RejectedAnswer {
    /// What is shown of a rejected record.
    pub fn new(place: Place, rejected: Rejected) -> RejectedAnswer {
        RejectedAnswer {
            place,
            code: rejected.code,
            field: rejected.field,
            message: rejected.message,
        }
    }
}
