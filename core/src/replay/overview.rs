//! All clients over time, and how they read at a cursor.

use super::Replay;
use super::lanes::{Lanes, Raster, gallop};
use super::timeline::{self, LaneState};

/// Clients online, lowest and highest within each column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// Believed, by the time of arrival.
    pub believed_min: Vec<u32>,
    /// Believed, by the time of arrival.
    pub believed_max: Vec<u32>,
    /// What was so, as far as events say: [`LaneState::Online`].
    pub actual_min: Vec<u32>,
    /// What was so, as far as events say: [`LaneState::Online`].
    pub actual_max: Vec<u32>,
    /// The same together with those that are [`LaneState::Open`].
    pub possible_max: Vec<u32>,
    /// How many anomalies.
    pub anomalies: Vec<u32>,
}

/// A place on both axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// So many records have arrived.
    pub record: u64,
    /// Event time in milliseconds since 1970.
    pub time: u64,
}

/// How clients read at a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// All clients that are believed online.
    pub believed_online: u32,
    /// All clients that were online, as far as events say.
    pub actual_online: u32,
    /// All clients that are [`LaneState::Open`]: no event says how they were.
    pub actual_open: u32,
    /// [`LaneState`] of each client that was asked for.
    pub believed: Vec<u8>,
    /// [`LaneState`] of each client that was asked for.
    pub actual: Vec<u8>,
}

impl Replay {
    /// The counts of all clients, as far as they have been surveyed.
    pub fn overview(&self, raster: &Raster) -> Overview {
        let Some(survey) = self.surveyed() else {
            let none = vec![0; raster.width];
            return Overview {
                believed_min: none.clone(),
                believed_max: none.clone(),
                actual_min: none.clone(),
                actual_max: none.clone(),
                possible_max: none.clone(),
                anomalies: none,
            };
        };
        let [(believed_min, believed_max)] = survey.believed.draw(raster);
        let [(actual_min, actual_max), (_, possible_max)] = survey.actual.draw(raster);
        let mut mark = survey.marks.partition_point(|time| *time < raster.whole(0));
        let anomalies = (0..raster.width).map(|column| {
            let end = raster.whole(column + 1);
            let marks = gallop(&survey.marks[mark..], |time| *time < end);
            mark += marks;
            marks as u32
        });
        Overview {
            believed_min,
            believed_max,
            actual_min,
            actual_max,
            possible_max,
            anomalies: anomalies.collect(),
        }
    }

    /// The lanes of these clients, of everything that was pushed.
    pub fn lanes(&mut self, clients: &[u32], raster: &Raster) -> Lanes {
        let mut lanes = Lanes::default();
        self.timelines(clients, |timeline| lanes.draw(timeline, raster));
        lanes
    }

    /// How many clients were online at a cursor, and how these read.
    pub fn standing(&mut self, clients: &[u32], cursor: Cursor) -> Standing {
        let events = self.columns.events_within(cursor.record);
        let mut standing = Standing::default();
        if let Some(survey) = self.surveyed() {
            standing.believed_online = survey.believed_online(events);
            let [online, possible] = survey.actual.at(cursor.time);
            standing.actual_online = online;
            standing.actual_open = possible - online;
        }
        self.timelines(clients, |timeline| {
            let state = timeline::at(&timeline.actual, cursor.time);
            standing.actual.push(state as u8);
        });
        standing.believed = clients
            .iter()
            .map(|client| self.belief(*client, events) as u8)
            .collect();
        standing
    }

    /// How a client reads to a consumer after the first so many events.
    fn belief(&self, client: u32, events: u32) -> LaneState {
        let Some(last) = self.columns.last_before(client, events) else {
            return LaneState::Unknown;
        };
        let known = self.surveyed().and_then(|survey| survey.reading(last));
        let online = match known {
            Some(reading) => reading.believed(),
            None => {
                let beliefs = timeline::beliefs(&self.scene(client, events));
                beliefs.last().is_some_and(|online| *online)
            }
        };
        if online {
            LaneState::Online
        } else {
            LaneState::Offline
        }
    }

    /// The record after which belief is that of a time: the last that has
    /// arrived when the newest event time is that one.
    pub fn record_at(&self, time: u64) -> u64 {
        let events = self.columns.arrived(time);
        match events.checked_sub(1) {
            None => 0,
            Some(_) if events == self.columns.len() => self.records(),
            Some(event) => self.columns.record(event),
        }
    }

    /// When a record is taken to have arrived: the newest event time up to and
    /// with it; the oldest there is before the first event.
    pub fn time_of(&self, record: u64) -> u64 {
        match self.columns.events_within(record).checked_sub(1) {
            Some(event) => self.columns.arrival(event),
            None => self.columns.span().map_or(0, |(oldest, _)| oldest),
        }
    }

    /// Event times from the oldest to the newest; `None` while there is no event.
    pub fn span(&self) -> Option<(u64, u64)> {
        self.columns.span()
    }
}
