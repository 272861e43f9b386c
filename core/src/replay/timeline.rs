//! One client's two lines, ready to be drawn at any scale.

use super::anomaly;
use super::line::Line;
use super::scene::Scene;
use crate::event::Kind;

/// How a client reads over a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum LaneState {
    /// No event of the client up to here.
    Unknown,
    /// No channel is live.
    Offline,
    /// A channel is live, and events say so.
    Online,
    /// Something is there whose start or end no event gives: before a closing
    /// whose connect never came, back to the client's event before; from the
    /// next connect on, or from the end of the recording, where a closing
    /// never came.
    Open,
    /// Several of these.
    Mixed,
}

/// From this time on the client reads so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub time: u64,
    pub state: LaneState,
}

/// What a client's lane shows.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// What was so. Before the first step nothing is known.
    pub actual: Vec<Step>,
    /// Milliseconds for which `actual` was online before each of its steps.
    pub online_before: Vec<u64>,
    /// What was believed, by the time of arrival.
    pub believed: Vec<Step>,
    /// Event times, sorted.
    pub times: Vec<u64>,
    /// Times and [`Kind::bit`](super::AnomalyKind::bit) of the anomalies, sorted.
    pub marks: Vec<(u64, u32)>,
}

impl Timeline {
    /// The lines of a client of a recording that spans these times.
    pub fn new(
        scene: &Scene<'_>,
        beliefs: &[bool],
        found: &[anomaly::Found],
        span: (u64, u64),
    ) -> Timeline {
        let mut times: Vec<u64> = scene
            .events
            .iter()
            .map(|event| scene.time(*event))
            .collect();
        times.sort_unstable();
        let actual = actual(scene, &times, span);
        let mut marks: Vec<(u64, u32)> = found
            .iter()
            .map(|found| (scene.time(found.event), found.kind.bit().into()))
            .collect();
        marks.sort_unstable();
        Timeline {
            online_before: online_before(&actual),
            actual,
            believed: believed(scene, beliefs),
            times,
            marks,
        }
    }
}

/// Event times, sorted.
pub(super) fn times(scene: &Scene<'_>) -> Vec<u64> {
    let mut times: Vec<u64> = scene
        .events
        .iter()
        .map(|event| scene.time(*event))
        .collect();
    times.sort_unstable();
    times
}

/// How a line reads at a time.
pub(super) fn at(steps: &[Step], time: u64) -> LaneState {
    let after = steps.partition_point(|step| step.time <= time);
    after
        .checked_sub(1)
        .map_or(LaneState::Unknown, |step| steps[step].state)
}

/// Whether the client is believed online after each of its events.
pub(super) fn beliefs(scene: &Scene<'_>) -> Vec<bool> {
    let columns = scene.columns;
    let mut places: Vec<(u32, u32)> = (0..)
        .zip(&scene.channels)
        .map(|(place, facts)| (facts.channel, place))
        .collect();
    places.sort_unstable();
    let place = |channel: u32| {
        let found = places.binary_search_by_key(&channel, |(channel, _)| *channel);
        places[found.expect("the scene holds the channels of its events")].1 as usize
    };
    let mut line = Line::new(scene);
    scene
        .events
        .iter()
        .map(|event| {
            match columns.kind(*event) {
                Kind::Connect => line.start(place(columns.channel(*event)), columns.time(*event)),
                kind if scene.options.rule.closing.closes(kind) => {
                    line.end(place(columns.channel(*event)));
                }
                _ => {}
            }
            line.online()
        })
        .collect()
}

fn believed(scene: &Scene<'_>, beliefs: &[bool]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (event, online) in scene.events.iter().zip(beliefs) {
        let time = scene.columns.arrival(*event);
        let state = read(*online);
        // What arrives at once is believed at once.
        if steps.last().is_some_and(|last| last.time == time) {
            steps.pop();
        }
        if steps.last().is_none_or(|last| last.state != state) {
            steps.push(Step { time, state });
        }
    }
    steps
}

fn read(online: bool) -> LaneState {
    if online {
        LaneState::Online
    } else {
        LaneState::Offline
    }
}

/// What changes at a time on the line of what was so.
#[derive(Clone, Copy)]
enum Change {
    /// The client's first event.
    Known,
    /// The answer of the rule flips.
    Flip,
    /// So many more channels are live beyond doubt.
    Certain(i32),
    /// So many more channels run whose connect never came.
    Orphan(i32),
}

/// What was so; `times` are the event times, sorted.
pub(super) fn actual(scene: &Scene<'_>, times: &[u64], (oldest, newest): (u64, u64)) -> Vec<Step> {
    let Some(first) = times.first() else {
        return Vec::new();
    };
    let mut changes = vec![(*first, Change::Known)];
    let mut span = |start: u64, end: u64, change: fn(i32) -> Change| {
        if start < end {
            changes.extend([(start, change(1)), (end, change(-1))]);
        }
    };
    let mut later = None;
    for facts in scene.by_connect().rev() {
        let closing = facts.closing.map(|event| scene.time(event));
        let Some(connect) = facts.connect() else {
            if let Some(closing) = closing {
                let before = times.partition_point(|time| *time < closing);
                let start = before.checked_sub(1).map_or(oldest, |before| times[before]);
                span(start, closing, Change::Orphan);
            }
            continue;
        };
        let connect = scene.time(connect);
        // Known to be live up to its closing; without one, or under
        // `takeover`, no longer than to the next connect.
        let last = later.unwrap_or(newest.saturating_add(1));
        let end = match closing {
            Some(closing) if scene.options.rule.takeover => closing.min(last),
            Some(closing) => closing,
            None => last,
        };
        span(connect, end, Change::Certain);
        later = Some(connect);
    }
    let flips = scene.flips().iter();
    changes.extend(flips.map(|(time, _)| (*time, Change::Flip)));
    changes.sort_unstable_by_key(|(time, _)| *time);
    let (mut known, mut online, mut certain, mut orphans) = (false, false, 0, 0);
    let mut steps: Vec<Step> = Vec::new();
    for at_once in changes.chunk_by(|a, b| a.0 == b.0) {
        for (_, change) in at_once {
            match change {
                Change::Known => known = true,
                Change::Flip => online = !online,
                Change::Certain(more) => certain += more,
                Change::Orphan(more) => orphans += more,
            }
        }
        let state = match (online, known) {
            (true, _) if certain > 0 => LaneState::Online,
            (true, _) => LaneState::Open,
            (false, _) if orphans > 0 => LaneState::Open,
            (false, true) => LaneState::Offline,
            (false, false) => LaneState::Unknown,
        };
        let before = steps.last().map_or(LaneState::Unknown, |last| last.state);
        if state != before {
            steps.push(Step {
                time: at_once[0].0,
                state,
            });
        }
    }
    steps
}

fn online_before(steps: &[Step]) -> Vec<u64> {
    let mut sum = 0;
    let mut before: Option<Step> = None;
    steps
        .iter()
        .map(|step| {
            if let Some(before) = before.replace(*step)
                && before.state == LaneState::Online
            {
                sum += step.time - before.time;
            }
            sum
        })
        .collect()
}
