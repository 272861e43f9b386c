//! Replay against independent oracles, on random recordings.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use mqtt_presence_core::event::{Event, Kind, Limits, Place, Reader, Record};
use mqtt_presence_core::presence::{ChannelAnswer, Closing, Presence, Status};
use mqtt_presence_core::replay::{AnomalyKind, Options, Replay, View};
use proptest::prelude::*;

/// Few ids, times and addresses, so that events meet in slots.
fn event() -> impl Strategy<Value = Event> {
    let kinds = prop_oneof![
        Just(Kind::Connect),
        Just(Kind::Disconnect),
        Just(Kind::Tcpclean)
    ];
    let ips = prop_oneof![
        Just(None),
        Just(Some("10.0.0.1:1")),
        Just(Some("10.0.0.2:1"))
    ];
    (0..3_u8, 0..4_u8, kinds, 1..12_u64, ips).prop_map(|(client, channel, kind, time, ip)| Event {
        client_id: format!("client-{client}"),
        channel_id: format!("channel-{channel}"),
        kind,
        time,
        client_ip: ip.map(str::to_owned),
        extra: None,
    })
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(event(), 0..40)
}

fn options() -> impl Strategy<Value = Options> {
    (any::<bool>(), any::<bool>(), 1..5_usize, 0..6_u64, 0..6_u64).prop_map(
        |(tcpclean, takeover, flap_count, flap_window, late_after)| {
            let mut options = Options {
                flap_count,
                flap_window,
                late_after,
                ..Options::default()
            };
            options.rule.takeover = takeover;
            options.rule.closing = if tcpclean {
                Closing::Tcpclean
            } else {
                Closing::Any
            };
            options
        },
    )
}

fn replay(events: &[Event], options: &Options) -> Replay {
    let mut replay = Replay::new(options.clone());
    for (place, event) in (1..).zip(events) {
        let record = Record {
            place: Place {
                record: place,
                line: place,
                column: 1,
                offset: 100 * (place - 1),
            },
            outcome: Ok(event.clone()),
        };
        replay.push(record, 0).unwrap();
    }
    replay
}

/// One client as a report and as an oracle tell it.
type Told = BTreeMap<String, (Status, Vec<ChannelAnswer>)>;

/// Clients that the view knows.
fn told(replay: &Replay, view: View) -> Told {
    let report = replay.report(view);
    let json = serde_json::to_value(&report.clients).unwrap();
    json.as_array()
        .unwrap()
        .iter()
        .map(|client| {
            let id = client["clientId"].as_str().unwrap().to_owned();
            let status = serde_json::from_value(client["status"].clone()).unwrap();
            let channels = serde_json::from_value(client["channels"].clone()).unwrap();
            (id, (status, channels))
        })
        .filter(|(_, (status, _))| *status != Status::Unknown)
        .collect()
}

/// The service's own memory, fed with these events.
fn presence<'a>(events: impl Iterator<Item = &'a Event>, options: &Options) -> Told {
    let mut presence = Presence::new(options.rule.clone());
    let mut ids = BTreeSet::new();
    for event in events {
        presence.apply(event, "", None, 0);
        ids.insert(event.client_id.clone());
    }
    ids.into_iter()
        .map(|id| {
            let client = presence.client(&id).unwrap();
            let status = client.status(&options.rule, 0);
            let channels = client.channel_answers(&options.rule, 0);
            (id, (status, channels))
        })
        .collect()
}

/// Whether the client was online at a time, straight from the definition of
/// spans: for each channel the least connect and the least closing time.
fn online(events: &[Event], client: &str, time: u64, options: &Options) -> bool {
    let least = |channel: &str, kinds: &[Kind]| {
        let of_channel = |event: &&Event| {
            event.client_id == client && event.channel_id == channel && kinds.contains(&event.kind)
        };
        events
            .iter()
            .filter(of_channel)
            .map(|event| event.time)
            .min()
    };
    let closing: &[Kind] = match options.rule.closing {
        Closing::Any => &[Kind::Disconnect, Kind::Tcpclean],
        Closing::Tcpclean => &[Kind::Tcpclean],
    };
    let channels: BTreeSet<&str> = events
        .iter()
        .map(|event| event.channel_id.as_str())
        .collect();
    let started: Vec<(u64, &str)> = channels
        .iter()
        .filter_map(|channel| Some((least(channel, &[Kind::Connect])?, *channel)))
        .filter(|(connect, _)| *connect <= time)
        .collect();
    let newest = started.iter().max();
    started.iter().any(|start| {
        let open = least(start.1, closing).is_none_or(|end| time < end);
        open && (!options.rule.takeover || Some(start) == newest)
    })
}

/// Flapping by the wording: the transitions are the flips between
/// neighbouring times.
fn bursts(events: &[Event], client: &str, options: &Options) -> usize {
    let flips: Vec<u64> = (1..=12)
        .filter(|time| {
            online(events, client, *time, options) != online(events, client, time - 1, options)
        })
        .collect();
    let gaps = |pair: &u64, next: &u64| next - pair <= options.flap_window;
    flips
        .chunk_by(gaps)
        .filter(|burst| {
            burst
                .windows(options.flap_count)
                .any(|flips| flips[flips.len() - 1] - flips[0] <= options.flap_window)
        })
        .count()
}

fn lines(events: &[Event]) -> String {
    let line = |event: &Event| {
        let json = serde_json::json!({
            "clientId": event.client_id,
            "channelId": event.channel_id,
            "eventType": event.kind,
            "time": event.time,
            "clientIp": event.client_ip,
        });
        format!("{json}\n")
    };
    events.iter().map(line).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn believed_is_what_the_service_knows_after_as_many_events(
        events in events(), options in options(), cut in 0..45_usize,
    ) {
        let replay = replay(&events, &options);
        let expected = presence(events.iter().take(cut), &options);
        prop_assert_eq!(told(&replay, View::After(cut as u64)), expected.clone());
        let believed = replay.believed(cut as u64);
        for (client, status) in believed.iter() {
            let known = expected.get(client).map_or(Status::Unknown, |(status, _)| *status);
            prop_assert_eq!(status, known);
            prop_assert_eq!(believed.of(client), known);
            let alone = replay.believed_client(client, cut as u64);
            let channels = alone.map(|client| client.channel_answers(&options.rule, 0));
            prop_assert_eq!(channels, expected.get(client).map(|(_, channels)| channels.clone()));
        }
        prop_assert_eq!(told(&replay, View::Whole), presence(events.iter(), &options));
    }

    #[test]
    fn actual_is_what_the_spans_say(events in events(), options in options(), time in 0..13_u64) {
        let replay = replay(&events, &options);
        let actual = replay.actual(time);
        let mut count = 0;
        for (client, status) in actual.iter() {
            let first = events.iter().filter(|event| event.client_id == client).map(|event| event.time).min();
            let expected = if first.unwrap() > time {
                Status::Unknown
            } else if online(&events, client, time, &options) {
                Status::Online
            } else {
                Status::Offline
            };
            count += usize::from(expected == Status::Online);
            prop_assert_eq!(status, expected);
            let alone = replay.actual_client(client, time);
            let alone = alone.map_or(Status::Unknown, |client| client.status(&options.rule, 0));
            prop_assert_eq!(alone, expected);
        }
        prop_assert_eq!(actual.online(), count);
        let past = events.iter().filter(|event| event.time <= time);
        prop_assert_eq!(told(&replay, View::At(time)), presence(past, &options));
    }

    #[test]
    fn duplicates_and_flapping_are_as_worded(events in events(), options in options()) {
        let replay = replay(&events, &options);
        let report = replay.report(View::Whole);
        let distinct: BTreeSet<String> = events.iter().map(|event| format!("{event:?}")).collect();
        prop_assert_eq!(report.summary.duplicates as usize, events.len() - distinct.len());
        for client in &report.clients {
            let of_kind = |kind| client.anomalies.iter().filter(|anomaly| anomaly.kind == kind).count();
            let expected = bursts(&events, client.client_id, &options);
            prop_assert_eq!(of_kind(AnomalyKind::Flapping), expected, "{}", client.client_id);
            // A transition happens at the time of the record that made it.
            for anomaly in client.anomalies.iter().filter(|anomaly| anomaly.kind == AnomalyKind::Flapping) {
                let event = replay.event(anomaly.record).unwrap();
                prop_assert_eq!(event.client_id, client.client_id);
                prop_assert!(online(&events, client.client_id, event.time, &options)
                    != online(&events, client.client_id, event.time - 1, &options));
            }
        }
    }

    #[test]
    fn a_report_does_not_depend_on_chunks(events in events(), junk in "[ -~\n]{0,40}", chunk in 1..50_usize, cut in 0..40_usize) {
        let mut text = lines(&events);
        let at = text.lines().take(cut).map(|line| line.len() + 1).sum();
        text.insert_str(at, &junk);
        let report = |chunk: usize| {
            let mut reader = Reader::new(Limits::default());
            let mut replay = Replay::new(Options::default());
            for bytes in text.as_bytes().chunks(chunk) {
                reader.push(bytes);
                while let Some(record) = reader.next() {
                    replay.push(record, 0).unwrap();
                }
            }
            reader.finish();
            while let Some(record) = reader.next() {
                replay.push(record, 0).unwrap();
            }
            serde_json::to_string(&replay.report(View::Whole)).unwrap()
        };
        prop_assert_eq!(report(chunk), report(usize::MAX));
    }
}

/// What would be quadratic if it were done naively: a million events of one
/// channel, and of one client.
#[test]
fn a_single_busy_client_is_no_slower_than_many() {
    let event = |number: u64, kind| Event {
        client_id: "a".to_owned(),
        channel_id: format!("{:06}", number / 2),
        kind,
        time: 1 + number,
        client_ip: None,
        extra: None,
    };
    let channels: Vec<Event> = (0..100_000)
        .map(|number| {
            event(
                number,
                if number % 2 == 0 {
                    Kind::Connect
                } else {
                    Kind::Tcpclean
                },
            )
        })
        .collect();
    let report = replay(&channels, &Options::default());
    let report = report.report(View::Whole);
    assert_eq!(report.clients[0].channels.len(), 50_000);
    let flapping = |kind: &AnomalyKind| *kind == AnomalyKind::Flapping;
    let kinds: Vec<AnomalyKind> = report.clients[0]
        .anomalies
        .iter()
        .map(|anomaly| anomaly.kind)
        .collect();
    assert_eq!(kinds.iter().filter(|kind| flapping(kind)).count(), 1);

    let conflicts: Vec<Event> = (0..100_000)
        .map(|number| Event {
            channel_id: "c".to_owned(),
            ..event(number, Kind::Connect)
        })
        .collect();
    let report = replay(&conflicts, &Options::default());
    let report = report.report(View::Whole);
    assert_eq!(report.clients[0].anomalies.len(), 99_999);
}
