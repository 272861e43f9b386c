//! What is drawn against a plain evaluation at every point.

use mqtt_presence_core::event::{Event, Kind};
use mqtt_presence_core::presence::{Closing, Status};
use mqtt_presence_core::replay::{AnomalyKind, Cursor, LaneState, Options, Raster, Replay, View};
use proptest::prelude::*;

use crate::oracle::online;
use crate::recordings::{events, options, replay};

/// No event has a time from here on.
const END: u64 = 15;

fn surveyed(events: &[Event], options: &Options) -> Replay {
    let mut replay = replay(events, options);
    while !replay.survey(3) {}
    replay
}

/// How many events have arrived at a time, by the wording.
fn arrived(events: &[Event], time: u64) -> usize {
    let newest = |n: usize| events[..n].iter().map(|event| event.time).max();
    (1..=events.len())
        .take_while(|n| newest(*n) <= Some(time))
        .last()
        .unwrap_or(0)
}

/// What was so of a client, with what no event gives.
fn fact(events: &[Event], client: &str, time: u64, options: &Options) -> LaneState {
    let of_client: Vec<&Event> = events
        .iter()
        .filter(|event| event.client_id == client)
        .collect();
    let closes = |kind: Kind| match kind {
        Kind::Connect => false,
        Kind::Disconnect => options.rule.closing == Closing::Any,
        Kind::Tcpclean => true,
    };
    let least = |channel: &str, wanted: &dyn Fn(Kind) -> bool| {
        of_client
            .iter()
            .filter(|event| event.channel_id == channel && wanted(event.kind))
            .map(|event| event.time)
            .min()
    };
    let connect = |channel: &str| least(channel, &|kind| kind == Kind::Connect);
    let closing = |channel: &str| least(channel, &closes);
    let channels = || of_client.iter().map(|event| event.channel_id.as_str());
    let newest = events.iter().map(|event| event.time).max().unwrap_or(0);
    if online(events, client, time, options) {
        let told = |channel: &str| {
            let Some(start) = connect(channel).filter(|start| *start <= time) else {
                return false;
            };
            let gave_way = channels().any(|other| {
                connect(other)
                    .is_some_and(|later| later <= time && (later, other) > (start, channel))
            });
            match closing(channel) {
                Some(end) => time < end && !(options.rule.takeover && gave_way),
                None => !gave_way && time <= newest,
            }
        };
        return if channels().any(told) {
            LaneState::Online
        } else {
            LaneState::Open
        };
    }
    let oldest = events.iter().map(|event| event.time).min().unwrap_or(0);
    let running = |channel: &str| {
        let Some(end) = closing(channel).filter(|_| connect(channel).is_none()) else {
            return false;
        };
        let before = of_client
            .iter()
            .map(|event| event.time)
            .filter(|time| *time < end)
            .max();
        before.unwrap_or(oldest) <= time && time < end
    };
    if channels().any(running) {
        LaneState::Open
    } else if of_client.iter().any(|event| event.time <= time) {
        LaneState::Offline
    } else {
        LaneState::Unknown
    }
}

/// Of how many clients one of these was so.
fn how_many(
    events: &[Event],
    clients: &[String],
    time: u64,
    options: &Options,
    wanted: &[LaneState],
) -> usize {
    let is = |client: &&String| wanted.contains(&fact(events, client, time, options));
    clients.iter().filter(is).count()
}

fn lane_state(status: Status) -> LaneState {
    match status {
        Status::Online => LaneState::Online,
        Status::Unknown => LaneState::Unknown,
        _ => LaneState::Offline,
    }
}

/// The whole times at which a column may read otherwise: its start, and those within.
fn times_of(start: f64, end: f64) -> Vec<u64> {
    let mut times = vec![start.floor() as u64];
    times.extend((0..=END + 5).filter(|time| (*time as f64) > start && (*time as f64) < end));
    times
}

fn one_or_mixed(mut states: impl Iterator<Item = LaneState>) -> LaneState {
    let first = states.next().unwrap();
    if states.all(|state| state == first) {
        first
    } else {
        LaneState::Mixed
    }
}

fn anomalies(replay: &Replay, client: &str) -> Vec<(AnomalyKind, u64)> {
    let report = replay.report(View::Whole);
    let entry = report
        .clients
        .iter()
        .find(|entry| entry.client_id == client)
        .unwrap();
    let time = |record: u64| replay.event(record).unwrap().time;
    entry
        .anomalies
        .iter()
        .map(|anomaly| (anomaly.kind, time(anomaly.record)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lanes_and_overview_show_every_point(
        events in events(), options in options(), from in 0..6_u32, length in 1..40_u32, width in 1..20_usize,
    ) {
        let raster = Raster { from: f64::from(from) / 2.0, to: f64::from(from + length) / 2.0, width };
        let edge = |column: usize| raster.from + (raster.to - raster.from) * column as f64 / width as f64;
        let mut replay = surveyed(&events, &options);
        let clients: Vec<u32> = (0..replay.totals().clients as u32).collect();
        let names: Vec<String> = clients.iter().map(|client| replay.name(*client).to_owned()).collect();
        let lanes = replay.lanes(&clients, &raster);
        let overview = replay.overview(&raster);
        prop_assert_eq!(lanes.actual.len(), clients.len() * width);
        for column in 0..width {
            let (start, end) = (edge(column), edge(column + 1));
            let within = |time: u64| start <= time as f64 && (time as f64) < end;
            let times = times_of(start, end);
            let mut marks = 0;
            for (lane, name) in names.iter().enumerate() {
                let at = lane * width + column;
                let actual = one_or_mixed(times.iter().map(|time| fact(&events, name, *time, &options)));
                prop_assert_eq!(lanes.actual[at], actual as u8, "{} {}..{}", name, start, end);
                let believed = one_or_mixed(times.iter().map(|time| {
                    lane_state(replay.believed(arrived(&events, *time) as u64).of(name))
                }));
                prop_assert_eq!(lanes.believed[at], believed as u8, "{} {}..{}", name, start, end);
                let count = events.iter().filter(|event| event.client_id == *name && within(event.time)).count();
                prop_assert_eq!(usize::from(lanes.count[at]), count);
                let found = anomalies(&replay, name);
                let found = found.iter().filter(|(_, time)| within(*time));
                prop_assert_eq!(lanes.anomalies[at], found.clone().fold(0, |bits, (kind, _)| bits | kind.bit()));
                marks += found.count();
                let share: f64 = (0..END + 10)
                    .filter(|time| fact(&events, name, *time, &options) == LaneState::Online)
                    .map(|time| (end.min((time + 1) as f64) - start.max(time as f64)).max(0.0))
                    .sum::<f64>() / (end - start);
                let fill = f64::from(lanes.fill[at]) / 255.0;
                prop_assert!((fill - share).abs() < 0.005, "fill {} for {}", fill, share);
                prop_assert_eq!(lanes.fill[at] > 0, share > 1e-9);
            }
            let believed: Vec<usize> = times.iter()
                .map(|time| replay.believed(arrived(&events, *time) as u64).online()).collect();
            let facts = |wanted: &[LaneState]| -> Vec<usize> {
                times.iter().map(|time| how_many(&events, &names, *time, &options, wanted)).collect()
            };
            let actual = facts(&[LaneState::Online]);
            let possible = facts(&[LaneState::Online, LaneState::Open]);
            let drawn = [overview.believed_min[column], overview.believed_max[column], overview.actual_min[column],
                overview.actual_max[column], overview.possible_max[column], overview.anomalies[column]];
            let told = [believed.iter().min(), believed.iter().max(), actual.iter().min(),
                actual.iter().max(), possible.iter().max(), Some(&marks)];
            prop_assert_eq!(drawn.map(|count| count as usize), told.map(|count| *count.unwrap()));
        }
    }

    #[test]
    fn a_seek_is_a_plain_evaluation(events in events(), options in options()) {
        let mut replay = surveyed(&events, &options);
        let clients: Vec<u32> = (0..replay.totals().clients as u32).collect();
        let names: Vec<String> = clients.iter().map(|client| replay.name(*client).to_owned()).collect();
        for record in 0..=events.len() as u64 {
            for time in [0, record % END, END] {
                let standing = replay.standing(&clients, Cursor { record, time });
                let believed = replay.believed(record);
                prop_assert_eq!(standing.believed_online as usize, believed.online());
                let facts = |wanted: LaneState| how_many(&events, &names, time, &options, &[wanted]);
                prop_assert_eq!(standing.actual_online as usize, facts(LaneState::Online));
                prop_assert_eq!(standing.actual_open as usize, facts(LaneState::Open));
                let by_the_rule = replay.actual(time).online();
                prop_assert!(standing.actual_online as usize <= by_the_rule);
                prop_assert!(by_the_rule <= (standing.actual_online + standing.actual_open) as usize);
                for (lane, name) in names.iter().enumerate() {
                    prop_assert_eq!(standing.believed[lane], lane_state(believed.of(name)) as u8);
                    prop_assert_eq!(standing.actual[lane], fact(&events, name, time, &options) as u8);
                }
            }
        }
        for time in 0..END {
            prop_assert_eq!(replay.record_at(time), arrived(&events, time) as u64);
        }
        for (number, record) in (1..=events.len()).zip(1..) {
            let newest = events[..number].iter().map(|event| event.time).max().unwrap();
            prop_assert_eq!(replay.time_of(record), newest);
        }
    }

    #[test]
    fn lanes_of_what_is_there_need_no_survey(events in events(), options in options(), cut in 0..40_usize) {
        let raster = Raster { from: 0.0, to: END as f64, width: 7 };
        let cut = cut.min(events.len());
        let mut growing = replay(&events[..cut], &options);
        // A survey of the first part is on its way while the rest comes.
        growing.survey(1);
        let clients: Vec<u32> = (0..3).collect();
        growing.lanes(&clients, &raster);
        let rest = replay(&events, &options);
        for record in cut as u64 + 1..=events.len() as u64 {
            let event = rest.event(record).unwrap();
            let record = mqtt_presence_core::event::Record {
                place: mqtt_presence_core::event::Place { record, line: record, column: 1, offset: 100 * (record - 1) },
                outcome: Ok(Event {
                    client_id: event.client_id.to_owned(),
                    channel_id: event.channel_id.to_owned(),
                    kind: event.event_type,
                    time: event.time,
                    client_ip: event.client_ip.map(std::borrow::Cow::into_owned),
                    extra: None,
                }),
            };
            growing.push(record, 0).unwrap();
        }
        let mut whole = surveyed(&events, &options);
        prop_assert_eq!(growing.lanes(&clients, &raster), whole.lanes(&clients, &raster));
        while !growing.survey(2) {}
        prop_assert_eq!(growing.totals(), whole.totals());
        prop_assert_eq!(growing.overview(&raster), whole.overview(&raster));
    }
}
