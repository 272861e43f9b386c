//! AWS IoT Core: `$aws/events/presence/connected/CLIENT` and `…/disconnected/CLIENT`.
//!
//! Format: AWS IoT Core Developer Guide, "Lifecycle events", "Connect/Disconnect
//! events". `sessionIdentifier` is one connection, so it is the channel.

use super::fields::Object;
use super::notice::{Change, Notice};
use crate::event::quote;

pub(super) fn read(payload: &[u8]) -> Result<Option<Notice>, String> {
    let object = Object::of(payload)?;
    let client = object.text("clientId")?;
    let reason = object.text_if_any("disconnectReason");
    let change = match object.text("eventType")?.as_str() {
        "connected" => Change::Connect,
        // Older messages have the flag without the reason.
        "disconnected" => match (reason.as_deref(), object.flag("clientInitiatedDisconnect")) {
            (Some("CLIENT_INITIATED_DISCONNECT"), _) | (None, Some(true)) => Change::Disconnect,
            _ => Change::Tcpclean,
        },
        other => {
            return Err(format!(
                "`eventType` is {}, neither `connected` nor `disconnected`",
                quote(other.as_bytes())
            ));
        }
    };
    Ok(Some(Notice {
        client,
        change,
        time: object
            .number("timestamp")?
            .ok_or("`timestamp` is missing")?,
        address: object.text_if_any("ipAddress"),
        channel: Some(object.text("sessionIdentifier")?),
        reason,
    }))
}
