//! One client as it was believed to be and as it was, at a cursor.

use std::borrow::Cow;

use serde::Serialize;

use super::answer::States;
use super::joined::Slots;
use super::{Anomaly, Cursor, Replay, View, anomaly};
use crate::event::Kind;
use crate::presence::{ChannelState, Closing, Explain, Status};

/// Everything about one client.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection<'a> {
    /// Its id.
    pub client_id: &'a str,
    /// After the cursor's records.
    pub believed: Explanation<'a>,
    /// At the cursor's time.
    pub actual: Explanation<'a>,
    /// Every channel of the recording, in byte order.
    pub channels: Vec<InspectedChannel<'a>>,
    /// By record, then kind.
    pub anomalies: Vec<Anomaly<'a>>,
}

/// Why a client reads as it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation<'a> {
    /// What it reads.
    pub status: Status,
    /// `never_seen`, `live`, `superseded`, `closed_by_disconnect`,
    /// `closed_by_tcpclean` or `orphan`.
    pub reason: &'static str,
    /// The channel that decides.
    pub channel_id: Option<&'a str>,
    /// The record that decides.
    pub record: Option<u64>,
    /// The sentence.
    pub sentence: String,
}

/// A channel on both axes; its slots are those of the whole recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectedChannel<'a> {
    /// Its id.
    pub channel_id: &'a str,
    /// `None` where no event of it had arrived.
    pub believed: Option<ChannelState>,
    /// `None` before its first event.
    pub actual: Option<ChannelState>,
    /// That it began.
    pub connect: Option<SlotEntry<'a>>,
    /// That the client sent DISCONNECT.
    pub disconnect: Option<SlotEntry<'a>>,
    /// That the TCP connection ended.
    pub tcpclean: Option<SlotEntry<'a>>,
}

/// What a slot holds, and the record that said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SlotEntry<'a> {
    /// Event time in milliseconds since 1970.
    pub time: u64,
    /// `ip:port`, if the event had one.
    pub client_ip: Option<Cow<'a, str>>,
    /// Number of the record, from 1.
    pub record: u64,
}

impl Replay {
    /// A client at a cursor; `None` for a number that no client has.
    pub fn inspect(&self, client: u32, cursor: Cursor) -> Option<Inspection<'_>> {
        if client as usize >= self.columns.clients.len() {
            return None;
        }
        let (believed, believed_states) = self.explanation(client, View::After(cursor.record));
        let (actual, actual_states) = self.explanation(client, View::At(cursor.time));
        let channels = self.slots_of(client, View::Whole).into_iter();
        let scene = self.scene(client, self.columns.len());
        Some(Inspection {
            client_id: self.columns.clients.text(client),
            channels: channels
                .map(|(channel, slots)| InspectedChannel {
                    channel_id: self.columns.channels.text(channel),
                    believed: self.state_in(&believed_states, channel),
                    actual: self.state_in(&actual_states, channel),
                    connect: self.slot(slots, Kind::Connect),
                    disconnect: self.slot(slots, Kind::Disconnect),
                    tcpclean: self.slot(slots, Kind::Tcpclean),
                })
                .collect(),
            anomalies: anomaly::find(&scene)
                .iter()
                .map(|found| self.found(found))
                .collect(),
            believed,
            actual,
        })
    }

    /// The client's entry of the report on the whole recording, as JSON.
    pub fn client_json(&self, client: u32) -> Option<String> {
        if client as usize >= self.columns.clients.len() {
            return None;
        }
        let mut states = States::default();
        let slots = self.slots_of(client, View::Whole);
        let status = states.derive(self, slots.iter().copied());
        let found = anomaly::find(&self.scene(client, self.columns.len()));
        let entry = self.client_entry(client, status, &states, &found);
        serde_json::to_string(&entry).ok()
    }

    fn explanation(&self, client: u32, view: View) -> (Explanation<'_>, States) {
        let columns = &self.columns;
        let mut states = States::default();
        let status = states.derive(self, self.slots_of(client, view).into_iter());
        let id = columns.clients.text(client);
        let rule = &self.options.rule;
        let sentence = Explain::new(id, self.client(id, view).as_ref(), rule, 0).reason;
        let (reason, event) = self.decides(&states);
        let explanation = Explanation {
            status,
            reason,
            channel_id: event.map(|event| columns.channels.text(columns.channel(event))),
            record: event.map(|event| columns.record(event)),
            sentence,
        };
        (explanation, states)
    }

    /// What decides the answer, in the order in which the sentence looks for it.
    fn decides(&self, states: &States) -> (&'static str, Option<u32>) {
        let columns = &self.columns;
        let newest = |wanted: ChannelState| {
            let of_state = states
                .channels
                .iter()
                .filter(|(.., state)| *state == wanted);
            of_state
                .filter_map(|(channel, slots, _)| Some((slots.get(Kind::Connect)?, channel)))
                .max_by_key(|(event, channel)| {
                    (columns.time(*event), columns.channels.text(**channel))
                })
                .map(|(event, _)| event)
        };
        if let Some(event) = newest(ChannelState::Live) {
            return ("live", Some(event));
        }
        if let Some(event) = newest(ChannelState::Superseded) {
            return ("superseded", Some(event));
        }
        // Every closing of an orphan was seen without its connect.
        let policy = self.options.rule.closing;
        let last = |wanted: ChannelState, policy: Closing| {
            let of_state = states
                .channels
                .iter()
                .filter(|(.., state)| *state == wanted);
            of_state
                .filter_map(|(channel, slots, _)| Some((self.closing(*slots, policy)?, channel)))
                .max_by_key(|(event, channel)| {
                    (columns.time(*event), columns.channels.text(**channel))
                })
                .map(|(event, _)| event)
        };
        if let Some(event) = last(ChannelState::Closed, policy) {
            let reason = match columns.kind(event) {
                Kind::Disconnect => "closed_by_disconnect",
                _ => "closed_by_tcpclean",
            };
            return (reason, Some(event));
        }
        match last(ChannelState::Orphan, Closing::Any) {
            Some(event) => ("orphan", Some(event)),
            None => ("never_seen", None),
        }
    }

    /// The first closing that counts.
    fn closing(&self, slots: Slots, policy: Closing) -> Option<u32> {
        [Kind::Disconnect, Kind::Tcpclean]
            .into_iter()
            .filter(|kind| policy.closes(*kind))
            .filter_map(|kind| slots.get(kind))
            .min_by_key(|event| self.columns.time(*event))
    }

    /// The channel's state in a view; the states stand in byte order of ids.
    fn state_in(&self, states: &States, channel: u32) -> Option<ChannelState> {
        let id = |channel: u32| self.columns.channels.text(channel);
        let found = states
            .channels
            .binary_search_by(|(other, ..)| id(*other).cmp(id(channel)));
        Some(states.channels[found.ok()?].2)
    }

    fn slot(&self, slots: Slots, kind: Kind) -> Option<SlotEntry<'_>> {
        slots.get(kind).map(|event| SlotEntry {
            time: self.columns.time(event),
            client_ip: self.columns.client_ip(event),
            record: self.columns.record(event),
        })
    }
}
