//! Events as the rows of a table, in arrival order.

use std::borrow::Cow;

use super::Replay;
use super::timeline::LaneState;
use crate::event::Kind;

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only those of these clients.
    pub clients: Option<Vec<u32>>,
    /// Only those with an event time from the first to the second, both included.
    pub range: Option<(u64, u64)>,
    /// Only those of these kinds; empty: all.
    pub kinds: Vec<Kind>,
    /// Only those that an anomaly names.
    pub anomalous: bool,
}

impl EventFilter {
    fn passes_all(&self) -> bool {
        *self == EventFilter::default()
    }
}

/// The events of the filter that was asked for last.
#[derive(Debug, Default)]
pub(super) struct Selected {
    filter: EventFilter,
    /// Of how many events; `None`: nothing was selected yet.
    of: Option<u32>,
    events: Vec<u32>,
}

/// Rows as columns. Texts are borrowed from the recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows<'a> {
    /// How many rows the filter has.
    pub total: u64,
    /// Numbers of the records, from 1.
    pub record: Vec<u64>,
    /// Event times in milliseconds since 1970.
    pub time: Vec<u64>,
    /// Milliseconds behind the newest event time before.
    pub lag: Vec<u64>,
    /// Numbers of the clients.
    pub client: Vec<u32>,
    /// What happened.
    pub kind: Vec<Kind>,
    /// How the client is believed to read after the event.
    pub believed_after: Vec<LaneState>,
    /// What was so at the event's time.
    pub actual_then: Vec<LaneState>,
    /// [`bit`](super::AnomalyKind::bit)s of the anomalies that name the event.
    pub anomalies: Vec<u16>,
    /// Ids of the clients.
    pub client_ids: Vec<&'a str>,
    /// Ids of the channels.
    pub channel_ids: Vec<&'a str>,
    /// Where the clients connected from.
    pub client_ips: Vec<Option<Cow<'a, str>>>,
}

impl Replay {
    /// Rows `first .. first + count` of the events that pass the filter.
    pub fn rows(&mut self, filter: &EventFilter, first: u64, count: usize) -> Rows<'_> {
        let events = self.select(filter);
        let total = events.total();
        let end = first.saturating_add(count as u64).min(total);
        let page: Vec<u32> = (first.min(end)..end).map(|row| events.at(row)).collect();
        let columns = &self.columns;
        let mut rows = Rows {
            total,
            ..Rows::default()
        };
        for event in page {
            let client = columns.client(event);
            rows.record.push(columns.record(event));
            rows.time.push(columns.time(event));
            rows.lag.push(columns.lag(event));
            rows.client.push(client);
            rows.kind.push(columns.kind(event));
            let survey = self.surveyed();
            let reading = survey.and_then(|survey| survey.reading(event));
            rows.believed_after.push(match reading {
                None => LaneState::Unknown,
                Some(reading) if reading.believed() => LaneState::Online,
                Some(_) => LaneState::Offline,
            });
            rows.actual_then
                .push(reading.map_or(LaneState::Unknown, |reading| reading.actual()));
            rows.anomalies
                .push(survey.map_or(0, |survey| survey.bits(event)));
            rows.client_ids.push(columns.clients.text(client));
            rows.channel_ids
                .push(columns.channels.text(columns.channel(event)));
            rows.client_ips.push(columns.client_ip(event));
        }
        rows
    }

    /// Where a record is among the rows of a filter, or the next one after it;
    /// the number of rows where there is none.
    pub fn row_of(&mut self, filter: &EventFilter, record: u64) -> u64 {
        let before = self.columns.events_within(record.saturating_sub(1));
        match self.select(filter) {
            Selection::All(_) => u64::from(before),
            Selection::Some(events) => events.partition_point(|event| *event < before) as u64,
        }
    }

    /// The events that pass a filter, kept for the next question.
    pub(super) fn select(&mut self, filter: &EventFilter) -> Selection<'_> {
        let events = self.columns.len();
        if filter.passes_all() {
            return Selection::All(events);
        }
        if self.selected.of != Some(events) || self.selected.filter != *filter {
            self.selected = Selected {
                filter: filter.clone(),
                of: Some(events),
                events: self.passing(filter),
            };
        }
        Selection::Some(&self.selected.events)
    }

    fn passing(&self, filter: &EventFilter) -> Vec<u32> {
        let columns = &self.columns;
        let in_range = |event: &u32| {
            let time = columns.time(*event);
            filter
                .range
                .is_none_or(|(from, to)| from <= time && time <= to)
        };
        let of_kind =
            |event: &u32| filter.kinds.is_empty() || filter.kinds.contains(&columns.kind(*event));
        let named = filter.anomalous.then(|| self.named());
        let is_named = |event: &u32| {
            named
                .as_ref()
                .is_none_or(|named| named.binary_search(event).is_ok())
        };
        let passes = |event: &u32| in_range(event) && of_kind(event) && is_named(event);
        match (&filter.clients, &named) {
            (Some(clients), _) => {
                let known = |client: &&u32| (**client as usize) < columns.clients.len();
                let of_client = |client: &u32| columns.events_of(*client);
                let mut events: Vec<u32> = clients
                    .iter()
                    .filter(known)
                    .flat_map(of_client)
                    .filter(passes)
                    .collect();
                events.sort_unstable();
                events.dedup();
                events
            }
            (None, Some(named)) => named.iter().copied().filter(passes).collect(),
            (None, None) => (0..columns.len()).filter(passes).collect(),
        }
    }

    /// The events that anomalies name, in arrival order.
    fn named(&self) -> Vec<u32> {
        let Some(survey) = self.surveyed() else {
            return Vec::new();
        };
        let mut named: Vec<u32> = survey.by_kind.iter().flatten().copied().collect();
        named.sort_unstable();
        named.dedup();
        named
    }
}

/// Events in arrival order.
pub(super) enum Selection<'a> {
    /// The first so many.
    All(u32),
    Some(&'a [u32]),
}

impl Selection<'_> {
    pub fn total(&self) -> u64 {
        match self {
            Selection::All(events) => u64::from(*events),
            Selection::Some(events) => events.len() as u64,
        }
    }

    /// The event of a row, which must be below the total.
    pub fn at(&self, row: u64) -> u32 {
        match self {
            Selection::All(_) => row as u32,
            Selection::Some(events) => events[row as usize],
        }
    }
}
