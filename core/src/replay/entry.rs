//! One event of a recording, for people to look at.

use std::borrow::Cow;

use serde::Serialize;

use super::Replay;
use crate::event::Kind;

/// An accepted record with everything it said, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventEntry<'a> {
    /// Number of the record, from 1.
    pub record: u64,
    /// Line of its first byte, from 1.
    pub line: u64,
    /// Offset of its first byte in its file, from 0.
    pub offset: u64,
    /// Whose connection.
    pub client_id: &'a str,
    /// Which connection.
    pub channel_id: &'a str,
    /// What happened to it.
    pub event_type: Kind,
    /// Milliseconds since 1970.
    pub time: u64,
    /// `ip:port`, if the event had one.
    pub client_ip: Option<Cow<'a, str>>,
    /// The ignored fields as one JSON object, if there were any.
    pub extra: Option<&'a str>,
    /// Where there is more than one file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<&'a str>,
}

impl Replay {
    /// The event of a record; `None` if it was rejected or is beyond the end.
    pub fn event(&self, record: u64) -> Option<EventEntry<'_>> {
        let columns = &self.columns;
        let event = columns.events_within(record).checked_sub(1)?;
        (columns.record(event) == record).then(|| EventEntry {
            record,
            line: columns.line(event),
            offset: columns.offset(event),
            client_id: columns.clients.text(columns.client(event)),
            channel_id: columns.channels.text(columns.channel(event)),
            event_type: columns.kind(event),
            time: columns.time(event),
            client_ip: columns.client_ip(event),
            extra: columns.extra(event),
            file: self.file(record),
        })
    }
}
