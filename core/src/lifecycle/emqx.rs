//! EMQX: `$SYS/brokers/NODE/clients/CLIENT/connected` and `…/disconnected`, and
//! the rule engine's `$events/client_connected` and `…_disconnected`.
//!
//! Format: EMQX documentation, "System Topic", "Client Online and Offline
//! Events"; and "SQL Data Sources and Fields" for the rule engine. The change
//! shows in the payload: `disconnected_at` is only in the second. Newer
//! versions repeat `connected_at` there, and then the channel is known.
//!
//! Its list is `GET /api/v5/clients?page=N&limit=M`. Format: EMQX documentation,
//! "REST API", <https://docs.emqx.com/en/emqx/latest/admin/api.html>, and the
//! schema of `apps/emqx_management/src/emqx_mgmt_api_clients.erl` (`fields(client)`,
//! `format_channel_info`): `connected_at` is the milliseconds of the notices,
//! written as RFC 3339; a client that is gone but whose session is kept is
//! there with `"connected": false`. `meta.hasnext` is always there in newer
//! versions, `meta.count` not with every filter.

use super::fields::Object;
use super::notice::{Change, Notice};
use super::page::{Connection, Page};
use super::timestamp::milliseconds;
use crate::event::quote;

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
    let channel = connected.map(|began| channel(&client, began));
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

fn channel(client: &str, connected_at: u64) -> String {
    format!("{client}@{connected_at}")
}

pub(super) fn page(body: &[u8]) -> Result<Page, String> {
    let page = Object::of(body)?;
    let data = page.json("data").ok_or("`data` is missing")?;
    let listed = Object::each(data.as_bytes(), connection)?;
    let meta = page.json("meta").map(|meta| Object::of(meta.as_bytes()));
    let meta = meta.transpose()?;
    let more = match &meta {
        None => false,
        Some(meta) => match meta.flag("hasnext") {
            Some(more) => more,
            None => {
                let number = |name| meta.number(name).map(|number| number.unwrap_or(0));
                number("page")?.saturating_mul(number("limit")?) < number("count")?
            }
        },
    };
    Ok(Page {
        connections: listed.into_iter().flatten().collect(),
        more,
    })
}

/// `None` for a session without a connection.
fn connection(entry: &Object) -> Result<Option<(String, Connection)>, String> {
    let client = entry.text("clientid")?;
    if entry.flag("connected") == Some(false) {
        return Ok(None);
    }
    let time = match entry.text_if_any("connected_at") {
        Some(text) => milliseconds(&text).ok_or_else(|| {
            format!(
                "`connected_at` is {}, not a time such as `2026-01-01T08:30:00.123+00:00`",
                quote(text.as_bytes())
            )
        })?,
        None => entry
            .number("connected_at")?
            .ok_or("`connected_at` is missing")?,
    };
    let connection = Connection {
        channel: Some(channel(&client, time)),
        time: Some(time),
        address: entry.text_if_any("ip_address"),
    };
    Ok(Some((client, connection)))
}

fn ending(reason: Option<&str>) -> Change {
    match reason {
        Some("normal") => Change::Disconnect,
        Some("takenover" | "takeovered" | "discarded") => Change::TakenOver,
        _ => Change::Tcpclean,
    }
}
