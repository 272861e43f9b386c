//! What all clients together show: counts over time and every anomaly.
//!
//! Built client by client, so that questions can be answered in between.

use super::Options;
use super::anomaly::{self, Found, Kind};
use super::columns::Columns;
use super::counts::Counts;
use super::scene::Scene;
use super::timeline::{self, LaneState};

/// So many events have one count kept of the clients believed online.
const STRETCH: u32 = 1024;

/// How the client of an event read; a byte an event.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading(u8);

impl Reading {
    fn new(believed: bool, flipped: bool, actual: LaneState) -> Reading {
        Reading(u8::from(believed) | u8::from(flipped) << 1 | (actual as u8) << 2)
    }

    /// Whether it is believed online after the event.
    pub fn believed(self) -> bool {
        self.0 & 1 != 0
    }

    /// By how much the event changes the number of clients believed online.
    fn change(self) -> i32 {
        match self.0 & 3 {
            3 => 1,
            2 => -1,
            _ => 0,
        }
    }

    /// What was so at the event's time.
    pub fn actual(self) -> LaneState {
        match self.0 >> 2 {
            0 => LaneState::Unknown,
            1 => LaneState::Offline,
            2 => LaneState::Online,
            _ => LaneState::Open,
        }
    }
}

/// What a client adds to the counts of what was so.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Share {
    None,
    /// It may have been online; no event says.
    Open,
    Online,
}

impl Share {
    fn of(state: LaneState) -> Share {
        match state {
            LaneState::Online => Share::Online,
            LaneState::Open => Share::Open,
            _ => Share::None,
        }
    }

    /// By how much one raises each line of [`Survey::actual`], from its two lowest bits.
    fn counted(bits: u64) -> [i32; 2] {
        let is = |share: Share| bits & 3 == share as u64;
        [
            i32::from(is(Share::Online)),
            i32::from(is(Share::Online) || is(Share::Open)),
        ]
    }
}

/// Counts of one client.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub flips: u32,
    pub anomalies: u32,
    /// Of these, the ones that can mislead.
    pub misleading: u32,
    /// Bits of the kinds there are.
    pub kinds: u16,
    /// Believed in the end.
    pub online: bool,
}

/// A survey of the first events of a recording.
#[derive(Debug)]
pub(super) struct Survey {
    /// How many events it is of.
    pub covers: u32,
    /// The client that is next to be looked at.
    next: u32,
    clients: u32,
    pub complete: bool,
    readings: Vec<Reading>,
    pub tallies: Vec<Tally>,
    /// The events that the anomalies of each kind name, in arrival order.
    pub by_kind: [Vec<u32>; Kind::ALL.len()],
    /// Times of the anomalies, sorted when complete.
    pub marks: Vec<u64>,
    /// Clients believed online.
    pub believed: Counts<1>,
    /// Clients online in fact; and with those that may have been.
    pub actual: Counts<2>,
    /// Changes of what was so, of all clients: time, then [`Share`] before and after.
    changes: Vec<u64>,
    /// Clients believed online before each stretch of events.
    stretches: Vec<u32>,
}

impl Survey {
    /// Begins a survey of all events that are there now.
    pub fn new(columns: &Columns) -> Survey {
        Survey {
            covers: columns.len(),
            next: 0,
            clients: columns.clients.len() as u32,
            complete: false,
            readings: vec![Reading::default(); columns.len() as usize],
            tallies: Vec::with_capacity(columns.clients.len()),
            by_kind: Default::default(),
            marks: Vec::new(),
            believed: Counts::new(),
            actual: Counts::new(),
            changes: Vec::new(),
            stretches: Vec::new(),
        }
    }

    /// Looks at further clients until about so many events have been seen;
    /// true when it is complete.
    pub fn advance(&mut self, columns: &Columns, options: &Options, events: u32) -> bool {
        let span = columns.span().unwrap_or_default();
        let span = match self.covers.checked_sub(1) {
            Some(last) => (span.0, columns.arrival(last)),
            None => span,
        };
        let mut seen = 0;
        while self.next < self.clients && seen < events {
            let scene = Scene::alone(columns, options, self.next, self.covers);
            seen += scene.events.len() as u32;
            self.look(&scene, span);
            self.next += 1;
        }
        if self.next == self.clients && !self.complete {
            self.conclude(columns);
            self.complete = true;
        }
        self.complete
    }

    fn look(&mut self, scene: &Scene<'_>, span: (u64, u64)) {
        let found = anomaly::find(scene);
        let actual = timeline::actual(scene, &timeline::times(scene), span);
        let mut online = false;
        for (event, believed) in scene.events.iter().zip(timeline::beliefs(scene)) {
            let actual = timeline::at(&actual, scene.time(*event));
            self.readings[*event as usize] = Reading::new(believed, believed != online, actual);
            online = believed;
        }
        let flips = scene.flips();
        let mut before = Share::None;
        for step in &actual {
            let after = Share::of(step.state);
            if after != before {
                self.changes
                    .push(step.time << 4 | (before as u64) << 2 | after as u64);
                before = after;
            }
        }
        let mut tally = Tally {
            flips: flips.len() as u32,
            online,
            ..Tally::default()
        };
        for Found { event, kind } in found {
            self.by_kind[kind.place()].push(event);
            self.marks.push(scene.time(event));
            tally.anomalies += 1;
            tally.misleading += u32::from(kind.misleads());
            tally.kinds |= kind.bit();
        }
        self.tallies.push(tally);
    }

    fn conclude(&mut self, columns: &Columns) {
        for events in &mut self.by_kind {
            events.sort_unstable();
        }
        self.marks.sort_unstable();
        self.changes.sort_unstable();
        let mut counts = [0_u32; 2];
        for change in std::mem::take(&mut self.changes) {
            let (before, after) = (Share::counted(change >> 2), Share::counted(change));
            for (line, count) in counts.iter_mut().enumerate() {
                *count = count.wrapping_add_signed(after[line] - before[line]);
            }
            self.actual.set(change >> 4, counts);
        }
        let mut online: u32 = 0;
        for (event, reading) in (0..).zip(&self.readings) {
            if event % STRETCH == 0 {
                self.stretches.push(online);
            }
            let change = reading.change();
            if change != 0 {
                online = online.wrapping_add_signed(change);
                self.believed.set(columns.arrival(event), [online]);
            }
        }
    }

    /// How many clients are believed online after the first `events` events.
    pub fn believed_online(&self, events: u32) -> u32 {
        let events = events.min(self.covers);
        let stretch = (events / STRETCH) as usize;
        let Some(before) = self.stretches.get(stretch) else {
            // All events, and their number is a multiple.
            return self
                .tallies
                .iter()
                .map(|tally| u32::from(tally.online))
                .sum();
        };
        let rest = &self.readings[stretch * STRETCH as usize..events as usize];
        rest.iter().fold(*before, |online, reading| {
            online.wrapping_add_signed(reading.change())
        })
    }

    /// How the client of an event read; `None` beyond what it covers.
    pub fn reading(&self, event: u32) -> Option<Reading> {
        self.readings.get(event as usize).copied()
    }

    /// Bits of the anomalies that name an event.
    pub fn bits(&self, event: u32) -> u16 {
        let named = |kind: &&Kind| self.by_kind[kind.place()].binary_search(&event).is_ok();
        Kind::ALL
            .iter()
            .filter(named)
            .fold(0, |bits, kind| bits | kind.bit())
    }

    /// How many events are duplicates.
    pub fn duplicates(&self) -> u64 {
        self.by_kind[Kind::Duplicate.place()].len() as u64
    }

    /// How many anomalies there are.
    pub fn anomalies(&self) -> u64 {
        self.by_kind.iter().map(|events| events.len() as u64).sum()
    }
}
