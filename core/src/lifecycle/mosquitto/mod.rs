//! Mosquitto: its log, with `log_dest topic` under `$SYS/broker/log/N`.
//!
//! Format: mosquitto.conf(5), `log_dest`, `log_timestamp` and
//! `connection_messages`; the wording is the broker's own of 1.6 to 2.1. Ids stand
//! unquoted, so a line is read from both ends: any id comes out whole.

mod whose;

use super::notice::{Change, Notice};
use crate::event::quote;

pub(super) use whose::whose;

const CONNECTED: &str = "New client connected from ";
const CLIENT: &str = "Client ";
const BAD_SOCKET: &str = "Bad socket read/write on client ";
const SOCKET_ERROR: &str = "Socket error on client ";

/// How a line about a client's end goes on after its id.
const ENDINGS: [(&str, Change); 12] = [
    (
        " already connected, closing old connection.",
        Change::TakenOver,
    ),
    (" disconnected, session taken over.", Change::TakenOver),
    (" disconnected.", Change::Disconnect),
    (" closed its connection.", Change::Tcpclean),
    (" has exceeded timeout, disconnecting.", Change::Tcpclean),
    (
        " been disconnected by administrative action.",
        Change::Tcpclean,
    ),
    (" disconnected due to malformed packet.", Change::Tcpclean),
    (" disconnected due to protocol error.", Change::Tcpclean),
    (" disconnected due to oversize packet.", Change::Tcpclean),
    (" disconnected due to oversize payload.", Change::Tcpclean),
    (" disconnected due to out of memory.", Change::Tcpclean),
    (
        " disconnected due to QoS too high or retain not supported.",
        Change::Tcpclean,
    ),
];

/// Why a login was refused, of 1.6, of 2.0 and of 2.1. Since 2.0.13 such a line
/// names the client whose id was asked for, whose own connection stays. A
/// client that is logged out later just `disconnected`.
const REFUSED: [&str; 11] = [
    "no longer authorised",
    "not authorised",
    "bad authentication method",
    "bad username or password",
    "client banned",
    "client identifier not valid",
    "connection rate exceeded",
    "implementation specific error",
    "non-matching http origin",
    "server busy",
    "server unavailable",
];

/// A line's meaning; whose end it tells of is still to be seen by [`whose`].
pub(super) fn read(payload: &[u8], received: u64) -> Result<Option<Notice>, String> {
    let line = std::str::from_utf8(payload)
        .map_err(|_| format!("{} is not UTF-8", quote(payload)))?
        .trim_end_matches(['\r', '\n']);
    let (time, text) = timed(line, received);
    if let Some(rest) = text.strip_prefix(CONNECTED) {
        return connected(rest, time).map(Some).ok_or_else(|| cut(line));
    }
    let (client, change, reason) = if let Some(rest) = text.strip_prefix(CLIENT) {
        let ending = ENDINGS.iter().find_map(|(ending, change)| {
            Some((
                rest.strip_suffix(ending)?,
                *change,
                ending.trim_matches([' ', '.']),
            ))
        });
        match ending.or_else(|| explained(rest)) {
            _ if refused(rest) => return Ok(None),
            Some(ending) => ending,
            None if rest.contains(" connected with too large Will payload") => return Ok(None),
            None => return Err(cut(line)),
        }
    } else if let Some(rest) = text.strip_prefix(BAD_SOCKET) {
        // The system's words after the last colon hold none themselves.
        let (client, reason) = rest.rsplit_once(": ").ok_or_else(|| cut(line))?;
        (client, Change::Tcpclean, reason.trim_end_matches('.'))
    } else if let Some(rest) = text.strip_prefix(SOCKET_ERROR) {
        let client = rest
            .strip_suffix(", disconnecting.")
            .ok_or_else(|| cut(line))?;
        (client, Change::Tcpclean, "socket error")
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
    let begins = [CONNECTED, CLIENT, BAD_SOCKET, SOCKET_ERROR]
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

/// `ID disconnected, REASON.`, since 2.1.1 with a colon.
fn refused(rest: &str) -> bool {
    let why = rest.strip_suffix('.').unwrap_or_default();
    REFUSED.iter().any(|refusal| {
        let said = why.strip_suffix(refusal);
        said.is_some_and(|said| {
            [" disconnected, ", " disconnected: "]
                .iter()
                .any(|end| said.ends_with(end))
        })
    })
}

/// `ID disconnected: REASON.`
fn explained(rest: &str) -> Option<(&str, Change, &str)> {
    let (client, reason) = rest.rsplit_once(" disconnected: ")?;
    let whole = match reason.strip_suffix('.') {
        Some(whole) => whole,
        // The library's words, which have no full stop since 2.1.
        None => Some(reason).filter(|reason| reason.starts_with("bad socket read/write: "))?,
    };
    Some((client, Change::Tcpclean, whole))
}

fn cut(line: &str) -> String {
    format!(
        "{} is no complete line about a client",
        quote(line.as_bytes())
    )
}
