//! The same bytes, cut in other places.

use mqtt_presence_core::event::{Event, Limits, Reader};
use mqtt_presence_core::replay::{Options, Replay, View};
use proptest::prelude::*;

use crate::recordings::events;

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
