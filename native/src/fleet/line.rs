//! An event as the MQTT service writes it.

use mqtt_presence_core::event::Event;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    client_id: &'a str,
    channel_id: &'a str,
    event_type: &'static str,
    time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_ip: Option<&'a str>,
}

/// The event as one line of NDJSON, without its line feed: the body of a
/// RocketMQ message. Ignored fields (`extra`) are left out.
pub fn to_json_line(event: &Event) -> String {
    let line = Line {
        client_id: &event.client_id,
        channel_id: &event.channel_id,
        event_type: event.kind.as_str(),
        time: event.time,
        client_ip: event.client_ip.as_deref(),
    };
    serde_json::to_string(&line).expect("strings and numbers always serialise")
}
