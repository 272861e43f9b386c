//! JSON objects whose field names and words the configuration gives.

use super::fields::Object;
use super::notice::{Change, Notice};
use super::page::{Connection, Page};
use crate::event::quote;

/// Names of fields, and the words that stand for the three kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The client's id.
    pub client: String,
    /// The kind of the change.
    pub kind: String,
    /// The word for a connection that began.
    pub connect: String,
    /// The word for a client's own goodbye.
    pub disconnect: String,
    /// The word for a connection that ended otherwise.
    pub tcpclean: String,
    /// Milliseconds since 1970; the time of arrival where it is absent.
    pub time: String,
    /// The connection; made up where it is absent.
    pub channel: String,
    /// The client's address.
    pub address: String,
    /// Where the array stands in a list that is an object.
    pub list: String,
}

impl Default for Fields {
    fn default() -> Fields {
        Fields {
            client: "clientId".into(),
            kind: "eventType".into(),
            connect: "connect".into(),
            disconnect: "disconnect".into(),
            tcpclean: "tcpclean".into(),
            time: "time".into(),
            channel: "channelId".into(),
            address: "clientIp".into(),
            list: "data".into(),
        }
    }
}

pub(super) fn read(
    fields: &Fields,
    payload: &[u8],
    received: u64,
) -> Result<Option<Notice>, String> {
    let object = Object::of(payload)?;
    let kind = object.text(&fields.kind)?;
    let change = if kind == fields.connect {
        Change::Connect
    } else if kind == fields.disconnect {
        Change::Disconnect
    } else if kind == fields.tcpclean {
        Change::Tcpclean
    } else {
        return Err(format!(
            "`{}` is {}, no known kind",
            fields.kind,
            quote(kind.as_bytes())
        ));
    };
    Ok(Some(Notice {
        client: object.text(&fields.client)?,
        change,
        time: object.number(&fields.time)?.unwrap_or(received),
        address: object.text_if_any(&fields.address),
        channel: object.name(&fields.channel)?,
        reason: None,
    }))
}

/// A list: an array of objects, or an object that has one.
pub(super) fn page(fields: &Fields, body: &[u8]) -> Result<Page, String> {
    let read = |entry: &Object| connection(fields, entry);
    let connections = if body.trim_ascii_start().starts_with(b"{") {
        let object = Object::of(body)?;
        let array = object
            .json(&fields.list)
            .ok_or_else(|| format!("`{}` is missing", fields.list))?;
        Object::each(array.as_bytes(), read)?
    } else {
        Object::each(body, read)?
    };
    Ok(Page {
        connections,
        more: false,
    })
}

fn connection(fields: &Fields, entry: &Object) -> Result<(String, Connection), String> {
    let connection = Connection {
        channel: entry.name(&fields.channel)?,
        time: entry.number(&fields.time)?,
        address: entry.text_if_any(&fields.address),
    };
    Ok((entry.text(&fields.client)?, connection))
}
