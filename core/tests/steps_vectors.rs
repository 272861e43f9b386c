//! Runs the vectors of `tests/conformance/steps`; their README says how.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "the test reads its vectors")]

use std::fs;
use std::path::{Path, PathBuf};

use mqtt_presence_core::presence::{ChannelAnswer, Explain, Options, Presence, Status, Transition};
use serde::Deserialize;

#[path = "../../tests/conformance/wire.rs"]
mod wire;

use wire::WireEvent;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Vector {
    title: String,
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
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Apply {
    now: u64,
    events: Vec<WireEvent>,
    transitions: Vec<Transition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Forget {
    now: u64,
    forget: bool,
    forgotten: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Expect {
    now: u64,
    expect: Vec<Expected>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Expected {
    client_id: String,
    online: bool,
    status: Status,
    since: Option<u64>,
    channels: Vec<ChannelAnswer>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance/steps")
}

fn answer(presence: &Presence, client_id: &str, now: u64) -> Expected {
    let client = presence.client(client_id);
    let explain = presence.explain(client_id, now);
    assert_eq!(explain.status, presence.status(client_id, now));
    assert_the_sentence_fits(&explain);
    Expected {
        client_id: client_id.to_owned(),
        online: explain.online,
        status: explain.status,
        since: explain.since,
        channels: client.map_or_else(Vec::new, |client| {
            client.channel_answers(presence.options(), now)
        }),
    }
}

/// The sentences begin with what they explain and stay on one line.
fn assert_the_sentence_fits(explain: &Explain) {
    let reasons = explain
        .channels
        .iter()
        .map(|channel| (channel.state.as_str(), &channel.reason))
        .chain([(explain.status.as_str(), &explain.reason)]);
    for (word, reason) in reasons {
        assert!(reason.starts_with(&format!("{word}: ")), "{reason}");
        assert!(!reason.contains('\n'), "{reason}");
    }
}

/// Runs a vector; with `restart`, the state goes through a snapshot after
/// every step.
fn run(name: &str, text: &str, restart: bool) {
    let vector: Vector =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut presence = Presence::new(vector.options.clone());
    for (index, step) in vector.steps.into_iter().enumerate() {
        let place = format!("{name}, step {}: {}", index + 1, vector.title);
        match step {
            Step::Apply(step) => {
                let transitions: Vec<Transition> = step
                    .events
                    .into_iter()
                    .filter_map(|event| presence.apply(&event.into(), "", None, step.now))
                    .collect();
                assert_eq!(transitions, step.transitions, "{place}");
            }
            Step::Forget(step) => {
                assert!(step.forget, "{place}: `forget` is always true");
                let forgotten = presence.forget(step.now);
                assert_eq!(forgotten, step.forgotten, "{place}");
            }
            Step::Expect(step) => {
                for expected in step.expect {
                    let answer = answer(&presence, &expected.client_id, step.now);
                    assert_eq!(answer, expected, "{place}");
                }
            }
        }
        if restart {
            let snapshot = presence.snapshot();
            let restored = Presence::restore(&snapshot, vector.options.clone()).unwrap();
            assert_eq!(restored, presence, "{place}");
            presence = restored;
        }
    }
}

#[test]
fn every_vector_gives_its_answers() {
    let mut found = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            run(&name, &text, false);
            run(&name, &text, true);
            found += 1;
        }
    }
    assert!(
        found >= 25,
        "only {found} vectors in {}",
        folder().display()
    );
}
