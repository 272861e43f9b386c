//! How a line that begins with `Client ` goes on after the id.

use super::super::notice::Change;

/// Endings of 1.6, of 2.0 and of 2.1.0; later ones are [`explained`].
const ENDINGS: [(&str, Change); 16] = [
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
        " disconnected due to exceeding the receive maximum.",
        Change::Tcpclean,
    ),
    (
        " disconnected due to QoS too high or retain not supported.",
        Change::Tcpclean,
    ),
    (
        " disconnected due to using not allowed feature (QoS too high, retain not supported, or bad AUTH method).",
        Change::Tcpclean,
    ),
    (" disconnected, quota exceeded.", Change::Tcpclean),
    (" disconnected, topic alias invalid.", Change::Tcpclean),
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

/// Before an end that gets a line of its own, or before none.
const REMARKS: [&str; 4] = [
    " connected with too large Will payload",
    " has exceeded its receive-maximum quota. This behaviour must be fixed on the client.",
    " sent topic with invalid UTF-8, disconnecting.",
    " appears to be using TLS to connect to a non-TLS listener.",
];

pub(super) enum Said<'a> {
    Ended {
        client: &'a str,
        change: Change,
        reason: &'a str,
    },
    /// No client's connection ended.
    Other,
}

/// `None` for what Mosquitto does not say, such as a line that was cut.
pub(super) fn said(rest: &str) -> Option<Said<'_>> {
    if refused(rest) {
        return Some(Said::Other);
    }
    let ending = ENDINGS.iter().find_map(|(ending, change)| {
        Some(Said::Ended {
            client: rest.strip_suffix(ending)?,
            change: *change,
            reason: ending.trim_matches([' ', '.']),
        })
    });
    // An id may look like an end before a remark, or like no client before an end.
    ending
        .or_else(|| remark(rest).then_some(Said::Other))
        .or_else(|| explained(rest))
        .or_else(|| turned_away(rest).then_some(Said::Other))
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
fn explained(rest: &str) -> Option<Said<'_>> {
    let (client, reason) = rest.rsplit_once(" disconnected: ")?;
    let whole = match reason.strip_suffix('.') {
        Some(whole) => whole,
        // The library's words, which have no full stop since 2.1.
        None => Some(reason).filter(|reason| reason.starts_with("bad socket read/write: "))?,
    };
    Some(Said::Ended {
        client,
        change: Change::Tcpclean,
        reason: whole,
    })
}

fn remark(rest: &str) -> bool {
    REMARKS.iter().any(|remark| rest.ends_with(remark)) || too_large(rest) || negotiated(rest)
}

/// `connection from ADDRESS …`: no client yet.
fn turned_away(rest: &str) -> bool {
    let from = rest.strip_prefix("connection from ");
    from.and_then(|from| from.split_once(' '))
        .is_some_and(|(_, why)| {
            why == "denied access by tcpd."
                || why == "denied: max_connections exceeded."
                || why.starts_with("failed: ")
        })
}

/// `ID sent too large packet SIZE, disconnecting.`
fn too_large(rest: &str) -> bool {
    let said = rest.strip_suffix(", disconnecting.");
    said.and_then(|said| said.rsplit_once(" sent too large packet "))
        .is_some_and(|(_, size)| size.parse::<i64>().is_ok())
}

/// `ID negotiated VERSION cipher NAME`, of each client with TLS since 2.1.
fn negotiated(rest: &str) -> bool {
    rest.rsplit_once(" cipher ").is_some_and(|(said, cipher)| {
        let version = said.rsplit_once(" negotiated ");
        !cipher.contains(' ') && version.is_some_and(|(_, version)| !version.contains(' '))
    })
}
