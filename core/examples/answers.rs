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

use mqtt_presence_core::event::{Limits, Reader, Record, Records, RejectedAnswer};
use mqtt_presence_core::presence::{self, ChannelAnswer, Explain, Presence, Status, Transition};
use mqtt_presence_core::replay::{self, Answers, Input, Replay, Shape, View};
use serde::{Deserialize, Serialize};

#[path = "../../tests/conformance/options.rs"]
mod options;
#[path = "../../tests/conformance/wire.rs"]
mod wire;

use options::VectorOptions;
use wire::WireEvent;

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
    options: VectorOptions,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    input: String,
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

fn parse(asked: &Parse) -> String {
    let mut records = Records::default();
    let mut reader = Reader::new(Limits::default());
    let take = |record, _| records.push(record);
    read(&mut reader, &bytes(&asked.input), asked.chunk, take);
    json(&records)
}

fn recording(asked: &Recording) -> String {
    let mut replay = Replay::new(asked.options.replay());
    let mut input = Input::new(Limits::default(), Shape::Detected);
    for file in &asked.files {
        input.begin(&mut replay, &file.name).unwrap();
        for bytes in bytes(&file.input).chunks(asked.chunk) {
            input.push(&mut replay, bytes).unwrap();
        }
        input.finish(&mut replay).unwrap();
    }
    json(&replay.report(asked.options.view())) + "\n"
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
            Err(rejected) => errors.push(RejectedAnswer::new(record.place, *rejected)),
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
