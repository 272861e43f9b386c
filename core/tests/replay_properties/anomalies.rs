//! Anomalies against their wording.

use std::collections::BTreeSet;

use mqtt_presence_core::replay::{AnomalyKind, View};
use proptest::prelude::*;

use crate::oracle::{anomalies, bursts, online};
use crate::recordings::{events, options, replay};

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

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
    fn each_anomaly_names_its_record(events in events(), options in options(), cut in 0..45_usize) {
        let replay = replay(&events, &options);
        for (view, events) in [
            (View::Whole, &events[..]),
            (View::At(5), &events[..]),
            (View::After(cut as u64), &events[..cut.min(events.len())]),
        ] {
            for client in &replay.report(view).clients {
                let expected = anomalies(events, client.client_id, &options);
                let told: Vec<(u64, &str)> = client.anomalies.iter()
                    .filter(|anomaly| anomaly.kind != AnomalyKind::Flapping)
                    .map(|anomaly| (anomaly.record, anomaly.kind.as_str()))
                    .collect();
                prop_assert_eq!(told, expected.into_iter().collect::<Vec<_>>());
                for anomaly in &client.anomalies {
                    prop_assert_eq!(anomaly.channel_id, &events[anomaly.record as usize - 1].channel_id);
                }
            }
        }
    }
}
