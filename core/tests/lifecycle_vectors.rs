//! The vectors of `tests/conformance/lifecycle`: each broker's messages and
//! the events they mean.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test reads its vectors from files and stops at what it cannot read"
)]

use mqtt_presence_core::lifecycle::{Adapter, Fields, Format, Open};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    format: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    says: String,
    topic: String,
    /// A string as it is, anything else as its JSON.
    payload: Value,
    received: u64,
    #[serde(default)]
    events: Vec<Vec<Value>>,
    error: Option<String>,
}

#[test]
fn each_message_means_what_its_vector_says() {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/conformance/lifecycle"
    );
    let mut seen = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let vector: Vector = serde_json::from_slice(&std::fs::read(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let format: Format = vector.format.parse().unwrap();
        seen.push(format);
        let mut adapter = Adapter::new(format, Fields::default(), Open::default());
        for step in vector.steps {
            let payload = match step.payload {
                Value::String(text) => text,
                other => other.to_string(),
            };
            let read = adapter.read(&step.topic, payload.as_bytes(), step.received);
            let what = format!("{format}: {}", step.says);
            match (read, step.error) {
                (Ok(events), None) => {
                    let events: Vec<Vec<Value>> = events.iter().map(row).collect();
                    assert_eq!(events, step.events, "{what}");
                }
                (Err(unknown), Some(error)) => assert_eq!(unknown.to_string(), error, "{what}"),
                (read, error) => panic!("{what}: {read:?} instead of {error:?}"),
            }
        }
    }
    assert!(
        Format::ALL.iter().all(|format| seen.contains(format)),
        "a format has no vectors"
    );
}

fn row(event: &mqtt_presence_core::event::Event) -> Vec<Value> {
    let extra: Value = serde_json::from_str(event.extra.as_deref().unwrap()).unwrap();
    let why = extra.get("reason").or(extra.get("remark")).cloned();
    vec![
        event.client_id.clone().into(),
        event.channel_id.clone().into(),
        event.kind.as_str().into(),
        event.time.into(),
        event.client_ip.clone().into(),
        why.unwrap_or_default(),
    ]
}
