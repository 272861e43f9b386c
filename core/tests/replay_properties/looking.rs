//! Rows, anomalies, order and exports against the report.

use mqtt_presence_core::event::{Event, Limits, read_all};
use mqtt_presence_core::presence::Status;
use mqtt_presence_core::replay::{
    AnomalyKind, ClientFilter, Cursor, EventFilter, LaneState, Replay, Sort, View,
};
use proptest::prelude::*;

use crate::oracle::online;
use crate::recordings::{events, options, replay};

/// All pieces of a file, one after another.
fn pieces(mut piece: impl FnMut(u64) -> (String, Option<u64>)) -> String {
    let (mut text, mut from) = (String::new(), Some(0));
    while let Some(at) = from {
        let (more, next) = piece(at);
        text += &more;
        from = next;
    }
    text
}

/// Kind and record of every anomaly of the report, by record, then in the contract's order.
fn anomalies(replay: &Replay) -> Vec<(u64, usize)> {
    let report = replay.report(View::Whole);
    let mut told: Vec<(u64, usize)> = report
        .clients
        .iter()
        .flat_map(|client| &client.anomalies)
        .map(|anomaly| (anomaly.record, anomaly.kind.place()))
        .collect();
    told.sort_unstable();
    told
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_say_what_was_believed_and_what_was_so(
        events in events(), options in options(), first in 0..40_u64, count in 0..40_usize,
    ) {
        let mut replay = replay(&events, &options);
        while !replay.survey(5) {}
        let told = anomalies(&replay);
        let believed: Vec<LaneState> = (1..=events.len() as u64).map(|record| {
            match replay.believed(record).of(&events[record as usize - 1].client_id) {
                Status::Online => LaneState::Online,
                _ => LaneState::Offline,
            }
        }).collect();
        let rows = replay.rows(&EventFilter::default(), first, count);
        prop_assert_eq!(rows.total, events.len() as u64);
        prop_assert_eq!(rows.record.len(), events.len().saturating_sub(first as usize).min(count));
        for (row, record) in rows.record.iter().enumerate() {
            let number = *record as usize - 1;
            let event = &events[number];
            prop_assert_eq!(number as u64, first + row as u64);
            prop_assert_eq!((rows.time[row], rows.kind[row]), (event.time, event.kind));
            prop_assert_eq!((rows.client_ids[row], rows.channel_ids[row]), (&event.client_id[..], &event.channel_id[..]));
            prop_assert_eq!(rows.client_ips[row].as_deref(), event.client_ip.as_deref());
            let newest = events[..number].iter().map(|event| event.time).max().unwrap_or(0);
            prop_assert_eq!(rows.lag[row], newest.saturating_sub(event.time));
            prop_assert_eq!(rows.believed_after[row], believed[number]);
            let so = online(&events, &event.client_id, event.time, &options);
            // What is not certain is open.
            prop_assert!(rows.actual_then[row] == LaneState::Open || so == (rows.actual_then[row] == LaneState::Online));
            let bits = told.iter().filter(|(of, _)| of == record).fold(0, |bits, (_, place)| bits | 1 << place);
            prop_assert_eq!(rows.anomalies[row], bits);
        }
    }

    #[test]
    fn a_filter_passes_what_it_says(
        events in events(), options in options(), clients in prop::option::of(prop::collection::vec(0..4_u32, 0..3)),
        range in prop::option::of((0..12_u64, 0..12_u64)), kinds in 0..8_usize, anomalous in any::<bool>(), record in 0..42_u64,
    ) {
        use mqtt_presence_core::event::Kind;
        let all = [Kind::Connect, Kind::Disconnect, Kind::Tcpclean];
        let kinds: Vec<Kind> = (0..3).filter(|kind| kinds & 1 << kind != 0).map(|kind| all[kind]).collect();
        let mut replay = replay(&events, &options);
        while !replay.survey(5) {}
        let told = anomalies(&replay);
        let filter = EventFilter { clients: clients.clone(), range, kinds: kinds.clone(), anomalous };
        let wanted: Vec<u64> = (1..).zip(&events).filter(|(record, event)| {
            let client = replay.find(&event.client_id).unwrap();
            clients.as_ref().is_none_or(|clients| clients.contains(&client))
                && range.is_none_or(|(from, to)| from <= event.time && event.time <= to)
                && (kinds.is_empty() || kinds.contains(&event.kind))
                && (!anomalous || told.iter().any(|(of, _)| of == record))
        }).map(|(record, _)| record).collect();
        let rows = replay.rows(&filter, 0, usize::MAX);
        prop_assert_eq!(rows.total, wanted.len() as u64);
        prop_assert_eq!(&rows.record, &wanted);
        let row = wanted.iter().filter(|of| **of < record).count() as u64;
        prop_assert_eq!(replay.row_of(&filter, record), row);
        let saved = pieces(|from| replay.export_ndjson(&filter, from));
        let saved: Vec<Event> = read_all(saved.as_bytes(), Limits::default())
            .into_iter().map(|record| record.outcome.unwrap()).collect();
        let wanted: Vec<Event> = wanted.iter().map(|record| events[*record as usize - 1].clone()).collect();
        prop_assert_eq!(saved, wanted);
    }

    #[test]
    fn anomalies_are_those_of_the_report(events in events(), options in options(), record in 0..42_u64) {
        let mut replay = replay(&events, &options);
        while !replay.survey(5) {}
        let told = anomalies(&replay);
        prop_assert_eq!(replay.totals().anomalies, told.len() as u64);
        let of_kind = |kind: Option<AnomalyKind>| {
            told.iter().copied().filter(move |(_, place)| kind.is_none_or(|kind| kind.place() == *place))
        };
        for kind in AnomalyKind::ALL.into_iter().map(Some).chain([None]) {
            let next = replay.anomaly_after(record, kind).map(|anomaly| (anomaly.record, anomaly.kind.place()));
            prop_assert_eq!(next, of_kind(kind).find(|(of, _)| *of > record));
            let last = replay.anomaly_before(record, kind).map(|anomaly| (anomaly.record, anomaly.kind.place()));
            let before = of_kind(kind).filter(|(of, _)| *of < record).map(|(of, _)| of).max();
            prop_assert_eq!(last, of_kind(kind).find(|(of, _)| Some(*of) == before));
        }
        for kind in AnomalyKind::ALL {
            let page: Vec<u64> = replay.offenders(kind, 1, 3).iter().map(|anomaly| anomaly.record).collect();
            let expected: Vec<u64> = of_kind(Some(kind)).map(|(record, _)| record).skip(1).take(3).collect();
            prop_assert_eq!(page, expected);
            let summaries = replay.anomaly_summaries();
            let summary = summaries.iter().find(|summary| summary.kind == kind);
            prop_assert_eq!(summary.map_or(0, |summary| summary.count), of_kind(Some(kind)).count() as u64);
            prop_assert_eq!(summary.map(|summary| summary.first.record), of_kind(Some(kind)).map(|(record, _)| record).next());
        }
    }

    #[test]
    fn the_report_in_pieces_is_the_report(events in events(), options in options()) {
        let mut replay = replay(&events, &options);
        while !replay.survey(5) {}
        let report = replay.report(View::Whole);
        let totals = replay.totals();
        prop_assert_eq!((totals.duplicates, totals.online), (report.summary.duplicates, report.summary.online));
        let json = serde_json::to_string(&report).unwrap() + "\n";
        for entry in &report.clients {
            let alone = replay.client_json(replay.find(entry.client_id).unwrap());
            prop_assert_eq!(alone, Some(serde_json::to_string(entry).unwrap()));
        }
        prop_assert_eq!(pieces(|from| replay.export_report(from)), json);
    }

    #[test]
    fn an_order_holds_each_client_that_passes_once(
        events in events(), options in options(), text in "[a-z0-9-]{0,2}|client-1|channel-[0-3]", online in prop::option::of(any::<bool>()),
    ) {
        let mut replay = replay(&events, &options);
        while !replay.survey(5) {}
        let status = online.map(|online| if online { Status::Online } else { Status::Offline });
        let filter = ClientFilter { text: text.clone(), anomalies: vec![AnomalyKind::Overlap, AnomalyKind::Late], status };
        let wanted: Vec<u32> = replay.report(View::Whole).clients.iter().filter(|client| {
            let ids = client.channels.iter().map(|channel| channel.channel_id);
            status.is_none_or(|status| client.status == status)
                && client.anomalies.iter().any(|anomaly| filter.anomalies.contains(&anomaly.kind))
                && std::iter::once(client.client_id).chain(ids).any(|id| id.contains(&text))
        }).map(|client| replay.find(client.client_id).unwrap()).collect();
        prop_assert_eq!(replay.order(Sort::Name, &filter), wanted.clone());
        for sort in [Sort::Anomalies, Sort::Flaps] {
            let mut order = replay.order(sort, &filter);
            order.sort_unstable();
            let mut wanted = wanted.clone();
            wanted.sort_unstable();
            prop_assert_eq!(order, wanted);
        }
    }

    #[test]
    fn an_inspection_says_what_both_axes_say(events in events(), options in options(), record in 0..42_u64, time in 0..14_u64) {
        let replay = replay(&events, &options);
        let (believed, actual) = (replay.believed(record), replay.actual(time));
        for (client, _) in believed.iter() {
            let number = replay.find(client).unwrap();
            let inspection = replay.inspect(number, Cursor { record, time }).unwrap();
            prop_assert_eq!(inspection.believed.status, believed.of(client));
            prop_assert_eq!(inspection.actual.status, actual.of(client));
            for (explanation, view) in [(&inspection.believed, View::After(record)), (&inspection.actual, View::At(time))] {
                prop_assert_eq!(explanation.status == Status::Online, explanation.reason == "live");
                prop_assert_eq!(explanation.status == Status::Unknown, explanation.reason == "never_seen");
                prop_assert_eq!(explanation.status == Status::Unknown, explanation.record.is_none());
                if let Some(channel) = explanation.channel_id {
                    prop_assert!(explanation.sentence.contains(channel), "{} without {}", explanation.sentence, channel);
                }
                let report = replay.report(view);
                let entry = report.clients.iter().find(|entry| entry.client_id == client).unwrap();
                for channel in &inspection.channels {
                    let state = entry.channels.iter().find(|of| of.channel_id == channel.channel_id).map(|of| of.state);
                    let told = if view == View::After(record) { channel.believed } else { channel.actual };
                    prop_assert_eq!(told, state);
                }
            }
        }
        prop_assert_eq!(replay.inspect(99, Cursor { record, time }), None);
    }
}
