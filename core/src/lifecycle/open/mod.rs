//! The channels that are open, for brokers whose closings name just the client.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Format;
use super::notice::{Change, Notice};
use crate::event::{Event, Kind};

mod compare;
mod watch;

pub use compare::Reconciled;

use watch::Watch;

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
    /// Who came and went since a list was asked for, until it is there.
    watch: Option<Watch>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Client {
    open: Option<Channel>,
    /// The last closing, so that the same line again means the same event.
    closed: Option<(Channel, Kind, u64)>,
    /// A connect has ended an older channel whose own notice may still come.
    taken: bool,
    /// Channels that a newer one replaced and whose own closings have not come:
    /// where those were lost, a list ends them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    older: Vec<Channel>,
    /// The last closing is that of a list: the broker's own may still come, of
    /// an earlier time.
    #[serde(default, skip_serializing_if = "is_false")]
    inferred: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Channel {
    id: String,
    since: u64,
    address: Option<String>,
    /// Its id was made of a list's entry: the broker's own notice may still
    /// come, and name another.
    #[serde(default, skip_serializing_if = "is_false")]
    guessed: bool,
}

/// Most channels of a client that wait for their own closings.
const OLDER: usize = 16;

const SUPERSEDED: &str = "synthetic: the client has a newer connection";
const RESTARTED: &str = "synthetic: the broker restarted";
const UNSEEN: &str = "the bridge did not see this connection begin";

impl Channel {
    /// One of this name, or of a made one.
    fn begun(client: &str, name: Option<String>, since: u64, address: Option<String>) -> Channel {
        let made = || made(client, address.as_deref().unwrap_or("?"), since);
        Channel {
            id: name.unwrap_or_else(made),
            since,
            address,
            guessed: false,
        }
    }
}

impl Client {
    fn ended(&mut self, channel: Channel, kind: Kind, time: u64) {
        self.closed = Some((channel, kind, time));
        self.inferred = false;
    }

    fn replaced(&mut self, channel: Channel) {
        if self.older.len() == OLDER {
            self.older.remove(0);
        }
        self.older.push(channel);
    }
}

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

    /// Whether anything was ever said of the client.
    pub(super) fn has_seen(&self, client: &str) -> bool {
        self.clients.contains_key(client)
    }

    /// Where the client's open channel comes from.
    pub(super) fn address(&self, client: &str) -> Option<&str> {
        let open = self.clients.get(client)?.open.as_ref()?;
        open.address.as_deref()
    }

    pub(super) fn apply(&mut self, format: Format, notice: Notice) -> Vec<Event> {
        if let Some(changed) = &mut self.changed {
            changed.insert(notice.client.clone());
        }
        if let Some(watch) = &mut self.watch {
            watch.note(&notice);
        }
        match notice.change {
            Change::Connect => self.connect(format, notice),
            _ => self.close(format, notice).into_iter().collect(),
        }
    }

    fn connect(&mut self, format: Format, notice: Notice) -> Vec<Event> {
        let named = notice.channel.is_some();
        let channel = Channel::begun(&notice.client, notice.channel, notice.time, notice.address);
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
        match client.open.take() {
            // Delivered again: what is open is the same or newer.
            Some(open) if open == channel || (open.since > channel.since && !open.guessed) => {
                client.open = Some(open);
                return vec![began];
            }
            // What a list told of, by the name that it would have had here.
            Some(open) if open.guessed && open.id == channel.id => {}
            // Its closing was lost or is late; a broker keeps one connection a client.
            Some(old) if !named || old.guessed => {
                let time = notice.time.max(old.since);
                events.push(event(
                    format,
                    &notice.client,
                    &old,
                    Kind::Tcpclean,
                    time,
                    None,
                    Some(SUPERSEDED),
                ));
                client.ended(old, Kind::Tcpclean, time);
                client.taken = !named;
            }
            Some(old) => client.replaced(old),
            None if client
                .closed
                .as_ref()
                .is_some_and(|(closed, ..)| closed.id == channel.id) =>
            {
                return vec![began];
            }
            None => {}
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
            client.older.retain(|older| older.id != id);
            let channel = Channel {
                id,
                since: notice.time,
                address: notice.address.clone(),
                guessed: false,
            };
            return Some(ended(&channel, None));
        }
        if notice.change == Change::TakenOver && std::mem::take(&mut client.taken) {
            return None;
        }
        match (client.open.take(), &client.closed) {
            (Some(open), _) if open.since <= notice.time => {
                let event = ended(&open, None);
                client.ended(open, kind, notice.time);
                Some(event)
            }
            (None, Some((closed, was, time))) if *was == kind && *time == notice.time => {
                Some(ended(closed, None))
            }
            // The broker's own word on what a list ended.
            (None, Some((closed, _, time))) if client.inferred && notice.time <= *time => {
                Some(ended(closed, None))
            }
            (None, _) => {
                let channel = Channel {
                    id: made(&notice.client, "?", notice.time),
                    since: notice.time,
                    address: notice.address.clone(),
                    guessed: false,
                };
                let event = ended(&channel, Some(UNSEEN));
                client.ended(channel, kind, notice.time);
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
            client.ended(open, Kind::Tcpclean, time);
            if let Some(changed) = &mut self.changed {
                changed.insert(id.clone());
            }
        }
        events
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
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
