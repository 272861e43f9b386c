//! What a recording keeps, and where it ends.

use mqtt_presence_core::event::{Limits, Place, Reader, Record};
use mqtt_presence_core::replay::{Full, Options, Replay, View};

const EVENT: &str = r#"{"clientId":"a","channelId":"c","eventType":"connect","time":5,"clientIp":"10.0.0.1:1","sn":[1,2]}"#;

fn records(text: &str) -> Vec<Record> {
    let mut reader = Reader::new(Limits::default());
    reader.push(text.as_bytes());
    reader.finish();
    std::iter::from_fn(|| reader.next()).collect()
}

#[test]
fn an_event_keeps_its_place_and_its_ignored_fields() {
    let mut replay = Replay::new(Options::default());
    let file = replay.add_file("a.log");
    for record in records(&format!("\n\njunk {EVENT}\n")) {
        replay.push(record, file).unwrap();
    }
    assert_eq!(replay.records(), 2);
    assert_eq!(replay.event(1), None, "junk");
    assert_eq!(replay.event(3), None, "beyond the end");
    let event = replay.event(2).unwrap();
    assert_eq!((event.line, event.offset), (3, 7));
    assert_eq!(
        (event.client_id, event.channel_id, event.time),
        ("a", "c", 5)
    );
    assert_eq!(event.client_ip.as_deref(), Some("10.0.0.1:1"));
    assert_eq!(event.extra, Some(r#"{"sn":[1,2]}"#));
    assert_eq!(event.file, None, "there is one file");
}

#[test]
fn facts_say_where_they_came_from() {
    let mut replay = Replay::new(Options::default());
    for (number, name) in (1..).zip(["one", "two"]) {
        let file = replay.add_file(name);
        for mut record in records(EVENT) {
            record.place.record = number;
            replay.push(record, file).unwrap();
        }
    }
    let client = replay.believed_client("a", 2).unwrap();
    assert_eq!(
        client.channels["c"].connect.as_ref().unwrap().origin,
        "one record 1"
    );
    assert_eq!(replay.event(2).unwrap().file, Some("two"));
    assert_eq!(replay.believed_client("b", 2), None);
    assert_eq!(replay.actual_client("a", 4), None);
}

#[test]
fn a_full_recording_says_so_and_stays_as_it_was() {
    let mut replay = Replay::new(Options::default());
    for place in [
        Place {
            record: 1 << 32,
            line: 1,
            column: 1,
            offset: 0,
        },
        Place {
            record: 1,
            line: 1 << 32,
            column: 1,
            offset: 0,
        },
    ] {
        let mut record = records(EVENT).remove(0);
        record.place = place;
        assert_eq!(replay.push(record, 0), Err(Full));
    }
    assert_eq!(replay.records(), 0);
    assert_eq!(replay.report(View::Whole).clients, []);
}
