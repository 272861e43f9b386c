//! EMQX: `$SYS/brokers/NODE/clients/CLIENT/connected` and `…/disconnected`, and
//! the rule engine's `$events/client_connected` and `…_disconnected`.
//!
//! Format: EMQX documentation, "System Topic", "Client Online and Offline
//! Events"; and "SQL Data Sources and Fields" for the rule engine. The change
//! shows in the payload: `disconnected_at` is only in the second. Newer
//! versions repeat `connected_at` there, and then the channel is known.

use super::fields::Object;
use super::notice::{Change, Notice};

pub(super) fn read(payload: &[u8]) -> Result<Option<Notice>, String> {
    let object = Object::of(payload)?;
    let client = object.text("clientid")?;
    let connected = object.number("connected_at")?;
    let disconnected = object.number("disconnected_at")?;
    let reason = object.text_if_any("reason");
    let (change, time) = match (connected, disconnected) {
        (_, Some(time)) => (ending(reason.as_deref()), time),
        (Some(time), None) => (Change::Connect, time),
        (None, None) => return Err("neither `connected_at` nor `disconnected_at` is there".into()),
    };
    let channel = connected.map(|began| format!("{client}@{began}"));
    Ok(Some(Notice {
        client,
        change,
        time,
        address: object
            .text_if_any("peername")
            .or_else(|| object.text_if_any("ipaddress")),
        channel,
        reason,
    }))
}

fn ending(reason: Option<&str>) -> Change {
    match reason {
        Some("normal") => Change::Disconnect,
        Some("takenover" | "takeovered" | "discarded") => Change::TakenOver,
        _ => Change::Tcpclean,
    }
}
