//! The answer of `mqtt-presence replay`; it serialises to the JSON of the
//! contract, keys in that order.

use std::borrow::Cow;

use serde::Serialize;

use super::anomaly::{self, Found};
use super::answer::States;
use super::joined::{Joined, Slots};
use super::scene::Scene;
use super::{AnomalyKind, Rejection, Replay, View};
use crate::event::{Code, Kind};
use crate::presence::{ChannelState, Status};

/// What a recording says in a view. It borrows its texts from the recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report<'a> {
    /// Counts.
    pub summary: Summary,
    /// Every client of the recording, in byte order.
    pub clients: Vec<ClientEntry<'a>>,
    /// The rejected records, in their order.
    pub errors: Vec<ErrorEntry<'a>>,
}

/// Counts of a view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Accepted and rejected.
    pub records: u64,
    /// Accepted, duplicates included.
    pub accepted: u64,
    /// Rejected.
    pub rejected: u64,
    /// Accepted and equal to an earlier one.
    pub duplicates: u64,
    /// Clients of which something is known.
    pub clients: u64,
    /// Clients that read online.
    pub online: u64,
}

/// A client's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientEntry<'a> {
    /// Its id.
    pub client_id: &'a str,
    /// Whether the status is `online`.
    pub online: bool,
    /// `unknown` only before the client's first fact in the view.
    pub status: Status,
    /// Channels of which something is known, in byte order.
    pub channels: Vec<ChannelEntry<'a>>,
    /// By record, then kind.
    pub anomalies: Vec<AnomalyEntry<'a>>,
}

/// A channel and its slots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelEntry<'a> {
    /// Its id.
    pub channel_id: &'a str,
    /// What it is.
    pub state: ChannelState,
    /// That it began.
    pub connect: Option<FactEntry<'a>>,
    /// That the client sent DISCONNECT.
    pub disconnect: Option<FactEntry<'a>>,
    /// That the TCP connection ended.
    pub tcpclean: Option<FactEntry<'a>>,
}

/// What a slot holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FactEntry<'a> {
    /// Event time in milliseconds since 1970.
    pub time: u64,
    /// `ip:port`, if the event had one.
    pub client_ip: Option<Cow<'a, str>>,
}

/// Something odd and the record that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnomalyEntry<'a> {
    /// What is odd.
    pub kind: AnomalyKind,
    /// The record's channel.
    pub channel_id: &'a str,
    /// Number of the record, from 1.
    pub record: u64,
    /// Where there is more than one file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<&'a str>,
}

/// A record that was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorEntry<'a> {
    /// Number of the record, from 1.
    pub record: u64,
    /// Line of its first byte, from 1.
    pub line: u64,
    /// Column of its first byte, from 1.
    pub column: u64,
    /// Offset of its first byte in its file, from 0.
    pub offset: u64,
    /// Stable code.
    pub code: Code,
    /// The field at fault, if it is one.
    pub field: Option<&'a str>,
    /// A sentence.
    pub message: &'a str,
    /// Where there is more than one file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<&'a str>,
}

impl Replay {
    /// What the recording says in a view. Anomalies are those of the records
    /// that the view covers: the first n, or with [`View::At`] all of them.
    pub fn report(&self, view: View) -> Report<'_> {
        let end = self.end(view);
        let joined = self.joined(view);
        let whole = match view {
            View::At(_) => Some(self.joined(View::Whole)),
            View::Whole | View::After(_) => None,
        };
        let errors = self.errors(view);
        let mut summary = Summary {
            records: u64::from(end) + errors.len() as u64,
            accepted: u64::from(end),
            rejected: errors.len() as u64,
            ..Summary::default()
        };
        let mut states = States::default();
        let mut clients = Vec::with_capacity(self.columns.clients.len());
        for client in &self.index().clients {
            let status = states.derive(self, self.joined_channels(*client, &joined));
            let found = self.anomalies(*client, whole.as_ref().unwrap_or(&joined), end);
            let duplicate = |found: &&Found| found.kind == AnomalyKind::Duplicate;
            summary.duplicates += found.iter().filter(duplicate).count() as u64;
            summary.clients += u64::from(status != Status::Unknown);
            summary.online += u64::from(status == Status::Online);
            clients.push(self.client_entry(*client, status, &states, &found));
        }
        Report {
            summary,
            clients,
            errors,
        }
    }

    pub(super) fn client_entry(
        &self,
        client: u32,
        status: Status,
        states: &States,
        found: &[Found],
    ) -> ClientEntry<'_> {
        let channels = states.channels.iter();
        ClientEntry {
            client_id: self.columns.clients.text(client),
            online: status == Status::Online,
            status,
            channels: channels
                .map(|channel| self.channel_entry(channel))
                .collect(),
            anomalies: found
                .iter()
                .map(|found| self.anomaly_entry(found))
                .collect(),
        }
    }

    fn anomalies(&self, client: u32, joined: &Joined, end: u32) -> Vec<Found> {
        let (columns, index) = (&self.columns, self.index());
        anomaly::find(&Scene::new(
            columns,
            index,
            &self.options,
            joined,
            client,
            end,
        ))
    }

    fn channel_entry(
        &self,
        (channel, slots, state): &(u32, Slots, ChannelState),
    ) -> ChannelEntry<'_> {
        let fact = |kind| {
            slots.get(kind).map(|event| FactEntry {
                time: self.columns.time(event),
                client_ip: self.columns.client_ip(event),
            })
        };
        ChannelEntry {
            channel_id: self.columns.channels.text(*channel),
            state: *state,
            connect: fact(Kind::Connect),
            disconnect: fact(Kind::Disconnect),
            tcpclean: fact(Kind::Tcpclean),
        }
    }

    fn anomaly_entry(&self, found: &Found) -> AnomalyEntry<'_> {
        let record = self.columns.record(found.event);
        AnomalyEntry {
            kind: found.kind,
            channel_id: self
                .columns
                .channels
                .text(self.columns.channel(found.event)),
            record,
            file: self.file(record),
        }
    }

    fn errors(&self, view: View) -> Vec<ErrorEntry<'_>> {
        let covered = match view {
            View::After(records) => self
                .rejections
                .partition_point(|rejection| rejection.place.record <= records),
            View::Whole | View::At(_) => self.rejections.len(),
        };
        let covered = &self.rejections[..covered];
        covered
            .iter()
            .map(|rejection| self.error_entry(rejection))
            .collect()
    }

    pub(super) fn error_entry<'a>(&'a self, rejection: &'a Rejection) -> ErrorEntry<'a> {
        let place = rejection.place;
        ErrorEntry {
            record: place.record,
            line: place.line,
            column: place.column,
            offset: place.offset,
            code: rejection.code,
            field: rejection.field.as_deref(),
            message: &rejection.message,
            file: self.file(place.record),
        }
    }
}
