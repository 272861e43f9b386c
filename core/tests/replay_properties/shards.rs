//! A recording divided by client says what the whole one does.

use mqtt_presence_core::event::{Code, Event, Place, Record, Rejected};
use mqtt_presence_core::replay::{Merged, Options, Replay, Report, View};
use proptest::prelude::*;

use crate::recordings::{events, options};

/// Events of so many clients that every shard has some, and records that were
/// rejected in between.
fn records() -> impl Strategy<Value = Vec<Option<Event>>> {
    let event = |(mut event, client, rejected): (Event, u8, bool)| {
        event.client_id = format!("client-{client}");
        (!rejected).then_some(event)
    };
    let each = (0..16_u8, prop::bool::weighted(0.1));
    (events(), prop::collection::vec(each, 40)).prop_map(move |(events, each)| {
        let each = events.into_iter().zip(each);
        each.map(|(kept, (client, rejected))| event((kept, client, rejected)))
            .collect()
    })
}

/// Pushed as the records of two files.
fn push(replay: &mut Replay, records: &[Option<Event>]) {
    let files = [replay.add_file("one"), replay.add_file("two")];
    for (number, record) in (1..).zip(records) {
        let place = Place {
            record: number,
            line: number,
            column: 1,
            offset: 100 * (number - 1),
        };
        let rejected = || {
            Box::new(Rejected {
                code: Code::NotAnObject,
                field: None,
                message: format!("record {number}"),
                raw: Vec::new(),
            })
        };
        let record = Record {
            place,
            outcome: record.clone().ok_or_else(rejected),
        };
        replay
            .push(record, files[usize::from(number > 20)])
            .unwrap();
    }
}

fn shards(records: &[Option<Event>], options: &Options, of: u32) -> Vec<Replay> {
    let shard = |number| {
        let mut shard = Replay::shard(options.clone(), number, of);
        push(&mut shard, records);
        shard
    };
    (0..of).map(shard).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn shards_merge_to_the_report_of_the_whole(
        records in records(), options in options(), of in 1..9_u32, after in 0..42_u64, at in 0..14_u64,
    ) {
        let mut whole = Replay::new(options.clone());
        push(&mut whole, &records);
        let shards = shards(&records, &options, of);
        for view in [View::Whole, View::After(after), View::At(at)] {
            let expected = whole.report(view);
            let reports: Vec<Report<'_>> = shards.iter().map(|shard| shard.report(view)).collect();
            let merged = Merged::new(&reports);
            prop_assert_eq!(merged.summary, expected.summary);
            prop_assert!(merged.clients.iter().copied().eq(&expected.clients));
            prop_assert_eq!(serde_json::to_string(&merged).unwrap(), serde_json::to_string(&expected).unwrap());
        }
        for shard in &shards {
            prop_assert_eq!(shard.records(), whole.records());
        }
    }
}

/// Or the test above could pass with everything in one of them.
#[test]
fn every_shard_has_about_as_many_clients() {
    let event = |client| {
        Some(Event {
            client_id: format!("GID_fleet@@@device-{client:06}"),
            channel_id: "c".to_owned(),
            kind: mqtt_presence_core::event::Kind::Connect,
            time: 1,
            client_ip: None,
            extra: None,
        })
    };
    let records: Vec<Option<Event>> = (0..4_000).map(event).collect();
    for of in [1, 2, 3, 8] {
        for shard in shards(&records, &Options::default(), of) {
            let clients = shard.report(View::Whole).clients.len() as u32;
            let share = 4_000 / of;
            assert!(
                (share * 8 / 10..=share * 12 / 10).contains(&clients),
                "{clients} of {share}"
            );
        }
    }
}
