//! Mosquitto: its log, with `log_dest topic` under `$SYS/broker/log/N`.
//!
//! Format: mosquitto.conf(5), `log_dest`, `log_timestamp` and
//! `connection_messages`; the wording is the broker's own of 1.6 to 2.1. Ids stand
//! unquoted, so a line is read from both ends: any id comes out whole.

mod said;
mod whose;

use super::notice::{Change, Notice};
use crate::event::quote;

pub(super) use whose::whose;

use said::{Said, said};

const CONNECTED: &str = "New client connected from ";
/// Whoever says in its CONNECT that it is another broker's bridge.
const BRIDGE: &str = "New bridge connected from ";
const CLIENT: &str = "Client ";
const BAD_SOCKET: &str = "Bad socket read/write on client ";
const SOCKET_ERROR: &str = "Socket error on client ";

/// A line's meaning; whose end it tells of is still to be seen by [`whose`].
pub(super) fn read(payload: &[u8], received: u64) -> Result<Option<Notice>, String> {
    let line = std::str::from_utf8(payload)
        .map_err(|_| format!("{} is not UTF-8", quote(payload)))?
        .trim_end_matches(['\r', '\n']);
    let (time, text) = timed(line, received);
    let began = text.strip_prefix(CONNECTED);
    if let Some(rest) = began.or_else(|| text.strip_prefix(BRIDGE)) {
        return connected(rest, time).map(Some).ok_or_else(|| cut(line));
    }
    let (client, change, reason) = if let Some(rest) = text.strip_prefix(CLIENT) {
        match said(rest).ok_or_else(|| cut(line))? {
            Said::Ended {
                client,
                change,
                reason,
            } => (client, change, reason),
            Said::Other => return Ok(None),
        }
    } else if let Some(client) = socket_error(text) {
        (client, Change::Tcpclean, "socket error")
    } else if let Some(rest) = text.strip_prefix(BAD_SOCKET) {
        // The system's words after the last colon hold none themselves.
        let (client, reason) = rest.rsplit_once(": ").ok_or_else(|| cut(line))?;
        (client, Change::Tcpclean, reason.trim_end_matches('.'))
    } else if text.starts_with(SOCKET_ERROR) {
        return Err(cut(line));
    } else {
        return Ok(None);
    };
    // Sockets that never became a client have no id, or the address in its place.
    if client == "<unknown>" {
        return Ok(None);
    }
    Ok(Some(Notice {
        client: client.to_owned(),
        change,
        time,
        address: None,
        channel: None,
        reason: Some(reason.to_owned()),
    }))
}

/// The seconds in front; another or no timestamp counts as the time of arrival.
fn timed(line: &str, received: u64) -> (u64, &str) {
    // What a client chooses for its id may look like a line with its timestamp.
    let begins = [CONNECTED, BRIDGE, CLIENT, BAD_SOCKET, SOCKET_ERROR]
        .iter()
        .any(|word| line.starts_with(word));
    match line.split_once(": ") {
        Some((stamp, text)) if !begins => {
            let seconds = stamp.parse::<u64>();
            let time = seconds.map_or(received, |seconds| seconds.saturating_mul(1_000));
            (time, text)
        }
        _ => (received, line),
    }
}

/// `ADDRESS as ID (p2, c1, k60, u'NAME').`: the address has no space, and what
/// a client chooses for its id ends before the last ` (p`.
fn connected(rest: &str, time: u64) -> Option<Notice> {
    let (address, rest) = rest.split_once(" as ")?;
    let (client, settings) = rest.rsplit_once(" (p")?;
    settings.strip_suffix(").")?;
    Some(Notice {
        client: client.to_owned(),
        change: Change::Connect,
        time,
        address: Some(address.to_owned()),
        channel: None,
        reason: None,
    })
}

/// `Socket error on client ID, disconnecting.` of 1.6, and how 2.0.0 put it.
fn socket_error(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(SOCKET_ERROR);
    rest.or_else(|| text.strip_prefix(BAD_SOCKET))?
        .strip_suffix(", disconnecting.")
}

fn cut(line: &str) -> String {
    format!(
        "{} is no complete line about a client",
        quote(line.as_bytes())
    )
}
