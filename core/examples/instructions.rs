//! `instructions FUNCTION`: one of the hot functions, once, on data that is the
//! same everywhere. `cargo xtask bench instructions` counts what it executes
//! within `counted_…`; making the data is not counted.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a tool of the tests"
)]

use std::fmt::Write;
use std::hint::black_box;

use mqtt_presence_core::event::{Kind, Limits, Plain, Reader};
use mqtt_presence_core::presence::{Options, Presence};
use mqtt_presence_core::replay::{self, Replay};

/// Events of each run.
const EVENTS: u64 = 20_000;

fn main() {
    let function = std::env::args().nth(1).unwrap_or_default();
    match function.as_str() {
        "read-plain" => {
            let mut reader = reading("");
            assert_eq!(counted_read_plain(&mut reader), EVENTS - 1);
        }
        "read-unusual" => {
            let mut reader = reading(r#","remark":{"by":"\u00e9","port":1883}"#);
            assert_eq!(counted_read_unusual(&mut reader), EVENTS - 1);
        }
        "join-new" => {
            let ids = ids();
            let mut presence = Presence::new(Options::default());
            assert_eq!(counted_join(&mut presence, &events(&ids)), EVENTS);
        }
        "join-repeat" => {
            let ids = ids();
            let events = events(&ids);
            let mut presence = Presence::new(Options::default());
            presence.apply_all(&events, "", 1, |_, _| ());
            assert_eq!(counted_join(&mut presence, &events), 0);
        }
        "survey" => {
            let mut reader = reading("");
            let mut replay = Replay::new(replay::Options::default());
            let file = replay.add_file("events.ndjson");
            replay.drain(&mut reader, file).unwrap();
            assert!(counted_survey(&mut replay));
        }
        other => panic!("no function is called `{other}`"),
    }
}

#[inline(never)]
fn counted_read_plain(reader: &mut Reader) -> u64 {
    let mut count = 0;
    loop {
        match black_box(reader.next_plains()).len() {
            0 => return count,
            some => count += some as u64,
        }
    }
}

#[inline(never)]
fn counted_read_unusual(reader: &mut Reader) -> u64 {
    let mut count = 0;
    while let Some(record) = black_box(reader.next()) {
        count += u64::from(record.outcome.is_ok());
    }
    count
}

#[inline(never)]
fn counted_join(presence: &mut Presence, events: &[Plain<'_>]) -> u64 {
    let mut flips = 0;
    presence.apply_all(events, "", 2, |_, _| flips += 1);
    flips
}

#[inline(never)]
fn counted_survey(replay: &mut Replay) -> bool {
    replay.survey(u32::MAX)
}

/// A reader that holds all events, of which the first was taken: it finds the
/// encoding.
fn reading(more: &str) -> Reader {
    let mut text = String::new();
    for (client, channel) in ids() {
        writeln!(
            text,
            r#"{{"clientId":"{client}","channelId":"{channel}","eventType":"connect","time":1767225600071,"clientIp":"10.1.109.186:64084"{more}}}"#
        )
        .unwrap();
    }
    let mut reader = Reader::new(Limits::default());
    reader.push(text.as_bytes());
    assert!(reader.next().is_some());
    reader
}

/// Ids as a fleet has them: each client has one channel.
fn ids() -> Vec<(String, String)> {
    let spread = |number: u64| number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..EVENTS)
        .map(|number| {
            let client = format!("GID_fleet@@@device-{number:06}");
            let channel = format!("{:016x}{:016x}", spread(number), spread(!number));
            (client, channel)
        })
        .collect()
}

fn events(ids: &[(String, String)]) -> Vec<Plain<'_>> {
    let event = |(client, channel)| Plain {
        client_id: client,
        channel_id: channel,
        kind: Kind::Connect,
        time: 1_767_225_600_071,
        client_ip: Some("10.1.109.186:64084"),
    };
    ids.iter()
        .map(|(client, channel)| event((client.as_str(), channel.as_str())))
        .collect()
}
