//! The anomalies of a recording, to be looked through.

use serde::Serialize;

use super::anomaly::Found;
use super::survey::Survey;
use super::{AnomalyKind, ErrorEntry, Replay};

/// Something odd and the record that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Anomaly<'a> {
    /// What is odd.
    pub kind: AnomalyKind,
    /// Number of the client.
    pub client: u32,
    /// Its id.
    pub client_id: &'a str,
    /// The record's channel.
    pub channel_id: &'a str,
    /// Number of the record, from 1.
    pub record: u64,
    /// The record's event time in milliseconds since 1970.
    pub time: u64,
}

/// The anomalies of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnomalySummary<'a> {
    /// The kind.
    pub kind: AnomalyKind,
    /// How many.
    pub count: u64,
    /// How many clients have some.
    pub clients: u64,
    /// The first to arrive.
    pub first: Anomaly<'a>,
}

impl Replay {
    /// The kinds of which there are anomalies, in the order of [`AnomalyKind::ALL`].
    pub fn anomaly_summaries(&self) -> Vec<AnomalySummary<'_>> {
        let Some(survey) = self.surveyed() else {
            return Vec::new();
        };
        let of_kind = |kind: AnomalyKind| {
            let events = &survey.by_kind[kind.place()];
            let has = |kinds: u16| kinds & kind.bit() != 0;
            let clients = survey.tallies.iter().filter(|tally| has(tally.kinds));
            Some(AnomalySummary {
                kind,
                count: events.len() as u64,
                clients: clients.count() as u64,
                first: self.anomaly(kind, *events.first()?),
            })
        };
        AnomalyKind::ALL.into_iter().filter_map(of_kind).collect()
    }

    /// The first anomaly after this record, of one kind or of any.
    pub fn anomaly_after(&self, record: u64, kind: Option<AnomalyKind>) -> Option<Anomaly<'_>> {
        let within = self.columns.events_within(record);
        let survey = self.surveyed()?;
        let next = |kind: AnomalyKind| {
            let events = &survey.by_kind[kind.place()];
            let at = events.partition_point(|event| *event < within);
            Some((*events.get(at)?, kind.place()))
        };
        let (event, place) = kinds(kind).filter_map(next).min()?;
        Some(self.anomaly(AnomalyKind::ALL[place], event))
    }

    /// The last anomaly before this record, of one kind or of any.
    pub fn anomaly_before(&self, record: u64, kind: Option<AnomalyKind>) -> Option<Anomaly<'_>> {
        let before = self.columns.events_within(record.saturating_sub(1));
        let survey = self.surveyed()?;
        let last = |kind: AnomalyKind| {
            let events = &survey.by_kind[kind.place()];
            let at = events.partition_point(|event| *event < before);
            Some((events[at.checked_sub(1)?], kind.place()))
        };
        // Of several that name one record the first kind is told.
        let (event, place) = kinds(kind)
            .filter_map(last)
            .max_by_key(|(event, place)| (*event, std::cmp::Reverse(*place)))?;
        Some(self.anomaly(AnomalyKind::ALL[place], event))
    }

    /// One page of the anomalies of a kind, by record.
    pub fn offenders(&self, kind: AnomalyKind, first: usize, count: usize) -> Vec<Anomaly<'_>> {
        let events = |survey: &Survey| {
            let events = survey.by_kind[kind.place()].iter();
            let page = events.skip(first).take(count);
            page.map(|event| self.anomaly(kind, *event)).collect()
        };
        self.surveyed().map(events).unwrap_or_default()
    }

    /// One page of the rejected records.
    pub fn rejected(&self, first: usize, count: usize) -> Vec<ErrorEntry<'_>> {
        let page = self.rejections.iter().skip(first).take(count);
        page.map(|rejection| self.error_entry(rejection)).collect()
    }

    pub(super) fn found(&self, found: &Found) -> Anomaly<'_> {
        self.anomaly(found.kind, found.event)
    }

    fn anomaly(&self, kind: AnomalyKind, event: u32) -> Anomaly<'_> {
        let columns = &self.columns;
        let client = columns.client(event);
        Anomaly {
            kind,
            client,
            client_id: columns.clients.text(client),
            channel_id: columns.channels.text(columns.channel(event)),
            record: columns.record(event),
            time: columns.time(event),
        }
    }
}

fn kinds(kind: Option<AnomalyKind>) -> impl Iterator<Item = AnomalyKind> {
    AnomalyKind::ALL
        .into_iter()
        .filter(move |of_all| kind.is_none_or(|kind| kind == *of_all))
}
