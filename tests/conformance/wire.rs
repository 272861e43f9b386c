//! Events as the steps vectors write them, for every Rust program that runs them.

use mqtt_presence_core::event::{Event, Kind};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WireEvent {
    client_id: String,
    channel_id: String,
    event_type: Kind,
    time: u64,
    client_ip: Option<String>,
}

impl From<WireEvent> for Event {
    fn from(wire: WireEvent) -> Event {
        Event {
            client_id: wire.client_id,
            channel_id: wire.channel_id,
            kind: wire.event_type,
            time: wire.time,
            client_ip: wire.client_ip,
            extra: None,
        }
    }
}
