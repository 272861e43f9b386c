//! Whose end a line tells of: since 2.1.1 it names the connection's address too,
//! `ID [ADDRESS:PORT]`, and since 2.1.0 a socket that never became a client
//! stands there under its address.

use std::net::IpAddr;

use super::super::notice::{Change, Notice};
use super::super::open::Open;

/// The notice of a client that the line means, among those that are open;
/// `None` where none of them ended.
pub(in super::super) fn whose(notice: Notice, open: &Open) -> Option<Notice> {
    if notice.change == Change::Connect {
        return Some(notice);
    }
    let Some((client, address)) = split(&notice.client) else {
        let bare = notice.client.parse::<IpAddr>().is_ok();
        return (!bare || open.has_seen(&notice.client)).then_some(notice);
    };
    match open.address(client) {
        Some(its) if its == address => {}
        // Before 2.1.1 an id may look so.
        _ if open.has_seen(&notice.client) => return Some(notice),
        // Another connection under this id: one that was refused, or older.
        Some(_) => return None,
        None if address.rsplit_once(':').is_some_and(|(ip, _)| ip == client) => return None,
        None => {}
    }
    Some(Notice {
        client: client.to_owned(),
        address: Some(address.to_owned()),
        ..notice
    })
}

fn split(client: &str) -> Option<(&str, &str)> {
    let (client, address) = client.strip_suffix(']')?.rsplit_once(" [")?;
    let (_, port) = address.rsplit_once(':')?;
    port.parse::<u16>().is_ok().then_some((client, address))
}
