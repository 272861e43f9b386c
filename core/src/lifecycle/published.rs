//! Messages as `mosquitto_sub -F %j` or `%J` records them: topic, time and payload.
//!
//! Format: mosquitto_sub(1), "Output format". The payload is a string with
//! `%j` and JSON itself with `%J`.

use super::Format;
use super::fields::Object;
use super::timestamp::milliseconds;

/// One message and where and when it came.
pub(super) struct Published {
    pub topic: String,
    pub payload: Vec<u8>,
    /// Milliseconds since 1970.
    pub time: u64,
}

/// The message that an object is a record of; `None` for any other object.
pub(super) fn read(raw: &[u8]) -> Option<Published> {
    if !raw.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let object = Object::of(raw).ok()?;
    let payload = object.text_if_any("payload");
    Some(Published {
        time: milliseconds(&object.text_if_any("tst")?)?,
        topic: object.text_if_any("topic")?,
        payload: match payload {
            Some(text) => text.into_bytes(),
            None => object.json("payload")?.as_bytes().to_vec(),
        },
    })
}

/// Whose message an object is a record of, as its topic says.
pub(super) fn format(object: &Object) -> Option<Format> {
    if !object.has("tst") || !object.has("payload") {
        return None;
    }
    let topic = object.text_if_any("topic")?;
    let last = topic.rsplit('/').next().unwrap_or_default();
    match last {
        _ if topic.starts_with("$aws/events/presence/") => Some(Format::Aws),
        _ if topic.starts_with("$SYS/broker/log/") => Some(Format::Mosquitto),
        "connected" | "disconnected" if topic.starts_with("$SYS/brokers/") => Some(Format::Emqx),
        "client_connected" | "client_disconnected" => Some(Format::Emqx),
        "on_register" | "on_client_gone" | "on_client_offline" => Some(Format::Vernemq),
        _ => None,
    }
}
