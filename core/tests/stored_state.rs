//! What is written today must be readable tomorrow, and the same everywhere.
#![allow(clippy::unwrap_used)]

use mqtt_presence_core::event::{Event, Kind};
use mqtt_presence_core::presence::{Client, Options, Presence, SnapshotError, Status};

/// Written by version 1. Never edit it: it is what users have on their disks.
const SNAPSHOT: &str = include_str!("snapshot-1.jsonl");

fn event(client: &str, channel: &str, kind: Kind, time: u64, ip: Option<&str>) -> Event {
    Event {
        client_id: client.to_owned(),
        channel_id: channel.to_owned(),
        kind,
        time,
        client_ip: ip.map(str::to_owned),
        extra: None,
    }
}

fn presence() -> Presence {
    let mut presence = Presence::new(Options {
        retention: 10,
        ..Options::default()
    });
    for (event, now) in [
        (
            event("GID_a@@@é", "x", Kind::Connect, 1, Some("10.0.0.1:1")),
            100,
        ),
        (event("GID_a@@@é", "x", Kind::Tcpclean, 2, None), 100),
        (event("GID_a@@@é", "y", Kind::Connect, 3, None), 111),
        (event("\"quoted\"", "z", Kind::Disconnect, 4, None), 120),
    ] {
        presence.apply(&event, "m1", Some("m1"), now);
    }
    presence.forget(111);
    presence
}

#[test]
fn a_snapshot_is_the_same_bytes_everywhere() {
    let written = String::from_utf8(presence().snapshot()).unwrap();
    assert_eq!(written, SNAPSHOT);
    let restored = Presence::restore(SNAPSHOT.as_bytes(), presence().options().clone()).unwrap();
    assert_eq!(restored, presence());
}

#[test]
fn an_empty_state_has_a_snapshot_too() {
    let empty = Presence::new(Options::default());
    let restored = Presence::restore(&empty.snapshot(), Options::default()).unwrap();
    assert_eq!(restored, empty);
}

#[test]
fn other_bytes_are_no_snapshot() {
    for bytes in ["", "\n", "{}", "null", r#"{"format":"other","version":1}"#] {
        let error = Presence::restore(bytes.as_bytes(), Options::default()).unwrap_err();
        assert!(
            matches!(error, SnapshotError::NotASnapshot { .. }),
            "{bytes}"
        );
    }
    let error = Presence::restore(b"clientId,time\nc,1\n", Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "not a snapshot of mqtt-presence: it begins with `clientId,time`"
    );
    Presence::restore(&[0xff; 1000], Options::default()).unwrap_err();
}

#[test]
fn a_newer_version_is_refused() {
    let newer = br#"{"format":"mqtt-presence-snapshot","version":2,"what":"ever"}"#;
    let error = Presence::restore(newer, Options::default()).unwrap_err();
    assert_eq!(error, SnapshotError::NewerVersion { found: 2 });
    assert_eq!(
        error.to_string(),
        "the snapshot has version `2`, this mqtt-presence reads up to `1`; restore it with a \
         newer one"
    );
}

#[test]
fn damage_is_named_with_its_line() {
    let cut: Vec<&str> = SNAPSHOT.lines().take(2).collect();
    let error = Presence::restore(
        format!("{}\n", cut.join("\n")).as_bytes(),
        Options::default(),
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "the snapshot is damaged at line 2: lines are missing after it, or were added; restore \
         another one"
    );
    let broken = SNAPSHOT.replace("\"time\":3", "\"time\":x");
    let error = Presence::restore(broken.as_bytes(), Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the snapshot is damaged at line 3: it is not a client; restore another one"
    );
    let changed = SNAPSHOT.replace("\"time\":3", "\"time\":4");
    let error = Presence::restore(changed.as_bytes(), Options::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the snapshot is damaged at line 1: its checksum does not fit the lines after it; \
         restore another one"
    );
}

#[test]
fn a_row_is_compact() {
    let mut client = Client::default();
    let connect = event("c", "x", Kind::Connect, 1, None);
    client.apply(&connect, "m1", 100, &Options::default());
    assert_eq!(
        serde_json::to_string(&client).unwrap(),
        concat!(
            r#"{"channels":{"x":{"connect":{"time":1,"origin":"m1"}}},"#,
            r#""last":{"online":true,"time":1,"observedAt":100}}"#,
        )
    );
}

#[test]
fn a_row_without_later_fields_is_read() {
    let empty: Client = serde_json::from_str("{}").unwrap();
    assert_eq!(empty, Client::default());
    let old: Client = serde_json::from_str(r#"{"channels":{"x":{"connect":{"time":1}}}}"#).unwrap();
    assert_eq!(old.status(&Options::default(), 100), Status::Online);
    // A field that a newer version may have added does no harm.
    let new: Client = serde_json::from_str(r#"{"channels":{},"added":1}"#).unwrap();
    assert_eq!(new, Client::default());
}
