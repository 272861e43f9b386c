//! Each broker's messages.

use mqtt_presence_core::lifecycle::{Adapter, Fields, Format, Open};
use serde::Deserialize;
use serde_json::Value;

use super::{rows, text, vectors};

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
    let mut seen = Vec::new();
    for vector in vectors::<Vector>("lifecycle") {
        let format: Format = vector.format.parse().unwrap();
        seen.push(format);
        let mut adapter = Adapter::new(format, Fields::default(), Open::default());
        for step in vector.steps {
            let payload = text(step.payload);
            let read = adapter.read(&step.topic, payload.as_bytes(), step.received);
            let what = format!("{format}: {}", step.says);
            match (read, step.error) {
                (Ok(events), None) => {
                    assert_eq!(rows(&events), step.events, "{what}");
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
