//! The vectors of `tests/conformance` through every store.

use std::fs;
use std::path::{Path, PathBuf};

use mqtt_presence::store::{Batch, Keep, Origin};
use mqtt_presence_core::event::{Event, Kind};
use mqtt_presence_core::presence::{ChannelAnswer, Client, Options, Status, Transition};
use serde::Deserialize;

use crate::{Bench, Open};

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
    events: Vec<Wire>,
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    client_id: String,
    channel_id: String,
    event_type: Kind,
    time: u64,
    client_ip: Option<String>,
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
            let events = events.into_iter().map(|wire| Event {
                client_id: wire.client_id,
                channel_id: wire.channel_id,
                kind: wire.event_type,
                time: wire.time,
                client_ip: wire.client_ip,
                extra: None,
            });
            let batch = Batch {
                events: events.map(|event| (event, Origin::default())).collect(),
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
