//! Answers the requests of `tests/conformance` natively: one JSON object a
//! line on standard input, one answer a line on standard output. The README
//! there says what they are; `answers.mjs` answers them in JavaScript.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a tool of the tests that stops at what it cannot read"
)]

use std::io::{BufRead, Write};

use mqtt_presence_core::event::{Code, Event, Kind, Limits, Place, Reader, Record, Rejected};
use mqtt_presence_core::presence::{self, ChannelAnswer, Explain, Presence, Status, Transition};
use mqtt_presence_core::replay::{self, Answers, Replay, View};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum Request {
    Parse(Parse),
    Replay(Recording),
    Steps(Steps),
    Stream(Stream),
    Restore(Restore),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parse {
    input: String,
    chunk: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recording {
    files: Vec<File>,
    chunk: usize,
    options: ReplayOptions,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    input: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReplayOptions {
    closing: Option<presence::Closing>,
    takeover: Option<bool>,
    after: Option<u64>,
    at: Option<u64>,
    flap_count: Option<usize>,
    flap_window: Option<u64>,
    late_after: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Steps {
    options: presence::Options,
    steps: Vec<Step>,
    restart: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Step {
    Apply { now: u64, events: Vec<WireEvent> },
    Expect { now: u64, expect: Vec<Asked> },
    Forget { now: u64 },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    client_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WireEvent {
    client_id: String,
    channel_id: String,
    event_type: Kind,
    time: u64,
    client_ip: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stream {
    input: String,
    chunk: usize,
    options: presence::Options,
    start: u64,
    forget: u64,
    after: u64,
    at: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Restore {
    snapshot: String,
    input: String,
    now: u64,
    options: presence::Options,
}

fn main() {
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let request = serde_json::from_str(&line);
        let answer = match request.unwrap_or_else(|error| panic!("{error}: {line:.200}")) {
            Request::Parse(asked) => parse(&asked),
            Request::Replay(asked) => recording(&asked),
            Request::Steps(asked) => steps(asked),
            Request::Stream(asked) => stream(asked),
            Request::Restore(asked) => restore(asked),
        };
        output.write_all(answer.as_bytes()).unwrap();
        if !answer.ends_with('\n') {
            output.write_all(b"\n").unwrap();
        }
    }
}

/// Bytes travel as text of one character a byte.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).unwrap()).collect()
}

fn text_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// Reads an input in pieces; `take` gets each record and the number of the
/// piece that completed it.
fn read(reader: &mut Reader, input: &[u8], chunk: usize, mut take: impl FnMut(Record, u64)) {
    let mut piece = 0;
    for bytes in input.chunks(chunk) {
        reader.push(bytes);
        while let Some(record) = reader.next() {
            take(record, piece);
        }
        piece += 1;
    }
    reader.finish();
    while let Some(record) = reader.next() {
        take(record, piece);
    }
}

/// Keys in the order of the vectors.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Accepted {
    #[serde(flatten)]
    place: Place,
    client_id: String,
    channel_id: String,
    event_type: Kind,
    time: u64,
    client_ip: Option<String>,
    extra: Option<String>,
}

#[derive(Serialize)]
struct Rejection {
    #[serde(flatten)]
    place: Place,
    code: Code,
    field: Option<String>,
    message: String,
}

impl Rejection {
    fn new(place: Place, rejected: Rejected) -> Rejection {
        Rejection {
            place,
            code: rejected.code,
            field: rejected.field,
            message: rejected.message,
        }
    }
}

fn parse(asked: &Parse) -> String {
    #[derive(Default, Serialize)]
    struct Records {
        events: Vec<Accepted>,
        errors: Vec<Rejection>,
    }
    let mut records = Records::default();
    let mut reader = Reader::new(Limits::default());
    let take = |Record { place, outcome }: Record, _| match outcome {
        Ok(event) => records.events.push(Accepted {
            place,
            client_id: event.client_id,
            channel_id: event.channel_id,
            event_type: event.kind,
            time: event.time,
            client_ip: event.client_ip,
            extra: event.extra,
        }),
        Err(rejected) => records.errors.push(Rejection::new(place, *rejected)),
    };
    read(&mut reader, &bytes(&asked.input), asked.chunk, take);
    json(&records)
}

fn recording(asked: &Recording) -> String {
    let given = &asked.options;
    let mut options = replay::Options::default();
    options.rule.closing = given.closing.unwrap_or_default();
    options.rule.takeover = given.takeover.unwrap_or_default();
    options.flap_count = given.flap_count.unwrap_or(options.flap_count);
    options.flap_window = given.flap_window.unwrap_or(options.flap_window);
    options.late_after = given.late_after.unwrap_or(options.late_after);
    let mut replay = Replay::new(options);
    let mut reader = Reader::new(Limits::default());
    for (number, file) in asked.files.iter().enumerate() {
        if number > 0 {
            reader.next_file();
        }
        let index = replay.add_file(&file.name);
        read(
            &mut reader,
            &bytes(&file.input),
            asked.chunk,
            |record, _| {
                replay.push(record, index).unwrap();
            },
        );
    }
    let view = match (given.after, given.at) {
        (Some(records), _) => View::After(records),
        (None, Some(time)) => View::At(time),
        (None, None) => View::Whole,
    };
    json(&replay.report(view)) + "\n"
}

fn steps(asked: Steps) -> String {
    let mut presence = Presence::new(asked.options.clone());
    let step = |step: Step| {
        let said = match step {
            Step::Apply { now, events } => {
                let flip = |event: WireEvent| presence.apply(&event.into(), "", None, now);
                json(&events.into_iter().filter_map(flip).collect::<Vec<_>>())
            }
            Step::Forget { now } => json(&presence.forget(now)),
            Step::Expect { now, expect } => {
                let answer = |asked: &Asked| client(&presence, &asked.client_id, now);
                json(&expect.iter().map(answer).collect::<Vec<_>>())
            }
        };
        if asked.restart {
            presence = Presence::restore(&presence.snapshot(), asked.options.clone()).unwrap();
        }
        said
    };
    let said: Vec<String> = asked.steps.into_iter().map(step).collect();
    format!("[{}]", said.join(","))
}

impl From<WireEvent> for Event {
    fn from(wire: WireEvent) -> Event {
        Event {
            client_id: wire.client_id,
            channel_id: wire.channel_id,
            kind: wire.event_type,
            time: wire.time,
            client_ip: wire.client_ip,
            extra: None,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClientAnswer {
    client_id: String,
    online: bool,
    status: Status,
    since: Option<u64>,
    channels: Vec<ChannelAnswer>,
}

fn client(presence: &Presence, id: &str, now: u64) -> ClientAnswer {
    let explain = presence.explain(id, now);
    let client = presence.client(id).unwrap_or_default();
    ClientAnswer {
        client_id: explain.client_id,
        online: explain.online,
        status: explain.status,
        since: explain.since,
        channels: client.channel_answers(presence.options(), now),
    }
}

fn stream(asked: Stream) -> String {
    let mut options = replay::Options::default();
    options.rule.closing = asked.options.closing;
    options.rule.takeover = asked.options.takeover;
    let mut replay = Replay::new(options);
    let file = replay.add_file("stream");
    let mut presence = Presence::new(asked.options);
    let mut transitions: Vec<Transition> = Vec::new();
    let (mut accepted, mut errors) = (0, Vec::new());
    let input = bytes(&asked.input);
    let mut reader = Reader::new(Limits::default());
    read(&mut reader, &input, asked.chunk, |record, piece| {
        replay.push(record.clone(), file).unwrap();
        match record.outcome {
            Ok(event) => {
                accepted += 1;
                transitions.extend(presence.apply(&event, "", None, asked.start + piece));
            }
            Err(rejected) => errors.push(Rejection::new(record.place, *rejected)),
        }
    });
    let now = asked.start + input.chunks(asked.chunk).len() as u64;
    let explain = |(id, _)| presence.explain(id, now);
    let clients: Vec<Explain> = presence.iter().map(explain).collect();
    let stats = presence.stats(now);
    let forgotten = presence.forget(now + asked.forget);
    let pairs = |answers: &Answers<'_>| json(&answers.iter().collect::<Vec<(&str, Status)>>());
    format!(
        "{{\"accepted\":{accepted},\"transitions\":{},\"errors\":{},\"clients\":{},\
         \"stats\":{{\"clients\":{},\"online\":{},\"suspect\":{},\"channels\":{}}},\
         \"forgotten\":{forgotten},\"snapshot\":{},\"believed\":{},\"actual\":{},\"report\":{}}}",
        json(&transitions),
        json(&errors),
        json(&clients),
        stats.clients,
        stats.online,
        stats.suspect,
        json(&stats.channels),
        json(&text_of(&presence.snapshot())),
        pairs(&replay.believed(asked.after)),
        pairs(&replay.actual(asked.at)),
        json(&replay.report(View::After(asked.after))),
    )
}

fn restore(asked: Restore) -> String {
    let snapshot = bytes(&asked.snapshot);
    let restored = || Presence::restore(&snapshot, asked.options.clone()).unwrap();
    let mut presence = restored();
    let again = presence.snapshot() == snapshot;
    let mut transitions: Vec<Transition> = Vec::new();
    let mut reader = Reader::new(Limits::default());
    reader.push(&bytes(&asked.input));
    while let Some(record) = reader.next() {
        if let Ok(event) = record.outcome {
            transitions.extend(presence.apply(&event, "", None, asked.now));
        }
    }
    let merged = presence.merge(&restored(), asked.now + 1);
    format!(
        "{{\"again\":{again},\"transitions\":{},\"merged\":{},\"snapshot\":{}}}",
        json(&transitions),
        json(&merged),
        json(&text_of(&presence.snapshot())),
    )
}
