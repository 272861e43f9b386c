//! VerneMQ: the bodies of its webhooks `on_register`, `on_client_gone` and
//! `on_client_offline`, under a topic that ends with the hook's name.
//!
//! Format: VerneMQ documentation, "Webhooks". They carry no time, so the time
//! of arrival is taken, and no reason.

use super::fields::Object;
use super::notice::{Change, Notice};
use crate::event::quote;

pub(super) fn read(topic: &str, payload: &[u8], received: u64) -> Result<Option<Notice>, String> {
    let change = match topic.rsplit('/').next().unwrap_or_default() {
        "on_register" => Change::Connect,
        "on_client_gone" | "on_client_offline" => Change::Tcpclean,
        other => {
            return Err(format!(
                "the topic ends with {}, which is no known hook",
                quote(other.as_bytes())
            ));
        }
    };
    let object = Object::of(payload)?;
    let address = match (object.text_if_any("peer_addr"), object.number("peer_port")?) {
        (Some(address), Some(port)) => Some(format!("{address}:{port}")),
        (address, _) => address,
    };
    Ok(Some(Notice {
        client: object.text("client_id")?,
        change,
        time: received,
        address,
        channel: None,
        reason: None,
    }))
}
