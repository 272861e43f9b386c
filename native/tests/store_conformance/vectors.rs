//! The vectors of `tests/conformance` through every store.

use std::fs;
use std::path::{Path, PathBuf};

use mqtt_presence::pipeline::Delivery;
use mqtt_presence::store::{Batch, Keep, Origin, Selection};
use mqtt_presence_core::event::{Limits, Reader, Record};
use mqtt_presence_core::presence::{
    ChannelAnswer, Client, Closing, Options, Presence, Status, Transition,
};
use serde::Deserialize;

use crate::counts::compare;
use crate::{Bench, Open};

#[path = "../../../tests/conformance/wire.rs"]
mod wire;

use wire::WireEvent;

#[derive(Deserialize)]
struct Vector {
    options: Options,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Step {
    Apply(Apply),
    Forget(Forget),
    Expect(Expect),
}

#[derive(Deserialize)]
struct Apply {
    now: u64,
    events: Vec<WireEvent>,
    transitions: Vec<Transition>,
}

#[derive(Deserialize)]
struct Forget {
    now: u64,
    forgotten: u64,
}

#[derive(Deserialize)]
struct Expect {
    now: u64,
    expect: Vec<Answer>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    client_id: String,
    online: bool,
    status: Status,
    since: Option<u64>,
    channels: Vec<ChannelAnswer>,
}

impl Answer {
    fn of(client_id: &str, client: Option<&Client>, options: &Options, now: u64) -> Answer {
        Answer {
            client_id: client_id.to_owned(),
            online: client.is_some_and(|client| client.online(options, now)),
            status: client.map_or(Status::Unknown, |client| client.status(options, now)),
            since: client.and_then(Client::since),
            channels: client.map_or_else(Vec::new, |c| c.channel_answers(options, now)),
        }
    }
}

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/conformance")
        .join(kind)
}

pub async fn follows_every_steps_vector(open: Open) {
    let mut count = 0;
    for file in fs::read_dir(folder("steps")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|end| end == "json") {
            let vector: Vector = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let bench = open(vector.options.clone(), Keep::default());
            for step in vector.steps {
                follow(&bench, &vector.options, step, &path).await;
            }
            count += 1;
        }
    }
    assert!(count >= 40, "only {count} vectors were found");
}

async fn follow(bench: &Bench, options: &Options, step: Step, path: &Path) {
    let path = path.display();
    match step {
        Step::Apply(Apply {
            now,
            events,
            transitions,
        }) => {
            let batch = Batch {
                events: events
                    .into_iter()
                    .map(|event| (event.into(), Origin::default()))
                    .collect(),
                now,
                ..Batch::default()
            };
            let told = bench.commit(batch).await;
            let told: Vec<_> = told.into_iter().map(|row| row.transition).collect();
            assert_eq!(told, transitions, "{path}");
        }
        Step::Forget(Forget { now, forgotten }) => {
            assert_eq!(bench.store.forget(now).await.unwrap(), forgotten, "{path}");
        }
        Step::Expect(Expect { now, expect }) => {
            for expected in expect {
                let ids = [expected.client_id.clone()];
                let clients = bench.store.clients(&ids).await.unwrap();
                let answer = Answer::of(&ids[0], clients[0].as_ref(), options, now);
                assert_eq!(answer, expected, "{path}");
            }
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    #[serde(default)]
    closing: Closing,
    #[serde(default)]
    takeover: bool,
    after: Option<u64>,
    at: Option<u64>,
}

#[derive(Deserialize)]
struct Expected {
    clients: Vec<ExpectedClient>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExpectedClient {
    client_id: String,
    online: bool,
    status: Status,
    channels: Vec<ChannelAnswer>,
}

/// Reads in chunks of this many bytes; a store must not see the difference.
fn records(inputs: &[Vec<u8>], chunk: usize) -> Vec<Record> {
    let mut reader = Reader::new(Limits::default());
    let mut records = Vec::new();
    for (number, input) in inputs.iter().enumerate() {
        if number > 0 {
            reader.next_file();
        }
        for bytes in input.chunks(chunk) {
            reader.push(bytes);
            records.extend(std::iter::from_fn(|| reader.next()));
        }
        reader.finish();
        records.extend(std::iter::from_fn(|| reader.next()));
    }
    records
}

/// Commits the records in deliveries of three.
async fn commit(bench: &Bench, records: Vec<Record>) {
    let mut records = records.into_iter().peekable();
    while records.peek().is_some() {
        let mut delivery = Delivery::default();
        for record in records.by_ref().take(3) {
            delivery.push(record, Origin::default());
        }
        let batch = Batch {
            events: delivery.events,
            poison: delivery.poison,
            now: 1,
            ..Batch::default()
        };
        bench.commit(batch).await;
    }
}

pub async fn answers_every_replay_vector(open: Open) {
    let mut count = 0;
    for entry in fs::read_dir(folder("replay")).unwrap() {
        let entry = entry.unwrap();
        // A store takes events, not what brokers say.
        if entry.file_name().to_str().unwrap().starts_with("broker-") {
            continue;
        }
        let path = entry.path();
        let Ok(expected) = fs::read(path.join("expected.json")) else {
            continue;
        };
        let asked: Asked = fs::read(path.join("options.json"))
            .map(|options| serde_json::from_slice(&options).unwrap())
            .unwrap_or_default();
        // A store knows no other moment than now.
        if asked.after.is_some() || asked.at.is_some() {
            continue;
        }
        let options = Options {
            closing: asked.closing,
            takeover: asked.takeover,
            ..Options::default()
        };
        let expected: Expected = serde_json::from_slice(&expected).unwrap();
        let inputs = inputs(&path);
        for chunk in [1, 7, 4096] {
            let bench = open(options.clone(), Keep::default());
            commit(&bench, records(&inputs, chunk)).await;
            let all = Selection {
                limit: usize::MAX,
                ..Selection::default()
            };
            let listed = bench.store.list(&all, 1).await.unwrap();
            let clients: Vec<_> = listed
                .into_iter()
                .map(|(client_id, client)| ExpectedClient {
                    client_id,
                    online: client.online(&options, 1),
                    status: client.status(&options, 1),
                    channels: client.channel_answers(&options, 1),
                })
                .collect();
            assert_eq!(clients, expected.clients, "{}", path.display());
        }
        count += 1;
    }
    assert!(count >= 10, "only {count} vectors were found");
}

fn inputs(path: &Path) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = fs::read_dir(path)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|file| {
            file.file_stem()
                .is_some_and(|stem| stem.to_string_lossy().starts_with("input"))
        })
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// The events of each parse vector reach the answers, its errors the quarantine.
pub async fn takes_every_parse_vector(open: Open) {
    let mut count = 0;
    for entry in fs::read_dir(folder("parse")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".expected.json") || name.ends_with(".md") {
            continue;
        }
        let input = [fs::read(&path).unwrap()];
        let mut presence = Presence::new(Options::default());
        let whole = records(&input, usize::MAX);
        let rejected = whole.iter().filter(|r| r.outcome.is_err()).count();
        for event in whole
            .iter()
            .filter_map(|record| record.outcome.as_ref().ok())
        {
            presence.apply(event, "", None, 1);
        }
        for chunk in [1, 7, 4096] {
            let bench = open(Options::default(), Keep::default());
            commit(&bench, records(&input, chunk)).await;
            compare(&bench, &presence, 1).await;
            let stats = bench.store.stats(1).await.unwrap();
            assert_eq!(stats.quarantined, rejected as u64, "{name}");
        }
        count += 1;
    }
    assert!(count >= 60, "only {count} vectors were found");
}
