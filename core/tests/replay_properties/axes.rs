//! `believed` against the service's own memory, `actual` against the spans.

use std::collections::{BTreeMap, BTreeSet};

use mqtt_presence_core::event::Event;
use mqtt_presence_core::presence::{ChannelAnswer, Presence, Status};
use mqtt_presence_core::replay::{Options, Replay, View};
use proptest::prelude::*;

use crate::oracle::online;
use crate::recordings::{events, options, replay};

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
}
