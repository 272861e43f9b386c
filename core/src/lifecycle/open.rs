//! The channels that are open, for brokers whose closings name just the client.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Format;
use super::notice::{Change, Notice};
use crate::event::{Event, Kind};

/// What is open, client by client, and each client's last closing. Grows with
/// the clients ever seen.
///
/// To keep it over a restart, one made by [`Open::kept`] notes which clients
/// have changed; what is known of one is JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    clients: BTreeMap<String, Client>,
    /// Those that changed since somebody asked, where somebody asks.
    changed: Option<BTreeSet<String>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Client {
    open: Option<Channel>,
    /// The last closing, so that the same line again means the same event.
    closed: Option<(Channel, Kind, u64)>,
    /// A connect has ended an older channel whose own notice may still come.
    taken: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Channel {
    id: String,
    since: u64,
    address: Option<String>,
}

const SUPERSEDED: &str = "synthetic: the client has a newer connection";
const RESTARTED: &str = "synthetic: the broker restarted";
const UNSEEN: &str = "the bridge did not see this connection begin";

impl Open {
    /// One whose changes are asked for.
    pub fn kept() -> Open {
        Open {
            changed: Some(BTreeSet::new()),
            ..Open::default()
        }
    }

    /// Takes back what [`Adapter::changed`](super::Adapter::changed) gave of a client.
    ///
    /// # Errors
    /// The JSON is of another shape.
    pub fn restore(&mut self, client: String, json: &str) -> Result<(), serde_json::Error> {
        self.clients.insert(client, serde_json::from_str(json)?);
        Ok(())
    }

    /// Clients that changed since the last call, each with its JSON.
    pub(super) fn changed(&mut self) -> Vec<(String, String)> {
        let changed = self.changed.as_mut().map(std::mem::take);
        let json = |id: String| {
            let client = self.clients.get(&id)?;
            Some((id, serde_json::to_string(client).ok()?))
        };
        changed
            .unwrap_or_default()
            .into_iter()
            .filter_map(json)
            .collect()
    }

    /// How many channels are open.
    pub fn len(&self) -> usize {
        self.clients
            .values()
            .filter(|client| client.open.is_some())
            .count()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn apply(&mut self, format: Format, notice: Notice) -> Vec<Event> {
        if let Some(changed) = &mut self.changed {
            changed.insert(notice.client.clone());
        }
        match notice.change {
            Change::Connect => self.connect(format, notice),
            _ => self.close(format, notice).into_iter().collect(),
        }
    }

    fn connect(&mut self, format: Format, notice: Notice) -> Vec<Event> {
        let named = notice.channel.is_some();
        let channel = Channel {
            id: notice.channel.unwrap_or_else(|| {
                let address = notice.address.as_deref().unwrap_or("?");
                made(&notice.client, address, notice.time)
            }),
            since: notice.time,
            address: notice.address,
        };
        let began = event(
            format,
            &notice.client,
            &channel,
            Kind::Connect,
            notice.time,
            None,
            None,
        );
        let mut events = Vec::new();
        let client = self.clients.entry(notice.client.clone()).or_default();
        match &client.open {
            // Delivered again: what is open is the same or newer.
            Some(open) if *open == channel || open.since > channel.since => return vec![began],
            // Its closing was lost or is late; a broker keeps one connection a client.
            Some(old) if !named => {
                let time = notice.time.max(old.since);
                events.push(event(
                    format,
                    &notice.client,
                    old,
                    Kind::Tcpclean,
                    time,
                    None,
                    Some(SUPERSEDED),
                ));
                client.closed = Some((old.clone(), Kind::Tcpclean, time));
                client.taken = true;
            }
            _ if client
                .closed
                .as_ref()
                .is_some_and(|(closed, ..)| *closed == channel) =>
            {
                return vec![began];
            }
            _ => {}
        }
        client.open = Some(channel);
        events.push(began);
        events
    }

    fn close(&mut self, format: Format, notice: Notice) -> Option<Event> {
        let kind = match notice.change {
            Change::Disconnect => Kind::Disconnect,
            _ => Kind::Tcpclean,
        };
        let reason = notice.reason.as_deref();
        let client = self.clients.entry(notice.client.clone()).or_default();
        let ended = |channel: &Channel, remark| {
            event(
                format,
                &notice.client,
                channel,
                kind,
                notice.time,
                reason,
                remark,
            )
        };
        if let Some(id) = notice.channel {
            if client.open.as_ref().is_some_and(|open| open.id == id) {
                client.open = None;
            }
            let channel = Channel {
                id,
                since: notice.time,
                address: notice.address.clone(),
            };
            return Some(ended(&channel, None));
        }
        if notice.change == Change::TakenOver && std::mem::take(&mut client.taken) {
            return None;
        }
        match (client.open.take(), &client.closed) {
            (Some(open), _) if open.since <= notice.time => {
                let event = ended(&open, None);
                client.closed = Some((open, kind, notice.time));
                Some(event)
            }
            (None, Some((closed, was, time))) if *was == kind && *time == notice.time => {
                Some(ended(closed, None))
            }
            (None, _) => {
                let channel = Channel {
                    id: made(&notice.client, "?", notice.time),
                    since: notice.time,
                    address: notice.address.clone(),
                };
                let event = ended(&channel, Some(UNSEEN));
                client.closed = Some((channel, kind, notice.time));
                Some(event)
            }
            // Older than what is open, so delivered again.
            (newer, _) => {
                client.open = newer;
                None
            }
        }
    }

    pub(super) fn end_before(&mut self, format: Format, started: u64, now: u64) -> Vec<Event> {
        let mut events = Vec::new();
        for (id, client) in &mut self.clients {
            let Some(open) = client.open.take_if(|open| open.since < started) else {
                continue;
            };
            let time = now.max(open.since);
            events.push(event(
                format,
                id,
                &open,
                Kind::Tcpclean,
                time,
                None,
                Some(RESTARTED),
            ));
            client.closed = Some((open, Kind::Tcpclean, time));
            if let Some(changed) = &mut self.changed {
                changed.insert(id.clone());
            }
        }
        events
    }
}

/// Longest channel id, in bytes.
const LONGEST: usize = 1_024;

fn made(client: &str, address: &str, time: u64) -> String {
    let end = format!("@{address}@{time}");
    let mut keep = client.len().min(LONGEST.saturating_sub(end.len()));
    while !client.is_char_boundary(keep) {
        keep -= 1;
    }
    format!("{}{end}", &client[..keep])
}

fn event(
    format: Format,
    client: &str,
    channel: &Channel,
    kind: Kind,
    time: u64,
    reason: Option<&str>,
    remark: Option<&str>,
) -> Event {
    let mut extra = format!("{{\"adapter\":\"{format}\"");
    for (name, text) in [("reason", reason), ("remark", remark)] {
        if let Some(Ok(json)) = text.map(serde_json::to_string) {
            extra.push_str(&format!(",\"{name}\":{json}"));
        }
    }
    extra.push('}');
    Event {
        client_id: client.to_owned(),
        channel_id: channel.id.clone(),
        kind,
        time,
        client_ip: channel.address.clone(),
        extra: Some(extra),
    }
}
